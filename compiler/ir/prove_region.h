/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packets that come to a node, per dim: an interval (threshold cuts) and fixed bits (window
 * cuts at any shift). The bounds are values of the region themselves.
 */
#ifndef BPFFW_PROVE_REGION_H
#define BPFFW_PROVE_REGION_H

#include <stdbool.h>
#include <stdint.h>

struct extent_bits {
	uint64_t lo;
	uint64_t hi;
	uint64_t mask;  /* of the fixed bits ... */
	uint64_t value; /* ... and what they are */
};

/* Pulls the bounds in to the next values with the fixed bits. Return: false when none is left. */
bool extent_tighten(struct extent_bits *extent);

/* The part of @extent for which (((x + add) >> shift) & mask) == child; where that has no such
 * form, all of @extent, which only asks more of the child. Return: false when it is empty. */
bool extent_cut(const struct extent_bits *extent, uint32_t add, unsigned int shift, uint64_t mask,
		uint64_t child, struct extent_bits *ret_child);

/* [lo, hi] within @extent, or false when there is nothing. */
bool extent_clip(const struct extent_bits *extent, uint64_t *lo, uint64_t *hi);

/* Which children values in [lo, hi] can go to: first to last, around the end when first > last. */
struct children {
	uint32_t first, last;
};
struct children extent_children(uint64_t lo, uint64_t hi, uint32_t add, unsigned int shift,
				uint64_t mask);

#endif
