/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reference side of the proof: what the resolved rules say, read straight from their rows and
 * atoms with code of its own. A place is a product of sets, one for each field: its matches, what
 * they imply, and the same of the jumps that lead to it.
 */
#ifndef BPFFW_PROVE_RULE_H
#define BPFFW_PROVE_RULE_H

#include "compiler/ir/place.h"
#include "compiler/ir/prove_set.h"

/* A field of struct pkt that some match reads; an IPv4 address is its low 32 bits. */
struct prove_field {
	const struct clause *row; /* the first one that reads it */
	uint16_t offset;
	uint8_t width;
};

void prove_field_put(const struct prove_field *field, struct pkt *pkt, u128 value);

struct prove_place {
	struct place is;
	/* As a terminal rule it decides for all places before this one: the end of the innermost
	 * chain instance with a return before the place; PLACE_NONE: nothing jumps over it. */
	uint32_t until;
	uint8_t families; /* family_bits of its rule and of its jumps */
};

struct reference {
	struct arena *arena;
	struct set_pool *pool; /* the caller empties it between places */
	struct set_pool kept;
	const struct ruleset *rs;
	VEC(struct prove_place) places;
	uint32_t n_acts;
	/* of the family being proven */
	unsigned int family;
	uint8_t family_bit;
	uint32_t n_fields;
	struct prove_field fields[FIELDS_MAX];
	struct universe universe;
	struct value_set *sets; /* by index into ruleset.sets, normalised once for each family */
	bool *sets_known;
};

/* Places of more than @max are not written out. */
void reference_init(struct reference *ref, struct arena *arena, struct set_pool *pool,
		    const struct ruleset *rs, uint32_t max);
/* Starts over with another family. */
void reference_family(struct reference *ref, unsigned int family);
/* FIELDS_MAX: no such field. */
uint32_t reference_field(const struct reference *ref, uint16_t offset);
/* The packets of the family that match the place, as a product. */
void reference_place(struct reference *ref, uint32_t place, struct product *ret_product);

#endif
