/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between walker.c and walker_tests.c. */
#ifndef BPFFW_WALKER_INTERNAL_H
#define BPFFW_WALKER_INTERNAL_H

#include "compiler/gen/walker.h"

/* What of the nodes and records below a root is in use: the code has nothing else. */
struct usage {
	uint32_t cuts;   /* bit: the dim is cut below the root */
	uint32_t fields; /* bit: a record restricts the dim (one of the fixed ones) */
	bool tests;      /* a record has tests */
	bool any_proto;  /* a record names no protocol */
};

/* One field of a record: value - lo <= span. */
struct field {
	uint32_t dim;
	uint8_t size;
	uint16_t packet;   /* offset in struct pkt */
	uint16_t lo, span; /* offsets in the record */
};

/* How records of a family are laid out. */
struct layout {
	uint32_t size;
	uint32_t n_fields;
	const struct field *fields;
	uint32_t proto_dim, frag_dim;
	uint16_t order, more;
};

/* One group, and what it is made of. */
struct tree {
	const struct forest_group *group;
	const struct layout *layout;
	const struct forest_region *records;
	struct usage usage;
	uint32_t steps; /* below the root, without a branch */
	int16_t stack;  /* where the node reached lies */
};

struct walker {
	struct code *c;
	const struct ruleset *rs;
	const struct forest *forest;
	label lookup, tests; /* functions */
	bool resumes;        /* loops behind count and return places */
	bool from;           /* a packet may come back to a place behind the first */
	bool leaves;         /* for acts */
	bool has_tests;
	label bits[3 * FOREST_GROUPS_MAX]; /* functions, by group */
	VEC(struct tree) bit_trees;        /* the trees these are of */
	uint32_t room;                     /* how large the map of the blob has to be */
};

struct element {
	uint32_t size;
	uint32_t more; /* elements behind one that are reached by adding to its address */
};

struct forest_node walker_node(const struct forest *forest, uint32_t index);

/* @dst = the address of element @index of a region, which is lost; to @outside when it has none. */
void index_emit(struct walker *w, enum reg dst, enum reg index, const struct forest_region *region,
		struct element element, label outside);

/* The record at R9: R0 = what is negative unless its place is below R8 and its fields have the
 * packet, R4 = its order; then to @next unless it has the halves of addresses. */
void compare_emit(struct walker *w, const struct tree *tree);
void compare_halves_emit(struct code *c, const struct tree *tree, label next);

/* walker_bits.c: R8 = the order of the first record of the group that has the packet, if lower.
 * @word: the function that bits_word_emit() makes */
void bits_emit(struct walker *w, const struct tree *tree, label word);
/* The function: R1 = a word of bits that the rows have in common, R2 = the record of its first bit.
 * R0 = the order of the first one that has the packet, where pkt.walk is not below it. */
void bits_word_emit(struct walker *w, const struct tree *tree);

/* The function: R1 = first test of a run; R0 = 0 when all of it hold. */
void tests_emit(struct walker *w);

#endif
