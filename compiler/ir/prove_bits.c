/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bit vectors: the records of the root are proven as those of any leaf, and the walker compares
 * them in full. So it is enough, and more than enough, that every row that some value of a dim
 * leads to has the bits of exactly the records with some value of its span.
 */
#include "compiler/ir/prove_internal.h"

struct rows {
	const struct forest_bits *bits;
	const uint64_t *bounds, *words;
	uint32_t n;    /* with those that no value leads to */
	uint8_t shift; /* of a value */
};

static bool within_tables(const struct forest *forest, uint64_t offset, uint64_t size)
{
	return offset % 8 == 0 && offset >= forest->tables.offset &&
	       offset + size <= (uint64_t)forest->tables.offset + forest->tables.n;
}

static bool read_side(struct prover *p, const struct bits_side *side, struct rows *ret_rows)
{
	const struct forest_bits *bits = &p->group->bits;
	const void *blob = p->forest->blob;

	if (side->dim >= p->view.n_fixed)
		return prove_fail(p, PLACE_NONE, "bit vectors of a dim that is not fixed");
	if (side->steps < 1 || side->steps > BITS_STEPS_MAX)
		return prove_fail(p, PLACE_NONE, "bit vectors with too many rows");
	ret_rows->bits = bits;
	ret_rows->n = 1u << side->steps;
	ret_rows->shift = bits_shift(&p->dims->dim[side->dim]);
	if (!within_tables(p->forest, side->bounds, 8 * (uint64_t)ret_rows->n) ||
	    !within_tables(p->forest, side->rows, 8 * (uint64_t)bits->words * ret_rows->n))
		return prove_fail(p, PLACE_NONE, "bit vectors outside the tables");
	ret_rows->bounds = (const void *)((const unsigned char *)blob + side->bounds);
	ret_rows->words = (const void *)((const unsigned char *)blob + side->rows);
	for (uint32_t i = 1; i < ret_rows->n; i++)
		if (ret_rows->bounds[i] < ret_rows->bounds[i - 1])
			return prove_fail(p, PLACE_NONE, "bounds of bit vectors are not sorted");
	if (ret_rows->bounds[ret_rows->n - 1] != BITS_NO_BOUND)
		return prove_fail(p, PLACE_NONE, "bounds of bit vectors without an end");
	return true;
}

/* The row of a value: how many bounds are below it. */
static uint32_t row_of(const struct rows *rows, uint64_t value)
{
	uint32_t low = 0, high = rows->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (rows->bounds[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool check_rows(struct prover *p, const struct forest_node *root,
		       const struct bits_side *side, const struct rows *rows)
{
	uint32_t row_words = rows->bits->words;
	uint64_t *wanted = arena_new_array(p->arena, uint64_t, (size_t)row_words * rows->n);

	for (uint32_t i = 0; i < root->mask; i++) {
		struct interval span = blob_record_span(&p->view, root->add + i, side->dim);
		uint64_t hi = span.hi < p->view.most[side->dim] ? span.hi : p->view.most[side->dim];
		uint32_t last = row_of(rows, hi >> rows->shift);

		for (uint32_t row = row_of(rows, span.lo >> rows->shift); row <= last; row++)
			wanted[(size_t)row * row_words + i / 64] |= (uint64_t)1 << i % 64;
	}
	for (uint32_t row = 0; row < rows->n; row++) {
		if (memcmp(&wanted[(size_t)row * row_words], &rows->words[(size_t)row * row_words],
			   8 * (size_t)row_words) != 0)
			return prove_fail(p, PLACE_NONE,
					  "row %u of the bit vectors of dim %u is not that of its "
					  "records",
					  row, side->dim);
	}
	return true;
}

bool prove_bits(struct prover *p, const struct forest_node *root)
{
	const struct forest_bits *bits = &p->group->bits;
	struct rows rows = { 0 };

	if (root->dim != FOREST_LEAF)
		return prove_fail(p, PLACE_NONE, "bit vectors of a group that is a tree");
	if (bits->n_sides > BITS_SIDES_MAX || bits->words % BITS_UNROLL ||
	    bits->words > BITS_RECORDS_MAX / 64 || (uint64_t)bits->words * 64 < root->mask)
		return prove_fail(p, PLACE_NONE, "bit vectors of a wrong shape");
	for (uint32_t i = 0; i < bits->n_sides; i++) {
		if (!read_side(p, &bits->side[i], &rows) ||
		    !check_rows(p, root, &bits->side[i], &rows))
			return false;
	}
	return true;
}
