/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resolved rules as products of sets; naive, and nothing shared with the passes. */
#include <netinet/in.h>

#include "compiler/ir/prove_rule.h"
#include "compiler/lang/type.h"

/* A chain that is being written out. */
struct instance {
	uint32_t chain;
	uint32_t next; /* index into its rules */
	uint32_t jump; /* the place that led here */
	bool returns;  /* one of its own rules so far is a return */
};

void prove_field_put(const struct prove_field *field, struct pkt *pkt, u128 value)
{
	uint64_t halves[2] = { (uint64_t)(value >> 64), (uint64_t)value };
	unsigned char *at = (unsigned char *)pkt + field->offset;

	if (field->width == 16)
		memcpy(at, halves, sizeof(halves));
	else
		memcpy(at, &halves[1], field->width);
}

static enum place_kind kind_of(const struct rule *rule)
{
	switch (rule->verb.row->verb) {
	case VERB_ALLOW:
		return PLACE_ALLOW;
	case VERB_DROP:
	case VERB_BLACKLIST:
		return PLACE_DROP;
	case VERB_RETURN:
		return PLACE_RETURN;
	case VERB_JUMP:
		return PLACE_JUMP;
	case VERB_COUNT:
		return rule->log ? PLACE_ACT : PLACE_COUNT;
	default:
		return PLACE_ACT;
	}
}

/* `until` holds the jump whose chain is meant until the ends are known. */
static void write_out(struct reference *ref, uint32_t max)
{
	VEC(struct instance) stack = { 0 };

	vec_push(ref->arena, &stack, ((struct instance){ 0, 0, PLACE_NONE, false }));
	while (stack.len && ref->places.len <= max) {
		struct instance *top = &stack.data[stack.len - 1];
		const struct chain *chain = &ref->rs->chains.data[top->chain];
		uint32_t jump = top->jump, at = ref->places.len, index;
		struct prove_place *place;
		const struct rule *rule;

		if (top->next == chain->rules.len) {
			stack.len--;
			if (jump != PLACE_NONE)
				ref->places.data[jump].is.resume = at;
			continue;
		}
		index = chain->rules.data[top->next++];
		rule = &ref->rs->rules.data[index];
		if (rule->disabled)
			continue;
		place = vec_add(ref->arena, &ref->places);
		place->is = (struct place){ .rule = index, .kind = kind_of(rule), .jump = jump };
		if (place->is.kind == PLACE_ACT || rule->limit.present || rule->log ||
		    rule->verb.row->verb == VERB_BLACKLIST)
			place->is.act = ++ref->n_acts;
		if (jump != PLACE_NONE)
			place->until = top->returns ? jump : ref->places.data[jump].until;
		else
			place->until = PLACE_NONE;
		place->families = rule->families;
		if (jump != PLACE_NONE)
			place->families &= ref->places.data[jump].families;
		top->returns |= place->is.kind == PLACE_RETURN;
		if (place->is.kind == PLACE_JUMP)
			vec_push(ref->arena, &stack,
				 ((struct instance){ rule->verb.chain, 0, at, false }));
	}
}

static void fill_ends(struct reference *ref)
{
	uint32_t n = ref->places.len;

	for (uint32_t i = 0; i < n; i++) {
		struct prove_place *p = &ref->places.data[i];

		p->is.end = p->is.jump == PLACE_NONE ? n : ref->places.data[p->is.jump].is.resume;
		if (p->until != PLACE_NONE)
			p->until = ref->places.data[p->until].is.resume;
		if (p->is.kind == PLACE_COUNT || p->is.kind == PLACE_ACT)
			p->is.resume = i + 1;
		if (p->is.kind == PLACE_RETURN)
			p->is.resume = p->is.end;
	}
}

void reference_init(struct reference *ref, struct arena *arena, struct set_pool *pool,
		    const struct ruleset *rs, uint32_t max)
{
	*ref = (struct reference){ .arena = arena, .pool = pool, .rs = rs };
	ref->kept.arena = arena;
	ref->sets = arena_new_array(arena, struct value_set, rs->sets.len + 1);
	ref->sets_known = arena_new_array(arena, bool, rs->sets.len + 1);
	ref->places.cap = max + 1;
	ref->places.data = arena_new_array(arena, struct prove_place, (size_t)max + 1);
	if (rs->chains.len)
		write_out(ref, max);
	if (ref->places.len <= max)
		fill_ends(ref);
}

static u128 field_max(const struct clause *row, unsigned int family)
{
	if (row->width == 16)
		return family == FAMILY_IPV6 ? ~(u128)0 : UINT32_MAX;
	return row->type == TYPE_FRAG ? FRAG_LATER : clause_max(row);
}

/* What has an ethertype of IP and is none is malformed, and meets no rule. */
static struct range field_range(const struct clause *row, unsigned int family)
{
	if (row->type == TYPE_ETHER && family == FAMILY_IPV4)
		return (struct range){ 0x0800, 0x0800 };
	if (row->type == TYPE_ETHER && family == FAMILY_IPV6)
		return (struct range){ 0x86dd, 0x86dd };
	return (struct range){ 0, field_max(row, family) };
}

static void add_field(struct reference *ref, const struct clause *row)
{
	uint32_t n = ref->n_fields;

	ref->fields[n] = (struct prove_field){ row, row->offset, row->width };
	ref->universe.range[n] = field_range(row, ref->family);
	ref->universe.all[n] = (struct value_set){ &ref->universe.range[n], 1 };
	ref->universe.n = ref->n_fields = n + 1;
}

void reference_family(struct reference *ref, unsigned int family)
{
	ref->family = family;
	ref->family_bit = family == FAMILY_IPV4   ? FAM_IPV4
			  : family == FAMILY_IPV6 ? FAM_IPV6
						  : FAM_OTHER;
	ref->n_fields = 0;
	memset(ref->sets_known, 0, ref->rs->sets.len);
	for (const struct clause *row = clause_matches; row->name; row++)
		if (row->type != TYPE_FAMILY && reference_field(ref, row->offset) == FIELDS_MAX)
			add_field(ref, row);
	vec_for_each(row, &ref->rs->fact_rows)
		add_field(ref, *row);
}

uint32_t reference_field(const struct reference *ref, uint16_t offset)
{
	for (uint32_t i = 0; i < ref->n_fields; i++)
		if (ref->fields[i].offset == offset)
			return i;
	return FIELDS_MAX;
}

static struct value_set set_members(struct reference *ref, uint32_t index)
{
	const struct set *set = &ref->rs->sets.data[index];
	uint32_t n = 0;
	struct range *all;

	if (ref->sets_known[index])
		return ref->sets[index];
	all = pool_take(&ref->kept, set->entries.len);
	vec_for_each(entry, &set->entries)
		if (set->type != TYPE_ADDR || entry->family == ref->family)
			all[n++] = entry->range;
	ref->sets[index] = set_of_ranges(&ref->kept, all, n);
	ref->sets_known[index] = true;
	return ref->sets[index];
}

/* Which values of a byte pass the mask. */
static uint32_t masked_ranges(const struct atom *atom, struct range *out)
{
	uint32_t n = 0;

	for (uint32_t value = 0; value <= UINT8_MAX; value++)
		if ((value & atom->mask) >= atom->lo && (value & atom->mask) <= atom->hi)
			out[n++] = (struct range){ value, value };
	return n;
}

/* The values that any of the atoms accepts. */
static struct value_set match_values(struct reference *ref, const struct match *match)
{
	const struct atom *only = match->atoms.data;
	uint32_t n = 0, most = 0;
	struct range *out;

	if (match->atoms.len == 1 && only->kind == ATOM_SET)
		return set_members(ref, only->set);
	vec_for_each(atom, &match->atoms)
		most += atom->kind == ATOM_SET           ? set_members(ref, atom->set).n
			: match->row->type == TYPE_FLAGS ? 256
							 : 1;
	out = pool_take(ref->pool, most);
	vec_for_each(atom, &match->atoms) {
		if (atom->kind == ATOM_SET) {
			struct value_set set = set_members(ref, atom->set);

			if (set.n)
				memcpy(&out[n], set.at, set.n * sizeof(*out));
			n += set.n;
		} else if (atom->kind == ATOM_IFACE) {
			if (atom->lo)
				out[n++] = (struct range){ atom->lo, atom->lo };
		} else if (match->row->type == TYPE_FLAGS) {
			n += masked_ranges(atom, &out[n]);
		} else if (match->row->type != TYPE_ADDR || atom->family == ref->family) {
			out[n++] = (struct range){ atom->lo, atom->hi };
		}
	}
	return n > 1 ? set_of_ranges(ref->pool, out, n) : (struct value_set){ out, n };
}

/* An address match that names only the other family holds for nothing, not even negated. */
static bool names_family(const struct reference *ref, const struct match *match)
{
	if (match->row->type != TYPE_ADDR || !match->atoms.len)
		return true;
	vec_for_each(atom, &match->atoms)
		if (atom->kind == ATOM_SET || atom->family == ref->family)
			return true;
	return false;
}

static void narrow_range(struct reference *ref, struct product *product, uint16_t offset, u128 lo,
			 u128 hi)
{
	product_narrow(ref->pool, product, reference_field(ref, offset),
		       set_range(ref->pool, lo, hi));
}

/* The header with the field is there: not a later fragment, one of the row's protocols. */
static void narrow_layer4(struct reference *ref, const struct clause *row, struct product *product)
{
	struct range protos[4];
	uint32_t n = 0;

	narrow_range(ref, product, offsetof(struct pkt, frag), FRAG_NO, FRAG_FIRST);
	if (!row->proto)
		return;
	if (row->proto & PROTO_TCP)
		protos[n++] = (struct range){ IPPROTO_TCP, IPPROTO_TCP };
	if (row->proto & PROTO_UDP)
		protos[n++] = (struct range){ IPPROTO_UDP, IPPROTO_UDP };
	if (row->proto & PROTO_ICMP && ref->family == FAMILY_IPV4)
		protos[n++] = (struct range){ IPPROTO_ICMP, IPPROTO_ICMP };
	if (row->proto & PROTO_ICMP6 && ref->family == FAMILY_IPV6)
		protos[n++] = (struct range){ IPPROTO_ICMPV6, IPPROTO_ICMPV6 };
	product_narrow(ref->pool, product, reference_field(ref, offsetof(struct pkt, proto)),
		       set_of_ranges(ref->pool, protos, n));
}

static void narrow_match(struct reference *ref, const struct match *match, struct product *product)
{
	struct value_set values = match_values(ref, match);
	uint32_t field;

	if ((match->row->layer != LAYER_FRAME && ref->family == FAMILY_NONE) ||
	    !names_family(ref, match)) {
		product->empty = true;
		return;
	}
	if (match->row->layer == LAYER_L4)
		narrow_layer4(ref, match->row, product);
	if (match->row->type == TYPE_FAMILY) {
		product->empty |= set_has(values, ref->family) == match->negated;
		return;
	}
	field = reference_field(ref, match->row->offset);
	if (match->negated)
		values = set_minus(ref->pool, ref->universe.all[field], values);
	else
		values = set_and(ref->pool, values, ref->universe.all[field]);
	product_narrow(ref->pool, product, field, values);
}

void reference_place(struct reference *ref, uint32_t place, struct product *ret_product)
{
	ret_product->used = 0;
	ret_product->empty = !(ref->places.data[place].families & ref->family_bit);
	if (ret_product->empty)
		return;
	for (uint32_t at = place; at != PLACE_NONE; at = ref->places.data[at].is.jump) {
		const struct rule *rule = &ref->rs->rules.data[ref->places.data[at].is.rule];

		vec_for_each(match, &rule->matches)
			narrow_match(ref, match, ret_product);
	}
}
