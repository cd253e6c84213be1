/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the blob without trust: whatever the walker would not read as meant is an error. */
#include "compiler/ir/prove_blob.h"

/* An address box that is no range is written out, high half by high half, up to here. */
#define HALVES_MAX 65536u

static bool region_fits(const struct forest *forest, const struct forest_region *region,
			uint32_t size, uint64_t *end)
{
	uint64_t from = *end;

	*end = region->offset + (uint64_t)region->n * size;
	return region->offset % 16 == 0 && region->offset >= from && *end <= forest->blob_size;
}

const char *blob_check(const struct forest *forest)
{
	uint64_t end = 0;

	if ((uintptr_t)forest->blob % 16)
		return "the blob is not aligned";
	if (!region_fits(forest, &forest->nodes, sizeof(struct forest_node), &end))
		return "the nodes do not lie in the blob";
	if (!region_fits(forest, &forest->records4, sizeof(struct forest_record4), &end) ||
	    !region_fits(forest, &forest->records6, sizeof(struct forest_record6), &end))
		return "the records do not lie in the blob";
	if (!region_fits(forest, &forest->tests, sizeof(struct forest_test), &end))
		return "the tests do not lie in the blob";
	if (!region_fits(forest, &forest->tables, 1, &end))
		return "the tables do not lie in the blob";
	if (!region_fits(forest, &forest->actions, sizeof(struct forest_action), &end))
		return "the actions do not lie in the blob";
	return NULL;
}

void blob_init(struct blob_view *view, struct arena *arena, const struct forest *forest,
	       struct reference *ref)
{
	*view = (struct blob_view){ .arena = arena, .forest = forest, .ref = ref };
	view->kept.arena = arena;
	view->tests = arena_new_array(arena, struct test_view, (size_t)forest->tests.n + 1);
}

/* The field that [offset, offset + width) of struct pkt holds; FIELDS_MAX: none. */
static uint32_t field_at(const struct reference *ref, uint16_t offset, uint8_t width)
{
	uint32_t field = reference_field(ref, offset);

	if (ref->family != FAMILY_IPV6 && width < 16 && offset >= 8) {
		uint32_t pair = reference_field(ref, (uint16_t)(offset - 8));

		/* An IPv4 address is the low end of the second word, and the rest is 0. */
		if (pair != FIELDS_MAX && ref->fields[pair].width == 16)
			return ref->family == FAMILY_IPV4 && width >= 4 ? pair : FIELDS_MAX;
	}
	if (field == FIELDS_MAX || ref->fields[field].width != width)
		return FIELDS_MAX;
	return field;
}

static uint64_t most_of(const struct blob_view *view, uint32_t dim, uint8_t width)
{
	uint32_t field = view->field_of_dim[dim];
	uint64_t most = UINT64_MAX >> (64 - 8 * width);

	/* The halves of an IPv6 address; everything else is a field of its own. */
	if (view->is6 && view->ref->fields[field].width == 16)
		return most;
	return view->ref->universe.range[field].hi < most
		       ? (uint64_t)view->ref->universe.range[field].hi
		       : most;
}

const char *blob_family(struct blob_view *view, unsigned int family)
{
	const struct dims *stated = &view->forest->dims[forest_family(family)];
	struct dims dims = dims_of(family);
	bool six = family == FAMILY_IPV6;

	view->is6 = six;
	view->n_fixed = six ? DIM6_FIXED : family == FAMILY_IPV4 ? DIM4_FIXED : 0;
	view->records = six ? &view->forest->records6 : &view->forest->records4;
	memset(view->tests, 0, sizeof(*view->tests) * view->forest->tests.n);
	if (stated->n != dims.n || dims.n > DIMS_MAX)
		return "the dims are not those of the family";
	for (uint32_t i = 0; i < dims.n; i++) {
		const struct dim *dim = &dims.dim[i], *other = &stated->dim[i];
		uint8_t width = six && i < 4 ? 16 : dim->width;
		uint16_t offset = six && i < 4 && !dim->pair ? dim->offset - 8 : dim->offset;

		if (dim->offset != other->offset || dim->width != other->width ||
		    dim->pair != other->pair)
			return "the dims are not those of the family";
		view->field_of_dim[i] = (uint8_t)field_at(view->ref, offset, width);
		if (view->field_of_dim[i] == FIELDS_MAX)
			return "a dim is no field of a match";
		view->most[i] = most_of(view, i, dim->width);
	}
	return NULL;
}

static uint32_t first_test(const struct blob_view *view, uint32_t index)
{
	return view->is6 ? blob_record6(view, index)->test : blob_record4(view, index)->test;
}

struct interval blob_record_span(const struct blob_view *view, uint32_t index, uint32_t dim)
{
	const struct test_view *tests;
	const struct value_set *set;
	uint32_t n = 0;

	if (dim < view->n_fixed && !view->is6) {
		const struct forest_record4 *r = blob_record4(view, index);

		switch (dim) {
		case DIM4_SRC:
			return (struct interval){ r->src, (uint64_t)r->src + r->src_span };
		case DIM4_DST:
			return (struct interval){ r->dst, (uint64_t)r->dst + r->dst_span };
		case DIM4_SPORT:
			return (struct interval){ r->sport, (uint64_t)r->sport + r->sport_span };
		case DIM4_DPORT:
			return (struct interval){ r->dport, (uint64_t)r->dport + r->dport_span };
		case DIM4_PROTO:
			return (struct interval){ r->has_proto ? r->proto : 0,
						  r->has_proto ? r->proto : UINT8_MAX };
		default:
			return (struct interval){ 0, r->not_later ? FRAG_FIRST : FRAG_LATER };
		}
	}
	if (dim < view->n_fixed) {
		const struct forest_record6 *r = blob_record6(view, index);

		switch (dim) {
		case DIM6_SRC_HI:
			return (struct interval){ r->src_hi, r->src_hi + r->src_hi_span };
		case DIM6_SRC_LO:
			return (struct interval){ r->src_lo, r->src_lo + r->src_lo_span };
		case DIM6_DST_HI:
			return (struct interval){ r->dst_hi, r->dst_hi + r->dst_hi_span };
		case DIM6_DST_LO:
			return (struct interval){ r->dst_lo, r->dst_lo + r->dst_lo_span };
		case DIM6_SPORT:
			return (struct interval){ r->sport, (uint64_t)r->sport + r->sport_span };
		case DIM6_DPORT:
			return (struct interval){ r->dport, (uint64_t)r->dport + r->dport_span };
		case DIM6_PROTO:
			return (struct interval){ r->has_proto ? r->proto : 0,
						  r->has_proto ? r->proto : UINT8_MAX };
		default:
			return (struct interval){ 0, r->not_later ? FRAG_FIRST : FRAG_LATER };
		}
	}
	tests = blob_record_tests(view, index, &n);
	for (uint32_t i = 0; i < n; i++) {
		set = &tests[i].set;
		if (tests[i].field == view->field_of_dim[dim] && set->n)
			return (struct interval){ (uint64_t)set->at[0].lo,
						  (uint64_t)set->at[set->n - 1].hi };
	}
	return (struct interval){ 0, UINT64_MAX };
}

static bool is_whole(const struct blob_view *view, uint32_t dim, struct interval span)
{
	return span.lo == 0 && span.hi >= view->most[dim];
}

bool blob_record_has(const struct blob_view *view, uint32_t index, const uint64_t *keys,
		     const u128 *values)
{
	const struct test_view *tests;
	uint32_t n = 0;

	for (uint32_t dim = 0; dim < view->n_fixed; dim++) {
		struct interval span = blob_record_span(view, index, dim);

		if (keys[dim] < span.lo || keys[dim] > span.hi)
			return false;
	}
	tests = blob_record_tests(view, index, &n);
	for (uint32_t i = 0; i < n; i++)
		if (!set_has(tests[i].set, values[tests[i].field]))
			return false;
	return true;
}

/* Tests. */

static u128 key_at(const struct forest *forest, const struct forest_test *test, uint64_t index)
{
	const unsigned char *at = forest->blob + test->table + index * test->key_size;
	uint64_t halves[2] = { 0 };

	if (test->key_size != 16) {
		memcpy(&halves[0], at, test->key_size);
		return halves[0];
	}
	memcpy(halves, at, sizeof(halves));
	return (u128)halves[0] << 64 | halves[1];
}

static bool table_fits(const struct forest *forest, const struct forest_test *test, uint64_t size,
		       uint32_t align)
{
	return test->table % align == 0 && test->table >= forest->tables.offset &&
	       test->table + size <= (uint64_t)forest->tables.offset + forest->tables.n;
}

static const char *read_bounds(struct blob_view *view, const struct forest_test *test,
			       struct value_set *ret_set)
{
	const struct forest *forest = view->forest;
	uint32_t wanted = test->width < 4 ? 4 : test->width, n = 0;
	u128 none = ~(u128)0 >> (128 - 8 * wanted), previous = 0;
	bool inside = test->starts_inside;
	struct range *out;
	u128 from = 0;
	uint64_t keys;

	if (test->key_size != wanted || test->steps < 1 || test->steps > 28 ||
	    test->starts_inside > 1 || test->steps > forest->steps_max)
		return "a table of bounds with a wrong shape";
	keys = (uint64_t)1 << test->steps;
	if (!table_fits(forest, test, keys * test->key_size, test->key_size < 8 ? 4 : 8))
		return "a table of bounds outside the tables";
	out = pool_take(&view->kept, (uint32_t)keys / 2 + 1);
	for (uint64_t i = 0; i < keys; i++) {
		u128 key = key_at(forest, test, i);

		if (i && (key < previous || (key == previous && key != none)))
			return "bounds that are not sorted";
		previous = key;
		if (key == none)
			continue;
		if (inside)
			out[n++] = (struct range){ from, key };
		from = key + 1;
		inside = !inside;
	}
	if (previous != none)
		return "bounds without a last key of all ones";
	if (inside)
		out[n++] = (struct range){ from, none };
	*ret_set = (struct value_set){ out, n };
	return NULL;
}

/* What the table holds can be found, and nothing else is. */
static const char *read_hash(struct blob_view *view, const struct forest_test *test,
			     struct value_set *ret_set)
{
	const struct forest *forest = view->forest;
	u128 empty = test->key_size == 16 ? (u128)UINT64_MAX << 64 : UINT32_MAX;
	uint64_t slots, run = 0;
	struct range *out;
	uint32_t n = 0;

	if ((test->width != 4 && test->width != 16) || test->key_size != test->width ||
	    test->steps < 1 || test->steps > 26)
		return "a table of addresses with a wrong shape";
	slots = ((uint64_t)1 << test->steps) + FOREST_PROBES;
	if (!table_fits(forest, test, slots * test->key_size, test->key_size < 8 ? 4 : 8))
		return "a table of addresses outside the tables";
	out = pool_take(&view->kept, (uint32_t)slots);
	for (uint64_t i = 0; i < slots; i++) {
		u128 key = key_at(forest, test, i);
		uint32_t home = forest_home(key, test->key_size, test->steps);

		if (key >= empty) {
			run = i + 1;
			continue;
		}
		if (home < run || home > i || i - home >= FOREST_PROBES)
			return "an address that is not found in its table";
		out[n++] = (struct range){ key, key };
	}
	*ret_set = set_of_ranges(&view->kept, out, n);
	return NULL;
}

static const char *read_bitmap(struct blob_view *view, const struct forest_test *test,
			       struct value_set *ret_set)
{
	const unsigned char *bits = view->forest->blob + test->table;
	struct range values[256];
	uint32_t n = 0;

	if (test->width != 1)
		return "a bitmap of a field that is not one byte";
	if (!table_fits(view->forest, test, 32, 1))
		return "a bitmap outside the tables";
	for (uint32_t value = 0; value < 256; value++)
		if (bits[value / 8] >> value % 8 & 1)
			values[n++] = (struct range){ value, value };
	*ret_set = set_of_ranges(&view->kept, values, n);
	return NULL;
}

static const char *read_range(struct blob_view *view, const struct forest_test *test,
			      struct value_set *ret_set)
{
	if (test->width > 8 || test->lo + test->span < test->lo)
		return "a range test that wraps";
	*ret_set = set_range(&view->kept, test->lo, test->lo + test->span);
	return NULL;
}

static const char *read_test(struct blob_view *view, uint32_t index)
{
	const struct forest_test *test =
		(const void *)(view->forest->blob + view->forest->tests.offset);
	struct test_view *seen = &view->tests[index];
	const char *why;
	uint32_t field;

	if (seen->known)
		return NULL;
	test += index;
	field = field_at(view->ref, test->offset, test->width);
	if (field == FIELDS_MAX)
		return "a test of what is no field of this family";
	if (test->kind == FOREST_TEST_RANGE)
		why = read_range(view, test, &seen->set);
	else if (test->kind == FOREST_TEST_BITMAP)
		why = read_bitmap(view, test, &seen->set);
	else if (test->kind == FOREST_TEST_BOUNDS)
		why = read_bounds(view, test, &seen->set);
	else if (test->kind == FOREST_TEST_HASH)
		why = read_hash(view, test, &seen->set);
	else
		return "a test of no known kind";
	if (why)
		return why;
	seen->set = set_and(&view->kept, seen->set, view->ref->universe.all[field]);
	seen->field = (uint8_t)field;
	seen->known = true;
	return NULL;
}

const struct test_view *blob_record_tests(const struct blob_view *view, uint32_t index,
					  uint32_t *ret_n)
{
	const struct forest_test *tests =
		(const void *)(view->forest->blob + view->forest->tests.offset);
	uint32_t first = first_test(view, index), n = 1;

	*ret_n = 0;
	if (!first)
		return NULL;
	while (!tests[first + n - 1].last)
		n++;
	*ret_n = n;
	return &view->tests[first];
}

static const char *check_run(struct blob_view *view, uint32_t first)
{
	const struct forest_test *tests =
		(const void *)(view->forest->blob + view->forest->tests.offset);
	const char *why = NULL;

	for (uint32_t n = 1, i = first; first && !why; n++, i++) {
		if (i >= view->forest->tests.n || n > view->forest->tests_max)
			return "a run of tests without an end";
		why = read_test(view, i);
		if (tests[i].last)
			break;
	}
	return why;
}

const char *blob_record_check(struct blob_view *view, uint32_t index)
{
	uint32_t used = view->forest->dims_used[forest_family(view->ref->family)];
	uint32_t order = blob_record_order(view, index);
	struct interval span;

	if (!view->n_fixed) {
		const struct forest_record4 *r = blob_record4(view, index);

		if (r->src || r->src_span != UINT32_MAX || r->dst || r->dst_span != UINT32_MAX ||
		    r->sport || r->sport_span != UINT16_MAX || r->dport ||
		    r->dport_span != UINT16_MAX || r->has_proto || r->not_later)
			return "a record of no IP family that compares IP fields";
	}
	if (order & ((1u << ORDER_PLACE) - 1) &
	    ~(ORDER_PROTO | ORDER_NOT_LATER | ORDER_ALLOW | ORDER_DROP))
		return "a record with an odd order";
	for (uint32_t dim = 0; dim < view->n_fixed; dim++) {
		uint8_t width = view->forest->dims[view->is6 ? 2 : 1].dim[dim].width;

		span = blob_record_span(view, index, dim);
		if (span.hi < span.lo || (width < 8 && span.hi >> (8 * width)))
			return "a record whose bounds wrap";
		if (!(used >> dim & 1) && !is_whole(view, dim, span))
			return "a record compares a dim that is not in use";
	}
	return check_run(view, first_test(view, index));
}

/* The values of @set with both halves in their intervals. */
static bool clip_halves(struct set_pool *pool, struct value_set set, struct interval high,
			struct interval low, struct value_set *ret_set)
{
	u128 first = (u128)high.lo << 64 | low.lo, last = (u128)high.hi << 64 | low.hi;
	struct value_set hull = set_and(pool, set, set_range(pool, first, last));
	uint64_t most = 0;
	uint32_t n = 0;
	struct range *out;

	*ret_set = hull;
	if (low.lo == 0 && low.hi == UINT64_MAX)
		return true;
	for (uint32_t i = 0; i < hull.n; i++) {
		uint64_t more = (uint64_t)(hull.at[i].hi >> 64) - (uint64_t)(hull.at[i].lo >> 64);

		if (more >= HALVES_MAX - most)
			return false;
		most += more + 1;
	}
	out = pool_take(pool, (uint32_t)most);
	for (uint32_t i = 0; i < hull.n; i++)
		for (u128 at = hull.at[i].lo >> 64; at <= hull.at[i].hi >> 64; at++) {
			u128 lo = at << 64 | low.lo, hi = at << 64 | low.hi;

			lo = lo < hull.at[i].lo ? hull.at[i].lo : lo;
			hi = hi > hull.at[i].hi ? hull.at[i].hi : hi;
			if (lo <= hi)
				out[n++] = (struct range){ lo, hi };
		}
	*ret_set = (struct value_set){ out, n };
	return true;
}

bool blob_record_product(const struct blob_view *view, uint32_t index, struct set_pool *pool,
			 struct product *ret_product)
{
	const struct test_view *tests;
	uint32_t n = 0, dim = 0;

	ret_product->used = 0;
	ret_product->empty = false;
	tests = blob_record_tests(view, index, &n);
	for (uint32_t i = 0; i < n; i++)
		product_narrow(pool, ret_product, tests[i].field, tests[i].set);
	for (; view->is6 && dim < 4; dim += 2) {
		uint32_t field = view->field_of_dim[dim];
		struct interval high = blob_record_span(view, index, dim);
		struct interval low = blob_record_span(view, index, dim + 1);
		struct value_set set = product_of(&view->ref->universe, ret_product, field);

		if (is_whole(view, dim, high) && is_whole(view, dim + 1, low))
			continue;
		if (!clip_halves(pool, set, high, low, &set))
			return false;
		ret_product->used |= 1ull << field;
		ret_product->of[field] = set;
		ret_product->empty |= !set.n;
	}
	for (; dim < view->n_fixed; dim++) {
		struct interval span = blob_record_span(view, index, dim);

		if (is_whole(view, dim, span))
			continue;
		if (span.hi > view->most[dim])
			span.hi = view->most[dim];
		if (span.lo > span.hi)
			ret_product->empty = true;
		else
			product_narrow(pool, ret_product, view->field_of_dim[dim],
				       set_range(pool, span.lo, span.hi));
	}
	return true;
}
