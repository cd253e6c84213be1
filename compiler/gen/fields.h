/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Value tests: the branch-free code that compares a field with the ranges of a match.
 * Up to 4 ranges are compared in line, more by a binary search in a table of the blob.
 */
#ifndef BPFFW_FIELDS_H
#define BPFFW_FIELDS_H

#include "compiler/base/map.h"
#include "compiler/gen/code.h"
#include "compiler/ir/values.h"

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
	uint32_t blob_room; /* as in struct compiled */
	uint32_t rules_at;  /* of straight-line code: the instruction where its places begin */
	VEC(struct table) tables;
	struct map known[3]; /* ranges as bytes to table, for fields up to 4, of 8 and 16 bytes */
	uint32_t *of_set;    /* [2 * set + part]: table + 1, 0: none yet */
};

void gen_init(struct gen *gen, const struct ruleset *rs);

/*
 * test_emit() - R1 = 0 when the field is accepted, else not 0. Uses R1 - R5, R8, R9.
 * Errors: sticky -E2BIG in gen->code when the blob grows past BLOB_MAX.
 * @bit: the word must be 0 or 1
 */
void test_emit(struct gen *gen, const struct clause *row, const struct values *values,
	       uint32_t part, bool bit);

#endif
