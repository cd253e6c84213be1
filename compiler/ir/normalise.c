// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Each place is first one condition: what each field may be, the jumps on its way included. Then
 * the condition becomes cubes. Lists of ranges are interned, so that a set of a million entries
 * is read once, however many rules name it.
 */
#include "compiler/ir/cube.h"

#include <assert.h>
#include <netinet/in.h>

#include "compiler/base/map.h"
#include "compiler/ir/values.h"

/* Rows that read different fields, and facts. */
#define FIELDS_MAX (24u + PKT_FACTS)
#define NO_DIM     UINT32_MAX
#define NO_LIST    UINT32_MAX
/* A field of one byte with more ranges is cheaper as a bitmap. */
#define BYTE_SPREAD_MAX 4u
/*
 * One list makes no more cubes than this, or one place full: many rules with one list differ in
 * something else, and the list is their test. Short lists are cheap.
 */
#define LIST_CUBES_MAX 16384u
#define LIST_SHORT     4u
/*
 * A list is long from here on. All long ones together make no more cubes than the second number,
 * the others are tests: a tree of a million takes seconds and 64 MB, a search 21 steps, 8 MB.
 */
#define LIST_LONG      1024u
#define LONG_CUBES_MAX 131072u

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

/* Lists up to this length are compared with those known by their content. */
#define LIST_KNOWN_MAX 4096u
/* Ranges that intersections of lists may make: 256 MB. */
#define LIST_RANGES_MAX ((uint64_t)8 << 20)

/* A field of the match table, addresses first. */
struct field {
	uint16_t row_offset; /* as the row says */
	uint16_t offset;     /* where a test reads: an IPv4 address is a part of the pair */
	uint8_t width;
	bool pair;
	uint32_t dim; /* the first of two for a pair */
	u128 min, max;
};

/* The values a field may have. */
struct accepted {
	struct range hull; /* lo > hi: none */
	uint32_t list;     /* index into lists; NO_LIST: all of the hull */
};

struct condition {
	bool empty;
	uint32_t place; /* of a jump */
	struct accepted of[FIELDS_MAX];
};

struct normalise {
	struct arena *arena;
	const struct places *places;
	struct cubes *cubes;
	uint8_t family_bit;
	uint32_t max;
	bool too_large;

	uint32_t n_fields;
	struct field fields[FIELDS_MAX];
	uint32_t proto, frag;       /* fields; FIELDS_MAX outside of IP */
	struct accepted layer4[16]; /* by proto_bits */

	VEC(ranges) lists;
	VEC(uint32_t) spent;    /* cubes made by spreading the list */
	uint32_t n_long;        /* cubes made by spreading long ones */
	struct map known_lists; /* by the bytes of the ranges */
	struct map known_both;  /* a pair of lists to an index into both */
	VEC(struct accepted) both;
	uint64_t n_ranges;
	VEC(struct accepted)
	of_set; /* [2 * set + negated]; all 0: unknown, since no list ends at 0 */
	ranges scratch;

	VEC(struct condition) stack; /* of the jumps around the place */
	struct map known_tests;      /* field and list */
	struct map known_runs;       /* of tests */
};

static const struct accepted nothing = { .hull = { 1, 0 }, .list = NO_LIST };

static bool is_nothing(const struct accepted *a)
{
	return a->hull.lo > a->hull.hi;
}

/* Fields. */

static void add_field(struct normalise *n, const struct clause *row)
{
	const struct dims *dims = &n->cubes->dims;
	struct field field = {
		.row_offset = row->offset, .offset = row->offset, .width = row->width, .dim = NO_DIM
	};

	for (uint32_t i = 0; i < n->n_fields; i++)
		if (n->fields[i].row_offset == row->offset)
			return;
	if (row->width == 16 && n->cubes->family != FAMILY_IPV6) {
		field.offset += 8;
		field.width = 4;
	}
	field.max = field.width == 16 ? ~(u128)0 : ((u128)1 << field.width * 8) - 1;
	if (row->max && (field.width == 8 || row->max == 1))
		field.max = row->max;
	for (uint32_t i = 0; i < dims->n; i++) {
		if (dims->dim[i].offset != field.offset)
			continue;
		field.dim = i;
		field.pair = dims->dim[i].pair;
		if (!field.pair)
			field.max = ((u128)1 << dims->dim[i].bits) - 1;
	}
	/* What has an ethertype of IP and is none is malformed, and meets no rule. */
	if (row->type == TYPE_ETHER && n->cubes->family != FAMILY_NONE)
		field.min = field.max =
			n->cubes->family == FAMILY_IPV4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
	if (row->offset == offsetof(struct pkt, proto))
		n->proto = n->n_fields;
	if (row->offset == offsetof(struct pkt, frag))
		n->frag = n->n_fields;
	assert(n->n_fields < FIELDS_MAX);
	n->fields[n->n_fields++] = field;
}

static void add_fields(struct normalise *n)
{
	n->proto = n->frag = FIELDS_MAX;
	for (int wide = 1; wide >= 0; wide--)
		for (const struct clause *row = clause_matches; row->name; row++) {
			if ((row->width == 16) != wide || row->type == TYPE_FAMILY)
				continue;
			if (n->cubes->family != FAMILY_NONE || row->layer == LAYER_FRAME)
				add_field(n, row);
		}
	vec_for_each(row, &n->places->rs->fact_rows)
		if (n->cubes->family != FAMILY_NONE || (*row)->layer == LAYER_FRAME)
			add_field(n, *row);
}

static uint32_t field_of(const struct normalise *n, uint16_t row_offset)
{
	uint32_t i = 0;

	while (i < n->n_fields && n->fields[i].row_offset != row_offset)
		i++;
	assert(i < n->n_fields);
	return i;
}

/* Lists. */

static struct str bytes_of(const void *data, size_t size)
{
	return (struct str){ data, (uint32_t)size };
}

/* @list stays where it is. A long one is a set, which is known by its number. */
static uint32_t list_add(struct normalise *n, const ranges *list)
{
	struct str key = bytes_of(list->data, list->len * sizeof(*list->data));
	uint32_t index = n->lists.len;

	if (list->len <= LIST_KNOWN_MAX && map_find(&n->known_lists, key, &index))
		return index;
	if (list->len <= LIST_KNOWN_MAX)
		map_add(n->arena, &n->known_lists, key, index);
	vec_push(n->arena, &n->lists, *list);
	vec_push(n->arena, &n->spent, 0);
	return index;
}

/* @list normalised. */
static struct accepted accept_list(struct normalise *n, const ranges *list)
{
	struct accepted a = nothing;

	if (!list->len)
		return a;
	a.hull = (struct range){ list->data[0].lo, list->data[list->len - 1].hi };
	if (list->len > 1)
		a.list = list_add(n, list);
	return a;
}

static ranges view(const struct normalise *n, struct accepted *a)
{
	if (a->list == NO_LIST)
		return (ranges){ .data = &a->hull, .len = 1 };
	return n->lists.data[a->list];
}

static struct accepted merge(struct normalise *n, struct accepted a, struct accepted b)
{
	ranges left = view(n, &a), right = view(n, &b), kept;
	uint32_t i = ranges_from(&left, 0, b.hull.lo), j = ranges_from(&right, 0, a.hull.lo);

	n->scratch.len = 0;
	while (i < left.len && j < right.len) {
		struct range x = left.data[i], y = right.data[j];
		struct range cut = { x.lo > y.lo ? x.lo : y.lo, x.hi < y.hi ? x.hi : y.hi };

		if (cut.lo <= cut.hi)
			vec_push(n->arena, &n->scratch, cut);
		if (x.hi < y.hi)
			i++;
		else
			j++;
	}
	if (n->scratch.len <= 1)
		return accept_list(n, &n->scratch);
	n->n_ranges += n->scratch.len;
	n->too_large |= n->n_ranges > LIST_RANGES_MAX;
	kept = (ranges){ .len = n->scratch.len, .cap = n->scratch.len };
	kept.data = arena_memdup(n->arena, n->scratch.data, kept.len * sizeof(*kept.data));
	return accept_list(n, &kept);
}

static bool range_covers(struct range outer, struct range inner)
{
	return outer.lo <= inner.lo && inner.hi <= outer.hi;
}

static struct accepted intersect(struct normalise *n, struct accepted a, struct accepted b)
{
	uint32_t both[2] = { a.list, b.list }, index = n->both.len;

	if (a.list == NO_LIST && range_covers(a.hull, b.hull))
		return b;
	if ((b.list == NO_LIST && range_covers(b.hull, a.hull)) ||
	    (a.list != NO_LIST && a.list == b.list))
		return a;
	if (a.hull.lo > b.hull.hi || b.hull.lo > a.hull.hi)
		return nothing;
	if (a.list == NO_LIST || b.list == NO_LIST)
		return merge(n, a, b);
	if (map_find(&n->known_both, bytes_of(both, sizeof(both)), &index))
		return n->both.data[index];
	vec_push(n->arena, &n->both, merge(n, a, b));
	map_add(n->arena, &n->known_both,
		bytes_of(arena_memdup(n->arena, both, sizeof(both)), sizeof(both)), index);
	return n->both.data[index];
}

/* Matches. */

static void narrow(struct normalise *n, struct condition *c, uint32_t field, struct accepted with)
{
	struct accepted *a = &c->of[field];

	if (!is_nothing(&with) && !is_nothing(a))
		*a = intersect(n, *a, with);
	else
		*a = nothing;
	c->empty |= is_nothing(a);
}

static struct accepted accept_values(struct normalise *n, const struct values *v,
				     const struct field *field)
{
	uint32_t part = v->by_family && n->cubes->family == FAMILY_IPV6;
	ranges rest;

	if (v->left_out[part])
		return nothing;
	if (!v->negated)
		return accept_list(n, &v->part[part]);
	rest = ranges_complement(n->arena, &v->part[part], field->max);
	return accept_list(n, &rest);
}

static uint8_t family_of(const struct match *match, const struct atom *atom)
{
	return match->row->width == 16 ? atom->family : 0;
}

static struct accepted accept_match(struct normalise *n, const struct match *match,
				    const struct field *field)
{
	const struct atom *only = match->atoms.len == 1 ? match->atoms.data : NULL;
	struct accepted *known = NULL, a;
	struct values values;

	/* By far the most need no list. */
	if (only && only->kind == ATOM_RANGE && !match->negated && match->row->type != TYPE_FLAGS) {
		uint8_t family = family_of(match, only);

		if (family && family != n->cubes->family)
			return nothing;
		return (struct accepted){ { only->lo, only->hi }, NO_LIST };
	}
	if (only && only->kind == ATOM_SET)
		known = &n->of_set.data[2 * only->set + match->negated];
	if (known && (known->list || known->hull.hi))
		return *known;
	values = values_of(n->places->rs, match);
	a = accept_values(n, &values, field);
	if (known)
		*known = a;
	return a;
}

static struct accepted accept_protos(struct normalise *n, uint8_t bits)
{
	static const struct {
		uint8_t bit, number, family;
	} all[] = {
		{ PROTO_ICMP, IPPROTO_ICMP, FAMILY_IPV4 },
		{ PROTO_TCP, IPPROTO_TCP, 0 },
		{ PROTO_UDP, IPPROTO_UDP, 0 },
		{ PROTO_ICMP6, IPPROTO_ICMPV6, FAMILY_IPV6 },
	};
	ranges list = { 0 };

	for (uint32_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (bits & all[i].bit && (!all[i].family || all[i].family == n->cubes->family))
			vec_push(n->arena, &list, ((struct range){ all[i].number, all[i].number }));
	return accept_list(n, &list);
}

static void apply_match(struct normalise *n, struct condition *c, const struct match *match)
{
	const struct clause *row = match->row;
	uint32_t field;

	if (row->layer != LAYER_FRAME && n->cubes->family == FAMILY_NONE) {
		c->empty = true;
		return;
	}
	if (row->type == TYPE_FAMILY) {
		struct values values = values_of(n->places->rs, match);

		c->empty |= !values_accept(&values, (uint8_t)n->cubes->family);
		return;
	}
	if (row->layer == LAYER_L4) {
		narrow(n, c, n->frag, (struct accepted){ { FRAG_NO, FRAG_FIRST }, NO_LIST });
		if (row->proto)
			narrow(n, c, n->proto, n->layer4[row->proto]);
	}
	field = field_of(n, row->offset);
	narrow(n, c, field, accept_match(n, match, &n->fields[field]));
}

/* Tests. */

static uint32_t test_of(struct normalise *n, uint32_t index, const struct accepted *a)
{
	const struct field *field = &n->fields[index];
	uint32_t key[2] = { index, a->list }, test = n->cubes->tests.len;

	if (a->list == NO_LIST) {
		ranges one = { .len = 1, .cap = 1 };

		one.data = arena_memdup(n->arena, &a->hull, sizeof(a->hull));
		key[1] = list_add(n, &one);
	}
	if (map_find(&n->known_tests, bytes_of(key, sizeof(key)), &test))
		return test;
	map_add(n->arena, &n->known_tests,
		bytes_of(arena_memdup(n->arena, key, sizeof(key)), sizeof(key)), test);
	vec_push(n->arena, &n->cubes->tests,
		 ((struct test){ field->offset, field->width, n->lists.data[key[1]] }));
	return test;
}

/* The same tests are one run. Return: its start. */
static uint32_t run_of(struct normalise *n, const uint32_t *tests, uint32_t n_tests)
{
	struct cubes *cubes = n->cubes;
	struct str key = bytes_of(tests, n_tests * sizeof(*tests));
	uint32_t start = cubes->test_lists.len;

	if (!n_tests || map_find(&n->known_runs, key, &start))
		return n_tests ? start : 0;
	key.s = arena_memdup(n->arena, tests, key.len);
	map_add(n->arena, &n->known_runs, key, start);
	for (uint32_t i = 0; i < n_tests; i++)
		vec_push(n->arena, &cubes->test_lists, tests[i]);
	return start;
}

/* Cubes. */

/* A range of a pair as boxes of (high, low). Return: how many. */
static uint32_t pair_boxes(struct range r, struct interval boxes[3][2])
{
	struct interval high = { (uint64_t)(r.lo >> 64), (uint64_t)(r.hi >> 64) };
	struct interval low = { (uint64_t)r.lo, (uint64_t)r.hi }, all = { 0, UINT64_MAX };
	struct interval first = { high.lo, high.lo }, last = { high.hi, high.hi };
	uint32_t k = 0;

	if (high.lo == high.hi) {
		boxes[0][0] = high;
		boxes[0][1] = low;
		return 1;
	}
	if (low.lo != 0) {
		boxes[k][0] = first;
		boxes[k++][1] = (struct interval){ low.lo, UINT64_MAX };
		high.lo++;
	}
	if (low.hi != UINT64_MAX)
		high.hi--;
	if (high.lo <= high.hi) {
		boxes[k][0] = high;
		boxes[k++][1] = all;
	}
	if (low.hi != UINT64_MAX) {
		boxes[k][0] = last;
		boxes[k++][1] = (struct interval){ 0, low.hi };
	}
	return k;
}

static bool is_exact(const struct field *field, const struct accepted *a)
{
	struct interval boxes[3][2];

	if (a->list != NO_LIST)
		return false;
	if (field->dim == NO_DIM)
		return a->hull.lo == field->min && a->hull.hi == field->max;
	return !field->pair || pair_boxes(a->hull, boxes) == 1;
}

bool values_are_hosts(const ranges *values, uint8_t width)
{
	u128 empty = width == 16 ? (u128)UINT64_MAX << 64 : UINT32_MAX;
	uint64_t n = 0;

	if (values->len < HOSTS_MIN || (width != 4 && width != 16) ||
	    values->data[values->len - 1].hi >= empty)
		return false;
	vec_for_each(range, values) {
		u128 more = range->hi - range->lo;

		if (more > values->len)
			return false;
		n += (uint64_t)more + 1;
	}
	return n <= 2 * (uint64_t)values->len;
}

/* How many cubes it would make at most; 0: it is not spread. */
static uint32_t spread_size(struct normalise *n, const struct field *field, struct accepted *a)
{
	ranges list = view(n, a);
	uint32_t spent;

	if (field->dim == NO_DIM || is_exact(field, a))
		return 0;
	if (field->width == 1 && list.len > BYTE_SPREAD_MAX)
		return 0;
	if (field->dim < 4 && values_are_hosts(&list, field->pair ? 16 : field->width))
		return 0;
	if (list.len >= LIST_LONG && n->n_long + list.len > LONG_CUBES_MAX)
		return 0;
	spent = list.len > LIST_SHORT ? n->spent.data[a->list] : 0;
	if (spent && spent + list.len > LIST_CUBES_MAX)
		return 0;
	return field->pair ? 3 * list.len : list.len;
}

/* The field to spread over cubes, and no more of them than there is room for. */
static uint32_t choose_spread(struct normalise *n, struct condition *c, uint32_t room)
{
	uint32_t best = FIELDS_MAX, best_len = 0;

	for (uint32_t i = 0; i < n->n_fields; i++) {
		uint32_t size = spread_size(n, &n->fields[i], &c->of[i]);
		uint32_t len = size ? view(n, &c->of[i]).len : 0;

		if (len > best_len && size <= room) {
			best = i;
			best_len = len;
		}
	}
	return best;
}

static void fill_hull(const struct field *field, const struct accepted *a, struct interval *box)
{
	struct interval *at;

	if (field->dim == NO_DIM)
		return;
	at = &box[field->dim];
	if (!field->pair) {
		*at = (struct interval){ (uint64_t)a->hull.lo, (uint64_t)a->hull.hi };
		return;
	}
	at[0] = (struct interval){ (uint64_t)(a->hull.lo >> 64), (uint64_t)(a->hull.hi >> 64) };
	at[1] = (struct interval){ 0, UINT64_MAX };
	if (at[0].lo == at[0].hi)
		at[1] = (struct interval){ (uint64_t)a->hull.lo, (uint64_t)a->hull.hi };
}

static struct interval *add_cube(struct normalise *n, const struct cube *like)
{
	struct cube *cube = vec_add(n->arena, &n->cubes->list);

	*cube = *like;
	cube->box = arena_memdup(n->arena, like->box, n->cubes->dims.n * sizeof(*like->box));
	return cube->box;
}

static void spread(struct normalise *n, const struct field *field, struct accepted *a,
		   const struct cube *like)
{
	ranges list = view(n, a);

	if (a->list != NO_LIST)
		n->spent.data[a->list] += list.len;
	if (list.len >= LIST_LONG)
		n->n_long += list.len;
	vec_for_each(range, &list) {
		struct interval boxes[3][2], *box;
		uint32_t k;

		if (!field->pair) {
			box = add_cube(n, like);
			box[field->dim] =
				(struct interval){ (uint64_t)range->lo, (uint64_t)range->hi };
			continue;
		}
		k = pair_boxes(*range, boxes);
		for (uint32_t i = 0; i < k; i++) {
			box = add_cube(n, like);
			memcpy(&box[field->dim], boxes[i], sizeof(boxes[i]));
		}
	}
}

static void emit(struct normalise *n, struct condition *c, uint32_t place)
{
	uint32_t behind = n->places->list.len - place - 1, used = n->cubes->list.len + behind;
	uint32_t chosen, tests[FIELDS_MAX];
	struct interval box[DIMS_MAX];
	struct cube like = { .place = place, .box = box };

	if (n->cubes->list.len >= n->max) {
		n->too_large = true;
		return;
	}
	chosen = choose_spread(n, c, n->max > used ? n->max - used : 0);
	for (uint32_t i = 0; i < n->n_fields; i++) {
		fill_hull(&n->fields[i], &c->of[i], box);
		if (i != chosen && !is_exact(&n->fields[i], &c->of[i]))
			tests[like.n_tests++] = test_of(n, i, &c->of[i]);
	}
	like.first_test = run_of(n, tests, like.n_tests);
	if (chosen == FIELDS_MAX)
		add_cube(n, &like);
	else
		spread(n, &n->fields[chosen], &c->of[chosen], &like);
}

static struct condition everything(const struct normalise *n)
{
	struct condition c = { .place = PLACE_NONE };

	for (uint32_t i = 0; i < n->n_fields; i++)
		c.of[i] = (struct accepted){ { n->fields[i].min, n->fields[i].max }, NO_LIST };
	return c;
}

/* The fields in use only: this is most of the work for a plain rule. */
static void copy(const struct normalise *n, struct condition *to, const struct condition *from)
{
	memcpy(to, from, offsetof(struct condition, of) + n->n_fields * sizeof(from->of[0]));
}

/* Return: the place to look at next. */
static uint32_t normalise_place(struct normalise *n, uint32_t index)
{
	const struct place *place = &n->places->list.data[index];
	const struct rule *rule = &n->places->rs->rules.data[place->rule];
	struct condition c;

	if (!(rule->families & n->family_bit))
		return place->kind == PLACE_JUMP ? place->resume : index + 1;
	while (n->stack.data[n->stack.len - 1].place != place->jump)
		n->stack.len--;
	copy(n, &c, &n->stack.data[n->stack.len - 1]);
	for (uint32_t i = 0; i < rule->matches.len && !c.empty; i++)
		apply_match(n, &c, &rule->matches.data[i]);
	if (place->kind != PLACE_JUMP) {
		if (!c.empty)
			emit(n, &c, index);
		return index + 1;
	}
	if (c.empty)
		return place->resume;
	c.place = index;
	copy(n, vec_add(n->arena, &n->stack), &c);
	return index + 1;
}

static void normalise_init(struct normalise *n)
{
	n->family_bit = n->cubes->family == FAMILY_IPV4   ? FAM_IPV4
			: n->cubes->family == FAMILY_IPV6 ? FAM_IPV6
							  : FAM_OTHER;
	add_fields(n);
	for (uint32_t i = 0; i < 2 * n->places->rs->sets.len; i++)
		vec_add(n->arena, &n->of_set);
	if (n->proto < FIELDS_MAX)
		for (uint8_t bits = 0; bits < 16; bits++)
			n->layer4[bits] = accept_protos(n, bits);
	vec_push(n->arena, &n->stack, everything(n));
}

bool cubes_normalise(struct arena *arena, struct diags *ds, const struct places *places,
		     unsigned int family, uint32_t max, struct cubes *ret_cubes)
{
	struct cubes cubes = { .arena = arena, .family = family, .dims = dims_of(family) };
	struct normalise n = { .arena = arena, .places = places, .cubes = &cubes, .max = max };
	uint32_t place = 0, next;

	normalise_init(&n);
	for (; place < places->list.len && !n.too_large; place = next) {
		next = normalise_place(&n, place);
		if (!n.too_large)
			continue;
		diag_error(ds, places->rs->rules.data[places->list.data[place].rule].span, E191,
			   "from here on the ruleset is too large: it has more than %u "
			   "combinations of values",
			   max);
		return false;
	}
	*ret_cubes = cubes;
	return true;
}
