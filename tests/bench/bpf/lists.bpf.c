// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a list adds to a packet: each run takes the next source address and then does nothing more,
 * looks it up as `enter` does, or in a kernel LPM trie with the same entries.
 */
#include "bpf/list.h"

char LICENSE[] SEC("license") = "GPL";

#define ADDRESSES 65536

__u32 addresses[ADDRESSES] SEC(".bss.addresses");
struct {
	__u64 next, found;
} control SEC(".data.control");

struct prefix {
	__u32 bits, addr_be;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4000000);
	__type(key, struct prefix);
	__type(value, __u64);
} trie SEC(".maps");

static __always_inline __u32 take(void)
{
	return addresses[control.next++ & (ADDRESSES - 1)];
}

SEC("xdp")
int nothing(struct xdp_md *ctx)
{
	control.found += take() == 0;
	return XDP_DROP;
}

SEC("xdp")
int list(struct xdp_md *ctx)
{
	control.found += list_member(LIST_BLACK, LIST_ADDR4, 0, take());
	return XDP_DROP;
}

SEC("xdp")
int kernel(struct xdp_md *ctx)
{
	struct prefix key = { 32, bpf_htonl(take()) };

	control.found += bpf_map_lookup_elem(&trie, &key) != 0;
	return XDP_DROP;
}
