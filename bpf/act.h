/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a place does besides counting and deciding. Classification leaves by a tail call for it:
 * pkt.act names the entry of the generation's frozen map `acts`, `actions` does what it says, and
 * either decides or goes back to `classify`, behind the place.
 */
#ifndef BPFFW_ACT_H
#define BPFFW_ACT_H

#include "bpf/abi.h"
#include "bpf/limit.h"

/* Non-terminal acts on the way of one packet, each two tail calls: the kernel allows 33, and three
 * of them are left for `trace` and `monitor drops`, so that any ruleset can be looked at. */
#define ACTS_ON_A_WAY 13

/* struct act_entry.place of the default. */
#define ACT_DEFAULT 0xffffffffu

/* struct act_entry.next: a verdict, or the place where classification goes on. */
#define NEXT_ALLOW 0xffffffffu
#define NEXT_DROP  0xfffffffeu

enum act_does {
	ACT_LIMIT = 1,        /* .limit; what is over it gets .over */
	ACT_BAN = 2,          /* .ban, each packet of the place */
	ACT_LOG = 4,          /* an event; of a limit for what is over it */
	ACT_SYN = 8,          /* .limit is one of connection attempts */
	ACT_COOKIE = 16,      /* a SYN of the place gets a cookie */
	ACT_VERIFIED = 32,    /* .ban for completed handshakes over the limit (cookie.h) */
	ACT_CONNECTIONS = 64, /* .limit.depth is how many at a time (connections.h) */
};

/* What packets over a limit get. */
enum act_over {
	OVER_DROP,
	OVER_COUNT,  /* counted, and then as the others */
	OVER_BAN,    /* dropped, and .ban */
	OVER_COOKIE, /* a SYN cookie where the listener is short of room, else as the others */
	OVER_ALLOW,  /* let in at once */
};

/* In the hash of the bucket for completed handshakes. */
#define LIMIT_EVIDENCE 0x5bd1e9955bd1e995ull
/* And in that of each connection among them. */
#define LIMIT_CONNECTION 0x27d4eb2f165667c5ull

/* Who is put on which list, and for how long. */
struct act_ban {
	__u32 list;    /* its number */
	__u32 seconds; /* at most ~136 years */
	__u8 prefix4;  /* of the source address: how many bits are banned */
	__u8 prefix6;
	__u8 pad[6];
};

struct act_entry {
	__u32 place;     /* ACT_DEFAULT: the default */
	__u32 next;      /* NEXT_ALLOW, NEXT_DROP, else a place */
	__u32 slot;      /* each packet of the place is counted there */
	__u32 over_slot; /* and those over the limit there too */
	__u32 rule;      /* its id */
	__u8 does;       /* bits of enum act_does */
	__u8 over;       /* enum act_over */
	__u8 pad[2];
	__u32 log_every; /* seconds; 0: EVENT_BURST a second (event.h) */
	struct act_limit limit;
	struct act_ban ban;
};

/* .rodata of `actions`. */
struct act_config {
	__u32 does;  /* what any act does, bits of enum act_does */
	__u32 overs; /* and what over its limit: 1 << enum act_over */
	struct limit_clock clock;
	struct limit_unit units[LIMIT_NUMBERS];
};

#endif
