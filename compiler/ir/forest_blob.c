/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trees of all families as the bytes of one map value. */
#include <assert.h>

#include "compiler/ir/forest_internal.h"

#define BLOB_SIZE_MAX ((uint64_t)256 << 20)

#define FRAG_IS_LATER 2u
_Static_assert(ORDER_NOT_LATER == FRAG_IS_LATER, "one bit of both");

typedef VEC(struct forest_test) test_runs;

struct layout {
	struct arena *arena; /* of the forest */
	struct arena *scratch;
	struct forest *forest;
	const struct forest_action *actions; /* by place */
	VEC(struct forest_node) nodes;
	VEC(struct forest_record4) records4;
	VEC(struct forest_record6) records6;
	test_runs tests;
	VEC(uint8_t) tables;
	struct map runs;  /* bytes of a run, to its first test */
	struct map known; /* a table's bytes, to its offset in tables */
};

static void put_key(uint8_t *at, uint8_t key_size, u128 key)
{
	uint64_t halves[2] = { (uint64_t)(key >> 64), (uint64_t)key };

	if (key_size == 16)
		memcpy(at, halves, sizeof(halves));
	else
		memcpy(at, &halves[1], key_size);
}

/* Offset in tables; equal tables are one. */
static uint32_t table_intern(struct layout *l, const uint8_t *bytes, uint32_t size)
{
	struct str key = { (const char *)bytes, size };
	uint32_t at = (l->tables.len + 15) & ~15u;

	if (map_find(&l->known, key, &at))
		return at;
	map_add(l->scratch, &l->known, key, at);
	while (l->tables.cap < at + size)
		l->tables.data = vec_grow(l->scratch, l->tables.data, l->tables.len, &l->tables.cap,
					  sizeof(*l->tables.data));
	memset(l->tables.data + l->tables.len, 0, at - l->tables.len);
	memcpy(l->tables.data + at, bytes, size);
	l->tables.len = at + size;
	return at;
}

static void make_bounds(struct layout *l, const ranges *values, struct forest_test *test)
{
	uint8_t *keys, *at;

	test->kind = FOREST_TEST_BOUNDS;
	test->key_size = test->width < 4 ? 4 : test->width;
	test->starts_inside = values->data[0].lo == 0;
	test->steps = 1;
	while ((1u << test->steps) - 1 < 2 * values->len)
		test->steps++;
	keys = at = arena_alloc(l->scratch, (size_t)test->key_size << test->steps);
	memset(keys, 0xff, (size_t)test->key_size << test->steps);
	vec_for_each(range, values) {
		if (range->lo) {
			put_key(at, test->key_size, range->lo - 1);
			at += test->key_size;
		}
		put_key(at, test->key_size, range->hi);
		at += test->key_size;
	}
	test->table = table_intern(l, keys, (uint32_t)test->key_size << test->steps);
	if (l->forest->steps_max < test->steps)
		l->forest->steps_max = test->steps;
}

/* Return: NULL when there is no empty slot near enough. */
static uint8_t *hash_slot(const struct forest_test *test, uint8_t *keys, u128 key)
{
	static const uint8_t empty[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint32_t size = test->key_size, first = size == 16 ? 8 : 4;
	uint8_t *at = keys + (size_t)forest_home(key, test->key_size, test->steps) * size;

	for (uint32_t i = 0; i < FOREST_PROBES; i++, at += size)
		if (memcmp(at, empty, first) == 0)
			return at;
	return NULL;
}

/* Return: NULL when some key finds no slot. */
static uint8_t *fill_hash(struct layout *l, const ranges *values, const struct forest_test *test)
{
	size_t bytes = (((size_t)1 << test->steps) + FOREST_PROBES) * test->key_size;
	uint8_t *keys = arena_alloc(l->scratch, bytes);

	memset(keys, 0xff, bytes);
	vec_for_each(range, values) {
		for (u128 key = range->lo; key <= range->hi; key++) {
			uint8_t *slot = hash_slot(test, keys, key);

			if (!slot)
				return NULL;
			put_key(slot, test->key_size, key);
		}
	}
	return keys;
}

/* Half full, or less where that leaves too little room near some home. */
static bool make_hash(struct layout *l, const ranges *values, struct forest_test *test)
{
	struct forest_test made = *test;
	uint8_t *keys = NULL;

	if (!values_are_hosts(values, test->width))
		return false;
	made.kind = FOREST_TEST_HASH;
	made.key_size = test->width;
	made.steps = 4;
	while ((uint64_t)1 << made.steps < 2 * (uint64_t)values->len)
		made.steps++;
	for (uint32_t i = 0; i < 3 && !keys; i++, made.steps++)
		keys = fill_hash(l, values, &made);
	if (!keys)
		return false;
	made.steps--;
	made.table = table_intern(l, keys, ((1u << made.steps) + FOREST_PROBES) * made.key_size);
	*test = made;
	return true;
}

static void make_bitmap(struct layout *l, const ranges *values, struct forest_test *test)
{
	uint8_t *bits = arena_alloc(l->scratch, 32);

	test->kind = FOREST_TEST_BITMAP;
	vec_for_each(range, values)
		for (uint32_t value = (uint32_t)range->lo; value <= range->hi && value < 256;
		     value++)
			bits[value / 8] |= (uint8_t)(1 << value % 8);
	test->table = table_intern(l, bits, 32);
}

static struct forest_test make_test(struct layout *l, const struct test *from)
{
	struct forest_test test = { .offset = from->offset, .width = from->width };
	const ranges *values = &from->values;

	if (values->len == 1 && from->width <= 8) {
		test.kind = FOREST_TEST_RANGE;
		test.lo = (uint64_t)values->data[0].lo;
		test.span = (uint64_t)(values->data[0].hi - values->data[0].lo);
	} else if (from->width == 1) {
		make_bitmap(l, values, &test);
	} else if (!make_hash(l, values, &test)) {
		make_bounds(l, values, &test);
	}
	return test;
}

/* A test of the same field lies within the box already: the box need not be compared. */
static bool is_tested(const struct cubes *cubes, const struct cube *cube, uint32_t dim)
{
	for (uint32_t i = 0; i < cube->n_tests; i++) {
		const struct test *test =
			&cubes->tests.data[cubes->test_lists.data[cube->first_test + i]];

		if (test->offset == cubes->dims.dim[dim].offset &&
		    test->width == cubes->dims.dim[dim].width &&
		    test->values.data[0].lo >= cube->box[dim].lo &&
		    test->values.data[test->values.len - 1].hi <= cube->box[dim].hi)
			return true;
	}
	return false;
}

static bool is_whole(const struct dim *dim, const struct interval *box)
{
	return box->lo == 0 &&
	       box->hi == (dim->bits < 64 ? ((uint64_t)1 << dim->bits) - 1 : UINT64_MAX);
}

static void test_box(struct layout *l, const struct cubes *cubes, const struct cube *cube,
		     uint32_t dim, test_runs *run)
{
	const struct dim *field = &cubes->dims.dim[dim];
	const struct interval *box = &cube->box[dim];

	if (is_whole(field, box) || is_tested(cubes, cube, dim))
		return;
	vec_push(l->scratch, run,
		 ((struct forest_test){ .offset = field->offset,
					.width = field->width,
					.kind = FOREST_TEST_RANGE,
					.lo = box->lo,
					.span = box->hi - box->lo }));
}

/* Closes a run. Return: where it starts in tests, 0 when there is nothing to test. */
static uint32_t run_intern(struct layout *l, test_runs *run)
{
	struct str key = { (const char *)run->data, run->len * (uint32_t)sizeof(*run->data) };
	uint32_t first = l->tests.len;

	if (!run->len)
		return 0;
	run->data[run->len - 1].last = 1;
	if (map_find(&l->runs, key, &first))
		return first;
	map_add(l->scratch, &l->runs, key, first);
	vec_for_each(test, run)
		vec_push(l->scratch, &l->tests, *test);
	if (l->forest->tests_max < run->len)
		l->forest->tests_max = run->len;
	return first;
}

/* What records of both families hold besides the addresses. */
struct tail {
	uint16_t sport, sport_span, dport, dport_span;
	uint32_t order, more;
};

static uint32_t order_of(const struct layout *l, uint32_t place)
{
	uint32_t next = l->actions[place].next, order = place << ORDER_PLACE;

	if (next == FOREST_ALLOW)
		order |= ORDER_ALLOW;
	if (next == FOREST_DROP)
		order |= ORDER_DROP;
	return order;
}

/* @sport: the dim, followed by dport, proto and frag; dims.n: none of them is fixed. */
static struct tail make_tail(struct layout *l, const struct cubes *cubes, const struct cube *cube,
			     uint32_t sport)
{
	const struct interval *box = cube->box;
	struct tail tail = { .sport_span = UINT16_MAX,
			     .dport_span = UINT16_MAX,
			     .order = order_of(l, cube->place) };
	test_runs run = { 0 };
	uint32_t dim = 0;

	if (sport < cubes->dims.n) {
		uint32_t proto = sport + 2, frag = sport + 3;

		tail.sport = (uint16_t)box[sport].lo;
		tail.sport_span = (uint16_t)(box[sport].hi - box[sport].lo);
		tail.dport = (uint16_t)box[sport + 1].lo;
		tail.dport_span = (uint16_t)(box[sport + 1].hi - box[sport + 1].lo);
		if (box[proto].lo == box[proto].hi) {
			tail.more = (uint8_t)box[proto].lo;
			tail.order |= ORDER_PROTO;
		} else {
			test_box(l, cubes, cube, proto, &run);
		}
		if (box[frag].lo == 0 && box[frag].hi == FRAG_IS_LATER - 1)
			tail.order |= ORDER_NOT_LATER;
		else
			test_box(l, cubes, cube, frag, &run);
		dim = sport + 4;
	}
	for (; dim < cubes->dims.n; dim++)
		test_box(l, cubes, cube, dim, &run);
	for (uint32_t i = 0; i < cube->n_tests; i++) {
		uint32_t test = cubes->test_lists.data[cube->first_test + i];

		vec_push(l->scratch, &run, make_test(l, &cubes->tests.data[test]));
	}
	tail.more |= run_intern(l, &run) << 8;
	return tail;
}

static struct forest_record4 make_record4(struct layout *l, const struct cubes *cubes,
					  const struct cube *cube)
{
	bool fixed = cubes->family == FAMILY_IPV4;
	struct tail tail = make_tail(l, cubes, cube, fixed ? DIM4_SPORT : cubes->dims.n);
	struct interval src = { 0, UINT32_MAX }, dst = src;

	if (fixed) {
		src = cube->box[DIM4_SRC];
		dst = cube->box[DIM4_DST];
	}
	return (struct forest_record4){
		.src = (uint32_t)src.lo,
		.src_span = (uint32_t)(src.hi - src.lo),
		.dst = (uint32_t)dst.lo,
		.dst_span = (uint32_t)(dst.hi - dst.lo),
		.sport = tail.sport,
		.sport_span = tail.sport_span,
		.dport = tail.dport,
		.dport_span = tail.dport_span,
		.order = tail.order,
		.more = tail.more,
	};
}

static struct forest_record6 make_record6(struct layout *l, const struct cubes *cubes,
					  const struct cube *cube)
{
	struct tail tail = make_tail(l, cubes, cube, DIM6_SPORT);
	const struct interval *box = cube->box;

	return (struct forest_record6){
		.src_hi = box[DIM6_SRC_HI].lo,
		.src_hi_span = box[DIM6_SRC_HI].hi - box[DIM6_SRC_HI].lo,
		.src_lo = box[DIM6_SRC_LO].lo,
		.src_lo_span = box[DIM6_SRC_LO].hi - box[DIM6_SRC_LO].lo,
		.dst_hi = box[DIM6_DST_HI].lo,
		.dst_hi_span = box[DIM6_DST_HI].hi - box[DIM6_DST_HI].lo,
		.dst_lo = box[DIM6_DST_LO].lo,
		.dst_lo_span = box[DIM6_DST_LO].hi - box[DIM6_DST_LO].lo,
		.sport = tail.sport,
		.sport_span = tail.sport_span,
		.dport = tail.dport,
		.dport_span = tail.dport_span,
		.order = tail.order,
		.more = tail.more,
	};
}

/* Each cube becomes a record once; leaves copy it. */
static void put_records(struct layout *l, const struct grove *grove)
{
	const struct cubes *cubes = grove->cubes;
	bool six = cubes->family == FAMILY_IPV6;
	struct forest_record4 *made4 = NULL;
	struct forest_record6 *made6 = NULL;

	if (six)
		made6 = arena_new_array(l->scratch, struct forest_record6, cubes->list.len + 1);
	else
		made4 = arena_new_array(l->scratch, struct forest_record4, cubes->list.len + 1);
	for (uint32_t i = 0; i < cubes->list.len; i++) {
		if (six)
			made6[i] = make_record6(l, cubes, &cubes->list.data[i]);
		else
			made4[i] = make_record4(l, cubes, &cubes->list.data[i]);
	}
	vec_for_each(cube, &grove->records) {
		if (six)
			vec_push(l->scratch, &l->records6, made6[*cube]);
		else
			vec_push(l->scratch, &l->records4, made4[*cube]);
	}
}

/* The dims that nodes read, and those of the fixed ones that a record narrows. */
static uint32_t dims_read(const struct grove *grove, uint32_t n_fixed)
{
	uint32_t used = 0;

	vec_for_each(node, &grove->nodes)
		if (node->dim != FOREST_LEAF)
			used |= 1u << node->dim;
	for (uint32_t dim = 0; dim < n_fixed; dim++)
		if (grove->column[dim])
			used |= 1u << dim;
	return used;
}

/* Return: where they start in tables. */
static uint32_t put_images(struct layout *l, const struct grove *grove)
{
	uint32_t at = (l->tables.len + 15) & ~15u, end = at;

	vec_for_each(image, &grove->images)
		end += image->size;
	if (end == at)
		return at;
	while (l->tables.cap < end)
		l->tables.data = vec_grow(l->scratch, l->tables.data, l->tables.len, &l->tables.cap,
					  sizeof(*l->tables.data));
	memset(l->tables.data + l->tables.len, 0, at - l->tables.len);
	l->tables.len = at;
	vec_for_each(image, &grove->images) {
		memcpy(l->tables.data + l->tables.len, image->bytes, image->size);
		l->tables.len += image->size;
	}
	return at;
}

static void put_grove(struct layout *l, const struct grove *grove)
{
	unsigned int family = grove->cubes->family;
	uint32_t n_fixed = family == FAMILY_IPV4   ? DIM4_FIXED
			   : family == FAMILY_IPV6 ? DIM6_FIXED
						   : 0;
	uint32_t nodes = l->nodes.len;
	uint32_t records = family == FAMILY_IPV6 ? l->records6.len : l->records4.len, images;

	vec_for_each(from, &grove->nodes) {
		struct forest_node *node = vec_add(l->scratch, &l->nodes);

		*node = *from;
		if (node->dim == FOREST_LEAF) {
			node->add = records + from->base;
			node->base = l->nodes.len - 1;
			node->shift = 63;
		} else {
			node->base += nodes;
		}
	}
	put_records(l, grove);
	images = put_images(l, grove);
	vec_for_each(from, &grove->groups) {
		struct forest_group *group = vec_add(l->arena, &l->forest->groups);

		*group = *from;
		group->root += nodes;
		for (uint32_t i = 0; i < group->bits.n_sides; i++) {
			group->bits.side[i].bounds += images;
			group->bits.side[i].rows += images;
		}
	}
	l->forest->dims_used[forest_family(family)] = dims_read(grove, n_fixed);
}

static struct forest_action *make_actions(struct layout *l, const struct places *places)
{
	struct forest_action *made =
		arena_new_array(l->scratch, struct forest_action, places->list.len + 1);

	for (uint32_t i = 0; i < places->list.len; i++) {
		const struct place *place = &places->list.data[i];
		uint32_t slot = places->rs->rules.data[place->rule].slot;

		if (place->act) {
			made[i] = (struct forest_action){ slot, FOREST_ACT + place->act - 1 };
			continue;
		}
		switch (place->kind) {
		case PLACE_ALLOW:
			made[i] = (struct forest_action){ slot, FOREST_ALLOW };
			break;
		case PLACE_DROP:
			made[i] = (struct forest_action){ slot, FOREST_DROP };
			break;
		case PLACE_COUNT:
		case PLACE_ACT:
			made[i] = (struct forest_action){ slot, place->resume };
			break;
		case PLACE_RETURN:
			made[i] = (struct forest_action){ 0, place->resume };
			break;
		case PLACE_JUMP:
			made[i] = (struct forest_action){ 0, i + 1 };
			break;
		}
	}
	return made;
}

struct piece {
	struct forest_region *region;
	const void *data;
	uint32_t n;
	uint32_t size; /* of one */
};

/* Return: false when the blob grows too large. */
static bool put_parts(struct layout *l, struct piece *parts, uint32_t n)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < n; i++) {
		total = (total + 15) & ~(uint64_t)15;
		if (total > BLOB_SIZE_MAX)
			return false;
		*parts[i].region = (struct forest_region){ (uint32_t)total, parts[i].n };
		total += (uint64_t)parts[i].n * parts[i].size;
	}
	total = (total + 15) & ~(uint64_t)15;
	if (total > BLOB_SIZE_MAX)
		return false;
	l->forest->blob_size = (uint32_t)total;
	l->forest->blob = arena_alloc(l->arena, total);
	for (uint32_t i = 0; i < n; i++)
		if (parts[i].n)
			memcpy(l->forest->blob + parts[i].region->offset, parts[i].data,
			       (size_t)parts[i].n * parts[i].size);
	return true;
}

const char *forest_layout(struct arena *arena, const struct places *places,
			  struct grove *const groves[3], struct forest *forest)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct layout l = { .arena = arena, .scratch = scratch, .forest = forest };
	struct forest_action *by_place = make_actions(&l, places);
	struct piece parts[] = {
		{ &forest->nodes, NULL, 0, sizeof(struct forest_node) },
		{ &forest->records4, NULL, 0, sizeof(struct forest_record4) },
		{ &forest->records6, NULL, 0, sizeof(struct forest_record6) },
		{ &forest->tests, NULL, 0, sizeof(struct forest_test) },
		{ &forest->tables, NULL, 0, 1 },
		{ &forest->actions, by_place, places->list.len, sizeof(*by_place) },
	};

	l.actions = by_place;
	vec_push(scratch, &l.tests, (struct forest_test){ .last = 1 });
	for (uint32_t i = 0; i < 3; i++)
		put_grove(&l, groves[i]);
	parts[0].data = l.nodes.data, parts[0].n = l.nodes.len;
	parts[1].data = l.records4.data, parts[1].n = l.records4.len;
	parts[2].data = l.records6.data, parts[2].n = l.records6.len;
	parts[3].data = l.tests.data, parts[3].n = l.tests.len;
	parts[4].data = l.tables.data, parts[4].n = l.tables.len;
	if (!put_parts(&l, parts, sizeof(parts) / sizeof(*parts)))
		return "the forest is too large";
	for (uint32_t i = 1; i < forest->tests.n; i++) {
		struct forest_test *test =
			(struct forest_test *)(forest->blob + forest->tests.offset) + i;

		if (test->kind != FOREST_TEST_RANGE)
			test->table += forest->tables.offset;
	}
	vec_for_each(group, &forest->groups) {
		for (uint32_t i = 0; i < group->bits.n_sides; i++) {
			group->bits.side[i].bounds += forest->tables.offset;
			group->bits.side[i].rows += forest->tables.offset;
		}
	}
	return NULL;
}
