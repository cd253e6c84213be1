// SPDX-License-Identifier: GPL-3.0-or-later
/* The packets that are decided before the rules, as products of values. */
#include "compiler/ir/area.h"

#define AT(member, first, last)                                 \
	{                                                       \
		true, offsetof(struct pkt, member), first, last \
	}
#define V6(high, low) ((u128)(high) << 64 | (low))
#define WHOLE         AT(frag, FRAG_NO, FRAG_NO)
/* ::ffff:0:0/96 */
#define MAPPED_FIRST V6(0, 0xffff00000000)
#define MAPPED_LAST  V6(0, 0xffffffffffff)

/* clang-format off */
const struct prologue_row prologue_rows[] = {
	{ PROLOGUE_SPOOFED, FAM_IPV4, 0, { AT(dst, 0, 0) } },
	{ PROLOGUE_SPOOFED, FAM_IPV4, 0, { AT(dst, 0x7f000000, 0x7fffffff) } },
	{ PROLOGUE_SPOOFED, FAM_IPV4, 0, { AT(src, 0x7f000000, 0x7fffffff) } },
	{ PROLOGUE_SPOOFED, FAM_IPV4, 0, { AT(src, 0xe0000000, 0xffffffff) } },
	{ PROLOGUE_SPOOFED, FAM_IPV6, 0, { AT(dst, 0, 1) } },
	{ PROLOGUE_SPOOFED, FAM_IPV6, 0, { AT(dst, MAPPED_FIRST, MAPPED_LAST) } },
	{ PROLOGUE_SPOOFED, FAM_IPV6, 0, { AT(src, 1, 1) } },
	{ PROLOGUE_SPOOFED, FAM_IPV6, 0, { AT(src, MAPPED_FIRST, MAPPED_LAST) } },
	{ PROLOGUE_SPOOFED, FAM_IPV6, 0, { AT(src, V6(0xff00000000000000, 0), ~(u128)0) } },
	{ PROLOGUE_HONEST, FAM_IPV4, PROTO_UDP, { AT(src, 0, 0), AT(sport, 68, 68), AT(dport, 67, 67) } },
	{ PROLOGUE_HONEST, FAM_IPV6, PROTO_ICMP6, { AT(src, 0, 0), AT(icmp_type, 133, 137), AT(ttl, 255, 255) } },
	{ PROLOGUE_HONEST, FAM_IPV6, PROTO_ICMP6, { AT(src, 0, 0), AT(icmp_type, 130, 132), AT(ttl, 1, 1) } },
	{ PROLOGUE_HONEST, FAM_IPV6, PROTO_ICMP6, { AT(src, 0, 0), AT(icmp_type, 143, 143), AT(ttl, 1, 1) } },
	{ PROLOGUE_SPOOFED, FAM_IPV4, 0, { AT(src, 0, 0) } },
	{ PROLOGUE_SPOOFED, FAM_IPV6, 0, { AT(src, 0, 0) } },

	{ PROLOGUE_ESSENTIAL, FAM_OTHER, 0, { AT(ethertype, 0x0806, 0x0806) } },
	{ PROLOGUE_ESSENTIAL, FAM_IPV4, PROTO_UDP, { AT(sport, 67, 67), AT(dport, 68, 68), WHOLE } },
	{ PROLOGUE_ESSENTIAL, FAM_IPV6, PROTO_UDP, { AT(sport, 547, 547), AT(dport, 546, 546), WHOLE } },
	{ PROLOGUE_ESSENTIAL, FAM_IPV4, PROTO_ICMP, { AT(icmp_type, 3, 3), AT(icmp_code, 4, 4), WHOLE } },
	{ PROLOGUE_ESSENTIAL, FAM_IPV6, PROTO_ICMP6, { AT(icmp_type, 2, 2), WHOLE } },
	{ PROLOGUE_ESSENTIAL, FAM_IPV6, PROTO_ICMP6, { AT(icmp_type, 133, 137), AT(ttl, 255, 255), WHOLE } },
	{ PROLOGUE_ESSENTIAL, FAM_IPV6, PROTO_ICMP6, { AT(icmp_type, 130, 130), AT(ttl, 1, 1), WHOLE } },
	{ .family = 0 },
};
/* clang-format on */

static u128 value_at(const struct pkt *pkt, uint16_t offset)
{
	const unsigned char *at = (const unsigned char *)pkt + offset;
	uint16_t half;

	if (offset == offsetof(struct pkt, src))
		return (u128)pkt->src[0] << 64 | pkt->src[1];
	if (offset == offsetof(struct pkt, dst))
		return (u128)pkt->dst[0] << 64 | pkt->dst[1];
	if (offset != offsetof(struct pkt, sport) && offset != offsetof(struct pkt, dport) &&
	    offset != offsetof(struct pkt, ethertype))
		return *at;
	memcpy(&half, at, sizeof(half));
	return half;
}

static bool row_has(const struct prologue_row *row, const struct pkt *pkt)
{
	static const uint8_t numbers[] = {
		[PROTO_TCP] = 6, [PROTO_UDP] = 17, [PROTO_ICMP] = 1, [PROTO_ICMP6] = 58
	};
	uint8_t family = pkt->family == FAMILY_IPV4   ? FAM_IPV4
			 : pkt->family == FAMILY_IPV6 ? FAM_IPV6
						      : FAM_OTHER;

	if (row->family != family)
		return false;
	if (row->layer4 && (pkt->proto != numbers[row->layer4] || pkt->frag == FRAG_LATER))
		return false;
	for (int i = 0; i < 3; i++) {
		u128 value = value_at(pkt, row->fields[i].offset);

		if (row->fields[i].used && (value < row->fields[i].lo || value > row->fields[i].hi))
			return false;
	}
	return true;
}

void prologue_settle(struct pkt *pkt)
{
	bool honest = false;

	pkt->reason = REASON_NONE;
	pkt->essential = 0;
	for (const struct prologue_row *row = prologue_rows; row->family; row++) {
		if (!row_has(row, pkt))
			continue;
		if (row->kind == PROLOGUE_SPOOFED && !honest)
			pkt->reason = REASON_SPOOF_SOURCE;
		honest |= row->kind == PROLOGUE_HONEST;
		pkt->essential |= row->kind == PROLOGUE_ESSENTIAL;
	}
	if (!pkt->reason && pkt->family && pkt->src[0] == pkt->dst[0] && pkt->src[1] == pkt->dst[1])
		pkt->reason = REASON_SPOOF_LAND;
}
