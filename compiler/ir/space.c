/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cells are made by trying every combination of family, layer-4 header and fragment kind, and
 * cutting each by the matches; one that a match leaves empty is gone.
 */
#include <fnmatch.h>
#include <netinet/in.h>

#include "compiler/ir/space.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP  0x0806
#define ETHERTYPE_IPV6 0x86dd

#define NO_FRAGMENT ((struct range){ FRAG_NO, FRAG_NO })

static u128 field_max(const struct clause *row, uint8_t family)
{
	if (row->width == 16)
		return family == FAM_IPV4 ? UINT32_MAX : ~(u128)0;
	return ~(u128)0 >> (128 - 8 * row->width);
}

static unsigned int family_number(uint8_t family)
{
	return family == FAM_IPV4 ? FAMILY_IPV4 : family == FAM_IPV6 ? FAMILY_IPV6 : FAMILY_NONE;
}

bool cell_has_layer(const struct cell *cell, const struct clause *row)
{
	if (row->layer != LAYER_FRAME && cell->family == FAM_OTHER)
		return false;
	if (row->layer == LAYER_L4)
		return !cell->later && (!row->proto || row->proto & cell->layer4);
	return true;
}

const ranges *cell_values(const struct cell *cell, uint16_t offset)
{
	vec_for_each(field, &cell->fields)
		if (field->offset == offset)
			return &field->values;
	return NULL;
}

/* `not src 192.0.2.1` leaves IPv6 alone; a set, or nothing at all, keeps both families. */
static bool family_fits(const struct match *match, uint8_t family)
{
	if (match->row->type != TYPE_ADDR || !match->atoms.len)
		return true;
	vec_for_each(atom, &match->atoms)
		if (atom->kind == ATOM_SET || atom->family == family_number(family))
			return true;
	return false;
}

static void add_flags(struct arena *arena, ranges *out, const struct atom *atom)
{
	for (unsigned int value = 0; value < 256; value++)
		if (atom->lo <= (value & atom->mask) && (value & atom->mask) <= atom->hi)
			vec_push(arena, out, ((struct range){ value, value }));
}

static const ranges *set_members(const struct ruleset *rs, const struct atom *atom, uint8_t family)
{
	const struct set *set = &rs->sets.data[atom->set];

	return &set->members[set->type == TYPE_ADDR && family == FAM_IPV6];
}

/* What the atoms name, before `not`, in the cell's family. */
static ranges match_values(const struct space *space, const struct match *match, uint8_t family)
{
	struct arena *arena = space->arena;
	ranges out = { 0 };

	if (match->atoms.len == 1 && match->atoms.data[0].kind == ATOM_SET)
		return *set_members(space->rs, match->atoms.data, family);
	vec_for_each(atom, &match->atoms) {
		if (atom->kind == ATOM_SET)
			vec_for_each(range, set_members(space->rs, atom, family))
				vec_push(arena, &out, *range);
		else if (match->row->type == TYPE_FLAGS)
			add_flags(arena, &out, atom);
		else if (atom->kind == ATOM_IFACE ? atom->lo != 0
						  : match->row->type != TYPE_ADDR ||
							    atom->family == family_number(family))
			vec_push(arena, &out, ((struct range){ atom->lo, atom->hi }));
	}
	ranges_normalise(&out);
	return out;
}

static ranges intersection(struct arena *arena, const ranges *a, const ranges *b)
{
	ranges out = { 0 };
	uint32_t i = 0, j = 0;

	while (i < a->len && j < b->len) {
		const struct range *x = &a->data[i], *y = &b->data[j];
		struct range both = { x->lo > y->lo ? x->lo : y->lo,
				      x->hi < y->hi ? x->hi : y->hi };

		if (both.lo <= both.hi)
			vec_push(arena, &out, both);
		if (x->hi < y->hi)
			i++;
		else
			j++;
	}
	return out;
}

/* Return: false when nothing is left. */
static bool cut(struct arena *arena, struct cell *cell, uint16_t offset, ranges values)
{
	struct space_field *found = NULL;

	vec_for_each(field, &cell->fields)
		if (field->offset == offset)
			found = field;
	if (!found) {
		found = vec_add(arena, &cell->fields);
		found->offset = offset;
		found->values = values;
	} else {
		found->values = intersection(arena, &found->values, &values);
	}
	return found->values.len > 0;
}

static bool cut_range(struct arena *arena, struct cell *cell, uint16_t offset, struct range range)
{
	ranges values = { 0 };

	vec_push(arena, &values, range);
	return cut(arena, cell, offset, values);
}

static bool cut_match(const struct space *space, struct cell *cell, const struct match *match)
{
	ranges values;

	if (!cell_has_layer(cell, match->row) || !family_fits(match, cell->family))
		return false;
	values = match_values(space, match, cell->family);
	if (match->negated)
		values = ranges_complement(space->arena, &values,
					   field_max(match->row, cell->family));
	return cut(space->arena, cell, match->row->offset, values);
}

/* Packets come in where a link is attached. A glob may cover interfaces that have no number yet. */
static ranges listed_interfaces(struct arena *arena, const struct ruleset *rs)
{
	ranges out = { 0 };

	for (uint32_t i = 0; i < rs->iface_names.len; i++) {
		const char *name = arena_strndup(arena, rs->iface_names.data[i].s,
						 rs->iface_names.data[i].len);

		vec_for_each(iface, &rs->interfaces) {
			const char *glob = arena_strndup(arena, iface->name.s, iface->name.len);

			if (fnmatch(glob, name, 0) == 0) {
				vec_push(arena, &out, ((struct range){ i + 1, i + 1 }));
				break;
			}
		}
	}
	vec_for_each(iface, &rs->interfaces)
		if (memchr(iface->name.s, '*', iface->name.len)) {
			vec_push(arena, &out,
				 ((struct range){ rs->iface_names.len + 1, UINT32_MAX }));
			break;
		}
	ranges_normalise(&out);
	return out;
}

/* The protocol numbers of a class; `layer4` 0 is all that have no header of their own. */
static ranges class_protocols(struct arena *arena, uint8_t family, uint8_t layer4)
{
	ranges known = { 0 };
	uint8_t icmp = family == FAM_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (!layer4 || layer4 == PROTO_TCP)
		vec_push(arena, &known, ((struct range){ IPPROTO_TCP, IPPROTO_TCP }));
	if (!layer4 || layer4 == PROTO_UDP)
		vec_push(arena, &known, ((struct range){ IPPROTO_UDP, IPPROTO_UDP }));
	if (!layer4 || layer4 & (PROTO_ICMP | PROTO_ICMP6))
		vec_push(arena, &known, ((struct range){ icmp, icmp }));
	ranges_normalise(&known);
	return layer4 ? known : ranges_complement(arena, &known, UINT8_MAX);
}

static bool has_field(const struct match *matches, uint32_t n, uint16_t offset)
{
	for (uint32_t i = 0; i < n; i++)
		if (matches[i].row->offset == offset)
			return true;
	return false;
}

struct request {
	const struct match *matches;
	uint32_t n_matches;
	bool whole, new;
	ranges interfaces;
};

/* The ethertypes of the family; what has that of IP and is none is malformed. */
static ranges family_types(struct arena *arena, uint8_t family)
{
	ranges types = { 0 };

	if (family != FAM_IPV6)
		vec_push(arena, &types, ((struct range){ ETHERTYPE_IPV4, ETHERTYPE_IPV4 }));
	if (family != FAM_IPV4)
		vec_push(arena, &types, ((struct range){ ETHERTYPE_IPV6, ETHERTYPE_IPV6 }));
	return family == FAM_OTHER ? ranges_complement(arena, &types, UINT16_MAX) : types;
}

/* What family, layer-4 header and fragment kind of the cell mean for its fields. */
static bool cut_kind(struct arena *arena, struct cell *cell, bool whole)
{
	struct range frag = cell->later ? (struct range){ FRAG_LATER, FRAG_LATER }
					: (struct range){ FRAG_NO, FRAG_FIRST };
	unsigned int family = family_number(cell->family);

	if (cell->family == FAM_OTHER || whole)
		frag = NO_FRAGMENT;
	return cut_range(arena, cell, offsetof(struct pkt, frag), frag) &&
	       cut_range(arena, cell, offsetof(struct pkt, family),
			 (struct range){ family, family }) &&
	       cut(arena, cell, offsetof(struct pkt, ethertype),
		   family_types(arena, cell->family)) &&
	       (cell->family == FAM_OTHER ||
		cut(arena, cell, offsetof(struct pkt, proto),
		    class_protocols(arena, cell->family, cell->layer4)));
}

static void add_cell(struct space *space, const struct request *request, struct cell cell)
{
	struct arena *arena = space->arena;
	bool left = true;

	for (uint32_t i = 0; i < request->n_matches && left; i++)
		left = cut_match(space, &cell, &request->matches[i]);
	left = left && cut_kind(arena, &cell, request->whole);
	if (left && request->new)
		left = cut_range(arena, &cell, offsetof(struct pkt, established),
				 (struct range){ 0, 0 });
	if (left && request->interfaces.len)
		left = cut(arena, &cell, offsetof(struct pkt, ifnum), request->interfaces);
	if (left)
		vec_push(arena, &space->cells, cell);
}

struct space space_of(struct arena *arena, const struct ruleset *rs, const struct match *matches,
		      uint32_t n_matches, uint8_t families, unsigned int flags)
{
	struct space space = { .arena = arena, .rs = rs };
	struct request request = { .matches = matches, .n_matches = n_matches };

	request.whole =
		flags & SPACE_WHOLE && !has_field(matches, n_matches, offsetof(struct pkt, frag));
	request.new = flags &SPACE_NEW &&
		      !has_field(matches, n_matches, offsetof(struct pkt, established));
	request.interfaces = listed_interfaces(arena, rs);
	for (uint8_t family = FAM_IPV4; family <= FAM_IPV6; family *= 2) {
		uint8_t icmp = family == FAM_IPV4 ? PROTO_ICMP : PROTO_ICMP6;
		const uint8_t classes[] = { PROTO_TCP, PROTO_UDP, icmp, 0 };

		if (!(families & family))
			continue;
		for (unsigned int i = 0; i < 4; i++) {
			struct cell cell = { .family = family, .layer4 = classes[i] };

			add_cell(&space, &request, cell);
			cell.later = true;
			if (!request.whole)
				add_cell(&space, &request, cell);
		}
	}
	if (families & FAM_OTHER)
		add_cell(&space, &request, (struct cell){ .family = FAM_OTHER });
	return space;
}

/* Both normalised. */
static enum truth compare(const ranges *have, const ranges *wanted)
{
	bool inside = true, apart = true;
	uint32_t j = 0;

	for (uint32_t i = 0; i < have->len && (inside || apart); i++) {
		const struct range *x = &have->data[i];

		while (j < wanted->len && wanted->data[j].hi < x->lo)
			j++;
		if (j == wanted->len || wanted->data[j].lo > x->hi) {
			inside = false;
			continue;
		}
		apart = false;
		if (wanted->data[j].lo > x->lo || wanted->data[j].hi < x->hi)
			inside = false;
	}
	return inside ? TRUTH_YES : apart ? TRUTH_NO : TRUTH_DEPENDS;
}

/* A match on one value or range, by far the most, needs no list of its own. */
static bool is_one_range(const struct match *match)
{
	return match->atoms.len == 1 && match->atoms.data[0].kind == ATOM_RANGE &&
	       match->row->type != TYPE_FLAGS;
}

enum truth cell_match(const struct space *space, const struct cell *cell, const struct match *match)
{
	const ranges *have = cell_values(cell, match->row->offset);
	struct range any = { 0, field_max(match->row, cell->family) }, one;
	ranges all = { .data = &any, .len = 1 }, wanted = { .data = &one, .len = 1 };
	enum truth truth;

	if (!cell_has_layer(cell, match->row) || !family_fits(match, cell->family))
		return TRUTH_NO;
	if (is_one_range(match))
		one = (struct range){ match->atoms.data[0].lo, match->atoms.data[0].hi };
	else
		wanted = match_values(space, match, cell->family);
	truth = compare(have ? have : &all, &wanted);
	if (match->negated && truth != TRUTH_DEPENDS)
		return truth == TRUTH_YES ? TRUTH_NO : TRUTH_YES;
	return truth;
}

enum truth cell_rule(const struct space *space, const struct cell *cell, const struct rule *rule,
		     const struct match **ret_match)
{
	enum truth truth = TRUTH_YES;

	*ret_match = NULL;
	vec_for_each(match, &rule->matches) {
		enum truth one = cell_match(space, cell, match);

		if (one == TRUTH_YES)
			continue;
		if (one == TRUTH_NO || truth == TRUTH_YES)
			*ret_match = match;
		truth = one;
		if (one == TRUTH_NO)
			return TRUTH_NO;
	}
	if (rule->families & cell->family)
		return truth;
	*ret_match = NULL;
	return TRUTH_NO;
}

static bool in_class(const struct cell *cell, uint16_t offset, struct range range,
		     enum truth *truth)
{
	struct range any = { 0, UINT16_MAX };
	ranges all = { .data = &any, .len = 1 }, wanted = { .data = &range, .len = 1 };
	const ranges *have = cell_values(cell, offset);
	enum truth one = compare(have ? have : &all, &wanted);

	if (one != TRUTH_YES)
		*truth = one;
	return one != TRUTH_NO;
}

/* Essential traffic as bpf/parse.h defines it: exact in these fields, whole packets only. */
struct essential {
	uint8_t family, layer4;
	struct {
		uint16_t offset;
		uint16_t lo, hi;
	} fields[2];
};

#define AT(member, first, last)                           \
	{                                                 \
		offsetof(struct pkt, member), first, last \
	}

/* clang-format off */
static const struct essential essentials[] = {
	{ FAM_OTHER, 0, { AT(ethertype, ETHERTYPE_ARP, ETHERTYPE_ARP), AT(frag, 0, 0) } },
	{ FAM_IPV4, PROTO_UDP, { AT(sport, 67, 67), AT(dport, 68, 68) } },
	{ FAM_IPV6, PROTO_UDP, { AT(sport, 547, 547), AT(dport, 546, 546) } },
	{ FAM_IPV4, PROTO_ICMP, { AT(icmp_type, 3, 3), AT(icmp_code, 4, 4) } },
	{ FAM_IPV6, PROTO_ICMP6, { AT(icmp_type, 2, 2), AT(frag, 0, 0) } },
	{ FAM_IPV6, PROTO_ICMP6, { AT(icmp_type, 133, 137), AT(ttl, 255, 255) } },
	{ FAM_IPV6, PROTO_ICMP6, { AT(icmp_type, 130, 130), AT(ttl, 1, 1) } },
};
/* clang-format on */

enum truth cell_essential(const struct space *space, const struct cell *cell)
{
	enum truth best = TRUTH_NO;

	if (!space->rs->essential || cell->later)
		return TRUTH_NO;
	for (unsigned int i = 0; i < sizeof(essentials) / sizeof(essentials[0]); i++) {
		const struct essential *class = &essentials[i];
		enum truth truth = TRUTH_YES;
		bool meets = class->family == cell->family && class->layer4 == cell->layer4 &&
			     in_class(cell, offsetof(struct pkt, frag), NO_FRAGMENT, &truth);

		for (int j = 0; j < 2 && meets; j++)
			meets = in_class(cell, class->fields[j].offset,
					 (struct range){ class->fields[j].lo, class->fields[j].hi },
					 &truth);
		if (meets && truth == TRUTH_YES)
			return TRUTH_YES;
		if (meets)
			best = TRUTH_DEPENDS;
	}
	return best;
}

enum truth cell_fragments(const struct space *space, const struct cell *cell)
{
	struct range range = { FRAG_FIRST, FRAG_LATER };
	enum truth truth = TRUTH_YES;

	if (space->rs->fragments == FRAGMENTS_L3)
		return TRUTH_NO;
	if (space->rs->fragments == FRAGMENTS_PASS)
		range.lo = FRAG_LATER;
	in_class(cell, offsetof(struct pkt, frag), range, &truth);
	return truth;
}

enum truth cell_listed(const struct space *space, const struct cell *cell, enum builtin_list which)
{
	const struct set *list = &space->rs->builtin[which];
	const ranges *have = cell_values(cell, offsetof(struct pkt, src));

	if (!have || cell->family == FAM_OTHER)
		return TRUTH_NO;
	return compare(have, &list->members[cell->family == FAM_IPV6]);
}
