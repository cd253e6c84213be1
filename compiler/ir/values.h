/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One match as ranges over its field: what normalise, the prover and the generator read. */
#ifndef BPFFW_VALUES_H
#define BPFFW_VALUES_H

#include "compiler/lang/rule.h"

/* What a match accepts. Addresses have a part for each family: [0] IPv4, [1] IPv6. */
struct values {
	ranges part[2]; /* normalised */
	bool by_family;
	bool left_out[2]; /* by_family: no atom names it, so not even a negated match holds */
	bool negated;     /* accepted is what lies outside the parts */
	bool masked;      /* or: accepted is field & mask == value */
	uint8_t mask, value;
	uint32_t set; /* the parts are those of this set, else UINT32_MAX */
};

/* The largest value of the field in that part. */
u128 values_max(const struct clause *row, uint32_t part);

/* What it stands for can change without a new ruleset: sets, and interfaces that a glob names. */
bool match_may_change(const struct match *match);

struct values values_of(const struct ruleset *rs, const struct match *match);

enum extent { EXTENT_NOTHING, EXTENT_SOME, EXTENT_EVERYTHING };
enum extent values_extent(const struct clause *row, const struct values *values, uint32_t part);
/* One-byte fields and parts only. */
bool values_accept(const struct values *values, uint8_t value);

#endif
