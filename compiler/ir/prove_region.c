/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intervals with fixed bits, cut as the walker cuts. */
#include "compiler/ir/prove_region.h"

/* The smallest number >= from with these fixed bits. */
static bool bits_next(uint64_t from, uint64_t mask, uint64_t value, uint64_t *ret_next)
{
	uint64_t wrong = (from ^ value) & mask, top, below, free_bits;

	*ret_next = from;
	if (!wrong)
		return true;
	top = (uint64_t)1 << (63 - __builtin_clzll(wrong));
	below = top | (top - 1);
	if (value & top) {
		*ret_next = (from & ~below) | (value & below);
		return true;
	}
	free_bits = ~mask & ~from & ~below;
	if (!free_bits)
		return false;
	top = free_bits & -free_bits;
	below = top - 1;
	*ret_next = (from & ~(top | below)) | top | (value & below);
	return true;
}

bool extent_tighten(struct extent_bits *extent)
{
	uint64_t lo, hi;

	if (!bits_next(extent->lo, extent->mask, extent->value, &lo) ||
	    !bits_next(~extent->hi, extent->mask, ~extent->value & extent->mask, &hi))
		return false;
	extent->lo = lo;
	extent->hi = ~hi;
	return extent->lo <= extent->hi;
}

bool extent_clip(const struct extent_bits *extent, uint64_t *lo, uint64_t *hi)
{
	struct extent_bits part = *extent;

	part.lo = *lo > extent->lo ? *lo : extent->lo;
	part.hi = *hi < extent->hi ? *hi : extent->hi;
	if (part.lo > part.hi || !extent_tighten(&part))
		return false;
	*lo = part.lo;
	*hi = part.hi;
	return true;
}

bool extent_cut(const struct extent_bits *extent, uint32_t add, unsigned int shift, uint64_t mask,
		uint64_t child, struct extent_bits *ret_child)
{
	uint64_t window = mask << shift, lo = extent->lo + add, hi = extent->hi + add, steps, from;

	*ret_child = *extent;
	if (!add) {
		if ((extent->value ^ child << shift) & extent->mask & window)
			return false;
		ret_child->mask |= window;
		ret_child->value |= child << shift;
		return extent_tighten(ret_child);
	}
	/* Moved, a child is one interval as long as the window goes round at most once. */
	if (lo < add || hi < add || (hi >> shift) - (lo >> shift) > mask)
		return true;
	from = lo >> shift;
	steps = (child - from) & mask;
	if (from + steps > hi >> shift)
		return false;
	from = (from + steps) << shift;
	if (from > lo)
		ret_child->lo = from - add;
	if (hi - from >= (uint64_t)1 << shift)
		ret_child->hi = from + (((uint64_t)1 << shift) - 1) - add;
	return extent_tighten(ret_child);
}

struct children extent_children(uint64_t lo, uint64_t hi, uint32_t add, unsigned int shift,
				uint64_t mask)
{
	uint64_t first = (lo + add) >> shift, last = (hi + add) >> shift;

	if (lo + add < lo || hi + add < hi || last - first >= mask)
		return (struct children){ 0, (uint32_t)mask };
	return (struct children){ (uint32_t)(first & mask), (uint32_t)(last & mask) };
}
