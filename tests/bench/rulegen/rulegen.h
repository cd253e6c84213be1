/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and packets of the benchmark: what draw.c makes, rules.c and trace.c write. */
#ifndef BENCH_RULEGEN_H
#define BENCH_RULEGEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* An IPv4 address is the low 32 bits. Host byte order. */
typedef unsigned __int128 address;

struct span16 {
	uint16_t low, high;
};

struct fence {
	address low, high;
	int len; /* of the prefix, -1: a range that is none */
};

enum { PROTO_ANY = 0 };

struct plain_rule {
	struct fence src, dst;
	struct span16 sport, dport; /* 0-65535 unless proto is TCP or UDP */
	uint8_t proto;
	bool allow;
};

struct rule_list {
	struct plain_rule *rules;
	uint32_t n;
	bool ip6;
	bool is_set; /* only src counts, and all of them are one set */
	bool default_allow;
};

struct packet {
	address src, dst;
	uint16_t sport, dport;
	uint8_t proto;
};

/* What the driver copies behind the Ethernet header. */
#define SLOT_BYTES    64
#define TRACE_PACKETS 65536u
#define TRACE_CHECKED 512u /* packets whose verdict is known */

struct trace_head {
	uint32_t magic, packets, layer3_bytes, checked;
};
#define TRACE_MAGIC 0x62706674u

static inline uint64_t rng_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline uint64_t rng_next(uint64_t *state)
{
	return rng_mix((*state)++);
}

static inline uint32_t rng_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((rng_next(state) >> 32) * n >> 32);
}

static inline double rng_unit(uint64_t *state)
{
	return (double)(rng_next(state) >> 11) / 9007199254740992.0;
}

/* Files in @dir: rules.fw, linear.nft, set.nft, iptables, ipset. @device: of the peers. */
void rules_write(const struct rule_list *list, const char *dir, const char *device, bool peers);

/* TRACE_PACKETS frames from layer 3 on, all different, each made to match a random rule. */
void trace_write(const struct rule_list *list, uint64_t seed, const char *dir);

FILE *file_create(const char *dir, const char *name);
void file_close(FILE *file);

#endif
