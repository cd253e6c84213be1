// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Witness packets: for each rule and family one that meets all its matches (and the jumps that
 * lead to it), and copies with one field moved to both sides of each bound. A sample, the same at
 * each call, when there are more than asked for.
 */
#include <netinet/in.h>

#include "compiler/gen/fields.h"

/* Ranges of one match that are looked at, evenly spread over a long list. */
#define RANGES_SAMPLED 16u
/* A deeper way to a chain is not followed; its rules are still asked about. */
#define JUMPS_FOLLOWED 32u

struct bound {
	const struct match *match; /* NULL: the whole rule is met */
	u128 value;
};

struct witness {
	const struct ruleset *rs;
	struct pkt *packets;
	uint32_t n, max;
};

static void set_field(struct pkt *pkt, const struct clause *row, u128 value)
{
	uint8_t *at = (uint8_t *)pkt + row->offset;

	if (row->width == 16) {
		memcpy(at, &(uint64_t){ (uint64_t)(value >> 64) }, 8);
		memcpy(at + 8, &(uint64_t){ (uint64_t)value }, 8);
	} else {
		memcpy(at, &value, row->width);
	}
}

static u128 get_field(const struct pkt *pkt, const struct clause *row)
{
	const uint8_t *at = (const uint8_t *)pkt + row->offset;
	uint64_t halves[2] = { 0 };

	if (row->width == 16) {
		memcpy(halves, at, 16);
		return (u128)halves[0] << 64 | halves[1];
	}
	memcpy(halves, at, row->width);
	return halves[0];
}

static bool is_layer4(const struct pkt *p, uint8_t family, uint8_t proto)
{
	return p->frag != FRAG_LATER && p->proto == proto && (!family || p->family == family);
}

/* Make it a packet as the parser leaves it: what is absent is 0. */
static void settle(struct pkt *p)
{
	if (p->family == FAMILY_NONE) {
		struct pkt bare = { .smac = p->smac,
				    .dmac = p->dmac,
				    .ifnum = p->ifnum,
				    .vlan = p->vlan,
				    .ethertype = p->ethertype,
				    .frame_len = p->frame_len };

		memcpy(bare.fact, p->fact, sizeof(bare.fact));
		*p = bare;
		return;
	}
	p->ethertype = p->family == FAMILY_IPV4 ? 0x0800 : 0x86dd;
	if (p->family == FAMILY_IPV4) {
		p->src[0] = p->dst[0] = 0;
		p->src[1] &= UINT32_MAX;
		p->dst[1] &= UINT32_MAX;
	}
	if (p->frag > FRAG_LATER)
		p->frag = FRAG_NO;
	if (!is_layer4(p, 0, IPPROTO_TCP) && !is_layer4(p, 0, IPPROTO_UDP))
		p->sport = p->dport = 0;
	if (!is_layer4(p, 0, IPPROTO_TCP))
		p->flags = 0;
	if (!is_layer4(p, FAMILY_IPV4, IPPROTO_ICMP) && !is_layer4(p, FAMILY_IPV6, IPPROTO_ICMPV6))
		p->icmp_type = p->icmp_code = 0;
}

static void add(struct witness *w, const struct pkt *pkt)
{
	if (w->n == w->max)
		return;
	w->packets[w->n] = *pkt;
	settle(&w->packets[w->n++]);
}

static u128 field_max(const struct clause *row, uint32_t part)
{
	if (row->width == 16)
		return part ? ~(u128)0 : UINT32_MAX;
	return row->max ? row->max : ((u128)1 << (row->width * 8)) - 1;
}

typedef VEC(struct bound) bounds;

static void add_bounds(const struct ruleset *rs, const struct match *match, uint32_t part,
		       bounds *out)
{
	struct values v = values_of(rs, match);
	const ranges *r = &v.part[v.by_family ? part : 0];
	uint32_t n = r->len < RANGES_SAMPLED ? r->len : RANGES_SAMPLED;
	u128 max = field_max(match->row, part);

	for (uint32_t i = 0; i < n; i++) {
		struct range at = r->data[(uint64_t)i * r->len / n];

		vec_push(rs->arena, out, ((struct bound){ match, at.lo }));
		if (at.hi != at.lo)
			vec_push(rs->arena, out, ((struct bound){ match, at.hi }));
		if (at.lo > 0)
			vec_push(rs->arena, out, ((struct bound){ match, at.lo - 1 }));
		if (at.hi < max)
			vec_push(rs->arena, out, ((struct bound){ match, at.hi + 1 }));
	}
}

static uint32_t part_of(const struct pkt *pkt)
{
	return pkt->family == FAMILY_IPV6;
}

/* All matches of @rule that read the field of @row accept @value; eval would walk whole sets. */
static bool all_accept(const struct ruleset *rs, const struct rule *rule, const struct clause *row,
		       uint32_t part, u128 value)
{
	vec_for_each(match, &rule->matches) {
		struct values v;

		if (match->row->offset != row->offset)
			continue;
		v = values_of(rs, match);
		if (ranges_contain(&v.part[v.by_family ? part : 0], value) == v.negated)
			return false;
	}
	return true;
}

/* Set each field of @rule to the first bound that all its matches of that field accept. */
static void satisfy(const struct ruleset *rs, const struct rule *rule, struct pkt *pkt)
{
	uint32_t part = part_of(pkt);

	vec_for_each(match, &rule->matches) {
		const struct clause *row = match->row;
		bounds tries = { 0 };

		if (row->type == TYPE_FAMILY ||
		    all_accept(rs, rule, row, part, get_field(pkt, row)))
			continue;
		add_bounds(rs, match, part, &tries);
		vec_for_each(try, &tries)
			if (all_accept(rs, rule, row, part, try->value)) {
				set_field(pkt, row, try->value);
				break;
			}
	}
}

static const struct rule *jump_to(const struct ruleset *rs, uint32_t chain)
{
	vec_for_each(rule, &rs->rules)
		if (!rule->disabled && rule->verb.row->verb == VERB_JUMP &&
		    rule->verb.chain == chain)
			return rule;
	return NULL;
}

static void follow_jumps(const struct ruleset *rs, const struct rule *rule, struct pkt *pkt)
{
	const struct rule *way[JUMPS_FOLLOWED];
	uint32_t n = 0;

	while (rule && rule->chain && n < JUMPS_FOLLOWED) {
		rule = jump_to(rs, rule->chain);
		if (rule)
			way[n++] = rule;
	}
	while (n > 0)
		satisfy(rs, way[--n], pkt);
}

static struct pkt plain_packet(uint8_t family)
{
	struct pkt p = {
		.smac = 0x020000000001,
		.dmac = 0x020000000002,
		.ifnum = 1,
		.frame_len = 114,
		.ip_len = 100,
		.ethertype = 0x88b5,
		.family = family,
		.ttl = 64,
	};
	u128 prefix = (u128)0x20010db8 << 96;

	if (family == FAMILY_IPV4) {
		p.src[1] = 0xc0000201; /* 192.0.2.1 */
		p.dst[1] = 0xc6336401; /* 198.51.100.1 */
	} else if (family == FAMILY_IPV6) {
		p.src[0] = p.dst[0] = (uint64_t)(prefix >> 64);
		p.src[1] = 1;
		p.dst[1] = 2;
	}
	if (family != FAMILY_NONE) {
		p.proto = IPPROTO_TCP;
		p.sport = 40000;
		p.dport = 9;
	}
	return p;
}

/* Spread over the 64-bit numbers, the same for the same @n (splitmix64). */
static uint64_t scatter(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15u;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

/* Fields that no rule asks for, so that the rules before have little to say about it. */
static struct pkt odd_packet(uint8_t family, uint64_t n)
{
	static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_TCP, 253, IPPROTO_ICMP,
					  IPPROTO_ICMPV6 };
	struct pkt p = plain_packet(family);

	for (uint32_t i = 0; i < 2; i++) {
		p.src[i] = scatter(n * 8 + i);
		p.dst[i] = scatter(n * 8 + 2 + i);
	}
	p.smac = scatter(n * 8 + 4) >> 16;
	p.dmac = scatter(n * 8 + 5) >> 16;
	p.sport = (uint16_t)scatter(n * 8 + 6);
	p.dport = (uint16_t)(scatter(n * 8 + 6) >> 16);
	p.ttl = (uint8_t)(scatter(n * 8 + 6) >> 32);
	p.flags = (uint8_t)(scatter(n * 8 + 6) >> 40);
	p.ip_len = 1 + (uint16_t)(scatter(n * 8 + 6) >> 48);
	p.proto = family ? protos[n % sizeof(protos)] : 0;
	return p;
}

static const struct rule *next_in_chain(const struct ruleset *rs, const struct rule *rule)
{
	const struct chain *chain = &rs->chains.data[rule->chain];
	uint32_t own = (uint32_t)(rule - rs->rules.data);
	bool found = false;

	vec_for_each(index, &chain->rules) {
		if (found && !rs->rules.data[*index].disabled)
			return &rs->rules.data[*index];
		found |= *index == own;
	}
	return NULL;
}

/*
 * Packets that meet a rule: a plain one, an odd one, and one that meets the next rule of the
 * chain too, since that alone shows that this one comes first, or returns.
 */
#define VARIANTS 3u

static void meet(const struct witness *w, const struct rule *rule, uint8_t family,
		 struct pkt met[VARIANTS])
{
	const struct rule *next = next_in_chain(w->rs, rule);
	uint64_t n = (uint64_t)(rule - w->rs->rules.data);

	met[0] = plain_packet(family);
	met[1] = odd_packet(family, 2 * n);
	met[2] = odd_packet(family, 2 * n + 1);
	for (uint32_t i = 0; i < VARIANTS; i++) {
		follow_jumps(w->rs, rule, &met[i]);
		if (i == 2 && next)
			satisfy(w->rs, next, &met[i]);
		satisfy(w->rs, rule, &met[i]);
	}
}

static void witness_rule(struct witness *w, const struct rule *rule, uint8_t family, uint32_t quota)
{
	struct pkt met[VARIANTS];
	bounds all = { 0 };
	uint32_t total;

	meet(w, rule, family, met);
	vec_push(w->rs->arena, &all, ((struct bound){ 0 }));
	vec_for_each(match, &rule->matches)
		if (match->row->type != TYPE_FAMILY)
			add_bounds(w->rs, match, part_of(&met[0]), &all);
	total = all.len * VARIANTS;
	if (quota > total)
		quota = total;
	for (uint32_t i = 0; i < quota; i++) {
		uint32_t pick = (uint32_t)((uint64_t)i * total / quota);
		const struct bound *bound = &all.data[pick / VARIANTS];
		struct pkt pkt = met[(pick + 1) % VARIANTS];

		if (bound->match)
			set_field(&pkt, bound->match->row, bound->value);
		add(w, &pkt);
	}
}

/* What does not depend on the rules: faults, essential traffic, each family and fragment. */
static void witness_common(struct witness *w)
{
	static const uint8_t families[] = { FAMILY_IPV4, FAMILY_IPV6, FAMILY_NONE };
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6,
					  IPPROTO_GRE };

	for (uint32_t f = 0; f < sizeof(families); f++)
		for (uint32_t i = 0; i < 3 * sizeof(protos); i++) {
			struct pkt pkt = plain_packet(families[f]);

			pkt.proto = protos[i % sizeof(protos)];
			pkt.frag = (uint8_t)(i / sizeof(protos));
			add(w, &pkt);
		}
	for (uint32_t reason = REASON_NONE; reason < REASON_COUNT; reason++) {
		struct pkt pkt = plain_packet(FAMILY_IPV4);

		pkt.reason = (uint8_t)reason;
		pkt.essential = 1;
		add(w, &pkt);
	}
}

uint32_t compile_witnesses(const struct ruleset *rs, struct pkt *packets, uint32_t max)
{
	static const uint8_t families[] = { FAMILY_IPV4, FAMILY_IPV6, FAMILY_NONE };
	struct witness w = { rs, packets, 0, max };
	uint32_t rules = rs->rules.len, quota, step;

	witness_common(&w);
	if (!rules || w.n == max)
		return w.n;
	/* About two families a rule. */
	quota = (max - w.n) / (2 * rules);
	step = quota ? 1 : 2 * rules / (max - w.n) + 1;
	for (uint32_t i = 0; i < rules; i += step)
		for (uint32_t f = 0; f < sizeof(families); f++)
			if (rs->rules.data[i].families & 1u << f)
				witness_rule(&w, &rs->rules.data[i], families[f],
					     quota ? quota : 1);
	return w.n;
}
