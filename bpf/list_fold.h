/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run-time prefixes, folded. The kernel's tries (list.h) get slow with the number of prefixes in
 * them: when there are many, a new generation finds them here, and the tries are empty again. It
 * is a state map, shared and kept like the tries: an array of cells of 64 bytes.
 *
 * Cell n is the directory of list n. The bounds of its prefixes part all values into intervals;
 * a tree of them (list_base.h) finds the interval of a value, and its owner is the longest prefix
 * that has it: the cell of a record, which names the next shorter one. Only the two times of a
 * record change, each by one store of 64 bits. It compiles for BPF and natively.
 */
#ifndef BPFFW_LIST_FOLD_H
#define BPFFW_LIST_FOLD_H

#include "bpf/list_base.h"

#define LIST_CELL 64

/* Cell 0: where the records are. */
struct list_fold_head {
	__u32 first, n;
};

struct list_fold_tree {
	struct list_tree tree; /* no levels: nothing is listed */
	__u32 owners;          /* cell of the first owners */
};

struct list_fold_dir {
	struct list_fold_tree low;  /* IPv4, ports, MAC addresses */
	struct list_fold_tree high; /* high halves of IPv6 addresses */
};

/* Owners of 16 intervals: a record's cell; 0: none. */
#define LIST_FOLD_OWNERS 16
/* ... or the cell of a tree of the low halves in this /64. */
#define LIST_FOLD_INNER (1u << 31)

struct list_folded {
	__u64 expiry, file; /* as in struct list_value; both 0: it was removed */
	__u64 high, low;
	__u32 number, kind, length;
	__u32 parent; /* the next shorter one that has all of it; 0: none */
};

union list_cell {
	struct list_fold_head head;
	struct list_fold_dir dir;
	struct list_fold_tree inner;
	struct list_folded record;
	__u32 owner[LIST_FOLD_OWNERS];
	__u64 bound[LIST_TREE_FAN];
};
_Static_assert(sizeof(union list_cell) == LIST_CELL, "one cache line");

/* So many prefixes at most lie one within the other, and one more for the search to end. */
#define LIST_FOLD_DEPTH 130

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, union list_cell);
} list_folded SEC(".maps");

static __always_inline union list_cell *list_cell(struct list_view view, __u32 index)
{
	return bpf_map_lookup_elem(&list_folded, &index);
}
#else
static inline union list_cell *list_cell(struct list_view view, __u32 index)
{
	return (union list_cell *)(unsigned long)list_at(view, (__u64)index * LIST_CELL, LIST_CELL);
}
#endif

static __always_inline __u32 list_fold_search(struct list_view view,
					      const struct list_fold_tree *in, __u64 value)
{
	__u64 node = 0, start = 0;
	const union list_cell *cell;
	__u32 levels = in->tree.levels;

	if (!levels)
		return 0;
	for (__u32 level = 0; level < LIST_TREE_LEVELS && level < levels; level++) {
		cell = list_cell(view, in->tree.at / LIST_CELL + (__u32)(start + node));
		if (!cell)
			return 0;
		node = list_tree_next(&in->tree, level, node, cell->bound, value);
		start = start * LIST_TREE_FAN + 1;
	}
	cell = list_cell(view, in->owners + (__u32)node / LIST_FOLD_OWNERS);
	return cell ? cell->owner[node % LIST_FOLD_OWNERS] : 0;
}

static __always_inline int list_fold_any(struct list_view view, __u32 number)
{
	const union list_cell *cell = list_cell(view, number & (LISTS_MAX - 1));

	return cell && number && (cell->dir.low.tree.levels || cell->dir.high.tree.levels);
}

/* The record of the longest prefix that has the value; 0: none. */
static __always_inline __u32 list_fold_owner(struct list_view view, __u32 number,
					     enum list_kind kind, __u64 high, __u64 low)
{
	const union list_cell *cell = list_cell(view, number & (LISTS_MAX - 1));
	struct list_fold_tree tree;
	__u64 value = kind == LIST_ADDR6 ? high : low;
	__u32 owner = 0;

	if (!cell)
		return 0;
	tree = kind == LIST_ADDR6 ? cell->dir.high : cell->dir.low;
	for (__u32 i = 0; i < 2; i++) {
		owner = list_fold_search(view, &tree, value);
		if (!(owner & LIST_FOLD_INNER))
			break;
		cell = list_cell(view, owner & ~LIST_FOLD_INNER);
		if (!cell)
			return 0;
		tree = cell->inner;
		value = low;
		owner = 0;
	}
	return owner;
}

/* The record of exactly this prefix, one that was removed, too; @high, @low: its first value. */
static __always_inline struct list_folded *list_fold_find(struct list_view view, __u32 number,
							  enum list_kind kind, __u64 high,
							  __u64 low, __u32 length)
{
	__u32 at = list_fold_owner(view, number, kind, high, low);

	for (__u32 i = 0; i < LIST_FOLD_DEPTH && at; i++) {
		union list_cell *cell = list_cell(view, at);

		if (!cell || cell->record.length < length)
			break;
		if (cell->record.length == length)
			return &cell->record;
		at = cell->record.parent;
	}
	return (struct list_folded *)0;
}

#endif
