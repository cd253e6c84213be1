// SPDX-License-Identifier: GPL-3.0-or-later
#include "compiler/ir/area.h"

#include "compiler/lang/type.h"

#define FAMILIES 3 /* each a third of the header space */

struct area_fields area_fields(void)
{
	struct area_fields fields = { 0 };

	for (const struct clause *row = clause_matches; row->name; row++) {
		uint32_t i = 0;

		if (row->type == TYPE_FAMILY)
			continue;
		while (i < fields.n && fields.row[i]->offset != row->offset)
			i++;
		if (i == fields.n && i < AREA_FIELDS_MAX)
			fields.row[fields.n++] = row;
	}
	return fields;
}

uint32_t area_field(const struct area_fields *fields, uint16_t offset)
{
	uint32_t i = 0;

	while (i < fields->n && fields->row[i]->offset != offset)
		i++;
	return i;
}

static ranges one_range(struct arena *arena, u128 lo, u128 hi)
{
	ranges out = { 0 };

	vec_push(arena, &out, ((struct range){ lo, hi }));
	return out;
}

/* Some row that reads the field finds its header in the cell. */
static bool has_field(const struct cell *cell, uint16_t offset)
{
	for (const struct clause *row = clause_matches; row->name; row++)
		if (row->offset == offset && cell_has_layer(cell, row))
			return true;
	return false;
}

static u128 field_max(const struct cell *cell, const struct clause *row)
{
	if (row->offset == offsetof(struct pkt, established))
		return 1;
	if (row->width == 16)
		return cell->family == FAM_IPV4 ? UINT32_MAX : ~(u128)0;
	return clause_max(row);
}

static struct area area_of(struct arena *arena, const struct area_fields *fields,
			   const struct cell *cell)
{
	struct area area = { .family = cell->family, .layer4 = cell->layer4, .later = cell->later };

	for (uint32_t i = 0; i < fields->n; i++) {
		const ranges *values = cell_values(cell, fields->row[i]->offset);

		if (!has_field(cell, fields->row[i]->offset))
			area.values[i] = one_range(arena, 0, 0);
		else if (values)
			area.values[i] = *values;
		else
			area.values[i] = one_range(arena, 0, field_max(cell, fields->row[i]));
	}
	return area;
}

areas areas_all(struct arena *arena, const struct ruleset *rs, const ranges *interfaces)
{
	struct space space = space_of(arena, rs, NULL, 0, FAM_ALL, 0);
	struct area_fields fields = area_fields();
	uint32_t on = area_field(&fields, offsetof(struct pkt, ifnum));
	areas out = { 0 };

	vec_for_each(cell, &space.cells) {
		struct area area = area_of(arena, &fields, cell);

		if (interfaces->len)
			area.values[on] = *interfaces;
		vec_push(arena, &out, area);
	}
	return out;
}

ranges area_interfaces(struct arena *arena, const struct ruleset *rs)
{
	struct space space = space_of(arena, rs, NULL, 0, FAM_OTHER, 0);
	const ranges *values = cell_values(space.cells.data, offsetof(struct pkt, ifnum));

	return values ? *values : (ranges){ 0 };
}

enum truth ranges_compare(const ranges *have, const ranges *wanted)
{
	bool inside = true, apart = true;
	uint32_t j = 0;

	vec_for_each(x, have) {
		j = ranges_from(wanted, j, x->lo);
		if (j == wanted->len || wanted->data[j].lo > x->hi) {
			inside = false;
		} else {
			apart = false;
			inside &= wanted->data[j].lo <= x->lo && wanted->data[j].hi >= x->hi;
		}
		if (!inside && !apart)
			return TRUTH_DEPENDS;
	}
	return inside ? TRUTH_YES : TRUTH_NO;
}

void ranges_split(struct arena *arena, const ranges *have, const ranges *by, ranges *ret_in,
		  ranges *ret_out)
{
	ranges in = { 0 }, out = { 0 };
	uint32_t j = 0;

	vec_for_each(x, have) {
		u128 from = x->lo;
		bool rest = true;

		for (j = ranges_from(by, j, x->lo); rest && j < by->len; j++) {
			struct range y = by->data[j];

			if (y.lo > x->hi)
				break;
			if (y.lo > from)
				vec_push(arena, &out, ((struct range){ from, y.lo - 1 }));
			vec_push(arena, &in,
				 ((struct range){ y.lo > from ? y.lo : from,
						  y.hi < x->hi ? y.hi : x->hi }));
			rest = y.hi < x->hi;
			if (!rest)
				break; /* the next range of @have may begin in it */
			from = y.hi + 1;
		}
		if (rest)
			vec_push(arena, &out, ((struct range){ from, x->hi }));
	}
	*ret_in = in;
	*ret_out = out;
}

/* Without the compiler's routine for it, which is one more symbol. */
static double to_double(u128 value)
{
	return (double)(uint64_t)(value >> 64) * 0x1p64 + (double)(uint64_t)value;
}

static double size_of(const ranges *values)
{
	double size = 0;

	vec_for_each(range, values)
		size += to_double(range->hi - range->lo) + 1;
	return size;
}

double area_share(const struct area_fields *fields, const areas *all, const struct area *area)
{
	const struct area *whole = all->data;
	double share = 1.0 / FAMILIES;

	while (whole->family != area->family || whole->layer4 != area->layer4 ||
	       whole->later != area->later)
		whole++;
	for (uint32_t i = 0; i < fields->n; i++) {
		uint16_t offset = fields->row[i]->offset;
		double of = size_of(&whole->values[i]);

		if (area->family != FAM_OTHER && offset == offsetof(struct pkt, proto))
			of = UINT8_MAX + 1;
		if (area->family != FAM_OTHER && offset == offsetof(struct pkt, frag))
			of = FRAG_LATER + 1;
		share *= size_of(&area->values[i]) / of;
	}
	return share;
}

static u128 field_get(const struct clause *row, const struct pkt *pkt)
{
	const unsigned char *at = (const unsigned char *)pkt + row->offset;
	uint64_t value = 0, high;

	if (row->width == 16) {
		memcpy(&high, at, sizeof(high));
		memcpy(&value, at + 8, sizeof(value));
		return (u128)high << 64 | value;
	}
	memcpy(&value, at, row->width);
	return value;
}

static void field_set(const struct clause *row, u128 value, struct pkt *pkt)
{
	unsigned char *at = (unsigned char *)pkt + row->offset;
	uint64_t low = (uint64_t)value, high = (uint64_t)(value >> 64);

	if (row->width == 16) {
		memcpy(at, &high, sizeof(high));
		memcpy(at + 8, &low, sizeof(low));
	} else {
		memcpy(at, &low, row->width);
	}
}

static unsigned int family_number(uint8_t family)
{
	return family == FAM_IPV4 ? FAMILY_IPV4 : family == FAM_IPV6 ? FAMILY_IPV6 : FAMILY_NONE;
}

static uint8_t layer_of(const struct pkt *pkt)
{
	if (pkt->proto == 6)
		return PROTO_TCP;
	if (pkt->proto == 17)
		return PROTO_UDP;
	if (pkt->proto == 1 && pkt->family == FAMILY_IPV4)
		return PROTO_ICMP;
	return pkt->proto == 58 && pkt->family == FAMILY_IPV6 ? PROTO_ICMP6 : 0;
}

bool area_has(const struct area_fields *fields, const struct area *area, const struct pkt *pkt)
{
	if (pkt->family != family_number(area->family) || layer_of(pkt) != area->layer4 ||
	    (pkt->frag == FRAG_LATER) != area->later)
		return false;
	for (uint32_t i = 0; i < fields->n; i++)
		if (!ranges_contain(&area->values[i], field_get(fields->row[i], pkt)))
			return false;
	return true;
}

/* Documentation addresses and what a first packet looks like; the first that fits. */
static const struct {
	uint16_t offset;
	u128 value;
} usual[] = {
	{ offsetof(struct pkt, src), 0xc0000201 },
	{ offsetof(struct pkt, dst), 0xc6336401 },
	{ offsetof(struct pkt, src), (u128)0x20010db800000000 << 64 | 1 },
	{ offsetof(struct pkt, dst), (u128)0x20010db800000000 << 64 | 0x80 },
	{ offsetof(struct pkt, sport), 1024 },
	{ offsetof(struct pkt, dport), 1024 },
	{ offsetof(struct pkt, dport), 80 },
	{ offsetof(struct pkt, flags), 0x02 },
	{ offsetof(struct pkt, icmp_type), 8 },
	{ offsetof(struct pkt, icmp_type), 128 },
	{ offsetof(struct pkt, ttl), 64 },
	{ offsetof(struct pkt, ip_len), 60 },
	{ offsetof(struct pkt, ethertype), 0x88cc },
	{ offsetof(struct pkt, proto), 47 },
	{ offsetof(struct pkt, smac), 0x020000000001 },
	{ offsetof(struct pkt, dmac), 0x020000000002 },
};

static u128 usual_value(const struct area *area, const struct clause *row, const ranges *values)
{
	struct range first = values->data[0];

	for (uint32_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		bool wide = usual[i].value >> 64;

		if (usual[i].offset == row->offset &&
		    (row->width != 16 || wide == (area->family == FAM_IPV6)) &&
		    ranges_contain(values, usual[i].value))
			return usual[i].value;
	}
	/* Inside a prefix a host, not the network itself. */
	return row->type == TYPE_ADDR && first.hi > first.lo ? first.lo + 1 : first.lo;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static u128 any_value(const ranges *values, uint64_t *seed)
{
	struct range range = values->data[next_random(seed) % values->len];
	u128 span = range.hi - range.lo, wide = (u128)next_random(seed) << 64 | next_random(seed);

	switch (next_random(seed) % 4) {
	case 0:
		return range.lo;
	case 1:
		return range.hi;
	default:
		return span == ~(u128)0 ? wide : range.lo + wide % (span + 1);
	}
}

struct pkt area_packet(const struct area_fields *fields, const struct area *area, uint64_t seed)
{
	uint32_t dst = area_field(fields, offsetof(struct pkt, dst));
	struct pkt pkt = { .family = (uint8_t)family_number(area->family) };

	for (uint32_t i = 0; i < fields->n; i++)
		field_set(fields->row[i],
			  seed ? any_value(&area->values[i], &seed)
			       : usual_value(area, fields->row[i], &area->values[i]),
			  &pkt);
	/* A packet to its own source is malformed. */
	if (area->family != FAM_OTHER && !memcmp(pkt.src, pkt.dst, sizeof(pkt.src))) {
		const ranges *values = &area->values[dst];
		u128 other = values->data[0].lo, now = field_get(fields->row[dst], &pkt);

		field_set(fields->row[dst], other != now ? other : values->data[values->len - 1].hi,
			  &pkt);
	}
	pkt.frame_len = 14 + pkt.ip_len;
	prologue_settle(&pkt);
	return pkt;
}
