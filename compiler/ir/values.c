// SPDX-License-Identifier: GPL-3.0-or-later
#include "compiler/ir/values.h"

#include <assert.h>

u128 values_max(const struct clause *row, uint32_t part)
{
	if (row->width == 16)
		return part ? ~(u128)0 : UINT32_MAX;
	return ((u128)1 << (row->width * 8)) - 1;
}

static void add_range(struct arena *arena, struct values *v, uint32_t part, struct range range)
{
	vec_push(arena, &v->part[part], range);
}

/* Atoms with a mask: which of the 256 values any of them accepts. */
static void add_masked(struct arena *arena, struct values *v, const struct match *match)
{
	for (uint32_t value = 0; value < 256; value++) {
		bool hit = false;

		vec_for_each(a, &match->atoms)
			hit |= (value & a->mask) >= a->lo && (value & a->mask) <= a->hi;
		if (hit)
			add_range(arena, v, 0, (struct range){ value, value });
	}
}

static void add_atom(const struct ruleset *rs, struct values *v, const struct atom *a)
{
	switch (a->kind) {
	case ATOM_RANGE:
		add_range(rs->arena, v, v->by_family && a->family == FAMILY_IPV6,
			  (struct range){ a->lo, a->hi });
		break;
	case ATOM_IFACE:
		if (a->lo)
			add_range(rs->arena, v, 0, (struct range){ a->lo, a->hi });
		break;
	case ATOM_SET:
		for (uint32_t part = 0; part < 2; part++)
			vec_for_each(r, &rs->sets.data[a->set].members[part])
				add_range(rs->arena, v, part, *r);
		break;
	}
}

static bool is_masked(const struct match *match)
{
	vec_for_each(a, &match->atoms)
		if (a->kind == ATOM_RANGE && (uint8_t)a->mask != UINT8_MAX)
			return true;
	return false;
}

/* `not src 192.0.2.1` leaves IPv6 alone; a set, or nothing at all, keeps both families. */
static bool leaves_out(const struct match *match, uint8_t family)
{
	vec_for_each(a, &match->atoms)
		if (a->kind == ATOM_SET || a->family == family)
			return false;
	return match->atoms.len > 0;
}

static bool is_glob(struct str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (name.s[i] == '*' || name.s[i] == '?' || name.s[i] == '[')
			return true;
	return false;
}

bool match_may_change(const struct match *match)
{
	vec_for_each(a, &match->atoms)
		if (a->kind == ATOM_SET || (a->kind == ATOM_IFACE && is_glob(a->text)))
			return true;
	return false;
}

struct values values_of(const struct ruleset *rs, const struct match *match)
{
	struct values v = { .negated = match->negated, .set = UINT32_MAX };
	const struct atom *only = match->atoms.len == 1 ? match->atoms.data : NULL;

	if (match->row->width == 16) {
		v.by_family = true;
		v.left_out[0] = leaves_out(match, FAMILY_IPV4);
		v.left_out[1] = leaves_out(match, FAMILY_IPV6);
	}
	if (only && only->kind == ATOM_SET) {
		v.set = only->set;
		memcpy(v.part, rs->sets.data[only->set].members, sizeof(v.part));
		return v;
	}
	if (is_masked(match)) {
		assert(match->row->width == 1);
		add_masked(rs->arena, &v, match);
		v.masked = only && only->lo == only->hi;
		v.mask = only ? (uint8_t)only->mask : 0;
		v.value = only ? (uint8_t)only->lo : 0;
	} else {
		vec_for_each(a, &match->atoms)
			add_atom(rs, &v, a);
	}
	ranges_normalise(&v.part[0]);
	ranges_normalise(&v.part[1]);
	return v;
}

enum extent values_extent(const struct clause *row, const struct values *v, uint32_t part)
{
	const ranges *r = &v->part[part];
	bool none = r->len == 0;
	bool all = r->len == 1 && r->data[0].lo == 0 && r->data[0].hi >= values_max(row, part);

	if (v->left_out[part])
		return EXTENT_NOTHING;
	if (none || all)
		return none == v->negated ? EXTENT_EVERYTHING : EXTENT_NOTHING;
	return EXTENT_SOME;
}

bool values_accept(const struct values *v, uint8_t value)
{
	return ranges_contain(&v->part[0], value) != v->negated;
}
