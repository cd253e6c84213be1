/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the forest builder share: partition.c, forest_cut.c, forest.c, forest_blob.c.
 */
#ifndef BPFFW_FOREST_INTERNAL_H
#define BPFFW_FOREST_INTERNAL_H

#include "compiler/base/map.h"
#include "compiler/ir/forest.h"

/*
 * The values of one dim that can reach a node: lo <= x <= hi and (x & mask) == value. Both ends
 * are such values themselves; mask has no bit in which all of [lo, hi] agree.
 */
struct side {
	uint64_t lo, hi;
	uint64_t mask, value;
};

/* The ends of what @interval and @side have in common. Return: false when that is nothing. */
bool side_clip(const struct side *side, const struct interval *interval, struct interval *ret_clip);

struct cut {
	uint8_t dim, shift;
	uint16_t mask;
	uint32_t add;
	double bucket; /* expected records of a child */
	double score;  /* ... weighted by copies and nodes; less is better */
};

/* The values that take branch @child of a cut. Return: false when there are none. */
bool cut_side(const struct cut *cut, const struct side *side, uint32_t child,
	      struct side *ret_side);
/* The children that @clip (from side_clip) may reach: *@ret_first, (first + 1) & mask ...
 * Exact when side->mask is 0. Return: how many. */
uint32_t cut_children(const struct cut *cut, const struct interval *clip, uint32_t *ret_first);

#define CUT_SAMPLE 2048u

/* How hard a tree tries: each try that grows out of bounds is followed by a more modest one. */
struct effort {
	uint32_t leaf_soft;
	double replication; /* largest of one cut with less than 1024 records */
	uint64_t work_max;
	bool bits; /* a tree that grows out of bounds becomes bit vectors */
};

/* Bounds and rows of one group. */
struct bits_image {
	const unsigned char *bytes;
	uint32_t size;
};

/* One family while it is built. */
struct grove {
	struct arena *arena;   /* gone after the build */
	struct arena *lasting; /* of the forest */
	const struct places *places;
	const struct cubes *cubes;
	uint32_t n_dims;
	struct interval *column[DIMS_MAX]; /* by cube; NULL: every cube has the whole dim */
	uint32_t *until; /* by cube: it covers cubes of places below, where its box does */
	struct side region[DIMS_MAX]; /* of the node looked at */
	struct effort effort;
	bool may_part; /* a group in two */
	uint64_t work; /* so far, in this try */
	uint32_t records_max;
	const char *why; /* not NULL: given up */
	/* the result so far */
	VEC(struct forest_node) nodes;
	VEC(uint32_t) records; /* cubes, leaf by leaf */
	struct map leaves;     /* a leaf's cubes to its base */
	VEC(struct forest_group) groups;
	VEC(struct bits_image) images; /* bits.side[].bounds and .rows count from the first one */
	uint32_t resumes; /* most non-terminal places in a leaf, summed over the groups */
	double cost;      /* ns for a packet that meets a record, in all groups */
	/* room for one step */
	VEC(uint32_t) stack; /* lists of cubes */
	struct interval sample[CUT_SAMPLE];
	uint32_t count[(1u << FOREST_CUT_BITS) + 1];
};

/* The best cut of @n cubes in grove->region; false: none is worth it. */
bool cut_choose(struct grove *grove, const uint32_t *list, uint32_t n, struct cut *ret_cut);

/* partition.c: the group (below FOREST_GROUPS_MAX) of every cube. Return: how many groups. */
uint32_t partition(const struct cubes *cubes, uint8_t *ret_group);
/* The wider half of @group becomes group @into. */
void partition_split(const struct cubes *cubes, uint8_t *group_of, uint32_t group, uint32_t into);

/* ns, measured: a node is a dependent load, a record some compares of a line that is there. */
#define COST_GROUP   2.0
#define COST_NODE    4.0
#define COST_RECORD  1.2
#define COST_RECORD6 2.0
#define COST_TEST    2.0
#define COST_STEP    1.0
#define COST_CALL    7.0 /* of a function, for a word of bit vectors */
#define COST_WORD    2.0 /* of the rows of bit vectors */

/* Bit vectors instead of trees, where a leaf of these is longer. */
#define BITS_LEAF_MIN 64u
/*
 * forest_bits.c: bit vectors of these cubes, as ret_bits and an image of the grove. Return: what a
 * packet costs that meets a record, in ns; 0: they are too many, or nothing tells them apart.
 */
double bits_make(struct grove *grove, const uint32_t *list, uint32_t n,
		 struct forest_bits *ret_bits);
/* Without the cost of the group; worst case. */
double bits_cost(const struct forest_bits *bits, double record);

/* A count or a return: classification goes on behind it. */
bool place_resumes(const struct places *places, uint32_t place);

/* forest_cost.c: raises resumes_max. Return: NULL, or why it would be too large. */
const char *forest_bound(struct arena *arena, const struct grove *grove, struct forest *forest);
/* cost_ns of a forest that is laid out. */
uint32_t forest_cost(const struct forest *forest);

/* forest_blob.c. Return: NULL, or why it is too large. */
const char *forest_layout(struct arena *arena, const struct places *places,
			  struct grove *const groves[3], struct forest *forest);

#endif
