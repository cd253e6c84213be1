/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sets of values of one field, and products of such sets: what a place or a record stands for.
 * A set is normalised ranges; a product says nothing about a field that is not in `used`.
 * Results lie in a pool that is emptied at once.
 */
#ifndef BPFFW_PROVE_SET_H
#define BPFFW_PROVE_SET_H

#include "compiler/base/net.h"

struct set_pool {
	struct arena *arena;
	struct range *data;
	uint32_t len;
	uint32_t cap;
};

struct value_set {
	const struct range *at;
	uint32_t n;
};

/* What was taken before stays readable until the pool is emptied (len = 0). */
struct range *pool_take(struct set_pool *pool, uint32_t n);

struct value_set set_and(struct set_pool *pool, struct value_set a, struct value_set b);
struct value_set set_minus(struct set_pool *pool, struct value_set a, struct value_set b);
struct value_set set_range(struct set_pool *pool, u128 lo, u128 hi);
/* Sorts and merges a copy. */
struct value_set set_of_ranges(struct set_pool *pool, const struct range *at, uint32_t n);
bool set_within(struct value_set a, struct value_set b);
bool set_has(struct value_set set, u128 value);

/* Rows that read different fields, and facts: bits of a word. */
#define FIELDS_MAX 64

struct product {
	uint64_t used; /* bitmap of fields */
	bool empty;
	struct value_set of[FIELDS_MAX];
};

/* What a field can be at all; by field. */
struct universe {
	uint32_t n;
	struct value_set all[FIELDS_MAX];
	struct range range[FIELDS_MAX];
};

void product_narrow(struct set_pool *pool, struct product *product, uint32_t field,
		    struct value_set set);
struct value_set product_of(const struct universe *universe, const struct product *product,
			    uint32_t field);
bool product_within(const struct universe *universe, const struct product *a,
		    const struct product *b);
/* Bitmap of the fields in which @a is not within @b. */
uint64_t product_lacks(const struct universe *universe, const struct product *a,
		       const struct product *b);
/* @a without @b as at most FIELDS_MAX products that share nothing. Return: how many. */
uint32_t product_minus(struct set_pool *pool, const struct universe *universe,
		       const struct product *a, const struct product *b,
		       struct product *ret_pieces);

#endif
