/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lookup of the kernel side, compiled natively, against a search through the entries. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
/* clang-format on */

#include "bpffw/runtime/list_base.h"
#include "compiler/base/net.h"

#define U128_MAX (~(u128)0)

static uint64_t seed = 0x2545f4914f6cdd1d;

static uint64_t draw(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1d;
}

static uint32_t draw_below(uint32_t n)
{
	return (uint32_t)((draw() >> 32) % n);
}

struct listed {
	struct arena *arena;
	struct ruleset rs;
	void *blob;
	uint64_t size;
};

static struct listed listed_new(enum value_type type)
{
	struct listed l = { .arena = arena_new() };
	struct set *set = vec_add(l.arena, &l.rs.sets);

	*set = (struct set){ .type = type, .runtime = true, .number = LIST_SETS };
	return l;
}

static void listed_add(struct listed *l, unsigned int family, u128 lo, u128 hi)
{
	struct set *set = &l->rs.sets.data[0];
	struct set_entry entry = { .range = { lo, hi }, .family = (uint8_t)family };

	vec_push(l->arena, &set->entries, entry);
	vec_push(l->arena, &set->members[family == FAMILY_IPV6], entry.range);
}

static void listed_build(struct listed *l)
{
	struct set *set = &l->rs.sets.data[0];

	ranges_normalise(&set->members[0]);
	ranges_normalise(&set->members[1]);
	list_base_blob(&l->rs, &l->blob, &l->size);
}

static void listed_free(struct listed *l)
{
	free(l->blob);
	arena_free(l->arena);
}

static bool has(const struct listed *l, enum list_kind kind, u128 value)
{
	struct list_view view = { l->blob, l->size };

	return list_base_has(view, LIST_SETS, kind, (uint64_t)(value >> 64), (uint64_t)value);
}

static bool is_entry(const struct listed *l, unsigned int family, u128 value)
{
	vec_for_each(entry, &l->rs.sets.data[0].entries) {
		if (entry->family == family && value >= entry->range.lo && value <= entry->range.hi)
			return true;
	}
	return false;
}

static void check(const struct listed *l, enum list_kind kind, unsigned int family, u128 value)
{
	if (has(l, kind, value) == is_entry(l, family, value))
		return;
	print_error("kind %d, value %016llx%016llx: %d\n", kind, (unsigned long long)(value >> 64),
		    (unsigned long long)value, has(l, kind, value));
	fail();
}

/* At each bound of each entry, beside it, and anywhere. */
static void check_all(const struct listed *l, enum list_kind kind, unsigned int family,
		      unsigned int bits)
{
	u128 max = bits == 128 ? U128_MAX : ((u128)1 << bits) - 1;
	const struct set *set = &l->rs.sets.data[0];
	uint32_t step = set->entries.len / 300 + 1;

	for (uint32_t i = 0; i < set->entries.len; i += step) {
		const struct set_entry *entry = &set->entries.data[i];

		if (entry->family != family)
			continue;
		check(l, kind, family, entry->range.lo);
		check(l, kind, family, entry->range.hi);
		check(l, kind, family, entry->range.lo ? entry->range.lo - 1 : 0);
		check(l, kind, family, entry->range.hi < max ? entry->range.hi + 1 : max);
	}
	check(l, kind, family, 0);
	check(l, kind, family, max);
	for (uint32_t i = 0; i < 300; i++)
		check(l, kind, family, ((u128)draw() << 64 | draw()) & max);
}

/* Few different networks, so that entries nest, touch and repeat. */
static u128 draw_value(unsigned int bits, bool crowded)
{
	u128 value = (u128)draw() << 64 | draw();

	if (bits < 128)
		value &= ((u128)1 << bits) - 1;
	if (crowded && bits == 128)
		value &= (u128)0xf00000000000f00f << 64 | 0xf0000000000000ffull;
	else if (crowded)
		value &= ~(u128)0 << (bits - 6) | 0x1ff;
	return value;
}

static void add_random(struct listed *l, unsigned int family, unsigned int bits, uint32_t n,
		       bool crowded)
{
	for (uint32_t i = 0; i < n; i++) {
		u128 lo = draw_value(bits, crowded), hi = draw_value(bits, crowded);
		unsigned int len = crowded ? draw_below(bits + 1) : bits - draw_below(bits / 4);

		if (draw_below(8) || (!crowded && n > 100)) {
			lo &= net_prefix_mask(bits, draw_below(2) ? bits : len);
			hi = lo | ~net_prefix_mask(bits, draw_below(2) ? bits : len);
			if (bits < 128)
				hi &= ((u128)1 << bits) - 1;
			lo &= hi;
		}
		listed_add(l, family, lo < hi ? lo : hi, lo < hi ? hi : lo);
	}
}

struct shape {
	const char *name;
	uint32_t n;
	bool crowded;
	uint32_t rounds;
};
static const struct shape shapes[] = {
	{ "none", 0, false, 1 },     { "one", 1, false, 50 },    { "one, short", 1, true, 50 },
	{ "some", 30, false, 40 },   { "nested", 30, true, 60 }, { "many nested", 500, true, 10 },
	{ "many", 20000, false, 2 },
};

static void check_kind(enum list_kind kind, enum value_type type, unsigned int family,
		       unsigned int bits)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		for (uint32_t round = 0; round < shapes[i].rounds; round++) {
			struct listed l = listed_new(type);

			add_random(&l, family, bits, shapes[i].n, shapes[i].crowded);
			listed_build(&l);
			check_all(&l, kind, family, bits);
			listed_free(&l);
		}
	}
}

static void test_ipv4(void **state)
{
	check_kind(LIST_ADDR4, TYPE_ADDR, FAMILY_IPV4, 32);
}

static void test_ipv6(void **state)
{
	check_kind(LIST_ADDR6, TYPE_ADDR, FAMILY_IPV6, 128);
}

static void test_port(void **state)
{
	check_kind(LIST_PORT, TYPE_PORT, 0, 16);
}

static void test_mac(void **state)
{
	check_kind(LIST_MAC, TYPE_MAC, 0, 48);
}

/* The forms of IPv4 that only many entries take, and their edges. */
static void test_blocks(void **state)
{
	struct listed l = listed_new(TYPE_ADDR);

	for (uint32_t i = 0; i < 5000; i++)
		listed_add(&l, FAMILY_IPV4, 0x0a000000 + i * 512, 0x0a000000 + i * 512);
	listed_add(&l, FAMILY_IPV4, 0, 0);
	listed_add(&l, FAMILY_IPV4, 0xffffffff, 0xffffffff);
	listed_add(&l, FAMILY_IPV4, 0xc0000200, 0xc00002ff);
	listed_add(&l, FAMILY_IPV4, 0xc0000400, 0xc00004fe);
	listed_add(&l, FAMILY_IPV4, 0xc0000580, 0xc000087f);
	listed_add(&l, FAMILY_IPV4, 0xe0000000, 0xefffffff);
	listed_build(&l);
	check_all(&l, LIST_ADDR4, FAMILY_IPV4, 32);
	assert_true(has(&l, LIST_ADDR4, 0));
	assert_false(has(&l, LIST_ADDR4, 1));
	assert_true(has(&l, LIST_ADDR4, 0xc00002ff));
	assert_false(has(&l, LIST_ADDR4, 0xc00004ff));
	assert_true(has(&l, LIST_ADDR4, 0xc0000700));
	assert_false(has(&l, LIST_ADDR4, 0xc0000880));
	assert_true(has(&l, LIST_ADDR4, 0xe1234567));
	listed_free(&l);
}

static void test_everything(void **state)
{
	struct listed l = listed_new(TYPE_ADDR);

	listed_add(&l, FAMILY_IPV4, 0, 0xffffffff);
	listed_add(&l, FAMILY_IPV6, 0, U128_MAX);
	listed_build(&l);
	assert_true(has(&l, LIST_ADDR4, 0));
	assert_true(has(&l, LIST_ADDR4, 0xffffffff));
	assert_true(has(&l, LIST_ADDR6, 0));
	assert_true(has(&l, LIST_ADDR6, U128_MAX));
	listed_free(&l);
}

/* An entry with a timeout is none of the static part, what it covers stays. */
static void test_timeout(void **state)
{
	struct listed l = listed_new(TYPE_ADDR);

	listed_add(&l, FAMILY_IPV4, 0x0a000000, 0x0affffff);
	listed_add(&l, FAMILY_IPV4, 0x0a010000, 0x0a01ffff);
	l.rs.sets.data[0].entries.data[0].timeout = 60;
	listed_build(&l);
	assert_true(has(&l, LIST_ADDR4, 0x0a010203));
	assert_false(has(&l, LIST_ADDR4, 0x0a020203));
	listed_free(&l);
}

/* Lists keep to themselves, a set that is not looked up at run time is not there. */
static void test_numbers(void **state)
{
	struct listed l = listed_new(TYPE_ADDR);
	struct list_view view;

	listed_add(&l, FAMILY_IPV4, 7, 7);
	l.rs.builtin[1] = l.rs.sets.data[0];
	l.rs.builtin[1].number = LIST_BLACK;
	l.rs.sets.data[0].runtime = false;
	listed_build(&l);
	view = (struct list_view){ l.blob, l.size };
	assert_true(list_base_has(view, LIST_BLACK, LIST_ADDR4, 0, 7));
	assert_false(list_base_has(view, LIST_ALLOW, LIST_ADDR4, 0, 7));
	assert_false(list_base_has(view, LIST_SETS, LIST_ADDR4, 0, 7));
	assert_false(list_base_has(view, LIST_BLACK, LIST_ADDR6, 0, 7));
	listed_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),    cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_port),    cmocka_unit_test(test_mac),
		cmocka_unit_test(test_blocks),  cmocka_unit_test(test_everything),
		cmocka_unit_test(test_timeout), cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
