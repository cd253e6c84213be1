/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The static part of the lists: one blob for each generation, built by user space, read only. It
 * compiles for BPF and natively, so that tests and commands ask the same lines as the kernel.
 *
 * A directory row of 64 bytes for each list number stands at its front. All that a row names is an
 * offset in bytes; 0 is nothing. Entries without a time limit are a union of intervals, so an
 * entry that others cover is not in the blob at all.
 *
 *	IPv4	few intervals: a tree of their bounds. Many: two bits for each /24 (none, all, look
 *		for the address, look for its bitmap), then one probe of one hash table.
 *	IPv6	a hash table of the /64s that are whole, hold one address or have a tree of their
 *		own; a tree of the bounds of what is wider.
 *	ports	a bitmap. MAC addresses: a tree.
 */
#ifndef BPFFW_LIST_BASE_H
#define BPFFW_LIST_BASE_H

#include <linux/types.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define LISTS_MAX 256

/* What is looked up; values as in struct pkt: what fits into 64 bits is the low half. */
enum list_kind { LIST_ADDR4, LIST_ADDR6, LIST_PORT, LIST_MAC };

/*
 * The bounds at which membership changes, ascending, the first one 0 and outside: the position of
 * the last bound that is not above a value is odd for a member. Nodes of 8 bounds; above them
 * levels of the first bound of each node, all but the lowest level complete.
 */
#define LIST_TREE_FAN    8
#define LIST_TREE_LEVELS 9
struct list_tree {
	__u32 at;
	__u32 last; /* position of the last bound; what follows it is padding */
	__u32 levels;
};

struct list_dir {
	__u32 blocks4;
	__u32 single4, n_single4; /* hash table of __u32, 0 empty */
	__u32 bitmap4, n_bitmap4; /* ... of struct list_bitmap */
	__u32 ports;
	__u32 host6, n_host6;   /* ... of struct list_host */
	struct list_tree tree;  /* IPv4, MAC */
	struct list_tree tree6; /* high halves of addresses */
	__u32 pad[2];
};
_Static_assert(sizeof(struct list_dir) == 64, "one cache line");
/* Number 0 is no list: the padding of its row tells what the blob was made from. */
#define LIST_DIR_SIZE (LISTS_MAX * sizeof(struct list_dir))

/* What the two bits of a /24 say. */
enum list_block { LIST_BLOCK_NONE, LIST_BLOCK_ALL, LIST_BLOCK_SINGLE, LIST_BLOCK_BITMAP };

struct list_bitmap {
	__u64 key; /* address >> 6, + 1; 0: empty */
	__u64 bits;
};

enum list_hosts { LIST_HOST_EMPTY, LIST_HOST_WHOLE, LIST_HOST_ONE, LIST_HOST_TREE };
struct list_host {
	__u64 high;
	__u64 low;
	__u32 how;
	struct list_tree tree; /* of low halves */
};

/*
 * A hash table has so many slots more than it divides by and is nowhere fuller than that: a search
 * neither wraps nor goes on longer.
 */
#define LIST_PROBES 48

/* What the blob's reader has: for the verifier @size is a known number. */
struct list_view {
	const __u8 *at;
	__u64 size;
};

/* The compiler must not form the address before the test: the verifier refuses it. */
static __always_inline const void *list_at(struct list_view view, __u64 offset, __u64 size)
{
	if (view.size < size || offset > view.size - size)
		return (const void *)0;
	__asm__ volatile("" : "+r"(offset));
	return view.at + offset;
}

static __always_inline __u64 list_slot(__u64 key, __u32 n_slots)
{
	return (key * 0x9e3779b97f4a7c15ULL >> 32) * n_slots >> 32;
}

/* 1 if @bound <= @value. Without a branch: one for each bound would be too many for the verifier.
 */
static __always_inline __u64 list_reached(__u64 value, __u64 bound)
{
	return ~((~value & bound) | ((~value | bound) & (value - bound))) >> 63;
}

/* The position among the nodes of the next level, at last among the bounds. */
static __always_inline __u64 list_tree_next(const struct list_tree *tree, __u32 level, __u64 node,
					    const __u64 *bound, __u64 value)
{
	__u64 most = tree->last >> (tree->levels - 1 - level) * 3 % 32;

	node = node * LIST_TREE_FAN - 1 + list_reached(value, bound[0]) +
	       list_reached(value, bound[1]) + list_reached(value, bound[2]) +
	       list_reached(value, bound[3]) + list_reached(value, bound[4]) +
	       list_reached(value, bound[5]) + list_reached(value, bound[6]) +
	       list_reached(value, bound[7]);
	/* The largest value reaches padding, too. */
	return node > most ? most : node;
}

static __always_inline int list_tree_has(struct list_view view, const struct list_tree *tree,
					 __u64 value)
{
	__u64 node = 0, start = 0;
	__u32 levels = tree->levels;

	for (__u32 level = 0; level < LIST_TREE_LEVELS && level < levels; level++) {
		const __u64 *bound =
			(const __u64 *)list_at(view, tree->at + (start + node) * 64, 64);

		if (!bound)
			return 0;
		node = list_tree_next(tree, level, node, bound, value);
		start = start * LIST_TREE_FAN + 1;
	}
	return node & 1;
}

static __always_inline int list_single_has(struct list_view view, const struct list_dir *dir,
					   __u32 addr)
{
	const __u32 *slot = (const __u32 *)list_at(
		view, dir->single4 + list_slot(addr, dir->n_single4) * sizeof(*slot),
		LIST_PROBES * sizeof(*slot));

	if (!slot)
		return 0;
	for (__u32 i = 0; i < LIST_PROBES && slot[i]; i++) {
		if (slot[i] == addr)
			return 1;
	}
	return 0;
}

static __always_inline int list_bitmap_has(struct list_view view, const struct list_dir *dir,
					   __u32 addr)
{
	__u64 key = (addr >> 6) + 1;
	const struct list_bitmap *slot = (const struct list_bitmap *)list_at(
		view, dir->bitmap4 + list_slot(key, dir->n_bitmap4) * sizeof(*slot),
		LIST_PROBES * sizeof(*slot));

	if (!slot)
		return 0;
	for (__u32 i = 0; i < LIST_PROBES && slot[i].key; i++) {
		if (slot[i].key == key)
			return slot[i].bits >> (addr & 63) & 1;
	}
	return 0;
}

static __always_inline int list_blocks_has(struct list_view view, const struct list_dir *dir,
					   __u32 addr)
{
	const __u8 *block = (const __u8 *)list_at(view, (__u64)dir->blocks4 + (addr >> 10), 1);
	__u32 code;

	if (!block)
		return 0;
	code = *block >> (addr >> 8 & 3) * 2 & 3;
	if (code == LIST_BLOCK_SINGLE)
		return list_single_has(view, dir, addr);
	if (code == LIST_BLOCK_BITMAP)
		return list_bitmap_has(view, dir, addr);
	return code == LIST_BLOCK_ALL;
}

/* Return: -1: the tree knows, with this value. */
static __always_inline int list_host_has(struct list_view view, const struct list_dir *dir,
					 __u64 high, __u64 low, struct list_tree *ret_tree,
					 __u64 *ret_value)
{
	const struct list_host *host;

	*ret_tree = dir->tree6;
	*ret_value = high;
	if (!dir->host6)
		return -1;
	host = (const struct list_host *)list_at(
		view, dir->host6 + list_slot(high, dir->n_host6) * sizeof(*host),
		LIST_PROBES * sizeof(*host));
	for (__u32 i = 0; host && i < LIST_PROBES && host[i].how; i++) {
		if (host[i].high != high)
			continue;
		if (host[i].how == LIST_HOST_WHOLE)
			return 1;
		if (host[i].how == LIST_HOST_ONE)
			return host[i].low == low;
		*ret_tree = host[i].tree;
		*ret_value = low;
		break;
	}
	return -1;
}

static __always_inline int list_port_has(struct list_view view, const struct list_dir *dir,
					 __u16 port)
{
	const __u64 *word;

	if (!dir->ports)
		return 0;
	word = (const __u64 *)list_at(view, dir->ports + (port >> 6) * sizeof(*word),
				      sizeof(*word));
	return word ? *word >> (port & 63) & 1 : 0;
}

/*
 * Whatever is searched before, it ends in one call of the tree with numbers that the verifier does
 * not know: a call in each place would be verified once for each way there.
 */
static __always_inline int list_base_has(struct list_view view, __u32 number, enum list_kind kind,
					 __u64 high, __u64 low)
{
	const struct list_dir *dir = (const struct list_dir *)list_at(
		view, (number & (LISTS_MAX - 1)) * sizeof(*dir), sizeof(*dir));
	struct list_tree tree;
	__u64 value = low;
	int known;

	if (!dir)
		return 0;
	if (kind == LIST_PORT)
		return list_port_has(view, dir, (__u16)low);
	if (kind == LIST_ADDR4 && dir->blocks4)
		return list_blocks_has(view, dir, (__u32)low);
	tree = dir->tree;
	if (kind == LIST_ADDR6) {
		known = list_host_has(view, dir, high, low, &tree, &value);
		if (known >= 0)
			return known;
	}
	return list_tree_has(view, &tree, value);
}

#endif
