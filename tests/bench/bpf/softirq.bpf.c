// SPDX-License-Identifier: GPL-2.0-or-later
/* The time that CPU 0 spends in the receive softirq. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define NET_RX 3

char LICENSE[] SEC("license") = "GPL";

struct {
	__u64 entered, sum;
} receive SEC(".data.receive");

static __always_inline int is_ours(const struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[0] == NET_RX && bpf_get_smp_processor_id() == 0;
}

SEC("raw_tp/softirq_entry")
int enter(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_ours(ctx))
		receive.entered = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/softirq_exit")
int leave(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_ours(ctx) && receive.entered)
		receive.sum += bpf_ktime_get_ns() - receive.entered;
	return 0;
}
