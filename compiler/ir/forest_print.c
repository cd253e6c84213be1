/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forest as text, read from the blob: nodes and leaves, or what they amount to. */
#include "compiler/ir/forest.h"

#define PRINT_DEPTH (FOREST_DEPTH_MAX + 1)

static const char *family_name(unsigned int family)
{
	return family == FAMILY_IPV4 ? "ipv4" : family == FAMILY_IPV6 ? "ipv6" : "other";
}

static uint32_t record_place(const struct forest *forest, unsigned int family, uint32_t index)
{
	const unsigned char *blob = forest->blob;

	if (family == FAMILY_IPV6)
		return ((const struct forest_record6 *)(blob + forest->records6.offset))[index]
			.place;
	return ((const struct forest_record4 *)(blob + forest->records4.offset))[index].place;
}

static const struct forest_node *node_at(const struct forest *forest, uint32_t index)
{
	return (const struct forest_node *)(forest->blob + forest->nodes.offset) + index;
}

static void print_node(struct buf *out, const struct forest *forest, unsigned int family,
		       uint32_t index, uint32_t depth)
{
	const struct forest_node *node = node_at(forest, index);

	buf_printf(out, "%*s%u: ", (int)(2 * depth), "", index);
	if (node->dim == FOREST_LEAF) {
		buf_printf(out, "leaf");
		for (uint32_t i = 0; i < node->mask; i++)
			buf_printf(out, " %u", record_place(forest, family, node->add + i));
		buf_puts(out, "\n");
		return;
	}
	if (node->add)
		buf_printf(out, "dim %u from 0x%lx", node->dim,
			   (unsigned long)(((uint64_t)1 << node->shift) - node->add));
	else
		buf_printf(out, "dim %u bits %u-%u", node->dim, node->shift,
			   node->shift + (unsigned int)__builtin_popcount(node->mask) - 1);
	buf_printf(out, " first %u\n", node->first);
	if (depth >= PRINT_DEPTH)
		return;
	for (uint32_t i = 0; i <= node->mask; i++) {
		const struct forest_node *child = node_at(forest, node->base + i);

		if (child->dim != FOREST_LEAF || child->mask)
			print_node(out, forest, family, node->base + i, depth + 1);
	}
}

static void print_bits(struct buf *out, const struct forest *forest, const struct forest_bits *bits)
{
	buf_printf(out, "  bit vectors: %u words, at most %u records in vain\n", bits->words,
		   bits->misses);
	for (uint32_t i = 0; i < bits->n_sides; i++) {
		const struct bits_side *side = &bits->side[i];
		const void *bounds = forest->blob + side->bounds;
		uint32_t n = 0;

		while (n + 1 < 1u << side->steps && ((const uint64_t *)bounds)[n] < BITS_NO_BOUND)
			n++;
		buf_printf(out, "  dim %u: %u rows\n", side->dim, n + 1);
	}
}

void forest_print(struct buf *out, const struct forest *forest)
{
	uint32_t n = 0;

	vec_for_each(group, &forest->groups) {
		buf_printf(out, "group %u: %s, first place %u, depth %u, largest leaf %u\n", n++,
			   family_name(group->family), group->first, group->depth, group->leaf_max);
		if (group->bits.n_sides)
			print_bits(out, forest, &group->bits);
		print_node(out, forest, group->family, group->root, 1);
	}
}

void forest_print_stats(struct buf *out, const struct forest *forest)
{
	static const unsigned int families[] = { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t groups = 0, depth = 0, leaf = 0, vectors = 0;

		vec_for_each(group, &forest->groups) {
			if (group->family != families[i])
				continue;
			groups++;
			if (group->bits.n_sides) {
				vectors += group->leaf_max;
				continue;
			}
			depth = group->depth > depth ? group->depth : depth;
			leaf = group->leaf_max > leaf ? group->leaf_max : leaf;
		}
		if (groups)
			buf_printf(out, "%s: %u cubes, %u groups, depth %u, largest leaf %u\n",
				   family_name(families[i]), forest->n_cubes[i], groups, depth,
				   leaf);
		if (vectors)
			buf_printf(out, "%s: %u records in bit vectors\n", family_name(families[i]),
				   vectors);
	}
	buf_printf(out, "%u places, %u nodes, %u records, %u tests\n", forest->n_places,
		   forest->nodes.n, forest->records4.n + forest->records6.n, forest->tests.n - 1);
	buf_printf(out, "blob %u bytes, tables %u; worst walk about %u ns\n", forest->blob_size,
		   forest->tables.n, forest->cost_ns);
}
