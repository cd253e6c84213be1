/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random rule files, written from the rows of clause_matches: a new match takes part by itself.
 * Rules are naive; what the checker refuses is taken out by the caller, line by line.
 */
#ifndef KERNEL_RANDOM_H
#define KERNEL_RANDOM_H

#include <stdio.h>

#include "compiler/lang/clause.h"

#define CHAINS 3u
#define SETS   6u

struct random {
	uint64_t state;
};

static uint64_t random_next(struct random *r)
{
	/* xorshift64* */
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1du;
}

static uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((random_next(r) >> 32) % n);
}

static bool random_chance(struct random *r, uint32_t percent)
{
	return random_below(r, 100) < percent;
}

#define RANDOM_OF(r, list) (list)[random_below(r, sizeof(list) / sizeof(*(list)))]

/* Few different values, so that rules and packets meet. */
static void put_ipv4(struct random *r, struct buf *out)
{
	static const char *const nets[] = { "192.0.2", "192.0.3", "10.0.0", "255.255.255",
					    "0.0.0" };
	const char *net = RANDOM_OF(r, nets);
	uint32_t last = random_below(r, 256), len = 24 + random_below(r, 9);

	switch (random_below(r, 6)) {
	case 0:
		buf_printf(out, "%s.%u-%s.255", net, last, net);
		break;
	case 1:
		buf_printf(out, "%s.%u/%u", net, last >> (32 - len) << (32 - len), len);
		break;
	case 2:
		buf_puts(out, random_chance(r, 50) ? "128.0.0.0/1" : "0.0.0.0/0");
		break;
	default:
		buf_printf(out, "%s.%u", net, last);
		break;
	}
}

static void put_ipv6(struct random *r, struct buf *out)
{
	static const char *const nets[] = { "2001:db8:0:1::", "2001:db8:0:2::", "fe80::", "::",
					    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:" };
	uint32_t net = random_below(r, 5), last = random_below(r, 65536);

	switch (random_below(r, 7)) {
	case 0:
		buf_printf(out, "%s%x-%sffff", nets[net], last, nets[net]);
		break;
	case 1:
		buf_printf(out, "%s%x/112", nets[net], 0u);
		break;
	case 2:
		buf_printf(out, "2001:db8:%x::/%u", last & 3, 48 + random_below(r, 17));
		break;
	case 3:
		buf_puts(out, random_chance(r, 50) ? "8000::/1" : "::/0");
		break;
	case 4:
		buf_printf(out, "2001:db8:0:1::%x-2001:db8:0:2::%x", last, random_below(r, 65536));
		break;
	default:
		buf_printf(out, "%s%x", nets[net], last);
		break;
	}
}

static void put_number(struct random *r, struct buf *out, uint64_t max)
{
	static const uint64_t edges[] = { 0, 1, 2, 22, 53, 64, 80, 443, 1024 };
	uint64_t low = random_chance(r, 60) ? RANDOM_OF(r, edges) : random_next(r) % (max + 1);

	if (low > max || random_chance(r, 5))
		low = max;
	if (random_chance(r, 70))
		buf_printf(out, "%lu", (unsigned long)low);
	else
		buf_printf(out, "%lu-%lu", (unsigned long)low,
			   (unsigned long)(low + random_next(r) % (max - low + 1)));
}

static void put_flags(struct random *r, struct buf *out)
{
	static const char *const texts[] = {
		"syn",     "ack",         "syn,ack",  "none",    "fin,psh",
		"rst,urg", "syn/syn,ack", "none/all", "all/all", "syn,fin/syn,fin"
	};

	buf_puts(out, RANDOM_OF(r, texts));
}

static void put_atom(struct random *r, struct buf *out, const struct clause *row)
{
	static const char *const frags[] = { "any", "first", "later", "no" };
	static const char *const ifaces[] = { "eth0", "eth1", "gone*" };
	static const char *const ethers[] = { "0x88cc", "0x0800", "0x86dd", "0x88b5" };
	static const char *const protos[] = { "tcp", "udp", "gre", "esp", "47", "255", "0" };

	switch (row->type) {
	case TYPE_ADDR:
		if (random_chance(r, 50))
			put_ipv4(r, out);
		else
			put_ipv6(r, out);
		break;
	case TYPE_MAC:
		buf_printf(out, "02:00:00:00:00:%02x", random_below(r, 8));
		break;
	case TYPE_PROTO:
		buf_puts(out, RANDOM_OF(r, protos));
		break;
	case TYPE_ETHER:
		buf_puts(out, RANDOM_OF(r, ethers));
		break;
	case TYPE_IFACE:
		buf_puts(out, RANDOM_OF(r, ifaces));
		break;
	case TYPE_FRAG:
		buf_puts(out, RANDOM_OF(r, frags));
		break;
	case TYPE_FLAGS:
		put_flags(r, out);
		break;
	case TYPE_DSCP:
	case TYPE_ICMP_TYPE:
	case TYPE_ICMP6_TYPE:
		buf_printf(out, "%u", random_below(r, row->type == TYPE_DSCP ? 64 : 256));
		break;
	default:
		put_number(r, out, row->max ? row->max : ((uint64_t)1 << row->width % 8 * 8) - 1);
		break;
	}
}

static bool put_set(struct random *r, struct buf *out, const struct clause *row)
{
	uint32_t pair = random_below(r, 2);

	if (random_chance(r, 75))
		return false;
	switch (row->type) {
	case TYPE_ADDR:
		buf_printf(out, "@set%u", pair);
		return true;
	case TYPE_PORT:
		buf_printf(out, "@set%u", 2 + pair);
		return true;
	case TYPE_MAC:
		buf_printf(out, "@set%u", 4 + pair);
		return true;
	default:
		return false;
	}
}

static void put_value(struct random *r, struct buf *out, const struct clause *row)
{
	uint32_t n = random_chance(r, 60) ? 1 : 1 + random_below(r, 12);

	if (row->syntax == SYNTAX_NVALUE && random_chance(r, 15))
		buf_puts(out, " not");
	buf_puts(out, " ");
	if (row->syntax != SYNTAX_NVALUE)
		n = 1;
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			buf_puts(out, ",");
		if (row->syntax != SYNTAX_NVALUE || !put_set(r, out, row))
			put_atom(r, out, row);
	}
}

static void put_match(struct random *r, struct buf *out, const struct clause *row)
{
	for (const struct clause *c = clause_matches; row->after && c->name; c++)
		if (strcmp(c->name, row->after) == 0 && (!c->proto || c->proto & row->proto)) {
			put_match(r, out, c);
			break;
		}
	if (!row->after && random_chance(r, 8))
		buf_puts(out, " not");
	buf_printf(out, " %s", row->name);
	if (row->syntax != SYNTAX_NONE && row->syntax != SYNTAX_ICMP)
		put_value(r, out, row);
}

/* A row that gives the protocol which @row needs. */
static void put_proto_for(struct random *r, struct buf *out, const struct clause *row)
{
	if (random_chance(r, 25)) {
		buf_puts(out, " proto tcp,udp");
		return;
	}
	for (const struct clause *c = clause_matches; c->name; c++)
		if (c->gives_proto & row->proto && random_chance(r, 60)) {
			buf_printf(out, " %s", c->name);
			return;
		}
	buf_puts(out, " udp");
}

static void put_matches(struct random *r, struct buf *out)
{
	uint32_t rows = 0, n = random_chance(r, 4) ? 0 : 1 + random_below(r, 4);
	bool has_proto = false;

	while (clause_matches[rows].name)
		rows++;
	for (uint32_t i = 0; i < n; i++) {
		const struct clause *row = &clause_matches[random_below(r, rows)];

		if (row->later)
			continue;
		if (row->needs_l4_proto && !has_proto)
			put_proto_for(r, out, row);
		has_proto |= row->needs_l4_proto;
		put_match(r, out, row);
	}
}

/* One rule on one line; chain CHAINS is the top level. Chains jump to later ones only. */
static void put_rule(struct random *r, struct buf *out, uint32_t chain)
{
	uint32_t first = chain == CHAINS ? 0 : chain + 1;
	uint32_t dice = random_below(r, 100);

	if (dice < 30)
		buf_puts(out, "allow");
	else if (dice < 60)
		buf_puts(out, "drop");
	else if (dice < 80)
		buf_puts(out, "count");
	else if (dice < 90 && first < CHAINS)
		buf_printf(out, "jump chain%u", first + random_below(r, CHAINS - first));
	else if (chain != CHAINS)
		buf_puts(out, "return");
	else
		buf_puts(out, "count");
	put_matches(r, out);
	if (random_chance(r, 4))
		buf_puts(out, " disabled");
	buf_puts(out, "\n");
}

static void put_sets(struct random *r, struct buf *out)
{
	static const char *const types[] = { "addr", "port", "mac" };

	for (uint32_t i = 0; i < SETS; i++) {
		const char *type = types[i / 2];
		struct clause row = { .type = i / 2 == 0   ? TYPE_ADDR
					      : i / 2 == 1 ? TYPE_PORT
							   : TYPE_MAC,
				      .width = 2 };
		uint32_t n = 1 + random_below(r, i % 2 ? 300 : 6);

		buf_printf(out, "set set%u %s {\n", i, type);
		for (uint32_t k = 0; k < n; k++) {
			put_atom(r, out, &row);
			buf_puts(out, "\n");
		}
		buf_puts(out, "}\n");
	}
}

static void put_file(struct random *r, struct buf *out)
{
	static const char *const fragments[] = { "l3", "drop", "pass" };
	uint32_t n = 1 + random_below(r, random_chance(r, 10) ? 300 : 30);

	buf_printf(out, "version 1\ninterface eth0,eth1\ndefault %s\nessential %s\n",
		   random_chance(r, 50) ? "drop" : "allow", random_chance(r, 50) ? "on" : "off");
	buf_printf(out, "option fragments %s\noption malformed %s\noption antispoof %s\n",
		   random_chance(r, 70) ? "l3" : RANDOM_OF(r, fragments),
		   random_chance(r, 50) ? "drop" : "pass", random_chance(r, 50) ? "on" : "off");
	put_sets(r, out);
	for (uint32_t chain = 0; chain < CHAINS; chain++) {
		uint32_t rules = 1 + random_below(r, 6);

		buf_printf(out, "chain chain%u {\n", chain);
		for (uint32_t i = 0; i < rules; i++)
			put_rule(r, out, chain);
		buf_puts(out, "}\n");
	}
	for (uint32_t i = 0; i < n; i++)
		put_rule(r, out, CHAINS);
}

#endif
