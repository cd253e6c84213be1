/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Areas: sets of packets that can be cut by rules without loss. As a cell (space.h) an area has
 * one family, one layer-4 header or none, and is or is not a later fragment, and is a product of
 * value sets; but every field is there, and a field that such packets do not have is 0.
 */
#ifndef BPFFW_AREA_H
#define BPFFW_AREA_H

#include "compiler/ir/space.h"

#define AREA_FIELDS_MAX 24

/* The distinct fields of the match table; the family is none of them. */
struct area_fields {
	uint32_t n;
	const struct clause *row[AREA_FIELDS_MAX]; /* the first of several that read the field */
};

struct area {
	uint8_t family; /* one family_bit */
	uint8_t layer4; /* one proto_bit, or 0 */
	bool later;
	ranges values[AREA_FIELDS_MAX]; /* by field; shared, never changed in place */
};
typedef VEC(struct area) areas;

struct area_fields area_fields(void);
uint32_t area_field(const struct area_fields *fields, uint16_t offset);

/* All packets that come in by these interfaces (none: any), in areas that do not overlap. */
areas areas_all(struct arena *arena, const struct ruleset *rs, const ranges *interfaces);
/* Those that a link of the ruleset sees; none: any. */
ranges area_interfaces(struct arena *arena, const struct ruleset *rs);

/* How @have lies to @wanted: inside, apart, or both. Normalised. */
enum truth ranges_compare(const ranges *have, const ranges *wanted);
/* The part of @have that is in @by, and the rest. */
void ranges_split(struct arena *arena, const ranges *have, const ranges *by, ranges *ret_in,
		  ranges *ret_out);

/* The part of the header space: each family a third, within it each value of a field alike. */
double area_share(const struct area_fields *fields, const areas *all, const struct area *area);

bool area_has(const struct area_fields *fields, const struct area *area, const struct pkt *pkt);

/* A packet of the area that a person would write; @seed other than 0: any packet of it. */
struct pkt area_packet(const struct area_fields *fields, const struct area *area, uint64_t seed);

/* Which packets meet a verdict before the rules, as bpf/parse.h defines it. */
enum prologue_kind {
	PROLOGUE_SPOOFED,
	PROLOGUE_HONEST, /* looks like a spoofed one and is none: see the next kind */
	PROLOGUE_ESSENTIAL,
};

struct prologue_row {
	enum prologue_kind kind;
	uint8_t family, layer4; /* layer4 0: any header or none */
	struct {
		bool used;
		uint16_t offset;
		u128 lo, hi;
	} fields[3];
};

/* In the order asked; ended by a row of family 0. Equal source and destination (no product of
 * values) are not here. */
extern const struct prologue_row prologue_rows[];

/* Fill essential and reason of a packet that is well formed otherwise. */
void prologue_settle(struct pkt *pkt);

#endif
