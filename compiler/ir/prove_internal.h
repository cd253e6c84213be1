/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the steps of the proof share: prove.c (trees), prove_whole.c (places, actions). */
#ifndef BPFFW_PROVE_INTERNAL_H
#define BPFFW_PROVE_INTERNAL_H

#include "compiler/ir/prove.h"
#include "compiler/ir/prove_blob.h"

/* A record as it stands in the leaves of one group, once. */
struct piece {
	uint32_t record; /* one of its copies */
	uint32_t place;
	uint32_t n_tests;
	const struct test_view *tests;
};

typedef VEC(struct product) products;

struct prover {
	struct arena *arena;
	const struct forest *forest;
	const struct places *stated;
	struct reference ref;
	struct set_pool pool;
	struct blob_view view;
	const struct dims *dims; /* of the family */
	const char *why;
	uint32_t place;
	uint64_t n_leaves;
	uint32_t steps, steps_max; /* of taking apart what is left over */
	products left;             /* of the place looked at */

	VEC(struct piece) pieces; /* of the family, group by group */
	uint32_t *piece_of;       /* by record, in the group */
	uint32_t *hash;           /* piece + 1; below first_piece + 1: of another group, free */
	uint32_t hash_mask;
	uint32_t *starts, *sorted; /* records by place: sorted[starts[place]] and on */
	uint32_t sorted_cap;

	/* of the group */
	const struct forest_group *group;
	uint32_t first_piece;
	uint64_t visits, visits_max, work;
	bool any_resumes, any_jumps; /* some place is one */
	uint32_t resumes;            /* most count and return places in one leaf */
	struct extent_bits region[DIMS_MAX];
	VEC(uint32_t) lists; /* stack of lists of pieces, and room for counts */
	uint64_t *seen;      /* by piece of the group: the leaf it was last found in */
};

/* Sets why and place. Return: false. */
bool prove_fail(struct prover *p, uint32_t place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A packet in words, for the end of a message. */
const char *prove_packet(struct prover *p, const struct pkt *pkt);

/* prove_bits.c: the rows of a group's bit vectors are those of the records of its @root. */
bool prove_bits(struct prover *p, const struct forest_node *root);

/* Each place of the family is the union of its pieces, but for what earlier ones decide. */
bool prove_places(struct prover *p);
bool prove_actions(struct prover *p);
/* A place behind which the walker looks again, without leaving. */
bool prove_is_resume(const struct prover *p, uint32_t place);
/* No packet meets more of those in the family than stated. */
bool prove_resumes(struct prover *p);

#endif
