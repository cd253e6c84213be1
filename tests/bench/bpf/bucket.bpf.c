// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a per-source limit costs in the usual way: a token bucket for each source in an LRU hash.
 * IPv4 only, and it does nothing else.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SOURCE 26 /* in the frame */
#define RATE   10 /* a second, as many at once */
#define SECOND 1000000000ull

char LICENSE[] SEC("license") = "GPL";

struct bucket {
	__u64 last, tokens; /* tokens in ns */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, __u32);
	__type(value, struct bucket);
} buckets SEC(".maps");

SEC("xdp")
int bucket(struct xdp_md *ctx)
{
	const __u32 *source = (void *)(long)ctx->data + SOURCE;
	__u64 now = bpf_ktime_get_ns();
	struct bucket *known, fresh = { now, SECOND - SECOND / RATE };
	__u32 key;

	if ((void *)(source + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	key = *source;
	known = bpf_map_lookup_elem(&buckets, &key);
	if (!known) {
		bpf_map_update_elem(&buckets, &key, &fresh, BPF_ANY);
		return XDP_PASS;
	}
	known->tokens += now - known->last;
	known->last = now;
	if (known->tokens > SECOND)
		known->tokens = SECOND;
	if (known->tokens < SECOND / RATE)
		return XDP_DROP;
	known->tokens -= SECOND / RATE;
	return XDP_PASS;
}
