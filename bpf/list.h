/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists and run-time sets: a static part that belongs to the generation (list_base.h), and beside
 * it entries that commands and rules add while it runs. Those lie in kernel maps shared by all
 * lists and generations: hash tables for whole addresses and IPv6 /64s, tries for other prefixes
 * until they are many (list_fold.h).
 *
 * A port is a 16-bit address in the IPv4 maps, a MAC address one of 48 bits in the IPv6 maps.
 */
#ifndef BPFFW_LIST_H
#define BPFFW_LIST_H

#ifdef __bpf__
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/chain.h"
#endif
#include "bpf/list_fold.h"

/* Expiry in ns of bpf_ktime_get_ns(); 0: over. */
#define LIST_FOREVER (~0ULL)

enum list_table {
	LIST_HASH,   /* IPv4 /32, port; IPv6 /128, MAC */
	LIST_HASH64, /* IPv6 /64, in the same map */
	LIST_TRIE4,
	LIST_TRIE6,
	LIST_TABLES,
};

/* One list in the state map "lists", by number. */
#define LIST_NAME_SIZE 64
struct list_row {
	/* Run-time entries by table. Never too low: raised before an entry comes, lowered after one
	 * went. 0 spares the packet the search. */
	__u64 entries[LIST_TABLES];
	__u64 room;                /* so many run-time entries at most */
	__u64 lost;                /* bans that found no room */
	__u32 type;                /* enum value_type */
	__u32 folded;              /* run-time entries in list_folded */
	__u64 files;               /* 1: static entries with timeouts are among them */
	char name[LIST_NAME_SIZE]; /* empty: the number is free */
} __attribute__((aligned(64)));

struct list_value {
	__u64 expiry; /* of what a command or rule added */
	__u64 file;   /* of a static entry with a timeout */
	__u32 length; /* of the prefix */
	__u32 pad;
};

struct list_key4 {
	__u32 number;
	__u32 addr;
};

struct list_key6 {
	__u32 number;
	__u32 length; /* 128, 64; a MAC address: 48 */
	__u64 high, low;
};

/* Numbers and addresses in wire order, as the trie compares bytes. */
struct list_prefix4 {
	__u32 bits; /* 32 + length */
	__u32 number_be, addr_be;
};

struct list_prefix6 {
	__u32 bits;
	__u32 number_be;
	__u32 addr_be[4];
};

#ifdef __bpf__
/* The loader gives all objects the state maps of the same name, and the base of the generation. */
struct list_row lists[LISTS_MAX] SEC(".data.lists");
const volatile __u64 list_base_size SEC(".rodata.list");

/* No data section: libbpf would unmap as many bytes as the map that is put in its place has. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 64);
} list_base SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct list_key4);
	__type(value, struct list_value);
} list4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct list_key6);
	__type(value, struct list_value);
} list6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct list_prefix4);
	__type(value, struct list_value);
} listp4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct list_prefix6);
	__type(value, struct list_value);
} listp6 SEC(".maps");

/* The clock is read once a packet, and only for an entry that has a time limit. */
static __always_inline __u64 list_now(struct pkt *p)
{
	if (!p->now)
		p->now = bpf_ktime_get_ns();
	return p->now;
}

static __always_inline int list_lasts(struct pkt *p, const __u64 *expiry, const __u64 *file)
{
	__u64 until = *(const volatile __u64 *)expiry;
	__u64 other = *(const volatile __u64 *)file;

	if (other > until)
		until = other;
	return until == LIST_FOREVER || (until && until > list_now(p));
}

static __always_inline int list_live(struct pkt *p, const struct list_value *value)
{
	return list_lasts(p, &value->expiry, &value->file);
}

/*
 * The trie finds the longest prefix; one that is over must not hide a shorter one. So many at most
 * lie one within the other and are over before the sweep removes them.
 */
#define LIST_NESTED 16
#define LIST_TRIE_HAS(p, map, key)                                                          \
	({                                                                                  \
		int has = 0;                                                                \
		for (__u32 i = 0; i < LIST_NESTED; i++) {                                   \
			const struct list_value *value = bpf_map_lookup_elem((map), (key)); \
			if (!value)                                                         \
				break;                                                      \
			has = list_live((p), value);                                        \
			if (has || !value->length)                                          \
				break;                                                      \
			(key)->bits = 32 + value->length - 1;                               \
		}                                                                           \
		has;                                                                        \
	})

static __always_inline struct list_prefix4 list_prefix4(__u32 number, enum list_kind kind,
							__u64 low, __u32 length)
{
	__u32 addr = (__u32)(kind == LIST_PORT ? low << 16 : low);

	return (struct list_prefix4){ 32 + length, bpf_htonl(number), bpf_htonl(addr) };
}

static __always_inline struct list_prefix6 list_prefix6(__u32 number, enum list_kind kind,
							__u64 high, __u64 low, __u32 length)
{
	if (kind == LIST_MAC) {
		high = low << 16;
		low = 0;
	}
	return (struct list_prefix6){ 32 + length,
				      bpf_htonl(number),
				      { bpf_htonl(high >> 32), bpf_htonl((__u32)high),
					bpf_htonl(low >> 32), bpf_htonl((__u32)low) } };
}

static __always_inline int list_delta4_has(struct pkt *p, const struct list_row *row, __u32 number,
					   enum list_kind kind, __u64 low)
{
	if (row->entries[LIST_HASH]) {
		struct list_key4 key = { number, (__u32)low };
		struct list_value *value = bpf_map_lookup_elem(&list4, &key);

		if (value && list_live(p, value))
			return 1;
	}
	if (row->entries[LIST_TRIE4]) {
		struct list_prefix4 key =
			list_prefix4(number, kind, low, kind == LIST_PORT ? 16 : 32);

		return LIST_TRIE_HAS(p, &listp4, &key);
	}
	return 0;
}

static __always_inline int list_delta6_has(struct pkt *p, const struct list_row *row, __u32 number,
					   enum list_kind kind, __u64 high, __u64 low)
{
	__u32 whole = kind == LIST_MAC ? 48 : 128;

	if (row->entries[LIST_HASH]) {
		struct list_key6 key = { number, whole, high, low };
		struct list_value *value = bpf_map_lookup_elem(&list6, &key);

		if (value && list_live(p, value))
			return 1;
	}
	if (kind == LIST_ADDR6 && row->entries[LIST_HASH64]) {
		struct list_key6 key = { number, 64, high, 0 };
		struct list_value *value = bpf_map_lookup_elem(&list6, &key);

		if (value && list_live(p, value))
			return 1;
	}
	if (row->entries[LIST_TRIE6]) {
		struct list_prefix6 key = list_prefix6(number, kind, high, low, whole);

		return LIST_TRIE_HAS(p, &listp6, &key);
	}
	return 0;
}

static __always_inline struct list_view list_fold_view(void)
{
	return (struct list_view){ 0 };
}

/* A function of its own: verified once. One that is over does not hide a shorter one. */
__noinline int list_fold_member(__u32 number, __u32 kind, __u64 high, __u64 low)
{
	struct pkt *p = chain_pkt();
	__u32 at = list_fold_owner(list_fold_view(), number, (enum list_kind)kind, high, low);

	for (__u32 i = 0; i < LIST_FOLD_DEPTH && at; i++) {
		union list_cell *cell = list_cell(list_fold_view(), at);

		if (!cell)
			break;
		if (list_lasts(p, &cell->record.expiry, &cell->record.file))
			return 1;
		at = cell->record.parent;
	}
	return 0;
}

/*
 * Prolong an entry that is folded and not over. @what: number, kind << 8, length << 16.
 * Return: 0: there is none.
 */
__noinline int list_fold_extend(__u32 what, __u64 high, __u64 low, __u64 expiry)
{
	struct list_folded *record =
		list_fold_find(list_fold_view(), what & 0xff, (enum list_kind)(what >> 8 & 0xff),
			       high, low, what >> 16);

	if (!record || *(volatile __u64 *)&record->expiry <= list_now(chain_pkt()))
		return 0;
	if (*(volatile __u64 *)&record->expiry < expiry)
		*(volatile __u64 *)&record->expiry = expiry;
	return 1;
}

/**
 * list_has() - is a value on a list?
 * @p: its `now` is filled when the clock had to be read
 * @number: below LISTS_MAX
 * @kind: a constant; @high and @low as in struct pkt (IPv4, port, MAC: in @low)
 * The code is long; list_member() is one copy of it, and verified once.
 */
static __always_inline int list_has(struct pkt *p, __u32 number, enum list_kind kind, __u64 high,
				    __u64 low)
{
	const struct list_row *row = &lists[number & (LISTS_MAX - 1)];
	__u32 zero = 0;
	struct list_view view = { bpf_map_lookup_elem(&list_base, &zero), list_base_size };

	if (!view.at)
		return 0;
	__asm__ volatile("" : "+r"(view.at));
	if (list_base_has(view, number, kind, high, low))
		return 1;
	if (list_fold_any(view, number) && list_fold_member(number, kind, high, low))
		return 1;
	if (kind == LIST_ADDR4 || kind == LIST_PORT)
		return list_delta4_has(p, row, number, kind, low);
	return list_delta6_has(p, row, number, kind, high, low);
}

/* list_has() for the packet of this CPU. A call costs some 7 ns. */
__noinline int list_member(__u32 number, __u32 kind, __u64 high, __u64 low)
{
	return list_has(chain_pkt(), number, (enum list_kind)kind, high, low);
}

enum list_result { LIST_ADDED, LIST_EXTENDED, LIST_FULL };

static __always_inline enum list_result list_lost(struct list_row *row)
{
	__sync_fetch_and_add(&row->lost, 1);
	return LIST_FULL;
}

/*
 * An entry that is over is replaced, not prolonged: the sweep may be deleting it. What a file says
 * of it stays.
 */
#define LIST_PUT(row, table, map, key, value, now)                                               \
	({                                                                                       \
		struct list_value *old = bpf_map_lookup_elem((map), (key));                      \
		enum list_result result = LIST_ADDED;                                            \
		if (old && old->expiry > (now)) {                                                \
			if (old->expiry < (value)->expiry)                                       \
				*(volatile __u64 *)&old->expiry = (value)->expiry;               \
			result = LIST_EXTENDED;                                                  \
		} else if (!old && (row)->entries[LIST_HASH] + (row)->entries[LIST_HASH64] +     \
						   (row)->entries[LIST_TRIE4] +                  \
						   (row)->entries[LIST_TRIE6] + (row)->folded >= \
					   (row)->room) {                                        \
			result = list_lost(row);                                                 \
		} else {                                                                         \
			(value)->file = old ? old->file : 0;                                     \
			__sync_fetch_and_add(&(row)->entries[table], 1);                         \
			if (bpf_map_update_elem((map), (key), (value), BPF_ANY)) {               \
				__sync_fetch_and_add(&(row)->entries[table], -1);                \
				result = list_lost(row);                                         \
			}                                                                        \
		}                                                                                \
		result;                                                                          \
	})

/**
 * list_ban() - add the source prefix of a packet to a list for a time
 * @kind: LIST_ADDR4 or LIST_ADDR6, a constant; @high, @low: the address, its rest is cut off
 * @length: of the prefix, 1 or more
 * Without room the ban is lost and counted.
 */
static __always_inline enum list_result list_ban(struct pkt *p, __u32 number, enum list_kind kind,
						 __u64 high, __u64 low, __u32 length, __u64 seconds)
{
	struct list_row *row = &lists[number & (LISTS_MAX - 1)];
	__u64 now = list_now(p);
	struct list_value value = { .expiry = now + seconds * 1000000000ULL, .length = length };

	if (kind == LIST_ADDR4) {
		__u32 addr = (__u32)(low >> (32 - length & 31) << (32 - length & 31));
		struct list_prefix4 prefix = list_prefix4(number, kind, addr, length);
		struct list_key4 key = { number, addr };

		if (length >= 32)
			return LIST_PUT(row, LIST_HASH, &list4, &key, &value, now);
		if (list_fold_any(list_fold_view(), number) &&
		    list_fold_extend(number | kind << 8 | length << 16, 0, addr, value.expiry))
			return LIST_EXTENDED;
		return LIST_PUT(row, LIST_TRIE4, &listp4, &prefix, &value, now);
	}
	if (length <= 64) {
		high = high >> (64 - length & 63) << (64 - length & 63);
		low = 0;
	} else {
		low = low >> (128 - length & 63) << (128 - length & 63);
	}
	if (length == 64 || length >= 128) {
		struct list_key6 key = { number, length, high, low };

		if (length == 64)
			return LIST_PUT(row, LIST_HASH64, &list6, &key, &value, now);
		return LIST_PUT(row, LIST_HASH, &list6, &key, &value, now);
	}
	struct list_prefix6 prefix = list_prefix6(number, kind, high, low, length);

	if (list_fold_any(list_fold_view(), number) &&
	    list_fold_extend(number | kind << 8 | length << 16, high, low, value.expiry))
		return LIST_EXTENDED;
	return LIST_PUT(row, LIST_TRIE6, &listp6, &prefix, &value, now);
}
#endif

#endif
