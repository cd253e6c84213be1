/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random rule files, written from the rows of clause_matches: a new match takes part by itself.
 * Rules are naive; what the checker refuses is taken out, line by line. And random packets, whose
 * fields lie mostly at the bounds that the rules compare with.
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdio.h>

#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

#define CHAINS 3u
#define SETS   6u

#define REPAIRS    20u /* how often refused lines are taken out */
#define SET_SAMPLE 64u

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

/* The first of each type may change at run time, and then stands alone. */
static bool put_set(struct random *r, struct buf *out, const struct clause *row, bool alone)
{
	uint32_t pair = alone ? random_below(r, 2) : 1;

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
		if (row->syntax != SYNTAX_NVALUE || !put_set(r, out, row, n == 1))
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

static void put_timed(struct random *r, struct buf *out)
{
	static const char *const whens[] = { "mon-fri 22:00-06:00", "sat,sun", "08:00-12:00" };
	static const char *const untils[] = { "2020-01-01", "2036-12-31T18:00Z" };

	if (random_chance(r, 8))
		buf_printf(out, " when \"%s\"", RANDOM_OF(r, whens));
	if (random_chance(r, 8))
		buf_printf(out, " until %s", RANDOM_OF(r, untils));
}

/* A limit that no test exceeds, behind the verb. */
static void put_limit_keys(struct random *r, struct buf *out)
{
	static const char *const keys[] = { "src",         "src/24/48", "dst",
					    "sport,dport", "src,dport", "src/0/128,dst" };

	if (random_chance(r, 75))
		buf_printf(out, " per %s", RANDOM_OF(r, keys));
	if (random_chance(r, 20))
		buf_puts(out, random_chance(r, 50) ? " exceed count" : " exceed allow");
}

/* One rule on one line; chain CHAINS is the top level. Chains jump to later ones only. */
static void put_rule(struct random *r, struct buf *out, uint32_t chain)
{
	uint32_t first = chain == CHAINS ? 0 : chain + 1;
	uint32_t dice = random_below(r, 100);
	bool limited = random_chance(r, 12);

	if (limited && dice < 20)
		buf_puts(out, dice < 15 ? "rate-limit 1g/s" : "syn-limit 1g/s");
	else if (limited && dice < 25)
		buf_puts(out, "rate-limit 900gbit/s");
	else if (dice < 30)
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
	if (limited && dice < 30)
		buf_puts(out, dice < 25 ? "" : " rate 800m/s");
	if (limited && dice < 30)
		put_limit_keys(r, out);
	put_timed(r, out);
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

		buf_printf(out, "set set%u %s%s {\n", i, type,
			   i % 2 == 0 && random_chance(r, 50) ? " timeout 5m" : "");
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

/* Blank the lines that were reported. Return: how many. */
static uint32_t blank_lines(struct diags *ds, char *text)
{
	uint32_t n = 0;

	vec_for_each(d, &ds->list) {
		uint32_t at = d->span.start;

		if (d->severity != SEVERITY_ERROR || d->span.source == 0)
			continue;
		while (at > 0 && text[at - 1] != '\n')
			at--;
		for (n++; text[at] && text[at] != '\n'; at++)
			text[at] = ' ';
	}
	return n;
}

struct random_rules {
	struct diags *ds;
	struct str text;
	struct ruleset *rs; /* NULL: the text could not be repaired; see ds */
};

typedef void put_text(struct random *r, struct buf *out);

/* A checked ruleset; each rule has the counter slot SLOT_RULES + its index, the excess of a limit
 * one behind them all. */
static struct random_rules random_rules_of(struct arena *arena, struct random *r, put_text *put)
{
	struct random_rules made = { 0 };
	struct env env = { .io = &io_none, .n_present = 2 };
	struct buf out = { .arena = arena };
	char *text;

	put(r, &out);
	text = arena_strndup(arena, out.data, out.len);
	vec_push(arena, &env.interfaces, STR("eth0"));
	vec_push(arena, &env.interfaces, STR("eth1"));
	made.text = (struct str){ text, out.len };
	for (uint32_t i = 0; i < REPAIRS; i++) {
		struct ruleset *rs;
		uint32_t source;

		made.ds = diags_new(arena);
		source = diag_source(made.ds, STR("random.fw"), made.text, (struct span){ 0 });
		rs = sema_ruleset(made.ds, parse_file(made.ds, &io_none, source), &env);
		if (!made.ds->n_errors) {
			made.rs = rs;
			break;
		}
		if (!blank_lines(made.ds, text))
			break;
	}
	for (uint32_t i = 0; made.rs && i < made.rs->rules.len; i++) {
		struct rule *rule = &made.rs->rules.data[i];

		rule->id = i + 1;
		rule->slot = SLOT_RULES + i;
		rule->over_slot = rule->limit.present ? rule->slot + made.rs->rules.len : 0;
	}
	return made;
}

static inline struct random_rules random_rules(struct arena *arena, struct random *r)
{
	return random_rules_of(arena, r, put_file);
}

/* Values a field is compared with, of all rules, and their neighbours. */
struct pool {
	const struct clause *row;
	VEC(u128) values;
};
typedef VEC(struct pool) pools;

static void pool_range(struct arena *arena, struct pool *pool, u128 lo, u128 hi)
{
	vec_push(arena, &pool->values, lo);
	vec_push(arena, &pool->values, hi);
	vec_push(arena, &pool->values, lo - 1);
	vec_push(arena, &pool->values, hi + 1);
}

static struct pool *pool_of(struct arena *arena, pools *all, const struct clause *row)
{
	struct pool *pool;

	vec_for_each(known, all)
		if (known->row->offset == row->offset)
			return known;
	pool = vec_add(arena, all);
	pool->row = row;
	return pool;
}

static void pool_fill(struct arena *arena, const struct ruleset *rs, pools *all)
{
	vec_for_each(rule, &rs->rules)
		vec_for_each(match, &rule->matches) {
			struct pool *pool = pool_of(arena, all, match->row);

			vec_for_each(atom, &match->atoms) {
				const struct set *set = &rs->sets.data[atom->set];

				if (atom->kind != ATOM_SET) {
					pool_range(arena, pool, atom->lo, atom->hi);
					continue;
				}
				for (uint32_t i = 0; i < set->entries.len && i < SET_SAMPLE; i++)
					pool_range(arena, pool, set->entries.data[i].range.lo,
						   set->entries.data[i].range.hi);
			}
		}
}

static void set_field(struct pkt *pkt, const struct clause *row, u128 value)
{
	uint8_t *at = (uint8_t *)pkt + row->offset;
	uint64_t halves[2] = { (uint64_t)(value >> 64), (uint64_t)value };

	if (row->width == 16)
		memcpy(at, halves, 16);
	else
		memcpy(at, &halves[1], row->width);
}

/* As the parser leaves it: what a packet does not have is 0. */
static void well_formed(struct pkt *p)
{
	bool tcp = p->proto == 6, udp = p->proto == 17;
	bool icmp = (p->proto == 1 && p->family == 4) || (p->proto == 58 && p->family == 6);

	p->frag %= 3;
	if (p->family == FAMILY_NONE)
		p->proto = p->frag = p->ttl = p->dscp = 0;
	if (p->family == FAMILY_NONE || p->frag == FRAG_LATER)
		tcp = udp = icmp = false;
	if (p->family != FAMILY_IPV6) {
		p->src[0] = p->dst[0] = 0;
		p->src[1] &= p->family == FAMILY_IPV4 ? UINT32_MAX : 0;
		p->dst[1] &= p->family == FAMILY_IPV4 ? UINT32_MAX : 0;
	}
	if (!tcp && !udp)
		p->sport = p->dport = 0;
	if (!tcp)
		p->flags = 0;
	if (!icmp)
		p->icmp_type = p->icmp_code = 0;
	p->smac &= 0xffffffffffff;
	p->dmac &= 0xffffffffffff;
	if (p->family)
		p->ethertype = p->family == FAMILY_IPV4 ? 0x0800 : 0x86dd;
}

static void random_packet(struct random *r, const struct ruleset *rs, const pools *all,
			  struct pkt *p)
{
	static const uint8_t families[] = { 4, 4, 4, 6, 6, 6, 0 };
	static const uint8_t protos[] = { 6, 6, 6, 17, 17, 1, 58, 47, 50, 255, 0 };
	static const uint8_t frags[] = { 0, 0, 0, 0, 1, 2 };
	uint64_t *noise = (uint64_t *)p;

	for (size_t i = 0; i < sizeof(*p) / sizeof(*noise); i++)
		noise[i] = random_next(r);
	p->ifnum = random_below(r, 4);
	p->frame_len = 60 + random_below(r, 1500);
	p->vlan &= 4095;
	vec_for_each(pool, all)
		if (pool->values.len && random_chance(r, 75))
			set_field(p, pool->row,
				  pool->values.data[random_below(r, pool->values.len)]);
	/* Half of the packets go for one rule. */
	if (rs->rules.len && random_chance(r, 50)) {
		const struct rule *rule = &rs->rules.data[random_below(r, rs->rules.len)];

		vec_for_each(match, &rule->matches)
			if (match->atoms.len && match->atoms.data[0].kind != ATOM_SET)
				set_field(p, match->row, match->atoms.data[0].lo);
	}
	p->family = RANDOM_OF(r, families);
	if (random_chance(r, 70))
		p->proto = RANDOM_OF(r, protos);
	if (random_chance(r, 70))
		p->frag = RANDOM_OF(r, frags);
	p->reason = random_chance(r, 3) ? (uint8_t)random_below(r, REASON_COUNT) : 0;
	p->essential = random_chance(r, 3);
	p->established = 0;
	p->completed = 0;
	p->allowlisted = random_chance(r, 3);
	p->blacklisted = random_chance(r, 3);
	for (uint32_t i = 0; i < PKT_FACTS; i++)
		p->fact[i] &= 1;
	p->now = 0;
	p->probe = 0;
	p->from = 0;
	well_formed(p);
}

#endif
