/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule with `log` reports, and what `monitor drops` sees of the others. One ring buffer for
 * all generations, read by `bpffw monitor`. How much one rule may say is bounded here, so that a
 * flood cannot drown the others: what is left out is counted and told with the rule's next event.
 */
#ifndef BPFFW_EVENT_H
#define BPFFW_EVENT_H

#include "bpf/abi.h"

#define EVENT_RING  (1u << 18) /* bytes; a power of two and of pages */
#define EVENT_NS    1000000000ull
#define EVENT_BURST 10u /* events a second of one rule without `every` */
/* Events a second of all rules together. */
#define EVENT_GLOBAL 2000u

enum event_source {
	EVENT_RULE,
	EVENT_DEFAULT,
	EVENT_BLACKLIST,
	EVENT_SLOT, /* what note.rule is the counter of: a drop without `log` */
};

enum event_what {
	EVENT_ALLOW,
	EVENT_DROP,
	EVENT_MATCH, /* the rule goes on */
	EVENT_OVER,  /* over the limit: dropped or as the rule says */
	EVENT_BAN,
};

/* The fields of struct pkt that the parser fills. */
#define EVENT_PKT __builtin_offsetof(struct pkt, walk)

/* What the act knows of it. */
struct event_note {
	__u32 rule; /* id, with EVENT_RULE; counter slot, with EVENT_SLOT */
	__u32 ban_seconds;
	__u32 ban_list; /* number */
	__u8 source;    /* enum event_source */
	__u8 what;      /* enum event_what */
	__u8 dropped;   /* EVENT_OVER, EVENT_BAN: the packet was */
	__u8 pad;
};

struct event {
	__u64 time;     /* bpf_ktime_get_ns() */
	__u64 left_out; /* events of the same rule since its last one */
	__u32 span_ms;  /* in how long: its time between events */
	struct event_note note;
	__u8 pkt[EVENT_PKT];
} __attribute__((aligned(8)));

/* How much one source of events has said. A word, so that CPUs change it by one compare and swap:
 * high half: number of the window, low half: matches in it. */
struct event_budget {
	__u64 word;
};

/* The only entry of the state map `event_state`. */
struct event_state {
	struct event_budget all;
	__u64 lost; /* events for which the ring had no room, or that were above EVENT_GLOBAL */
};

/* The only entry of the map `drops_state`, which the monitor maps. */
struct drops_state {
	__u64 deadline; /* bpf_ktime_get_ns(): the monitor is dead; moved on by it */
	__u64 tick;     /* jiffies when that was looked at */
};

/* A packet for `bpffw trace` or `top`, as the dispatcher parsed it. */
struct traced {
	__u64 time;
	__u8 pkt[EVENT_PKT];
} __attribute__((aligned(8)));

/* .rodata of `trace`. */
struct trace_config {
	__u8 all;         /* each packet, or a sample; else those that a place matches */
	__u8 established; /* look for the packet's flow */
};

/* The act of the first rule; others come from the default. */
#define TRACE_WANTED 0u

/* The only entry of the map `trace_state`, which the tracer maps. */
struct trace_state {
	__u64 lost;     /* there was no room in the ring */
	__u64 deadline; /* bpf_ktime_get_ns(): nothing is told behind it; moved on by the tracer */
	__u64 sample_mask; /* with all: one of sample_mask + 1 packets, a power of two */
};

#define EVENT_WINDOW(word) ((__u32)((word) >> 32))
#define EVENT_COUNT(word)  ((__u32)(word))

/*
 * What one more match at @now makes of the budget's word.
 * @ret_left_out: matches of the last window that were not told
 * Return: the new word; the match may be told where EVENT_COUNT() of it is at most @most.
 */
static inline __attribute__((always_inline)) __u64 event_budget_next(__u64 word, __u64 now,
								     __u64 window_ns, __u32 most,
								     __u64 *ret_left_out)
{
	__u32 window = (__u32)(now / window_ns) + 1; /* never the 0 of a new word */
	__u32 count = EVENT_COUNT(word);

	*ret_left_out = 0;
	if (EVENT_WINDOW(word) != window) {
		*ret_left_out = count > most ? count - most : 0;
		return (__u64)window << 32 | 1;
	}
	return count == 0xffffffffu ? word : word + 1;
}

#ifdef __bpf__
#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_RING);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_state);
} event_state SEC(".maps");

/* Four lost races are a match that is not told. */
static __always_inline int event_may(struct event_budget *budget, __u64 now, __u64 window_ns,
				     __u32 most, __u64 *ret_left_out)
{
	for (int i = 0; i < 4; i++) {
		__u64 old = *(volatile __u64 *)&budget->word;
		__u64 next = event_budget_next(old, now, window_ns, most, ret_left_out);

		if (__sync_val_compare_and_swap(&budget->word, old, next) == old)
			return EVENT_COUNT(next) <= most;
	}
	return 0;
}

/*
 * event_tell() - put @note and the packet into the ring.
 * @budget: of the rule
 * @every: seconds between two events, 0: EVENT_BURST a second
 */
static __always_inline void event_tell(struct event_budget *budget, __u32 every,
				       const struct event_note *note, const struct pkt *p,
				       __u64 now)
{
	__u64 left_out = 0, unused;
	struct event_state *state;
	struct event *room;
	__u32 zero = 0;

	if (!event_may(budget, now, every ? every * EVENT_NS : EVENT_NS, every ? 1 : EVENT_BURST,
		       &left_out))
		return;
	state = bpf_map_lookup_elem(&event_state, &zero);
	if (!state)
		return;
	room = event_may(&state->all, now, EVENT_NS, EVENT_GLOBAL, &unused)
		       ? bpf_ringbuf_reserve(&events, sizeof(*room), 0)
		       : 0;
	if (!room) {
		__sync_fetch_and_add(&state->lost, 1 + left_out);
		return;
	}
	room->note = *note;
	room->time = now;
	room->left_out = left_out;
	room->span_ms = (every ? every : 1) * 1000;
	__builtin_memcpy(room->pkt, p, EVENT_PKT);
	bpf_ringbuf_submit(room, 0);
}
#endif

#endif
