/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Value tests: one match as ranges over its field, and the branch-free code that compares.
 * Up to 4 ranges are compared in line, more by a binary search in a table of the blob.
 */
#ifndef BPFFW_FIELDS_H
#define BPFFW_FIELDS_H

#include "compiler/base/map.h"
#include "compiler/gen/code.h"

/* Where the sorted bounds of one list of ranges lie in the blob. */
struct table {
	uint32_t offset;
	uint8_t key_size; /* 4, 8 or 16 bytes */
	uint8_t steps;    /* of the search; the table has (1 << steps) keys */
	bool starts_inside;
};

/* A blob of lists is not larger. */
#define BLOB_MAX ((uint32_t)512 << 20)

struct gen {
	const struct ruleset *rs;
	struct code code;
	VEC(uint8_t) blob;
	VEC(struct table) tables;
	struct map known[3]; /* ranges as bytes to table, for fields up to 4, of 8 and 16 bytes */
	uint32_t *of_set;    /* [2 * set + part]: table + 1, 0: none yet */
};

void gen_init(struct gen *gen, const struct ruleset *rs);

/* What a match accepts. Addresses have a part for each family: [0] IPv4, [1] IPv6. */
struct values {
	ranges part[2]; /* normalised */
	bool by_family;
	bool left_out[2]; /* by_family: no atom names it, so not even a negated match holds */
	bool negated;     /* accepted is what lies outside the parts */
	bool masked;      /* or: accepted is field & mask == value */
	uint8_t mask, value;
	uint32_t set; /* the parts are those of this set, else UINT32_MAX */
};

struct values values_of(const struct ruleset *rs, const struct match *match);

enum extent { EXTENT_NOTHING, EXTENT_SOME, EXTENT_EVERYTHING };
enum extent values_extent(const struct clause *row, const struct values *values, uint32_t part);
/* One-byte fields and parts only. */
bool values_accept(const struct values *values, uint8_t value);

/*
 * test_emit() - R1 = 0 when the field is accepted, else not 0. Uses R1 - R5, R8, R9.
 * Errors: sticky -E2BIG in gen->code when the blob grows past BLOB_MAX.
 * @bit: the word must be 0 or 1
 */
void test_emit(struct gen *gen, const struct clause *row, const struct values *values,
	       uint32_t part, bool bit);

#endif
