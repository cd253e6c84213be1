/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sets of packets, for questions about all of them at once: the descriptions of `explain` and
 * `test`, and rules that hide other rules.
 *
 * A space is a union of cells. Within a cell every packet has the same family, the same layer-4
 * header or none, and is or is not a later fragment; so which fields are there is certain, and
 * the cell is a product of value sets, one per field. A cell may hold packets that no sender can
 * make (and so may say DEPENDS where the truth is YES or NO), never too few.
 */
#ifndef BPFFW_SPACE_H
#define BPFFW_SPACE_H

#include "compiler/ir/eval.h"

struct space_field {
	uint16_t offset; /* in struct pkt */
	ranges values;   /* normalised; addresses of the cell's family */
};

struct cell {
	uint8_t family;                 /* one family_bit */
	uint8_t layer4;                 /* one proto_bit, or 0: no header that a match can read */
	bool later;                     /* a fragment that is not the first */
	VEC(struct space_field) fields; /* a field that is not here has any value */
};

struct space {
	struct arena *arena;
	const struct ruleset *rs;
	VEC(struct cell) cells; /* none: no packet fits */
};

enum space_flags {
	SPACE_WHOLE = 1, /* no fragments, unless a match asks for them */
	SPACE_NEW = 2,   /* not established, unless a match asks for it */
};

/* All packets, on interfaces that the ruleset lists, that all of @matches say yes to. */
struct space space_of(struct arena *arena, const struct ruleset *rs, const struct match *matches,
		      uint32_t n_matches, uint8_t families, unsigned int flags);

/* Whether the match says yes to the packets of the cell: all, none, or it depends. */
enum truth cell_match(const struct space *space, const struct cell *cell,
		      const struct match *match);

/*
 * The same for a rule's families and matches together; `disabled`, `when`, `until` and limits are
 * the caller's. @ret_match: the first one that is not YES; NULL when the family is what decides.
 */
enum truth cell_rule(const struct space *space, const struct cell *cell, const struct rule *rule,
		     const struct match **ret_match);

/* Whether they pass as essential traffic; NO when the ruleset turned it off. */
enum truth cell_essential(const struct space *space, const struct cell *cell);

/* Whether `option fragments drop|pass` decides them. */
enum truth cell_fragments(const struct space *space, const struct cell *cell);

/* Whether a built-in list has the source, as far as its text says; NO where any source is meant. */
enum truth cell_listed(const struct space *space, const struct cell *cell, enum builtin_list which);

/* The header the row reads is in the packets of the cell. */
bool cell_has_layer(const struct cell *cell, const struct clause *row);

/* The values the field can have in the cell; NULL: any. */
const ranges *cell_values(const struct cell *cell, uint16_t offset);

#endif
