// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A region in the words of a rule: for each field the values that any of its packets has. That
 * is the region itself, or only what lies around it (region_filled()).
 */
#include "compiler/ir/regions.h"

#include <netinet/in.h>

#include "compiler/lang/type.h"

#define RANGES_SHOWN 6u
#define SYN_MASK     0x17
#define SYN          0x02

static const struct area *class_of(const struct regions *regions, const struct area *area)
{
	const struct area *all = regions->all.data;

	while (all->family != area->family || all->layer4 != area->layer4 ||
	       all->later != area->later)
		all++;
	return all;
}

/* A field that such packets do not have is 0. */
static bool has_field(const struct area *all, uint32_t field)
{
	return all->values[field].len != 1 || all->values[field].data[0].hi != 0;
}

static void add_ranges(struct arena *arena, ranges *to, const ranges *from)
{
	vec_for_each(range, from)
		vec_push(arena, to, *range);
}

/* The values of an address that no packet has that meets a rule; but for those of a packet that
 * asks for its own address, which is too little to matter. */
static ranges spoofed(struct arena *arena, const struct regions *regions, uint32_t field,
		      uint8_t families)
{
	uint16_t offset = regions->fields.row[field]->offset;
	ranges out = { 0 };

	for (const struct prologue_row *row = prologue_rows; row->family; row++)
		if (regions->antispoof && row->kind == PROLOGUE_SPOOFED && row->family & families &&
		    row->fields[0].offset == offset)
			vec_push(arena, &out,
				 ((struct range){ row->fields[0].lo, row->fields[0].hi }));
	ranges_normalise(&out);
	return out;
}

/* A gap in @values that is just what no packet has is none. */
static void close_gaps(struct arena *arena, ranges *values, const ranges *gaps, u128 max)
{
	uint32_t n = values->len;

	for (uint32_t i = 0; i < gaps->len && n; i++) {
		struct range gap = gaps->data[i];
		ranges known = { .data = values->data, .len = n };

		if ((gap.lo == 0 || ranges_contain(&known, gap.lo - 1)) &&
		    (gap.hi == max || ranges_contain(&known, gap.hi + 1)))
			vec_push(arena, values, gap);
	}
	ranges_normalise(values);
}

/* The values of a field in the packets of a region; all it could have there. */
struct projection {
	ranges values, all;
};

/* Of the packets of these families that have the field. */
static struct projection project(struct arena *arena, const struct regions *regions,
				 const struct region *region, uint32_t field, uint8_t families)
{
	ranges values = { 0 }, whole = { 0 }, none;
	uint8_t seen = 0;

	vec_for_each(area, &region->areas) {
		const struct area *all = class_of(regions, area);

		if (!(area->family & families) || !has_field(all, field))
			continue;
		add_ranges(arena, &values, &area->values[field]);
		seen |= area->family;
	}
	vec_for_each(all, &regions->all)
		if (all->family & seen && has_field(all, field))
			add_ranges(arena, &whole, &all->values[field]);
	ranges_normalise(&values);
	ranges_normalise(&whole);
	none = spoofed(arena, regions, field, families);
	if (none.len)
		close_gaps(arena, &values, &none, families == FAM_IPV6 ? ~(u128)0 : UINT32_MAX);
	return (struct projection){ values, whole };
}

static bool is_bound(const ranges *values, const ranges *all)
{
	return ranges_compare(all, values) != TRUTH_YES;
}

static uint8_t families_of(const struct region *region)
{
	uint8_t families = 0;

	vec_for_each(area, &region->areas)
		families |= area->family;
	return families;
}

/* [0] of IPv4 addresses and all other fields, [1] of IPv6 addresses. */
struct bounds {
	ranges values[2][AREA_FIELDS_MAX]; /* none: nothing to say about the field */
};

static struct bounds bounds_of(struct arena *arena, const struct regions *regions,
			       const struct region *region)
{
	struct bounds bounds = { 0 };

	for (uint32_t i = 0; i < regions->fields.n; i++) {
		bool wide = regions->fields.row[i]->width == 16;

		for (int part = 0; part <= wide; part++) {
			struct projection of = project(arena, regions, region, i,
						       !wide  ? FAM_ALL
						       : part ? FAM_IPV6
							      : FAM_IPV4);

			if (of.values.len && is_bound(&of.values, &of.all))
				bounds.values[part][i] = of.values;
		}
	}
	return bounds;
}

/* The part of the area within what the words say. Return: false for none. */
static bool cut_by_words(struct arena *arena, const struct regions *regions,
			 const struct bounds *bounds, struct area *area)
{
	const struct area *class = class_of(regions, area);

	for (uint32_t i = 0; i < regions->fields.n; i++) {
		bool wide = regions->fields.row[i]->width == 16;
		const ranges *values = &bounds->values[wide && area->family == FAM_IPV6][i];
		ranges none = { 0 }, in, out;

		if (values->len && !has_field(class, i))
			return false;
		if (values->len) {
			ranges_split(arena, &area->values[i], values, &in, &out);
			area->values[i] = in;
		}
		if (wide && area->family != FAM_OTHER)
			none = spoofed(arena, regions, i, area->family);
		ranges_split(arena, &area->values[i], &none, &in, &out);
		area->values[i] = out;
		if (!out.len)
			return false;
	}
	return true;
}

double region_filled(const struct regions *regions, const struct region *region)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct bounds bounds = bounds_of(arena, regions, region);
	double share = 0;

	vec_for_each(all, &regions->all) {
		struct area area = *all;

		if (area.family & families_of(region) &&
		    cut_by_words(arena, regions, &bounds, &area))
			share += area_share(&regions->fields, &regions->all, &area);
	}
	if (share <= 0)
		return 0;
	/* Sums of doubles are not that exact. */
	return region->share / share > 1 - 1e-9 ? 1 : region->share / share;
}

static void print_one(struct buf *out, const struct ruleset *rs, const struct clause *row,
		      unsigned int family, struct range range)
{
	struct atom atom = { .lo = range.lo, .hi = range.hi, .mask = UINT64_MAX };

	atom.family = (uint8_t)family;
	if (row->type == TYPE_IFACE && range.lo && range.lo <= rs->iface_names.len)
		buf_add(out, rs->iface_names.data[(uint32_t)range.lo - 1]);
	else if (row->type == TYPE_IFACE)
		buf_puts(out, "another interface");
	else if (row->width <= 4 && row->type != TYPE_ETHER && range.lo != range.hi)
		buf_printf(out, "%u-%u", (unsigned int)range.lo, (unsigned int)range.hi);
	else if (row->type == TYPE_FLAGS)
		buf_printf(out, "0x%02x", (unsigned int)range.lo);
	else
		types[row->type].print(out, &atom);
}

static void print_list(struct buf *out, const struct ruleset *rs, const struct clause *row,
		       unsigned int family, const ranges *values)
{
	for (uint32_t i = 0; i < values->len; i++) {
		struct range range = values->data[i];

		if (i == RANGES_SHOWN) {
			buf_printf(out, " and %u more", values->len - i);
			return;
		}
		buf_puts(out, i ? "," : "");
		for (; row->type == TYPE_IFACE && range.lo < range.hi && i < RANGES_SHOWN;
		     range.lo++, i++) {
			print_one(out, rs, row, family, (struct range){ range.lo, range.lo });
			buf_puts(out, ",");
		}
		print_one(out, rs, row, family, range);
	}
}

static bool is_syn(const ranges *values)
{
	for (unsigned int value = 0; value < 256; value++)
		if (ranges_contain(values, value) != ((value & SYN_MASK) == SYN))
			return false;
	return true;
}

static void print_frag(struct buf *out, const ranges *values, bool has_layer4)
{
	bool no = ranges_contain(values, FRAG_NO), first = ranges_contain(values, FRAG_FIRST);
	bool later = ranges_contain(values, FRAG_LATER);

	if (!later && no && first)
		buf_puts(out, has_layer4 ? "" : " not frag later");
	else if (later && no)
		buf_puts(out, " not frag first");
	else
		buf_printf(out, " frag %s",
			   no               ? "no"
			   : later && first ? "any"
			   : later          ? "later"
					    : "first");
}

/* The family that has any address says so: a list of the other one alone would leave it out. */
static void print_addresses(struct buf *out, const struct clause *row, const struct ruleset *rs,
			    uint8_t families, const ranges *v4, const ranges *v6)
{
	if (!v4->len && !v6->len)
		return;
	buf_printf(out, " %s ", row->name);
	if (families & FAM_IPV4 && !v4->len)
		buf_puts(out, "0.0.0.0/0");
	print_list(out, rs, row, FAMILY_IPV4, v4);
	buf_puts(out, (families & FAM_IP) == FAM_IP ? "," : "");
	print_list(out, rs, row, FAMILY_IPV6, v6);
	if (families & FAM_IPV6 && !v6->len)
		buf_puts(out, "::/0");
}

static const char *protocol_word(const ranges *values)
{
	if (values->len != 1 || values->data[0].lo != values->data[0].hi)
		return NULL;
	switch ((unsigned int)values->data[0].lo) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	default:
		return NULL;
	}
}

static void print_field(struct buf *out, const struct regions *regions, const struct region *region,
			const struct ruleset *rs, const struct bounds *bounds, uint32_t field)
{
	const struct clause *row = regions->fields.row[field];
	ranges values = bounds->values[0][field];

	if (row->width == 16) {
		print_addresses(out, row, rs, families_of(region), &values,
				&bounds->values[1][field]);
		return;
	}
	if (!values.len || (row->type == TYPE_ETHER && families_of(region) != FAM_OTHER))
		return;
	if (row->type == TYPE_FRAG) {
		bool has_layer4 = true;

		vec_for_each(area, &region->areas)
			has_layer4 &= area->layer4 != 0;
		print_frag(out, &values, has_layer4);
	} else if (row->offset == offsetof(struct pkt, proto) && protocol_word(&values)) {
		buf_printf(out, " %s", protocol_word(&values));
	} else if (row->type == TYPE_FLAGS && is_syn(&values)) {
		buf_puts(out, " syn");
	} else if (row->offset == offsetof(struct pkt, established)) {
		buf_puts(out, values.data[0].lo ? " established" : " not established");
	} else {
		/* The first row of the protocol's number is that of a single protocol. */
		buf_printf(out, " %s ",
			   row->type == TYPE_PROTO   ? "proto"
			   : row->type == TYPE_FLAGS ? "flags"
						     : row->name);
		print_list(out, rs, row, 0, &values);
	}
}

void region_print(struct buf *out, const struct regions *regions, const struct region *region,
		  const struct ruleset *rs)
{
	struct buf text = { .arena = out->arena };
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct bounds bounds = bounds_of(scratch, regions, region);
	uint8_t families = families_of(region);

	for (uint32_t i = 0; i < regions->fields.n; i++)
		print_field(&text, regions, region, rs, &bounds, i);
	if (!text.len && families == FAM_ALL)
		buf_puts(&text, " everything");
	else if (!text.len)
		buf_puts(&text, families == FAM_IPV4   ? " IPv4"
				: families == FAM_IPV6 ? " IPv6"
				: families == FAM_IP   ? " everything IP"
						       : " everything but IP");
	else if (families == FAM_IPV4 && !strstr(buf_text(&text), "icmp") &&
		 !strchr(text.data, '.'))
		buf_puts(out, "ip4 ");
	else if (families == FAM_IPV6 && !strstr(buf_text(&text), "icmp") &&
		 !strchr(text.data, ':'))
		buf_puts(out, "ip6 ");
	buf_puts(out, buf_text(&text) + 1);
}

static void print_end(struct buf *out, const struct pkt *pkt, const uint64_t addr[2], int port)
{
	bool wide = pkt->family == FAMILY_IPV6;

	buf_puts(out, wide && port >= 0 ? "[" : "");
	net_print_ip(out, pkt->family, (u128)addr[0] << 64 | addr[1]);
	buf_puts(out, wide && port >= 0 ? "]" : "");
	if (port >= 0)
		buf_printf(out, ":%d", port);
}

static void print_flags(struct buf *out, uint8_t flags)
{
	static const char *const names[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"
	};
	const char *before = " ";

	if (flags == SYN || !flags) {
		buf_puts(out, flags ? " syn" : " flags none");
		return;
	}
	buf_puts(out, " flags");
	for (int bit = 0; bit < 8; bit++)
		if (flags & 1 << bit) {
			buf_printf(out, "%s%s", before, names[bit]);
			before = ",";
		}
}

/* What an ordinary packet would not have. */
static void print_rest(struct buf *out, const struct ruleset *rs, const struct pkt *pkt)
{
	static const char *const kinds[] = { "", " frag first", " frag later" };

	if (pkt->family && pkt->ip_len != 60)
		buf_printf(out, " len %u", pkt->ip_len);
	if (pkt->family && pkt->ttl != 64)
		buf_printf(out, " ttl %u", pkt->ttl);
	if (pkt->dscp)
		buf_printf(out, " dscp %u", pkt->dscp);
	buf_puts(out, pkt->frag <= FRAG_LATER ? kinds[pkt->frag] : "");
	if (pkt->vlan)
		buf_printf(out, " vlan %u", pkt->vlan);
	if (pkt->smac != 0x020000000001) {
		buf_puts(out, " smac ");
		net_print_mac(out, pkt->smac);
	}
	if (pkt->dmac != 0x020000000002) {
		buf_puts(out, " dmac ");
		net_print_mac(out, pkt->dmac);
	}
	buf_puts(out, pkt->established ? " established" : "");
	if ((rs->interfaces.len > 1 || !rs->interfaces.len) && pkt->ifnum &&
	    pkt->ifnum <= rs->iface_names.len)
		buf_printf(out, " on " STR_FMT, STR_ARG(rs->iface_names.data[pkt->ifnum - 1]));
}

void region_packet_print(struct buf *out, const struct ruleset *rs, const struct pkt *pkt)
{
	struct range proto = { pkt->proto, pkt->proto };
	bool whole = pkt->frag != FRAG_LATER;
	bool ports = whole && (pkt->proto == IPPROTO_TCP || pkt->proto == IPPROTO_UDP);
	const char *word = protocol_word(&(ranges){ .data = &proto, .len = 1 });

	if (!pkt->family) {
		buf_printf(out, "ether 0x%04x", pkt->ethertype);
		print_rest(out, rs, pkt);
		return;
	}
	if (word)
		buf_printf(out, "%s ", word);
	else
		buf_printf(out, "proto %u ", pkt->proto);
	print_end(out, pkt, (const uint64_t *)pkt->src, ports ? pkt->sport : -1);
	buf_puts(out, " > ");
	print_end(out, pkt, (const uint64_t *)pkt->dst, ports ? pkt->dport : -1);
	if (whole && pkt->proto == IPPROTO_TCP)
		print_flags(out, pkt->flags);
	if (whole && (pkt->proto == IPPROTO_ICMP || pkt->proto == IPPROTO_ICMPV6))
		buf_printf(out, " type %u code %u", pkt->icmp_type, pkt->icmp_code);
	print_rest(out, rs, pkt);
}

void decider_print(struct buf *out, const struct ruleset *rs, const struct decider *decider)
{
	static const char *const stages[] = {
		[ANSWER_MALFORMED] = "'option antispoof'", [ANSWER_ESSENTIAL] = "'essential'",
		[ANSWER_ALLOWLIST] = "the allowlist",      [ANSWER_BLACKLIST] = "the blacklist",
		[ANSWER_FRAGMENTS] = "'option fragments'", [ANSWER_DEFAULT] = "'default'"
	};
	const struct rule *rule;

	if (decider->stage != ANSWER_RULE) {
		buf_puts(out, stages[decider->stage]);
		return;
	}
	rule = &rs->rules.data[decider->rule];
	if (rule->id != ID_NONE)
		buf_printf(out, "r%u%s", rule->id, rule->name.len ? " " : "");
	buf_add(out, rule->name);
	if (rule->id == ID_NONE && !rule->name.len)
		buf_printf(out, "'%s'", rule->text);
}
