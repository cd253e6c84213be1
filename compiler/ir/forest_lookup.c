/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walker in user space: what the emitted one does, step by step, over the same bytes. A blob
 * that leads out of its regions finds nothing.
 */
#include "compiler/ir/forest.h"

static const void *entry(const struct forest *forest, const struct forest_region *region,
			 uint64_t index, size_t size)
{
	if (index >= region->n)
		return NULL;
	return forest->blob + region->offset + index * size;
}

static uint64_t read_word(const struct pkt *pkt, uint16_t offset, uint8_t width)
{
	struct dim dim = { .offset = offset, .width = width, .bits = (uint8_t)(8 * width) };

	return dim_value(&dim, pkt);
}

static u128 read_key(const unsigned char *at, uint8_t key_size)
{
	uint64_t halves[2] = { 0 };

	if (key_size == 16) {
		memcpy(halves, at, sizeof(halves));
		return (u128)halves[0] << 64 | halves[1];
	}
	memcpy(&halves[0], at, key_size);
	return halves[0];
}

static bool bounds_hold(const struct forest *forest, const struct forest_test *test,
			const struct pkt *pkt)
{
	const unsigned char *keys = forest->blob + test->table;
	u128 value = test->width == 16 ? (u128)read_word(pkt, test->offset, 8) << 64 |
						 read_word(pkt, (uint16_t)(test->offset + 8), 8)
				       : read_word(pkt, test->offset, test->width);
	uint64_t below = 0;

	for (uint32_t step = test->steps; step-- > 0;) {
		uint64_t at = below + ((uint64_t)1 << step) - 1;

		if (read_key(keys + at * test->key_size, test->key_size) < value)
			below += (uint64_t)1 << step;
	}
	return (below & 1) != test->starts_inside;
}

static bool hash_holds(const struct forest *forest, const struct forest_test *test,
		       const struct pkt *pkt)
{
	u128 value = test->width == 16 ? (u128)read_word(pkt, test->offset, 8) << 64 |
						 read_word(pkt, (uint16_t)(test->offset + 8), 8)
				       : read_word(pkt, test->offset, test->width);
	u128 empty = test->key_size == 16 ? (u128)UINT64_MAX << 64 : UINT32_MAX;
	const unsigned char *keys = forest->blob + test->table;
	uint32_t home = forest_home(value, test->key_size, test->steps);

	for (uint32_t i = 0; i < FOREST_PROBES; i++) {
		u128 key = read_key(keys + (uint64_t)(home + i) * test->key_size, test->key_size);

		if (key == value)
			return true;
		if (key >= empty)
			break;
	}
	return false;
}

static bool test_holds(const struct forest *forest, const struct forest_test *test,
		       const struct pkt *pkt)
{
	uint64_t value;

	if (test->kind == FOREST_TEST_BOUNDS)
		return (uint64_t)test->table + ((uint64_t)test->key_size << test->steps) <=
			       forest->blob_size &&
		       bounds_hold(forest, test, pkt);
	if (test->kind == FOREST_TEST_HASH)
		return (uint64_t)test->table + (((uint64_t)1 << test->steps) + FOREST_PROBES) *
						       test->key_size <=
			       forest->blob_size &&
		       hash_holds(forest, test, pkt);
	value = read_word(pkt, test->offset, test->width);
	if (test->kind == FOREST_TEST_RANGE)
		return value - test->lo <= test->span;
	return (uint64_t)test->table + 32 <= forest->blob_size && value < 256 &&
	       (forest->blob[test->table + value / 8] >> value % 8 & 1);
}

static bool tests_hold(const struct forest *forest, uint32_t first, const struct pkt *pkt)
{
	for (uint32_t i = first; first; i++) {
		const struct forest_test *test = entry(forest, &forest->tests, i, sizeof(*test));

		if (!test || !test_holds(forest, test, pkt))
			return false;
		if (test->last)
			break;
	}
	return true;
}

static bool tail_holds(const uint64_t *key, uint16_t sport, uint16_t sport_span, uint16_t dport,
		       uint16_t dport_span)
{
	return (uint16_t)(key[0] - sport) <= sport_span && (uint16_t)(key[1] - dport) <= dport_span;
}

static bool record4_holds(const struct forest *forest, const struct forest_record4 *r,
			  const uint64_t *key, const struct pkt *pkt)
{
	return (uint32_t)(key[DIM4_SRC] - r->src) <= r->src_span &&
	       (uint32_t)(key[DIM4_DST] - r->dst) <= r->dst_span &&
	       tail_holds(&key[DIM4_SPORT], r->sport, r->sport_span, r->dport, r->dport_span) &&
	       (!r->has_proto || key[DIM4_PROTO] == r->proto) &&
	       !(key[DIM4_FRAG] & r->order & ORDER_NOT_LATER) && tests_hold(forest, r->test, pkt);
}

static bool record6_holds(const struct forest *forest, const struct forest_record6 *r,
			  const uint64_t *key, const struct pkt *pkt)
{
	return key[DIM6_SRC_HI] - r->src_hi <= r->src_hi_span &&
	       key[DIM6_SRC_LO] - r->src_lo <= r->src_lo_span &&
	       key[DIM6_DST_HI] - r->dst_hi <= r->dst_hi_span &&
	       key[DIM6_DST_LO] - r->dst_lo <= r->dst_lo_span &&
	       tail_holds(&key[DIM6_SPORT], r->sport, r->sport_span, r->dport, r->dport_span) &&
	       (!r->has_proto || key[DIM6_PROTO] == r->proto) &&
	       !(key[DIM6_FRAG] & r->order & ORDER_NOT_LATER) && tests_hold(forest, r->test, pkt);
}

/* The first record of a leaf that matches, from place @from on and below @best. */
static uint32_t leaf_lookup(const struct forest *forest, const struct forest_node *leaf,
			    const uint64_t *key, const struct pkt *pkt, uint32_t from,
			    uint32_t best)
{
	for (uint32_t i = 0; i < leaf->mask; i++) {
		uint64_t at = (uint64_t)leaf->add + i;
		uint32_t place = PLACE_NONE;
		bool holds = false;

		if (pkt->family == FAMILY_IPV6) {
			const struct forest_record6 *r =
				entry(forest, &forest->records6, at, sizeof(*r));

			if (!r)
				break;
			place = r->place;
			holds = place >= from && place < best && record6_holds(forest, r, key, pkt);
		} else {
			const struct forest_record4 *r =
				entry(forest, &forest->records4, at, sizeof(*r));

			if (!r)
				break;
			place = r->place;
			holds = place >= from && place < best && record4_holds(forest, r, key, pkt);
		}
		if (holds)
			return place;
		if (place >= best)
			break;
	}
	return best;
}

/* Whether the record is the one to answer: its place is >= from and < best, and it has the packet.
 */
static bool record_answers(const struct forest *forest, uint64_t at, const uint64_t *key,
			   const struct pkt *pkt, uint32_t from, uint32_t best, uint32_t *ret_place)
{
	const struct forest_record6 *r6 = NULL;
	const struct forest_record4 *r4 = NULL;

	if (pkt->family == FAMILY_IPV6)
		r6 = entry(forest, &forest->records6, at, sizeof(*r6));
	else
		r4 = entry(forest, &forest->records4, at, sizeof(*r4));
	if (!r6 && !r4)
		return false;
	*ret_place = r6 ? r6->place : r4->place;
	if (*ret_place < from || *ret_place >= best)
		return false;
	return r6 ? record6_holds(forest, r6, key, pkt) : record4_holds(forest, r4, key, pkt);
}

/* The row of a side. Return: its offset in the blob; 0: it does not lie there. */
static uint64_t bits_row(const struct forest *forest, const struct forest_bits *bits,
			 const struct bits_side *side, const struct dims *dims, const uint64_t *key)
{
	uint64_t value = key[side->dim % DIMS_MAX] >> bits_shift(&dims->dim[side->dim % DIMS_MAX]);
	uint64_t row = 0, bound, size = (uint64_t)bits->words * 8;

	if (side->steps > BITS_STEPS_MAX ||
	    side->bounds + ((uint64_t)8 << side->steps) > forest->blob_size ||
	    side->rows + (size << side->steps) > forest->blob_size)
		return 0;
	for (uint32_t step = side->steps; step-- > 0;) {
		memcpy(&bound, forest->blob + side->bounds + 8 * (row + ((uint64_t)1 << step) - 1),
		       8);
		if (bound < value)
			row += (uint64_t)1 << step;
	}
	return side->rows + row * size;
}

static uint32_t bits_lookup(const struct forest *forest, const struct forest_group *group,
			    const uint64_t *key, const struct pkt *pkt, uint32_t from,
			    uint32_t best)
{
	const struct forest_node *root = entry(forest, &forest->nodes, group->root, sizeof(*root));
	const struct forest_bits *bits = &group->bits;
	uint64_t row[BITS_SIDES_MAX], word, common;
	uint32_t place;

	if (!root || root->first >= best || bits->n_sides > BITS_SIDES_MAX)
		return best;
	for (uint32_t i = 0; i < bits->n_sides; i++) {
		row[i] = bits_row(forest, bits, &bits->side[i],
				  &forest->dims[forest_family(pkt->family)], key);
		if (!row[i])
			return best;
	}
	for (uint32_t at = 0; at < bits->words; at++) {
		common = UINT64_MAX;
		for (uint32_t i = 0; i < bits->n_sides; i++) {
			memcpy(&word, forest->blob + row[i] + (uint64_t)at * 8, 8);
			common &= word;
		}
		for (; common; common &= common - 1) {
			uint32_t bit = (uint32_t)__builtin_ctzll(common);

			if (record_answers(forest, (uint64_t)root->add + at * 64 + bit, key, pkt,
					   from, best, &place))
				return place;
		}
	}
	return best;
}

static uint32_t tree_lookup(const struct forest *forest, uint32_t root, const uint64_t *key,
			    const struct pkt *pkt, uint32_t from, uint32_t best)
{
	uint64_t at = root;

	for (uint32_t depth = 0; depth <= FOREST_DEPTH_MAX; depth++) {
		const struct forest_node *node = entry(forest, &forest->nodes, at, sizeof(*node));

		if (!node || node->first >= best)
			break;
		if (node->dim == FOREST_LEAF)
			return leaf_lookup(forest, node, key, pkt, from, best);
		at = node->base +
		     (((key[node->dim % DIMS_MAX] + node->add) >> node->shift) & node->mask);
	}
	return best;
}

uint32_t forest_lookup(const struct forest *forest, const struct pkt *pkt, uint32_t from)
{
	const struct dims *dims = &forest->dims[forest_family(pkt->family)];
	uint64_t key[DIMS_MAX] = { 0 };
	uint32_t best = PLACE_NONE;

	for (uint32_t dim = 0; dim < dims->n; dim++)
		key[dim] = dim_value(&dims->dim[dim], pkt);
	vec_for_each(group, &forest->groups) {
		if (forest_family(group->family) != forest_family(pkt->family))
			continue;
		if (best < group->first)
			break;
		best = group->bits.n_sides ? bits_lookup(forest, group, key, pkt, from, best)
					   : tree_lookup(forest, group->root, key, pkt, from, best);
	}
	return best;
}
