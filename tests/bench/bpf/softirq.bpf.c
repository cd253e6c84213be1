// SPDX-License-Identifier: GPL-2.0-or-later
/* The time that CPU 0 spends in the receive softirq, and the part of it in polls of devices. */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NET_RX 3

char LICENSE[] SEC("license") = "GPL";

struct {
	__u64 entered, sum;
	__u64 polled; /* when the last poll ended, or the softirq began */
	__u64 polls;  /* of devices outside the sender's network namespace */
	__u64 home;   /* its inode */
} receive SEC(".data.receive");

struct net {
	struct {
		unsigned int inum;
	} ns;
} __attribute__((preserve_access_index));

struct net_device {
	struct {
		struct net *net;
	} nd_net;
} __attribute__((preserve_access_index));

struct napi_struct {
	struct net_device *dev;
} __attribute__((preserve_access_index));

static __always_inline int is_ours(const struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[0] == NET_RX && bpf_get_smp_processor_id() == 0;
}

SEC("raw_tp/softirq_entry")
int enter(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_ours(ctx))
		receive.entered = receive.polled = bpf_ktime_get_ns();
	return 0;
}

/* Behind each poll. What answers to the flood cost the sender's side is not the receiver's time. */
SEC("raw_tp/napi_poll")
int poll(struct bpf_raw_tracepoint_args *ctx)
{
	struct napi_struct *napi = (void *)ctx->args[0];
	struct net_device *device;
	__u64 now;

	if (bpf_get_smp_processor_id() || !receive.polled)
		return 0;
	now = bpf_ktime_get_ns();
	device = BPF_CORE_READ(napi, dev);
	if (device && BPF_CORE_READ(device, nd_net.net, ns.inum) != receive.home)
		receive.polls += now - receive.polled;
	receive.polled = now;
	return 0;
}

SEC("raw_tp/softirq_exit")
int leave(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_ours(ctx) && receive.entered)
		receive.sum += bpf_ktime_get_ns() - receive.entered;
	return 0;
}
