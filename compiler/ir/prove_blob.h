/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The blob as the proof reads it: bytes checked before they are used, records as products. */
#ifndef BPFFW_PROVE_BLOB_H
#define BPFFW_PROVE_BLOB_H

#include "compiler/ir/forest.h"
#include "compiler/ir/prove_region.h"
#include "compiler/ir/prove_rule.h"

struct test_view {
	bool known;
	uint8_t field;
	struct value_set set; /* within the universe */
};

/* One family's part of the blob. */
struct blob_view {
	struct arena *arena;
	const struct forest *forest;
	struct reference *ref;
	struct set_pool kept;
	bool is6;
	uint32_t n_fixed; /* dims that records compare; FAMILY_NONE: 0 */
	const struct forest_region *records;
	struct test_view *tests;
	uint8_t field_of_dim[DIMS_MAX];
	uint64_t most[DIMS_MAX]; /* the largest value of a dim */
};

/* Regions inside the blob, in order, aligned. Return: NULL, or what is wrong. */
const char *blob_check(const struct forest *forest);

void blob_init(struct blob_view *view, struct arena *arena, const struct forest *forest,
	       struct reference *ref);
/* Return: NULL, or what is wrong with the dims. */
const char *blob_family(struct blob_view *view, unsigned int family);

static inline const struct forest_node *blob_node(const struct blob_view *view, uint32_t index)
{
	const void *nodes = view->forest->blob + view->forest->nodes.offset;

	return (const struct forest_node *)nodes + index;
}

static inline uint32_t blob_record_size(const struct blob_view *view)
{
	return view->is6 ? sizeof(struct forest_record6) : sizeof(struct forest_record4);
}

static inline const void *blob_record(const struct blob_view *view, uint32_t index)
{
	return view->forest->blob + view->records->offset + (size_t)index * blob_record_size(view);
}

static inline const struct forest_record4 *blob_record4(const struct blob_view *view,
							uint32_t index)
{
	return blob_record(view, index);
}

static inline const struct forest_record6 *blob_record6(const struct blob_view *view,
							uint32_t index)
{
	return blob_record(view, index);
}

static inline uint32_t blob_record_order(const struct blob_view *view, uint32_t index)
{
	return view->is6 ? blob_record6(view, index)->order : blob_record4(view, index)->order;
}

static inline uint32_t blob_record_place(const struct blob_view *view, uint32_t index)
{
	return blob_record_order(view, index) >> ORDER_PLACE;
}

/* Everything that can be wrong with a record in itself. Return: NULL, or what. */
const char *blob_record_check(struct blob_view *view, uint32_t index);

/* Of a checked record: the interval in a dim; exact for the fixed ones, else a hull. */
struct interval blob_record_span(const struct blob_view *view, uint32_t index, uint32_t dim);
/* The run of tests of a checked record; 0: none. */
const struct test_view *blob_record_tests(const struct blob_view *view, uint32_t index,
					  uint32_t *ret_n);
/* Return: false when the shape is too odd to be written as sets. */
bool blob_record_product(const struct blob_view *view, uint32_t index, struct set_pool *pool,
			 struct product *ret_product);

/* Of a checked record. @keys: of the fixed dims; @values: by field */
bool blob_record_has(const struct blob_view *view, uint32_t index, const uint64_t *keys,
		     const u128 *values);

#endif
