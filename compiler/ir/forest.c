/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The builder: per family the cubes are parted into groups, and each group is cut into a tree.
 * A node's list holds exactly the cubes that meet its region, without those that one earlier
 * cube hides there. A tree that grows out of bounds is built anew with less effort.
 */
#include <stdlib.h>

#include "compiler/ir/acts.h"
#include "compiler/ir/forest_internal.h"

#define PRUNE_MAX     256u /* longer lists are not compared pair by pair */
#define ONE_TREE_MAX  2048u
#define ONE_TREE_WORK 100000u
/* Cubes looked at: about half a second. */
#define WORK ((uint64_t)150 << 20)

static const struct effort efforts[] = {
	{ FOREST_LEAF_SOFT, 3.0, 2 * WORK, false },
	{ 2 * FOREST_LEAF_SOFT, 1.6, WORK, false },
	{ 6 * FOREST_LEAF_SOFT, 1.2, WORK, false },
	/* Bit vectors for what no tree can hold, soon or late. */
	{ FOREST_LEAF_SOFT, 3.0, WORK / 4, true },
	{ FOREST_LEAF_SOFT, 3.0, 2 * WORK, true },
};
/* Unless a leaf is long, a packet has to cost that much more in a tree than in bit vectors. */
#define LEAF_LONG  (4 * BITS_LEAF_MIN)
#define GAIN_SHORT 2.0
#define EFFORTS    (sizeof(efforts) / sizeof(*efforts))

static const struct interval *column_box(const struct grove *grove, uint32_t dim, uint32_t cube)
{
	return &grove->column[dim][cube];
}

static bool same_tests(const struct cubes *cubes, const struct cube *by, const struct cube *cube)
{
	for (uint32_t i = 0; i < by->n_tests; i++) {
		uint32_t test = cubes->test_lists.data[by->first_test + i];
		bool found = false;

		for (uint32_t k = 0; k < cube->n_tests && !found; k++)
			found = cubes->test_lists.data[cube->first_test + k] == test;
		if (!found)
			return false;
	}
	return true;
}

/* Every packet of the region that is in @cube is in the earlier cube @by, which decides it. */
static bool hides(const struct grove *grove, uint32_t by, uint32_t cube)
{
	const struct cube *list = grove->cubes->list.data;

	if (list[cube].place >= grove->until[by])
		return false;
	for (uint32_t dim = 0; dim < grove->n_dims; dim++) {
		const struct interval *outer;
		struct interval clip;

		if (!grove->column[dim])
			continue;
		outer = column_box(grove, dim, by);
		if (!side_clip(&grove->region[dim], column_box(grove, dim, cube), &clip))
			return true;
		if (outer->lo > clip.lo || outer->hi < clip.hi)
			return false;
	}
	return !list[by].n_tests || same_tests(grove->cubes, &list[by], &list[cube]);
}

/* All that the cubes of a list have of the region. */
static void hull_of(const struct grove *grove, const uint32_t *list, uint32_t n,
		    struct interval *ret_hull)
{
	for (uint32_t dim = 0; dim < grove->n_dims; dim++) {
		const struct side *side = &grove->region[dim];
		struct interval hull = { UINT64_MAX, 0 };

		if (!grove->column[dim])
			continue;
		for (uint32_t i = 0; i < n && (hull.lo > side->lo || hull.hi < side->hi); i++) {
			struct interval clip;

			if (!side_clip(side, column_box(grove, dim, list[i]), &clip))
				continue;
			hull.lo = clip.lo < hull.lo ? clip.lo : hull.lo;
			hull.hi = clip.hi > hull.hi ? clip.hi : hull.hi;
		}
		ret_hull[dim] = hull;
	}
}

static bool has_hull(const struct grove *grove, uint32_t cube, const struct interval *hull)
{
	if (grove->cubes->list.data[cube].n_tests)
		return false;
	for (uint32_t dim = 0; dim < grove->n_dims; dim++)
		if (grove->column[dim] && (column_box(grove, dim, cube)->lo > hull[dim].lo ||
					   column_box(grove, dim, cube)->hi < hull[dim].hi))
			return false;
	return true;
}

/* Takes out what a cube hides that has all that the list has. Return: the new length. */
static uint32_t prune_long(struct grove *grove, uint32_t *list, uint32_t n)
{
	struct interval hull[DIMS_MAX];
	uint32_t kept = 0;

	hull_of(grove, list, n, hull);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t by = list[i];

		list[kept++] = by;
		if (!has_hull(grove, by, hull))
			continue;
		while (i + 1 < n && grove->cubes->list.data[list[i + 1]].place < grove->until[by])
			i++;
	}
	grove->work += 2 * (uint64_t)n;
	return kept;
}

/* Takes hidden cubes out of the list. Return: its new length. */
static uint32_t prune(struct grove *grove, uint32_t *list, uint32_t n)
{
	uint32_t kept = 0;

	if (n > 8)
		n = prune_long(grove, list, n);
	if (n > PRUNE_MAX)
		return n;
	for (uint32_t i = 0; i < n; i++) {
		bool hidden = false;

		for (uint32_t k = 0; k < kept && !hidden; k++)
			hidden = hides(grove, list[k], list[i]);
		grove->work += kept;
		if (!hidden)
			list[kept++] = list[i];
	}
	return kept;
}

struct growth {
	struct forest_group group;
	uint32_t resumes;    /* most non-terminal places in a leaf */
	double visits, cost; /* over the leaves, by their records */
};

/* Non-terminal places of a leaf. */
static uint32_t leaf_resumes(const struct grove *grove, const uint32_t *list, uint32_t n)
{
	uint32_t resumes = 0, last = PLACE_NONE;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t place = grove->cubes->list.data[list[i]].place;

		resumes += place != last && place_resumes(grove->places, place);
		last = place;
	}
	return resumes;
}

static void leaf_make(struct grove *grove, struct growth *growth, uint32_t node,
		      const uint32_t *list, uint32_t n, uint32_t depth)
{
	struct str key = { (const char *)list, n * (uint32_t)sizeof(*list) };
	struct forest_node leaf = { .dim = FOREST_LEAF, .first = PLACE_NONE, .mask = (uint16_t)n };
	uint32_t resumes = leaf_resumes(grove, list, n);

	if (n && !map_find(&grove->leaves, key, &leaf.base)) {
		leaf.base = grove->records.len;
		for (uint32_t i = 0; i < n; i++)
			vec_push(grove->arena, &grove->records, list[i]);
		/* Growth leaves the old copy where it is, so the key stays. */
		key.s = (const char *)&grove->records.data[leaf.base];
		map_add(grove->arena, &grove->leaves, key, leaf.base);
	}
	if (n)
		leaf.first = grove->cubes->list.data[list[0]].place;
	grove->nodes.data[node] = leaf;
	if (growth->group.depth < depth)
		growth->group.depth = depth;
	if (growth->group.leaf_max < n)
		growth->group.leaf_max = n;
	if (growth->resumes < resumes)
		growth->resumes = resumes;
	growth->visits += n;
	growth->cost += n * (COST_NODE * depth + COST_RECORD * n);
}

/* Lists of the stack are addressed from its start: it may move. */
static uint32_t *list_at(struct grove *grove, uint32_t at)
{
	return grove->stack.data + at;
}

static bool meets_child(const struct cut *cut, const struct side *side,
			const struct interval *whole, uint32_t child)
{
	struct interval clip;
	struct side part;

	return !side->mask || (cut_side(cut, side, child, &part) && side_clip(&part, whole, &clip));
}

/* Calls for each (cube, child) that meet: counts (@fill NULL), then fills. */
static void deal(struct grove *grove, const struct cut *cut, uint32_t at, uint32_t n,
		 uint32_t *count, bool fill)
{
	const struct side *side = &grove->region[cut->dim];

	for (uint32_t i = 0; i < n; i++) {
		uint32_t cube = *list_at(grove, at + i), first, k;
		const struct interval *whole = column_box(grove, cut->dim, cube);
		struct interval clip;

		if (!side_clip(side, whole, &clip))
			continue;
		k = cut_children(cut, &clip, &first);
		grove->work += k;
		for (; k-- > 0; first++) {
			uint32_t child = first & cut->mask;

			if (!meets_child(cut, side, whole, child))
				continue;
			if (fill)
				*list_at(grove, count[child]) = cube;
			count[child]++;
		}
	}
}

static void stack_reserve(struct grove *grove, uint32_t n)
{
	while (grove->stack.cap < grove->stack.len + n)
		grove->stack.data = vec_grow(grove->arena, grove->stack.data, grove->stack.len,
					     &grove->stack.cap, sizeof(*grove->stack.data));
}

static uint32_t nodes_add(struct grove *grove, uint32_t n)
{
	uint32_t base = grove->nodes.len;

	for (uint32_t i = 0; i < n; i++)
		*vec_add(grove->arena, &grove->nodes) = (struct forest_node){ 0 };
	return base;
}

static bool is_out_of_bounds(struct grove *grove)
{
	if (!grove->why && grove->work > grove->effort.work_max)
		grove->why = "the build takes too long";
	if (!grove->why && (uint64_t)grove->records.len + grove->nodes.len > grove->records_max)
		grove->why = "the rules overlap so much that the forest is too large";
	return grove->why != NULL;
}

/* A node to be filled. */
struct spot {
	uint32_t node;
	uint32_t depth;
};

static void build_node(struct grove *grove, struct growth *growth, struct spot spot, uint32_t at,
		       uint32_t n);

/* Children of one node whose cubes all have the whole of their side: equal lists, equal trees. */
struct twins {
	struct map known; /* list to node */
};

/* Return: the child is the same as an earlier one, and is done. Else it will be @node. */
static bool is_twin(struct grove *grove, struct twins *twins, uint32_t dim, uint32_t node,
		    uint32_t at, uint32_t n)
{
	const struct side *side = &grove->region[dim];
	struct str key = { (const char *)list_at(grove, at), n * (uint32_t)sizeof(uint32_t) };
	uint32_t twin;

	if (n <= grove->effort.leaf_soft)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct interval *box = column_box(grove, dim, *list_at(grove, at + i));

		if (box->lo > side->lo || box->hi < side->hi)
			return false;
	}
	if (map_find(&twins->known, key, &twin)) {
		grove->nodes.data[node] = grove->nodes.data[twin];
		return true;
	}
	/* The list itself is pruned in its place. */
	key.s = arena_memdup(grove->arena, key.s, key.len);
	map_add(grove->arena, &twins->known, key, node);
	return false;
}

/* Deals the cubes out. Return: the ends of the children's lists; the first starts where the stack
 * ended. */
static uint32_t *deal_children(struct grove *grove, const struct cut *cut, uint32_t at, uint32_t n)
{
	uint32_t *end = arena_new_array(grove->arena, uint32_t, cut->mask + 1u);
	uint32_t total = 0;

	deal(grove, cut, at, n, end, false);
	for (uint32_t i = 0; i <= cut->mask; i++) {
		uint32_t own = end[i];

		end[i] = grove->stack.len + total;
		total += own;
	}
	stack_reserve(grove, total);
	grove->stack.len += total;
	deal(grove, cut, at, n, end, true);
	return end;
}

static void build_children(struct grove *grove, struct growth *growth, struct spot spot,
			   const struct cut *cut, uint32_t at, uint32_t n)
{
	uint32_t lists = grove->stack.len, base = nodes_add(grove, cut->mask + 1u);
	uint32_t *end = deal_children(grove, cut, at, n), first = PLACE_NONE;
	struct side whole = grove->region[cut->dim];
	struct twins twins = { 0 };

	for (uint32_t i = 0, from = lists; i <= cut->mask && !is_out_of_bounds(grove); i++) {
		/* A child that no packet reaches has no cubes: a leaf, whatever its region. */
		cut_side(cut, &whole, i, &grove->region[cut->dim]);
		if (!is_twin(grove, &twins, cut->dim, base + i, from, end[i] - from))
			build_node(grove, growth, (struct spot){ base + i, spot.depth + 1 }, from,
				   end[i] - from);
		grove->region[cut->dim] = whole;
		if (grove->nodes.data[base + i].first < first)
			first = grove->nodes.data[base + i].first;
		from = end[i];
	}
	grove->stack.len = lists;
	grove->nodes.data[spot.node] = (struct forest_node){ .base = base,
							     .first = first,
							     .dim = cut->dim,
							     .shift = cut->shift,
							     .mask = cut->mask,
							     .add = cut->add };
}

static void build_node(struct grove *grove, struct growth *growth, struct spot spot, uint32_t at,
		       uint32_t n)
{
	struct cut cut;

	if (n > 1)
		n = prune(grove, list_at(grove, at), n);
	if (n > grove->effort.leaf_soft && spot.depth < FOREST_DEPTH_MAX &&
	    cut_choose(grove, list_at(grove, at), n, &cut)) {
		build_children(grove, growth, spot, &cut, at, n);
		return;
	}
	if (n > FOREST_LEAF_MAX) {
		grove->why = arena_printf(grove->lasting, "a leaf of %u rules will not split", n);
		return;
	}
	leaf_make(grove, growth, spot.node, list_at(grove, at), n, spot.depth);
}

/* What @dim can hold at all. */
static struct side whole_side(const struct dim *dim)
{
	return (struct side){ 0, dim->bits < 64 ? ((uint64_t)1 << dim->bits) - 1 : UINT64_MAX, 0,
			      0 };
}

/* The cubes of a group, as the only list of the stack. Return: how many. */
static uint32_t list_group(struct grove *grove, const uint8_t *group_of, uint32_t group)
{
	uint32_t n = 0;

	grove->stack.len = 0;
	stack_reserve(grove, grove->cubes->list.len);
	for (uint32_t i = 0; i < grove->cubes->list.len; i++)
		if (group_of[i] == group)
			grove->stack.data[n++] = i;
	grove->stack.len = n;
	return n;
}

/* Bit vectors instead of what was built or not, when they are better. @records: where its own
 * begin */
static bool build_bits(struct grove *grove, struct growth *growth, uint32_t n, uint32_t records)
{
	double cost = growth->visits > 0 ? growth->cost / growth->visits : 0, ns;
	struct growth bits = { .group = { .family = growth->group.family,
					  .root = growth->group.root } };

	ns = bits_make(grove, list_at(grove, 0), n, &bits.group.bits);
	if (ns == 0)
		return false;
	if (!grove->why && ns * (growth->group.leaf_max > LEAF_LONG ? 1 : GAIN_SHORT) >= cost) {
		grove->images.len--;
		return false;
	}
	grove->nodes.len = bits.group.root + 1;
	grove->records.len = records;
	grove->leaves = (struct map){ 0 };
	grove->why = NULL;
	leaf_make(grove, &bits, bits.group.root, list_at(grove, 0), n, 0);
	bits.visits = 1;
	bits.cost = ns;
	*growth = bits;
	return true;
}

/* Adds the group's tree. Return: false with grove->why set and nothing added. */
static bool build_group(struct grove *grove, const uint8_t *group_of, uint32_t group)
{
	struct growth growth = { .group = { .family = grove->cubes->family } };
	uint32_t n = list_group(grove, group_of, group), nodes = grove->nodes.len;
	uint32_t records = grove->records.len;
	uint64_t work = grove->work;

	grove->leaves = (struct map){ 0 };
	for (uint32_t dim = 0; dim < grove->n_dims; dim++)
		grove->region[dim] = whole_side(&grove->cubes->dims.dim[dim]);
	growth.group.root = nodes_add(grove, 1);
	build_node(grove, &growth, (struct spot){ growth.group.root, 0 }, 0, n);
	if (grove->may_part &&
	    (grove->why ? grove->effort.bits : growth.group.leaf_max > BITS_LEAF_MIN)) {
		n = list_group(grove, group_of, group);
		if (build_bits(grove, &growth, n, records))
			grove->work = work;
	}
	if (grove->why) {
		grove->nodes.len = nodes;
		grove->records.len = records;
		return false;
	}
	growth.group.first = grove->nodes.data[growth.group.root].first;
	vec_push(grove->arena, &grove->groups, growth.group);
	grove->resumes += growth.resumes;
	grove->cost += COST_GROUP + (growth.visits > 0 ? growth.cost / growth.visits : 0);
	return true;
}

/*
 * Trees for the groups; one that will not be built is parted in two while there may be more.
 * Return: false with grove->why set.
 */
static bool build_groups(struct grove *grove, uint8_t *group_of, uint32_t n_groups)
{
	for (uint32_t group = 0; group < n_groups; group++) {
		while (!build_group(grove, group_of, group)) {
			if (!grove->may_part || n_groups == FOREST_GROUPS_MAX)
				return false;
			grove->why = NULL;
			partition_split(grove->cubes, group_of, group, n_groups++);
		}
	}
	return true;
}

static int by_first(const void *a, const void *b)
{
	uint32_t x = ((const struct forest_group *)a)->first;
	uint32_t y = ((const struct forest_group *)b)->first;

	return (x > y) - (x < y);
}

/* Return: false with grove->why set. */
static bool build_trees(struct grove *grove, uint8_t *group_of, uint32_t n_groups)
{
	uint32_t n = grove->cubes->list.len;

	grove->nodes.len = grove->records.len = grove->groups.len = grove->images.len = 0;
	grove->cost = 0;
	grove->resumes = 0;
	grove->why = NULL;
	grove->work = 0;
	grove->records_max = n < 1024 ? 1u << 17 : n * 32 + (1u << 17);
	if (!build_groups(grove, group_of, n_groups))
		return false;
	qsort(grove->groups.data, grove->groups.len, sizeof(*grove->groups.data), by_first);
	return true;
}

/* The places that a cube of @place covers where its box does end here. */
static uint32_t covered_until(const struct places *places, uint32_t place)
{
	const struct place *p = &places->list.data[place];

	return p->kind == PLACE_ALLOW || p->kind == PLACE_DROP ? p->reach : place + 1;
}

static void grove_columns(struct grove *grove)
{
	const struct cubes *cubes = grove->cubes;

	for (uint32_t dim = 0; dim < grove->n_dims; dim++) {
		struct side whole = whole_side(&cubes->dims.dim[dim]);
		bool narrow = false;

		for (uint32_t i = 0; i < cubes->list.len && !narrow; i++)
			narrow = cubes->list.data[i].box[dim].lo > whole.lo ||
				 cubes->list.data[i].box[dim].hi < whole.hi;
		if (!narrow)
			continue;
		grove->column[dim] =
			arena_new_array(grove->arena, struct interval, cubes->list.len);
		for (uint32_t i = 0; i < cubes->list.len; i++)
			grove->column[dim][i] = cubes->list.data[i].box[dim];
	}
}

static struct grove *grove_new(struct arena *lasting, struct arena *arena,
			       const struct places *places, const struct cubes *cubes)
{
	struct grove *grove = arena_new_array(arena, struct grove, 1);

	grove->arena = arena;
	grove->lasting = lasting;
	grove->places = places;
	grove->cubes = cubes;
	grove->n_dims = cubes->dims.n;
	grove->until = arena_new_array(arena, uint32_t, cubes->list.len + 1);
	for (uint32_t i = 0; i < cubes->list.len; i++)
		grove->until[i] = covered_until(places, cubes->list.data[i].place);
	grove_columns(grove);
	return grove;
}

/* With the most effort that stays within bounds, else grove->why is set. */
static void grow(struct grove *grove, const uint8_t *parted, uint32_t n_groups)
{
	uint32_t n = grove->cubes->list.len;
	uint8_t *group_of = arena_new_array(grove->arena, uint8_t, n + 1);

	grove->may_part = true;
	for (uint32_t i = 0; i < EFFORTS; i++) {
		grove->effort = efforts[i];
		memcpy(group_of, parted, n);
		if (build_trees(grove, group_of, n_groups))
			break;
	}
}

/* As one tree, or parted, whatever costs a packet less; many cubes are parted at once. */
static void build_family(struct grove **grove)
{
	uint32_t n = (*grove)->cubes->list.len;
	uint8_t *parted = arena_new_array((*grove)->arena, uint8_t, n + 1);
	uint8_t *one = arena_new_array((*grove)->arena, uint8_t, n + 1);
	uint32_t n_groups = partition((*grove)->cubes, parted);
	struct grove *single;

	if (!n)
		return;
	grow(*grove, parted, n_groups);
	if (n > ONE_TREE_MAX || n_groups == 1)
		return;
	single = grove_new((*grove)->lasting, (*grove)->arena, (*grove)->places, (*grove)->cubes);
	single->effort = efforts[0];
	single->effort.work_max =
		(*grove)->work < WORK / 2 ? 2 * (*grove)->work + ONE_TREE_WORK : 0;
	if (build_trees(single, one, 1) && ((*grove)->why || single->cost <= (*grove)->cost))
		*grove = single;
}

const char *forest_build(struct arena *arena, const struct places *places,
			 const struct cubes cubes[3], struct forest *ret_forest)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct forest forest = { .n_places = places->list.len };
	struct grove *groves[3];
	const char *why = NULL;

	for (uint32_t family = 0; family < 3 && !why; family++) {
		groves[family] = grove_new(arena, scratch, places, &cubes[family]);
		build_family(&groves[family]);
		/* Too many counts are the better reason: they are what a user can change. */
		why = forest_bound(arena, groves[family], &forest);
		if (!why)
			why = groves[family]->why;
		forest.dims[family] = cubes[family].dims;
		forest.n_cubes[family] = cubes[family].list.len;
	}
	if (!why)
		why = forest_layout(arena, places, groves, &forest);
	if (why)
		return why;
	forest.acts = acts_make(arena, places);
	forest.n_acts = places->n_acts;
	forest.default_act = places->default_act;
	forest.cost_ns = forest_cost(&forest);
	*ret_forest = forest;
	return NULL;
}
