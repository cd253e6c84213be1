/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layouts shared by BPF C, generated code and user space.
 *
 * One struct pkt per CPU lies in the scratch blob (a single-entry array map that every program
 * addresses directly). The dispatcher fills it, `enter` and `classify` read it. A change of any
 * layout here is a new ABI_VERSION: programs of two layouts never share a chain.
 */
#ifndef BPFFW_ABI_H
#define BPFFW_ABI_H

#include <linux/types.h>

#include "bpf/schedule.h"

#define ABI_VERSION 2

/* Upper bound of CPU numbers; the scratch index is masked with ABI_CPUS - 1. */
#define ABI_CPUS 1024

enum pkt_family { FAMILY_NONE = 0, FAMILY_IPV4 = 4, FAMILY_IPV6 = 6 };

enum pkt_frag {
	FRAG_NO,    /* a whole packet, also an IPv6 atomic fragment */
	FRAG_FIRST, /* offset 0, more follow; its layer-4 header is complete */
	FRAG_LATER, /* no ports, no flags, no ICMP type */
};

/* clang-format off */
/*
 * Why a packet is malformed (PACKETS: read to its end or dropped). REASON_NONE is well formed.
 * REASON_SPOOFED and above are the antispoof reasons: `option antispoof off` ignores them.
 * X(NAME, "word in list and JSON", "what it means")
 */
#define PKT_REASONS(X) \
	X(ETH_SHORT,     "eth-short",     "frame or VLAN tag cut short") \
	X(VLAN_DEPTH,    "vlan-depth",    "more than two VLAN tags") \
	X(ARP_SHORT,     "arp-short",     "ARP packet cut short") \
	X(IP4_HEADER,    "ip4-header",    "IPv4 version, IHL or total length is wrong") \
	X(IP4_OPTIONS,   "ip4-options",   "IPv4 option with a bad length") \
	X(IP4_ROUTE,     "ip4-route",     "IPv4 source route") \
	X(IP6_HEADER,    "ip6-header",    "IPv6 version or payload length is wrong") \
	X(IP6_CHAIN,     "ip6-chain",     "IPv6 extension headers: too many, cut short or out of place") \
	X(IP6_OPTIONS,   "ip6-options",   "IPv6 option that overruns its header, or a jumbo option") \
	X(IP6_ROUTE0,    "ip6-route0",    "IPv6 routing header type 0") \
	X(FRAG_BAD,      "frag-bad",      "fragment with a bad offset or length, or a second fragment header") \
	X(FRAG_TINY,     "frag-tiny",     "first fragment without its whole header, or a fragment inside it") \
	X(TCP_HEADER,    "tcp-header",    "TCP header cut short or data offset wrong") \
	X(UDP_HEADER,    "udp-header",    "UDP header cut short or length wrong") \
	X(ICMP_HEADER,   "icmp-header",   "ICMP header cut short") \
	X(UNREADABLE,    "unreadable",    "header beyond the part of the frame that can be read") \
	X(SPOOF_SOURCE,  "spoof-source",  "source address that no sender can have") \
	X(SPOOF_DEST,    "spoof-dest",    "destination address that cannot be on a wire") \
	X(SPOOF_LAND,    "spoof-land",    "source and destination address are equal")
/* clang-format on */

enum pkt_reason {
	REASON_NONE,
#define X(name, word, help) REASON_##name,
	PKT_REASONS(X)
#undef X
		REASON_COUNT,
};
#define REASON_FIRST_SPOOF REASON_SPOOF_SOURCE

/*
 * A packet in normal form; all numbers in host byte order. Absent fields are 0; whether a
 * layer-4 field is present follows from (proto, frag): with proto TCP, UDP, ICMP (IPv4) or
 * ICMPv6 (IPv6) and frag != FRAG_LATER the header is complete, else the packet is malformed.
 */
#define PKT_KEYS  16
#define PKT_FACTS 32
struct pkt {
	__u64 src[2]; /* [0] high, [1] low half; an IPv4 address is the low 32 bits of [1] */
	__u64 dst[2];
	__u64 smac; /* 48 bits, first byte on the wire is the most significant */
	__u64 dmac;
	__u32 ifnum;     /* stable interface number, 0 unknown */
	__u32 frame_len; /* bytes without FCS, all buffers */
	__u32 ip_len;    /* IPv4 total length, IPv6 payload length + 40 */
	__u32 from;      /* resume: classify returns the lowest matching place >= from */
	__u16 sport;
	__u16 dport;
	__u16 ethertype; /* behind the tags; a value below 0x600 is an 802.3 length */
	__u16 vlan;      /* VID of the outer tag that has one, 0 untagged */
	__u16 l3_off;    /* from the start of the frame */
	__u16 l4_off;
	__u8 family; /* enum pkt_family */
	__u8 proto;
	__u8 ttl; /* or hop limit */
	__u8 dscp;
	__u8 flags; /* the 8 TCP flag bits, FIN lowest */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 frag;      /* enum pkt_frag */
	__u8 reason;    /* enum pkt_reason; the first fault found */
	__u8 essential; /* 1: ARP, neighbour and router discovery, DHCP reply, packet too big */
	__u8 probe;     /* 1: return an answer instead of a verdict, touch no state */
	/* What `enter` finds out from state that outlives generations, 0 or 1; where the ruleset
	 * does not ask, 0. A probed packet brings them along. */
	__u8 established;
	__u8 allowlisted;
	__u8 blacklisted;
	__u8 completed; /* this ACK acknowledges our own SYN-ACK: its source is not forged */
	__u8 pad[1];
	__u32 walk;    /* the parser's own; afterwards classify's */
	__u32 slot;    /* the counter of what decided, or'ed with SLOT_TOLD */
	__u32 outside; /* classify's own: bit n: not in the chain entered at depth n */
	__u32 act;     /* from classify to `actions`: index into the generation's acts (act.h) */
	__u64 now;     /* bpf_ktime_get_ns(), 0: not read yet */
	/*
	 * More that `enter` finds out, one byte each, 0 or 1: membership in run-time sets,
	 * schedules. What each means is the generation's (compiler/ir/facts.h). A probed packet
	 * brings them along.
	 */
	__u8 fact[PKT_FACTS];
	__u8 pad2[104];
	/* classify's own: the fields that the forest cuts and compares, one 64-bit word each */
	__u64 key[PKT_KEYS];
	__u8 pad3[128];
} __attribute__((aligned(64)));

_Static_assert(__builtin_offsetof(struct pkt, key) == 256, "fields of a test lie in front");
_Static_assert((sizeof(struct pkt) & (sizeof(struct pkt) - 1)) == 0,
	       "a scratch slot is found by a shift");

/*
 * What a probed chain returns instead of an XDP verdict: who decided, and for a rule its place.
 * All answers are >= ANSWER_BASE, so a real verdict is never mistaken for one.
 */
enum answer_stage {
	ANSWER_MALFORMED,
	ANSWER_ESSENTIAL,
	ANSWER_ALLOWLIST,
	ANSWER_BLACKLIST,
	ANSWER_FRAGMENTS, /* option fragments drop or pass: before place 0, only when from is 0 */
	ANSWER_RULE,
	ANSWER_DEFAULT,
};
#define ANSWER_BASE          0x40000000u
#define ANSWER(stage, place) (ANSWER_BASE | (__u32)(stage) << 24 | (__u32)(place))
#define ANSWER_STAGE(a)      ((a) >> 24 & 0x3f)
#define ANSWER_PLACE(a)      ((a)&0xffffff)
#define PLACES_MAX           (1u << 24)

/*
 * Counters: a per-CPU array of blocks; slot s is number s % COUNTER_BLOCK of block
 * s / COUNTER_BLOCK, so that the kernel's table of blocks stays in the cache (one counter an entry
 * cost 50-100 ns more with 100 000 rules). User space never writes it. Slots below SLOT_RULES are
 * fixed; a rule's identity owns one slot from there on.
 */
struct counter {
	__u64 packets;
	__u64 bytes; /* frame length without FCS */
};

#define COUNTER_BLOCK 256
struct counter_block {
	struct counter counter[COUNTER_BLOCK];
};

enum counter_slot {
	SLOT_DEFAULT_ALLOW,
	SLOT_DEFAULT_DROP,
	SLOT_ESSENTIAL,
	SLOT_FALLTHROUGH,    /* a tail call of the generation failed */
	SLOT_NO_RULESET,     /* the dispatcher found no ruleset in the slot */
	SLOT_TOO_MANY_TAILS, /* a packet that met more acts than the kernel lets us jump: dropped */
	SLOT_FRAGMENTS,      /* decided by option fragments drop or pass */
	SLOT_ALLOWLIST,
	SLOT_BLACKLIST,
	SLOT_BAD_COOKIE, /* an ACK without a valid cookie to a listener that sends them */
	SLOT_EVICTED,    /* limits: the newcomer's packets that took a cell in use, or found none */
	SLOT_MALFORMED,  /* + enum pkt_reason */
	SLOT_RULES = 64,
};
_Static_assert(SLOT_MALFORMED + REASON_COUNT <= SLOT_RULES, "reasons fit below the rules");

/* In pkt.slot: who decided has told an event of it. */
#define SLOT_TOLD 0x80000000u

/* gen/<n>/jmp: the generation's private program array. */
enum gen_jump { GEN_CLASSIFY, GEN_ENTER, GEN_ACT, GEN_JUMPS };

/*
 * abi<N>/jmp: the live generation, THE swap point; and what `trace` puts in front of it: a
 * classifier, and where that jumps with each packet. It has no array of its own, which would be
 * emptied when the tracer is killed. In front of both is what `monitor drops` looks through.
 */
enum jmp_slot { JMP_LIVE, JMP_TRACE, JMP_TOLD = GEN_ACT, JMP_DROPS, JMP_SLOTS };

/* ifindex -> interface number, open addressing: slot = (ifindex * IFACE_HASH) >> 22, then up to
 * IFACE_PROBES - 1 next ones (wrapping). One 64-bit store changes an entry. */
#define IFACE_SLOTS  1024
#define IFACE_PROBES 8
#define IFACE_HASH   0x9e3779b1u
struct iface_slot {
	__u32 ifindex; /* 0 empty */
	__u32 number;
} __attribute__((aligned(8)));

/* Lists and run-time sets have numbers that outlive generations; those of sets are allocated. */
enum list_number { LIST_NONE, LIST_ALLOW, LIST_BLACK, LIST_SETS };

/* How `enter` finds out pkt.fact[i]. */
enum fact_kind { FACT_SET, FACT_WHEN, FACT_UNTIL };
enum fact_field {
	FACT_SRC,
	FACT_DST,
	FACT_SPORT,
	FACT_DPORT,
	FACT_SMAC,
	FACT_DMAC,
};
#define FACT_LISTS 8
struct fact_config {
	__u8 kind;     /* enum fact_kind */
	__u8 field;    /* FACT_SET: enum fact_field, in any of ... */
	__u8 n_lists;  /* ... so many lists */
	__u8 schedule; /* FACT_WHEN: index */
	__u32 lists[FACT_LISTS];
	__u64 until; /* FACT_UNTIL: UTC seconds */
};

/* .rodata of `enter`: what a packet meets before any rule, and what the rules want to know. */
#define SCHEDULES_MAX 16
struct enter_config {
	__u8 malformed_pass; /* option malformed pass */
	__u8 antispoof;      /* option antispoof on */
	__u8 essential;      /* essential on */
	__u8 established;    /* look for the packet's flow */
	__u8 allowlist;      /* in use */
	__u8 blacklist;
	__u8 cookies;  /* a rule sends SYN cookies */
	__u8 verified; /* the rules see completed handshakes */
	__u8 n_facts;
	__u8 timed; /* a fact depends on the clock */
	__u8 n_schedules;
	struct fact_config facts[PKT_FACTS];
	struct clock_config clock; /* filled by the loader */
	struct schedule schedules[SCHEDULES_MAX];
};

/* The dispatcher's settings, in .data.config. */
struct dispatcher_config {
	__u64 fail_open; /* what an empty slot means */
	union {
		struct {
			__u32 trace; /* 1: jump through JMP_TRACE */
			__u32 drops; /* 1: jump through JMP_DROPS, and from there as above */
		};
		__u64 any;
	};
};

#endif
