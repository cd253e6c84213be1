/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets and products of the proof. Everything is linear in the ranges, or a binary search. */
#include "compiler/ir/prove_set.h"

#define POOL_FIRST 4096u

struct range *pool_take(struct set_pool *pool, uint32_t n)
{
	struct range *taken;

	if (n > pool->cap - pool->len) {
		uint32_t cap = pool->cap ? pool->cap * 2 : POOL_FIRST;

		pool->cap = cap > n ? cap : n;
		pool->data = arena_alloc(pool->arena, sizeof(*pool->data) * pool->cap);
		pool->len = 0;
	}
	taken = &pool->data[pool->len];
	pool->len += n;
	return taken;
}

/* Of @taken ranges the last ones were not needed. */
static struct value_set keep(struct set_pool *pool, struct range *at, uint32_t taken, uint32_t n)
{
	pool->len -= taken - n;
	return (struct value_set){ at, n };
}

/* The first range from @from on that ends at @value or behind it. */
static uint32_t reach(struct value_set set, uint32_t from, u128 value)
{
	uint32_t low = from, high = set.n;

	if (low < high && set.at[low].hi >= value)
		return low;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set.at[middle].hi < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct value_set set_range(struct set_pool *pool, u128 lo, u128 hi)
{
	struct range *at = pool_take(pool, 1);

	*at = (struct range){ lo, hi };
	return (struct value_set){ at, 1 };
}

struct value_set set_of_ranges(struct set_pool *pool, const struct range *at, uint32_t n)
{
	ranges sorted = { .data = pool_take(pool, n), .len = n };

	if (n)
		memcpy(sorted.data, at, n * sizeof(*at));
	if (n > 1)
		ranges_normalise(&sorted);
	return keep(pool, sorted.data, n, sorted.len);
}

struct value_set set_and(struct set_pool *pool, struct value_set a, struct value_set b)
{
	uint32_t n = 0, i, k, most = a.n + b.n;
	struct range *out;

	if (!a.n || !b.n)
		return (struct value_set){ 0 };
	if (b.n == 1 && b.at[0].lo <= a.at[0].lo && a.at[a.n - 1].hi <= b.at[0].hi)
		return a;
	out = pool_take(pool, most);
	i = reach(a, 0, b.at[0].lo);
	k = reach(b, 0, a.at[0].lo);
	while (i < a.n && k < b.n) {
		u128 lo = a.at[i].lo > b.at[k].lo ? a.at[i].lo : b.at[k].lo;
		u128 hi = a.at[i].hi < b.at[k].hi ? a.at[i].hi : b.at[k].hi;

		if (lo <= hi)
			out[n++] = (struct range){ lo, hi };
		if (a.at[i].hi < b.at[k].hi)
			i++;
		else
			k++;
	}
	return keep(pool, out, most, n);
}

struct value_set set_minus(struct set_pool *pool, struct value_set a, struct value_set b)
{
	uint32_t n = 0, k, most = a.n + b.n;
	struct range *out = pool_take(pool, most);

	k = a.n ? reach(b, 0, a.at[0].lo) : 0;
	for (uint32_t i = 0; i < a.n; i++) {
		u128 from = a.at[i].lo;
		bool left = true;

		while (k < b.n && b.at[k].hi < from)
			k++;
		for (; left && k < b.n && b.at[k].lo <= a.at[i].hi; k++) {
			if (b.at[k].lo > from)
				out[n++] = (struct range){ from, b.at[k].lo - 1 };
			left = b.at[k].hi < a.at[i].hi;
			from = b.at[k].hi + 1;
			if (!left)
				break;
		}
		if (left)
			out[n++] = (struct range){ from, a.at[i].hi };
	}
	return keep(pool, out, most, n);
}

bool set_within(struct value_set a, struct value_set b)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < a.n; i++) {
		if (k + 1 < b.n && b.at[k].hi < a.at[i].lo)
			k++;
		k = reach(b, k, a.at[i].lo);
		if (k == b.n || b.at[k].lo > a.at[i].lo || b.at[k].hi < a.at[i].hi)
			return false;
	}
	return true;
}

bool set_has(struct value_set set, u128 value)
{
	uint32_t k = reach(set, 0, value);

	return k < set.n && set.at[k].lo <= value;
}

void product_narrow(struct set_pool *pool, struct product *product, uint32_t field,
		    struct value_set set)
{
	if (product->used >> field & 1)
		set = set_and(pool, product->of[field], set);
	product->used |= 1ull << field;
	product->of[field] = set;
	product->empty |= set.n == 0;
}

struct value_set product_of(const struct universe *universe, const struct product *product,
			    uint32_t field)
{
	return product->used >> field & 1 ? product->of[field] : universe->all[field];
}

uint64_t product_lacks(const struct universe *universe, const struct product *a,
		       const struct product *b)
{
	uint64_t lacks = 0;

	for (uint64_t left = b->used; left; left &= left - 1) {
		uint32_t field = (uint32_t)__builtin_ctzll(left);

		if (!set_within(product_of(universe, a, field), b->of[field]))
			lacks |= 1ull << field;
	}
	return lacks;
}

bool product_within(const struct universe *universe, const struct product *a,
		    const struct product *b)
{
	return a->empty || (!b->empty && !product_lacks(universe, a, b));
}

/* Piece by piece: outside b in this field, inside b in the fields before. */
uint32_t product_minus(struct set_pool *pool, const struct universe *universe,
		       const struct product *a, const struct product *b, struct product *ret_pieces)
{
	struct product inside = *a;
	uint32_t n = 0;

	if (a->empty)
		return 0;
	if (b->empty) {
		ret_pieces[0] = *a;
		return 1;
	}
	for (uint64_t left = b->used; left && !inside.empty; left &= left - 1) {
		uint32_t field = (uint32_t)__builtin_ctzll(left);
		struct value_set mine = product_of(universe, &inside, field);
		struct value_set outside = set_minus(pool, mine, b->of[field]);

		if (outside.n) {
			ret_pieces[n] = inside;
			ret_pieces[n].used |= 1ull << field;
			ret_pieces[n++].of[field] = outside;
			product_narrow(pool, &inside, field, b->of[field]);
		}
	}
	return n;
}
