// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What feeds the measured programs: each run puts the next packet of the trace into the frame.
 * `drive` then jumps to the program in the slot, `pace` too but only so often a second, `send` lets
 * the frame leave by an interface.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETHERNET 14
#define PACKETS  65536
#define WORDS    8

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 words = WORDS; /* copied behind the Ethernet header, 5 or 8 */
const volatile __u32 ifindex;       /* of `send` */

__u64 trace[PACKETS][WORDS] SEC(".bss.trace");

/* The run after the last packet only takes the time. */
struct {
	__u64 next, last, start, end;
	__u64 sources; /* the packets come from so many addresses at random; 0: as they are */
	__u64 known;   /* and one in 50 from so many others in turn */
	/* Of `pace`, ns: between two packets; a pause up to which nothing is lost behind it, 0:
	 * any; what longer ones were too long; the run before; when the next packet is due. */
	__u64 interval, slack, paused, before, due;
} control SEC(".data.control");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

/* Word by word: a memcpy to an address of unknown alignment goes byte by byte. */
static __always_inline int put_packet(struct xdp_md *ctx, __u64 number)
{
	__u64 *to = (void *)(long)ctx->data + ETHERNET;
	const __u64 *from = trace[number & (PACKETS - 1)];

	if ((void *)(to + words) > (void *)(long)ctx->data_end)
		return -1;
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
	to[4] = from[4];
	if (words == WORDS) {
		to[5] = from[5];
		to[6] = from[6];
		to[7] = from[7];
	}
	return 0;
}

/* The source of IPv4; of IPv6 its second word, which is of the /64. */
#define SOURCE (ETHERNET + 12)

static __always_inline int put_source(struct xdp_md *ctx, __u64 number)
{
	__u32 *source = (void *)(long)ctx->data + SOURCE;
	__u64 random = (number + control.start) * 0x9e3779b97f4a7c15;

	if ((void *)(source + 1) > (void *)(long)ctx->data_end)
		return -1;
	random ^= random >> 32;
	random *= 0xbf58476d1ce4e5b9;
	random >>= 24;
	if (control.known && number % 50 == 0)
		*source = bpf_htonl(0x0b000000 | number / 50 % control.known);
	else
		*source = bpf_htonl(0x0c000000 | random % control.sources);
	return 0;
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)(sum + (sum >> 16));
}

/* The checksums of IPv4 and TCP or UDP, whose source went from @old to another. */
static __always_inline int mend_sums(struct xdp_md *ctx, __u32 old)
{
	__u8 *data = (void *)(long)ctx->data;
	__u16 *ip = (void *)(data + ETHERNET + 10), *source = (void *)(data + SOURCE), *l4;
	__u32 change;

	if (data + ETHERNET + 40 > (__u8 *)(long)ctx->data_end)
		return -1;
	l4 = (void *)(data + ETHERNET + (data[ETHERNET + 9] == 6 ? 36 : 26));
	change = (__u16)~old + (__u16) ~(old >> 16) + source[0] + source[1];
	*ip = ~fold((__u16) ~*ip + change);
	*l4 = ~fold((__u16) ~*l4 + change);
	return 0;
}

SEC("xdp")
int drive(struct xdp_md *ctx)
{
	__u64 number = control.next++;

	if (number == 0)
		control.start = bpf_ktime_get_ns();
	if (number == control.last) {
		control.end = bpf_ktime_get_ns();
		return XDP_DROP;
	}
	if (put_packet(ctx, number) || (control.sources && put_source(ctx, number)))
		return XDP_ABORTED;
	bpf_tail_call_static(ctx, &target, 0);
	return XDP_ABORTED;
}

/* What is late by more ns is not sent any more: it would come as a burst. */
#define LATE 20000000

/* For `last` ns. `end` is behind the last packet. */
SEC("xdp")
int pace(struct xdp_md *ctx)
{
	__u64 number = control.next, now = bpf_ktime_get_ns();

	if (!control.start)
		control.start = control.before = now;
	if (control.slack && now - control.before > control.slack)
		control.paused += now - control.before - control.slack;
	control.before = now;
	if (now - control.start >= control.last) {
		if (!control.end)
			control.end = now;
		control.slack = 0;
		return XDP_DROP;
	}
	if (now < control.due)
		return XDP_DROP;
	control.due = (control.due + LATE > now ? control.due : now - LATE) + control.interval;
	control.next = number + 1;
	if (put_packet(ctx, number) || (control.sources && put_source(ctx, number)))
		return XDP_ABORTED;
	bpf_tail_call_static(ctx, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int send(struct xdp_md *ctx)
{
	__u64 number = control.next++;
	__u32 *source = (void *)(long)ctx->data + SOURCE, old;

	if (put_packet(ctx, number) || (void *)(source + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	old = *source;
	if (control.sources && (put_source(ctx, number) || mend_sums(ctx, old)))
		return XDP_ABORTED;
	return bpf_redirect(ifindex, 0);
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}
