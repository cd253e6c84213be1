// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The passes over cubes. None has to find everything: what is missed costs a record, and each is
 * bounded, so that a file cannot make a compile slow.
 */
#include "compiler/ir/cube.h"

#include <assert.h>
#include <stdlib.h>

/* A place with more cubes is not merged: they come from a list, which is merged as ranges. */
#define MERGE_MAX 4096u
/* Of a place the last cubes alone hide others: hashing a million takes 0.3 s. */
#define HIDE_MAX 65536u
/* Shadow: how many shapes of cubes are looked up, and how many cubes are compared for each. */
#define SHAPES_MAX  32u
#define COMPARE_MAX 8u
#define SHAPE_DIMS  5u

static uint64_t dim_max(const struct dim *dim)
{
	return dim->bits == 64 ? UINT64_MAX : ((uint64_t)1 << dim->bits) - 1;
}

/* The checker. */

static const char *check_test(const struct test *test)
{
	const ranges *r = &test->values;

	if (!r->len)
		return "a test that nothing passes";
	for (uint32_t i = 0; i < r->len; i++) {
		if (r->data[i].lo > r->data[i].hi)
			return "a test with a range that is upside down";
		if (i &&
		    (r->data[i].lo <= r->data[i - 1].hi || r->data[i].lo == r->data[i - 1].hi + 1))
			return "a test whose ranges are not normalised";
	}
	return NULL;
}

static const char *check_cube(const struct cubes *cubes, const struct places *places,
			      const struct cube *cube)
{
	if (cube->place >= places->list.len || places->list.data[cube->place].kind == PLACE_JUMP)
		return "a cube of no place";
	for (uint32_t i = 0; i < cubes->dims.n; i++) {
		if (cube->box[i].lo > cube->box[i].hi)
			return "an empty box";
		if (cube->box[i].hi > dim_max(&cubes->dims.dim[i]))
			return "a box larger than its field";
	}
	if (cube->n_tests > cubes->test_lists.len ||
	    cube->first_test > cubes->test_lists.len - cube->n_tests)
		return "tests that are not there";
	for (uint32_t i = 0; i < cube->n_tests; i++)
		if (cubes->test_lists.data[cube->first_test + i] >= cubes->tests.len)
			return "a test that is not there";
	return NULL;
}

const char *cubes_check(const struct cubes *cubes, const struct places *places)
{
	const char *wrong = NULL;
	uint32_t last = 0;

	vec_for_each(test, &cubes->tests) {
		wrong = check_test(test);
		if (wrong)
			return wrong;
	}
	vec_for_each(cube, &cubes->list) {
		wrong = check_cube(cubes, places, cube);
		if (!wrong && cube->place < last)
			wrong = "cubes that are not in the order of their places";
		if (wrong)
			return wrong;
		last = cube->place;
	}
	return NULL;
}

/* Merge: two cubes of a place that differ in one dim, and touch there, are one. */

struct merge {
	uint32_t n_dims;
	uint32_t dims[DIMS_MAX]; /* in which the cubes of the place differ */
	uint32_t along;          /* the one that is joined now */
};

static int box_order(const struct merge *m, const struct cube *a, const struct cube *b)
{
	for (uint32_t i = 0; i < m->n_dims; i++) {
		const struct interval *x = &a->box[m->dims[i]], *y = &b->box[m->dims[i]];

		if (m->dims[i] == m->along)
			continue;
		if (x->lo != y->lo)
			return x->lo < y->lo ? -1 : 1;
		if (x->hi != y->hi)
			return x->hi < y->hi ? -1 : 1;
	}
	return 0;
}

static int merge_order(const void *a, const void *b, void *data)
{
	const struct merge *m = data;
	const struct cube *x = a, *y = b;
	int order = box_order(m, x, y);
	uint64_t lo = x->box[m->along].lo, other = y->box[m->along].lo;

	return order ? order : (lo > other) - (lo < other);
}

/* All cubes of a place have the same tests, since no match is spread into different ones. */
static bool join(const struct merge *m, struct cube *cube, const struct cube *next)
{
	struct interval *own = &cube->box[m->along], *other = &next->box[m->along];

	if (cube->first_test != next->first_test || cube->n_tests != next->n_tests ||
	    box_order(m, cube, next) != 0)
		return false;
	if (own->hi != UINT64_MAX && other->lo > own->hi + 1)
		return false;
	if (other->hi > own->hi)
		own->hi = other->hi;
	return true;
}

static uint32_t merge_along(struct merge *m, struct cube *list, uint32_t n)
{
	uint32_t kept = 0;

	qsort_r(list, n, sizeof(*list), merge_order, m);
	for (uint32_t i = 1; i < n; i++)
		if (!join(m, &list[kept], &list[i]))
			list[++kept] = list[i];
	return kept + 1;
}

/* Return: how many of the cubes of one place are left. */
static uint32_t merge_place(const struct dims *dims, struct cube *list, uint32_t n)
{
	struct merge m = { 0 };

	for (uint32_t d = 0; d < dims->n; d++)
		for (uint32_t i = 1; i < n; i++)
			if (memcmp(&list[0].box[d], &list[i].box[d], sizeof(list[0].box[d])) != 0) {
				m.dims[m.n_dims++] = d;
				break;
			}
	for (uint32_t i = 0; i < m.n_dims; i++) {
		m.along = m.dims[i];
		n = merge_along(&m, list, n);
	}
	return n;
}

static void pass_merge(struct cubes *cubes, const struct places *places)
{
	struct cube *list = cubes->list.data;
	uint32_t kept = 0, n;

	for (uint32_t i = 0; i < cubes->list.len; i += n) {
		uint32_t left;

		for (n = 1; i + n < cubes->list.len && list[i + n].place == list[i].place;)
			n++;
		left = n > 1 && n <= MERGE_MAX ? merge_place(&cubes->dims, &list[i], n) : n;
		memmove(&list[kept], &list[i], left * sizeof(*list));
		kept += left;
	}
	cubes->list.len = kept;
}

/*
 * Shadow. A cube that covers another one also covers it with each side rounded up to an aligned
 * block. Blocks come in few sizes per dim; for each combination of sizes in use, cubes are found
 * by the hash of the block that holds the other one.
 */
struct shape {
	uint8_t keep[SHAPE_DIMS]; /* leading bits */
};

struct shadow {
	const struct cubes *cubes;
	const struct places *places;
	uint32_t n_dims;
	uint32_t dims[SHAPE_DIMS];
	uint32_t n_shapes;
	struct shape shapes[SHAPES_MAX];
	uint32_t *heads; /* cube + 1 by hash */
	uint32_t *next;  /* cube + 1 by cube */
	uint32_t mask;
};

static void shadow_init(struct shadow *s, const struct cubes *cubes, const struct places *places)
{
	static const uint32_t dims4[] = { DIM4_SRC, DIM4_DST, DIM4_SPORT, DIM4_DPORT, DIM4_PROTO };
	static const uint32_t dims6[] = { DIM6_SRC_HI, DIM6_DST_HI, DIM6_SPORT, DIM6_DPORT,
					  DIM6_PROTO };
	uint32_t size = 16, n = cubes->list.len;

	*s = (struct shadow){ .cubes = cubes, .places = places };
	for (uint32_t i = 0; i < SHAPE_DIMS && i < cubes->dims.n; i++)
		s->dims[s->n_dims++] = cubes->family == FAMILY_IPV4   ? dims4[i]
				       : cubes->family == FAMILY_IPV6 ? dims6[i]
								      : i;
	while (size < n)
		size *= 2;
	s->heads = arena_new_array(cubes->arena, uint32_t, size);
	s->next = arena_new_array(cubes->arena, uint32_t, n);
	s->mask = size - 1;
}

/* Quarters of the dim's bits; a narrow field is whole or nothing. */
static uint8_t keep_bits(const struct dim *dim, const struct interval *side)
{
	uint64_t differ = side->lo ^ side->hi;
	uint32_t free = differ ? 64 - (uint32_t)__builtin_clzll(differ) : 0;
	uint32_t step = dim->bits < 32 ? dim->bits : dim->bits / 4;

	return free > dim->bits ? 0 : (uint8_t)((dim->bits - free) / step * step);
}

static uint32_t hash_of(const struct shadow *s, uint32_t shape, const struct cube *cube)
{
	uint64_t hash = shape + 1;

	for (uint32_t i = 0; i < s->n_dims; i++) {
		uint32_t drop = s->cubes->dims.dim[s->dims[i]].bits - s->shapes[shape].keep[i];
		uint64_t block = drop < 64 ? cube->box[s->dims[i]].lo >> drop : 0;

		hash = (hash ^ block) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 32) & s->mask;
}

/* The cube's field has only values that pass. */
static bool box_passes(const struct cubes *cubes, const struct cube *cube, const struct test *test)
{
	for (uint32_t i = 0; i < cubes->dims.n; i++) {
		const struct dim *dim = &cubes->dims.dim[i];
		struct range side = { cube->box[i].lo, cube->box[i].hi };
		uint32_t at = 0, high = test->values.len;

		if (dim->offset != test->offset || dim->width != test->width)
			continue;
		while (at < high) {
			uint32_t middle = at + (high - at) / 2;

			if (test->values.data[middle].hi < side.lo)
				at = middle + 1;
			else
				high = middle;
		}
		return at < test->values.len && test->values.data[at].lo <= side.lo &&
		       side.hi <= test->values.data[at].hi;
	}
	return false;
}

static bool has_test(const struct cubes *cubes, const struct cube *cube, uint32_t test)
{
	for (uint32_t i = 0; i < cube->n_tests; i++)
		if (cubes->test_lists.data[cube->first_test + i] == test)
			return true;
	return false;
}

static bool covers(const struct cubes *cubes, const struct cube *a, const struct cube *b)
{
	for (uint32_t i = 0; i < cubes->dims.n; i++)
		if (a->box[i].lo > b->box[i].lo || a->box[i].hi < b->box[i].hi)
			return false;
	for (uint32_t i = 0; i < a->n_tests; i++) {
		uint32_t test = cubes->test_lists.data[a->first_test + i];

		if (!has_test(cubes, b, test) && !box_passes(cubes, b, &cubes->tests.data[test]))
			return false;
	}
	return true;
}

static bool is_shadowed(const struct shadow *s, const struct cube *cube)
{
	const struct cube *list = s->cubes->list.data;

	for (uint32_t shape = 0; shape < s->n_shapes; shape++) {
		uint32_t at = s->heads[hash_of(s, shape, cube)];

		for (uint32_t i = 0; at && i < COMPARE_MAX; i++, at = s->next[at - 1]) {
			const struct cube *by = &list[at - 1];

			if (by->place < cube->place &&
			    cube->place < s->places->list.data[by->place].reach &&
			    covers(s->cubes, by, cube))
				return true;
		}
	}
	return false;
}

/* Only an allow or drop hides anything. */
static void shadow_add(struct shadow *s, uint32_t index)
{
	const struct cube *cube = &s->cubes->list.data[index];
	enum place_kind kind = s->places->list.data[cube->place].kind;
	struct shape shape = { 0 };
	uint32_t i = 0, *head;

	if (kind != PLACE_ALLOW && kind != PLACE_DROP)
		return;
	for (uint32_t d = 0; d < s->n_dims; d++)
		shape.keep[d] = keep_bits(&s->cubes->dims.dim[s->dims[d]], &cube->box[s->dims[d]]);
	while (i < s->n_shapes && memcmp(&s->shapes[i], &shape, sizeof(shape)) != 0)
		i++;
	if (i == SHAPES_MAX)
		return;
	if (i == s->n_shapes)
		s->shapes[s->n_shapes++] = shape;
	head = &s->heads[hash_of(s, i, cube)];
	s->next[index] = *head;
	*head = index + 1;
}

static void pass_shadow(struct cubes *cubes, const struct places *places)
{
	struct cube *list = cubes->list.data;
	uint32_t kept = 0, n = cubes->list.len;
	struct shadow s;

	if (!n)
		return;
	shadow_init(&s, cubes, places);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t place = list[i].place;
		bool hides = place != list[n - 1].place &&
			     (n - i <= HIDE_MAX || list[i + HIDE_MAX].place != place);

		if (is_shadowed(&s, &list[i]))
			continue;
		list[kept] = list[i];
		if (hides)
			shadow_add(&s, kept);
		kept++;
	}
	cubes->list.len = kept;
}

void cubes_simplify(struct cubes *cubes, const struct places *places, const char *passes)
{
	static const struct {
		char letter;
		void (*run)(struct cubes *cubes, const struct places *places);
	} all[] = {
#define PASS(letter, name, help) { letter, pass_##name },
		PASSES(PASS)
#undef PASS
	};

	for (uint32_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (passes && !strchr(passes, all[i].letter))
			continue;
		all[i].run(cubes, places);
		assert(!cubes_check(cubes, places));
	}
}
