/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules as products of sets, pair by pair; eval has the last word on each example. */
#include "compiler/ir/conflict.h"

#include "compiler/ir/eval.h"
#include "compiler/ir/prove_rule.h"

#define PLACES_SEEN 1024u
#define PAIRS_MAX   100000u

struct search {
	struct arena *arena;
	struct reference ref;
	struct set_pool kept, pool;
	struct product *products; /* by place */
	uint32_t max, pairs;
	struct conflicts found;
};

static bool decides(const struct prove_place *place)
{
	return place->is.kind == PLACE_ALLOW || place->is.kind == PLACE_DROP;
}

/* What both have. Return: false when that is nothing. */
static bool intersect(struct search *s, const struct product *a, const struct product *b,
		      struct product *ret_both)
{
	*ret_both = *a;
	for (uint32_t i = 0; i < s->ref.n_fields && !ret_both->empty; i++)
		if (b->used >> i & 1) {
			product_narrow(&s->pool, ret_both, i, b->of[i]);
			ret_both->empty |= ret_both->of[i].n == 0;
		}
	return !ret_both->empty;
}

/* What is usual where the rules do not say. */
static struct pkt usual_packet(const struct search *s)
{
	bool six = s->ref.family == FAMILY_IPV6;
	struct pkt pkt = { .family = (uint8_t)s->ref.family,
			   .frame_len = 74,
			   .smac = 0x020000000001,
			   .dmac = 0x020000000002,
			   .ifnum = 1 };

	if (s->ref.family == FAMILY_NONE)
		return pkt;
	pkt.ip_len = 60;
	pkt.ttl = 64;
	pkt.flags = 2; /* SYN */
	pkt.sport = 40000;
	pkt.dport = 50000;
	pkt.src[0] = pkt.dst[0] = six ? 0x20010db800000000 : 0;
	pkt.src[1] = six ? 1 : 0xc0000201;
	pkt.dst[1] = six ? 2 : 0xc6336401;
	pkt.ethertype = six ? 0x86dd : 0x0800;
	return pkt;
}

/* The packet of @both with the lowest or highest values is decided by the first rule. */
static bool is_decided(const struct search *s, const struct product *both, bool highest,
		       struct conflict *conflict)
{
	struct eval_result result;

	*conflict->example = usual_packet(s);
	for (uint32_t i = 0; i < s->ref.n_fields; i++) {
		const struct value_set *set = &both->of[i];

		if (both->used >> i & 1)
			prove_field_put(&s->ref.fields[i], conflict->example,
					highest ? set->at[set->n - 1].hi : set->at[0].lo);
	}
	result = eval_packet(s->ref.rs, conflict->example, false);
	return result.stage == ANSWER_RULE && result.rule == conflict->first;
}

static void look_at(struct search *s, uint32_t a, uint32_t b)
{
	const struct prove_place *first = &s->ref.places.data[a], *second = &s->ref.places.data[b];
	struct conflict conflict = { .first = first->is.rule, .second = second->is.rule };
	struct product both;
	struct pkt example;

	conflict.example = &example;
	s->pool.len = 0;
	if (!intersect(s, &s->products[a], &s->products[b], &both) ||
	    product_within(&s->ref.universe, &s->products[a], &s->products[b]) ||
	    product_within(&s->ref.universe, &s->products[b], &s->products[a]))
		return;
	/* An earlier rule may decide one of the two. */
	if (!is_decided(s, &both, false, &conflict) && !is_decided(s, &both, true, &conflict))
		return;
	vec_for_each(known, &s->found.list)
		if (known->first == conflict.first && known->second == conflict.second)
			return;
	conflict.example = arena_new_array(s->arena, struct pkt, 1);
	*conflict.example = example;
	vec_push(s->arena, &s->found.list, conflict);
}

static void search_family(struct search *s, unsigned int family)
{
	uint32_t n = s->ref.places.len < PLACES_SEEN ? s->ref.places.len : PLACES_SEEN;

	reference_family(&s->ref, family);
	s->ref.pool = &s->kept;
	for (uint32_t i = 0; i < n; i++)
		reference_place(&s->ref, i, &s->products[i]);
	for (uint32_t b = 1; b < n; b++)
		for (uint32_t a = 0; a < b && decides(&s->ref.places.data[b]); a++) {
			if (!decides(&s->ref.places.data[a]) || s->products[a].empty ||
			    s->products[b].empty ||
			    s->ref.places.data[a].is.kind == s->ref.places.data[b].is.kind)
				continue;
			if (s->pairs++ == PAIRS_MAX || s->found.list.len == s->max) {
				s->found.partial = true;
				return;
			}
			look_at(s, a, b);
		}
	s->found.partial |= n < s->ref.places.len;
}

struct conflicts conflicts_find(struct arena *arena, const struct ruleset *rs, uint32_t max)
{
	static const unsigned int families[] = { FAMILY_IPV4, FAMILY_IPV6, FAMILY_NONE };
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct search s = { .arena = arena, .max = max };

	s.kept.arena = s.pool.arena = scratch;
	reference_init(&s.ref, scratch, &s.kept, rs, PLACES_MAX >> 6);
	if (s.ref.places.len > PLACES_MAX >> 6) {
		s.found.partial = true;
		return s.found;
	}
	s.products = arena_new_array(scratch, struct product, PLACES_SEEN);
	for (uint32_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		search_family(&s, families[i]);
	return s.found;
}
