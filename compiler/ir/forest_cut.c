/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The choice of a cut. A window takes some bits of one dim and has a child for each of their
 * values; a threshold has two children. Every window that can tell cubes apart is tried on a
 * sample of the cubes, and thresholds at some of their bounds. The score is the expected number of
 * cubes in the child of a packet that meets a cube, times how often cubes are copied.
 */
#include <stdlib.h>

#include "compiler/ir/forest_internal.h"

#define REPLICATION_LARGE 1.3 /* of a cut with at least LARGE cubes */
#define LARGE             1024u
#define THRESHOLDS        16u
#define NODE_WEIGHT       0.4 /* what a child node costs, in records */
/* A cut that saves fewer records costs more than it saves. */
#define GAIN 2.0
/* A list that no leaf can hold is to shrink at least to this part of itself. */
#define PROGRESS 0.8
/* A window that leaves bits above it open has children that are no intervals: less is hidden. */
#define OPEN_WEIGHT 1.15
/* A list of no more than SHORT cubes is cut at few of the bits in which they vary. */
#define SHORT      64u
#define SHORT_BITS 16

/* What a copy costs, when a list is long, short, or must be cut by all means. */
#define COPY_LONG  1.0
#define COPY_SHORT 0.4
#define COPY_MUST  0.2

static uint64_t low_bits(unsigned int n)
{
	return n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
}

static unsigned int bits_of(uint64_t x)
{
	return x ? 64 - (unsigned int)__builtin_clzll(x) : 0;
}

/* The smallest x >= from with (x & mask) == value; false: none. */
static bool next_member(uint64_t from, uint64_t mask, uint64_t value, uint64_t *ret_x)
{
	uint64_t differs = (from ^ value) & mask, above;
	unsigned int top;

	if (!differs) {
		*ret_x = from;
		return true;
	}
	top = 63 - (unsigned int)__builtin_clzll(differs);
	if (!(value >> top & 1)) {
		/* Too large there: raise the next higher bit that is free and clear. */
		above = ~(mask | from) & ~low_bits(top + 1);
		if (!above)
			return false;
		top = (unsigned int)__builtin_ctzll(above);
	}
	*ret_x = (from >> top | 1) << top | (value & low_bits(top));
	return true;
}

static bool previous_member(uint64_t from, uint64_t mask, uint64_t value, uint64_t *ret_x)
{
	if (!next_member(~from, mask, ~value & mask, &from))
		return false;
	*ret_x = ~from;
	return true;
}

bool side_clip(const struct side *side, const struct interval *interval, struct interval *ret_clip)
{
	uint64_t lo = interval->lo > side->lo ? interval->lo : side->lo;
	uint64_t hi = interval->hi < side->hi ? interval->hi : side->hi;

	if (lo > hi)
		return false;
	if (side->mask && (!next_member(lo, side->mask, side->value, &lo) ||
			   !previous_member(hi, side->mask, side->value, &hi) || lo > hi))
		return false;
	*ret_clip = (struct interval){ lo, hi };
	return true;
}

static bool is_window(const struct cut *cut)
{
	return cut->add == 0;
}

bool cut_side(const struct cut *cut, const struct side *side, uint32_t child, struct side *ret_side)
{
	struct interval whole = { 0, UINT64_MAX }, clip;
	struct side s = *side;
	uint64_t keep;

	if (is_window(cut)) {
		s.mask |= (uint64_t)cut->mask << cut->shift;
		s.value |= (uint64_t)child << cut->shift;
	} else if (child) {
		whole.lo = ((uint64_t)1 << cut->shift) - cut->add;
	} else {
		whole.hi = ((uint64_t)1 << cut->shift) - cut->add - 1;
	}
	if (!side_clip(&s, &whole, &clip))
		return false;
	s.lo = clip.lo;
	s.hi = clip.hi;
	keep = low_bits(bits_of(s.lo ^ s.hi));
	s.mask &= keep;
	s.value &= keep;
	*ret_side = s;
	return true;
}

uint32_t cut_children(const struct cut *cut, const struct interval *clip, uint32_t *ret_first)
{
	uint64_t first = (clip->lo + cut->add) >> cut->shift;
	uint64_t last = (clip->hi + cut->add) >> cut->shift;

	*ret_first = (uint32_t)(first & cut->mask);
	if (last - first < cut->mask)
		return (uint32_t)(last - first) + 1;
	*ret_first = 0;
	return cut->mask + 1u;
}

/* The cubes of one node in one dim: the sample without those that have all of the side. */
struct view {
	struct grove *grove;
	uint32_t dim;
	const struct side *side;
	double scale;    /* cubes of the node for each of the sample */
	uint32_t n;      /* sample[] */
	uint32_t wide;   /* those left out */
	uint64_t varies; /* bits in which bounds differ */
	bool must;       /* replication may be anything */
	uint32_t n_node;
	unsigned int top; /* bits above this one are the same in all of the side */
};

static bool view_open(struct view *view, const uint32_t *list, uint32_t n)
{
	const struct interval *column = view->grove->column[view->dim];
	uint32_t taken = n < CUT_SAMPLE ? n : CUT_SAMPLE;
	struct interval *sample = view->grove->sample;
	const struct side *side = view->side;

	view->n = view->wide = 0;
	view->varies = 0;
	view->scale = (double)n / taken;
	for (uint32_t i = 0; i < taken; i++) {
		const struct interval *whole = &column[list[(uint64_t)i * n / taken]];
		struct interval clip;

		if ((whole->lo <= side->lo && whole->hi >= side->hi) ||
		    !side_clip(side, whole, &clip)) {
			view->wide++;
			continue;
		}
		sample[view->n++] = clip;
		view->varies |= (clip.lo ^ sample[0].lo) | ((clip.hi + 1) ^ (sample[0].hi + 1));
	}
	/* Apart from what is wide, one cube or many alike: the ends of it are what differs. */
	if (view->n && (view->wide || !view->varies))
		view->varies |= side->lo ^ side->hi;
	return view->n > 0;
}

/* What a cut makes of the sample. Children without a narrow cube are all alike: one counts. */
struct deal {
	uint64_t narrow;  /* copies of cubes that not all children have */
	uint64_t squares; /* of the number of narrow ones in each child */
	uint32_t wide;    /* cubes that all children have */
	uint32_t different, children;
};

/*
 * Takes the cut when it is the best so far. A packet meets every cube of the node as often: a
 * narrow one in a child of its own, a wide one in any child.
 */
static void offer(const struct view *view, struct cut cut, const struct deal *deal,
		  struct cut *best)
{
	double taken = view->n + view->wide, n = taken * view->scale, met = 0, bucket, copies;
	double cap = n >= LARGE ? REPLICATION_LARGE : view->grove->effort.replication, weight;

	copies = (double)(deal->narrow + (deal->different + 1) * (uint64_t)deal->wide) / taken;
	if (copies > cap && !view->must)
		return;
	if (deal->narrow)
		met = ((double)deal->squares / deal->narrow + deal->wide - 1) *
		      (taken - deal->wide);
	if (deal->wide)
		met += deal->wide * ((double)deal->narrow / deal->children + deal->wide - 1);
	bucket = met / taken * view->scale + 1;
	/* Where a list must be cut, new ends let cubes hide others. */
	if (bucket + GAIN > n && !view->must)
		return;
	weight = view->must ? COPY_MUST : n >= LARGE ? COPY_LONG : COPY_SHORT;
	cut.score = bucket * (1 + weight * (copies - 1)) + NODE_WEIGHT * (cut.mask + 1) / n;
	if (cut.add == 0 && cut.shift + bits_of(cut.mask) < view->top)
		cut.score *= OPEN_WEIGHT;
	cut.bucket = bucket;
	if (cut.score < best->score)
		*best = cut;
}

static void try_window(const struct view *view, unsigned int shift, unsigned int bits,
		       struct cut *best)
{
	struct cut cut = { .dim = (uint8_t)view->dim,
			   .shift = (uint8_t)shift,
			   .mask = (uint16_t)low_bits(bits) };
	uint32_t *count = view->grove->count, n = 1u << bits;
	struct deal deal = { .wide = view->wide, .children = n };

	memset(count, 0, (n + 1) * sizeof(*count));
	for (uint32_t i = 0; i < view->n; i++) {
		uint32_t first, k = cut_children(&cut, &view->grove->sample[i], &first);

		if (k == n) {
			deal.wide++;
			continue;
		}
		count[first]++;
		if (first + k > n) {
			count[0]++;
			first -= n;
		}
		count[first + k]--;
	}
	view->grove->work += view->n + n;
	for (uint32_t i = 0, narrow = 0; i < n; i++) {
		narrow += count[i];
		deal.narrow += narrow;
		deal.squares += (uint64_t)narrow * narrow;
		deal.different += narrow != 0;
	}
	offer(view, cut, &deal, best);
}

/* Of many bits, every second one. */
static uint64_t thin_out(uint64_t varies)
{
	while (__builtin_popcountll(varies) > SHORT_BITS) {
		uint64_t kept = 0;
		bool keep = true;

		for (uint64_t left = varies; left; left &= left - 1, keep = !keep)
			if (keep)
				kept |= left & -left;
		varies = kept;
	}
	return varies;
}

static void try_windows(const struct view *view, struct cut *best)
{
	uint64_t varies = view->n_node > SHORT ? view->varies : thin_out(view->varies);
	const struct side *side = view->side;
	unsigned int most = 1;

	while (most < FOREST_CUT_BITS && (1u << most) < view->n_node)
		most++;
	for (unsigned int shift = 0; shift < view->top; shift++) {
		if (!(varies >> shift & 1))
			continue;
		for (unsigned int bits = 1; bits <= most && shift + bits <= view->top; bits++) {
			if (side->mask >> (shift + bits - 1) & 1)
				break;
			if (varies >> (shift + bits - 1) & 1)
				try_window(view, shift, bits, best);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void try_threshold(const struct view *view, uint64_t at, struct cut *best)
{
	unsigned int bits = view->grove->cubes->dims.dim[view->dim].bits;
	struct cut cut = { .dim = (uint8_t)view->dim,
			   .shift = (uint8_t)bits,
			   .mask = 1,
			   .add = (uint32_t)(((uint64_t)1 << bits) - at) };
	struct deal deal = { .wide = view->wide, .children = 2 };
	uint32_t low = 0, high = 0;

	for (uint32_t i = 0; i < view->n; i++) {
		low += view->grove->sample[i].hi < at;
		high += view->grove->sample[i].lo >= at;
	}
	deal.wide += view->n - low - high;
	view->grove->work += view->n;
	deal.narrow = low + high;
	deal.squares = (uint64_t)low * low + (uint64_t)high * high;
	deal.different = (low != 0) + (high != 0);
	offer(view, cut, &deal, best);
}

/* At quantiles of the bounds. */
static void try_thresholds(const struct view *view, struct cut *best)
{
	uint64_t bounds[2 * 8 * THRESHOLDS], previous;
	uint32_t n = 0, take = view->n < 8 * THRESHOLDS ? view->n : 8 * THRESHOLDS, step;

	for (uint32_t i = 0; i < take; i++) {
		const struct interval *clip = &view->grove->sample[(uint64_t)i * view->n / take];

		if (clip->lo > view->side->lo)
			bounds[n++] = clip->lo;
		if (clip->hi < view->side->hi)
			bounds[n++] = clip->hi + 1;
	}
	qsort(bounds, n, sizeof(*bounds), by_value);
	step = n > THRESHOLDS ? n / THRESHOLDS : 1;
	previous = view->side->lo;
	for (uint32_t i = n > THRESHOLDS ? step / 2 : 0; i < n; i += step) {
		if (bounds[i] != previous)
			try_threshold(view, bounds[i], best);
		previous = bounds[i];
	}
}

static struct cut best_cut(struct grove *grove, const uint32_t *list, uint32_t n, bool must)
{
	struct cut best = { .score = n > FOREST_LEAF_MAX ? 1e300 : n };

	for (uint32_t dim = 0; dim < grove->n_dims; dim++) {
		struct view view = { .grove = grove,
				     .dim = dim,
				     .side = &grove->region[dim],
				     .must = must,
				     .n_node = n };

		if (!grove->column[dim] || view.side->lo == view.side->hi)
			continue;
		view.top = bits_of(view.side->lo ^ view.side->hi);
		if (!view_open(&view, list, n))
			continue;
		try_windows(&view, &best);
		if (grove->cubes->dims.dim[dim].bits <= 32)
			try_thresholds(&view, &best);
	}
	return best;
}

bool cut_choose(struct grove *grove, const uint32_t *list, uint32_t n, struct cut *ret_cut)
{
	struct cut best = best_cut(grove, list, n, false);

	/* No leaf can be so long, and the depth is limited: copies matter less than progress. */
	if (n > FOREST_LEAF_MAX && (!best.mask || best.bucket > PROGRESS * n)) {
		struct cut other = best_cut(grove, list, n, true);

		if (other.mask)
			best = other;
	}
	*ret_cut = best;
	return best.mask != 0;
}
