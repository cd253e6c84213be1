/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Places against pieces: no piece has a packet that its place does not match, and the pieces of
 * all groups together have all of them. What is left over (a pass has dropped it) is taken apart
 * packet by packet: the leaf of one packet of it names the earlier terminal record that decides
 * it, which takes away everything that record has.
 */
#include "compiler/ir/prove_internal.h"

#include <stdlib.h>

/* How often something may be taken away from what is left over, in all. */
#define STEPS_FREE      (1u << 18)
#define STEPS_PER_PLACE 4u

#define AHEAD 8u

/* Packets. */

static u128 get_value(const struct pkt *pkt, const struct prove_field *field)
{
	const unsigned char *at = (const unsigned char *)pkt + field->offset;
	uint64_t halves[2] = { 0 };

	if (field->width == 16) {
		memcpy(halves, at, sizeof(halves));
		return (u128)halves[0] << 64 | halves[1];
	}
	memcpy(&halves[0], at, field->width);
	return halves[0];
}

static struct pkt lowest_packet(const struct prover *p, const struct product *product)
{
	struct pkt pkt = { .family = (uint8_t)p->ref.family };

	for (uint32_t i = 0; i < p->ref.n_fields; i++)
		if (product->used >> i & 1)
			prove_field_put(&p->ref.fields[i], &pkt, product->of[i].at[0].lo);
	return pkt;
}

const char *prove_packet(struct prover *p, const struct pkt *pkt)
{
	struct buf out = { .arena = p->arena };

	buf_printf(&out, "family %u", pkt->family);
	for (uint32_t i = 0; i < p->ref.n_fields; i++) {
		const struct prove_field *field = &p->ref.fields[i];
		u128 value = get_value(pkt, field);

		if (!value)
			continue;
		buf_printf(&out, " %s ",
			   field->row->type == TYPE_PROTO ? "proto" : field->row->name);
		if (field->width == 16)
			net_print_ip(&out, pkt->family, value);
		else
			buf_printf(&out, "%lu", (unsigned long)value);
	}
	return buf_text(&out);
}

/* What is left over. */

/* One packet, as the trees and the tests read it. */
struct probe {
	uint64_t keys[DIMS_MAX];
	u128 values[FIELDS_MAX];
};

static struct probe lowest_probe(const struct prover *p, const struct product *product)
{
	struct probe probe;

	for (uint32_t i = 0; i < p->ref.n_fields; i++)
		probe.values[i] = product->used >> i & 1 ? product->of[i].at[0].lo : 0;
	for (uint32_t i = 0; i < p->dims->n; i++) {
		u128 value = probe.values[p->view.field_of_dim[i]];

		probe.keys[i] = (uint64_t)(p->dims->dim[i].pair ? value >> 64 : value);
	}
	return probe;
}

/* The probe's leaf, or a node above it with no place before @place. */
static const struct forest_node *leaf_of(const struct prover *p, const struct forest_group *group,
					 const struct probe *probe, uint32_t place)
{
	const struct forest_node *node = blob_node(&p->view, group->root);

	while (node->first < place && node->dim != FOREST_LEAF) {
		uint64_t moved = probe->keys[node->dim] + node->add;

		node = blob_node(&p->view,
				 node->base + (uint32_t)(moved >> node->shift & node->mask));
	}
	return node;
}

/* An earlier terminal record with the packet; best one that has all of @rest. */
static bool find_decider(struct prover *p, uint32_t place, const struct product *rest,
			 struct product *ret_decider)
{
	struct probe probe = lowest_probe(p, rest);
	bool found = false;

	vec_for_each(group, &p->forest->groups) {
		const struct forest_node *leaf;

		if (group->family != p->ref.family)
			continue;
		leaf = leaf_of(p, group, &probe, place);
		if (leaf->first >= place)
			continue;
		for (uint32_t i = 0; i < leaf->mask; i++) {
			uint32_t by = blob_record_place(&p->view, leaf->add + i);
			const struct prove_place *known = &p->ref.places.data[by];
			struct product decider;

			if (by >= place)
				break;
			if ((known->is.kind != PLACE_ALLOW && known->is.kind != PLACE_DROP) ||
			    place >= known->until ||
			    !blob_record_has(&p->view, leaf->add + i, probe.keys, probe.values) ||
			    !blob_record_product(&p->view, leaf->add + i, &p->pool, &decider))
				continue;
			if (product_within(&p->ref.universe, rest, &decider)) {
				*ret_decider = decider;
				return true;
			}
			if (!found)
				*ret_decider = decider;
			found = true;
		}
	}
	return found;
}

static void take_away(struct prover *p, products *left, const struct product *whole,
		      const struct product *taken)
{
	struct product pieces[FIELDS_MAX];
	uint32_t n = product_minus(&p->pool, &p->ref.universe, whole, taken, pieces);

	for (uint32_t i = 0; i < n; i++)
		vec_push(p->arena, left, pieces[i]);
}

/* Nothing of @left comes to the place. */
static bool prove_decided(struct prover *p, uint32_t place, products *left)
{
	while (left->len) {
		struct product rest = left->data[--left->len], decider;
		struct pkt pkt;

		if (++p->steps > p->steps_max)
			return prove_fail(p, place,
					  "what decides before the rule is too much to prove");
		if (find_decider(p, place, &rest, &decider)) {
			take_away(p, left, &rest, &decider);
			continue;
		}
		pkt = lowest_packet(p, &rest);
		return prove_fail(p, place, "the forest lacks a rule: %s", prove_packet(p, &pkt));
	}
	return true;
}

/* Places. */

struct of_place {
	uint32_t place;
	const uint32_t *records; /* one of each piece, n of them */
	uint32_t n;
	const struct product *all;
};

static bool record_product(struct prover *p, const struct of_place *of, uint32_t i,
			   struct product *ret_product)
{
	if (!blob_record_product(&p->view, of->records[i], &p->pool, ret_product))
		return prove_fail(p, of->place, "record %u is too odd to prove", of->records[i]);
	return true;
}

static bool too_much(struct prover *p, const struct of_place *of, const struct product *has)
{
	struct product pieces[FIELDS_MAX];
	struct pkt pkt;

	if (of->all->empty)
		pieces[0] = *has;
	else
		product_minus(&p->pool, &p->ref.universe, has, of->all, pieces);
	pkt = lowest_packet(p, &pieces[0]);
	return prove_fail(p, of->place, "a record has a packet that is not its rule's: %s",
			  prove_packet(p, &pkt));
}

/* The pieces that lack something else than @spread. */
static bool take_others(struct prover *p, const struct of_place *of, uint64_t spread,
			products *left)
{
	struct product has;

	for (uint32_t i = 0; i < of->n && left->len; i++) {
		products smaller = { 0 };

		if (!record_product(p, of, i, &has))
			return false;
		if (has.empty || product_lacks(&p->ref.universe, of->all, &has) == spread)
			continue;
		if ((p->steps += left->len) > p->steps_max)
			return prove_fail(p, of->place, "a rule with too many records to prove");
		vec_for_each(part, left)
			take_away(p, &smaller, part, &has);
		*left = smaller;
	}
	return true;
}

/*
 * First the pieces that lack values of one field only, and of the same one (a list spread over
 * pieces): their values are put together. Then the others are taken away one
 * by one.
 */
static bool join_pieces(struct prover *p, const struct of_place *of, products *left)
{
	struct product wide = *of->all;
	uint64_t spread = 0;
	uint32_t n_other = 0;
	bool whole = false;
	ranges values = { 0 };
	struct product has;

	for (uint32_t i = 0; i < of->n; i++) {
		uint64_t lacks;

		if (!record_product(p, of, i, &has))
			return false;
		if (has.empty)
			continue;
		if (!product_within(&p->ref.universe, &has, of->all))
			return too_much(p, of, &has);
		lacks = product_lacks(&p->ref.universe, of->all, &has);
		whole |= !lacks;
		if (!spread && !(lacks & (lacks - 1)))
			spread = lacks;
		n_other += lacks != spread;
		if (lacks != spread || whole)
			continue;
		for (uint32_t k = 0; k < has.of[__builtin_ctzll(lacks)].n; k++)
			vec_push(p->arena, &values, has.of[__builtin_ctzll(lacks)].at[k]);
	}
	if (whole)
		return true;
	if (spread) {
		uint32_t field = (uint32_t)__builtin_ctzll(spread);
		struct value_set all = product_of(&p->ref.universe, &wide, field);

		wide.of[field] =
			set_minus(&p->pool, all, set_of_ranges(&p->pool, values.data, values.len));
		wide.used |= spread;
		if (!wide.of[field].n)
			return true;
	}
	vec_push(p->arena, left, wide);
	return !n_other || take_others(p, of, spread, left);
}

static bool prove_place(struct prover *p, const struct of_place *of)
{
	struct product has;

	p->left.len = 0;
	if (of->n == 1 && !of->all->empty) {
		if (!record_product(p, of, 0, &has))
			return false;
		if (!product_within(&p->ref.universe, &has, of->all))
			return too_much(p, of, &has);
		if (product_within(&p->ref.universe, of->all, &has))
			return true;
		take_away(p, &p->left, of->all, &has);
		return prove_decided(p, of->place, &p->left);
	}
	if (of->all->empty) {
		for (uint32_t i = 0; i < of->n; i++) {
			if (!record_product(p, of, i, &has))
				return false;
			if (!has.empty)
				return too_much(p, of, &has);
		}
		return true;
	}
	return join_pieces(p, of, &p->left) && prove_decided(p, of->place, &p->left);
}

/* The records of place i become sorted[starts[i]] .. sorted[starts[i + 1]]. */
static void sort_pieces(struct prover *p)
{
	uint32_t sum = 0, n = p->ref.places.len, *starts = p->starts;

	if (p->sorted_cap < p->pieces.len) {
		p->sorted_cap = p->pieces.len;
		p->sorted = arena_new_array(p->arena, uint32_t, p->sorted_cap);
	}
	memset(starts, 0, sizeof(*starts) * ((size_t)n + 1));
	vec_for_each(piece, &p->pieces)
		starts[piece->place]++;
	for (uint32_t i = 0; i <= n; i++) {
		sum += starts[i];
		starts[i] = sum;
	}
	for (uint32_t i = p->pieces.len; i-- > 0;)
		p->sorted[--starts[p->pieces.data[i].place]] = p->pieces.data[i].record;
}

/* The verdict in a record is that of its place's action, which is proven by itself. */
static bool says_action(const struct prover *p, uint32_t record)
{
	const void *at = p->forest->blob + p->forest->actions.offset;
	const struct forest_action *action = at;
	uint32_t order = blob_record_order(&p->view, record), wanted = 0;

	action += order >> ORDER_PLACE;
	if (action->next == FOREST_ALLOW)
		wanted = ORDER_ALLOW;
	if (action->next == FOREST_DROP)
		wanted = ORDER_DROP;
	return (order & (ORDER_ALLOW | ORDER_DROP)) == wanted;
}

/* In order of the places, whose actions lie far from each other in the order of the leaves. */
static bool check_verdicts(struct prover *p, uint32_t place, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		if (!says_action(p, p->sorted[i]))
			return prove_fail(p, place, "record %u says another verdict", p->sorted[i]);
	}
	return true;
}

bool prove_places(struct prover *p)
{
	const uint32_t *starts = p->starts, *sorted;
	struct product all;

	p->steps_max = STEPS_FREE + STEPS_PER_PLACE * p->ref.places.len;
	sort_pieces(p);
	sorted = p->sorted;
	for (uint32_t i = 0; i < p->ref.places.len; i++) {
		struct of_place of = { i, sorted + starts[i], starts[i + 1] - starts[i], &all };

		if (p->ref.places.data[i].is.kind == PLACE_JUMP)
			continue;
		/* Pieces lie in the order of the leaves, far from each other. */
		if (starts[i] + AHEAD < p->pieces.len)
			__builtin_prefetch(blob_record(&p->view, sorted[starts[i] + AHEAD]));
		if (!check_verdicts(p, i, starts[i], starts[i + 1]))
			return false;
		p->pool.len = 0;
		reference_place(&p->ref, i, &all);
		if (!prove_place(p, &of))
			return false;
	}
	return true;
}

/* The act of a place: it is of the rule, and goes on as its verb says. */
static bool prove_act(struct prover *p, uint32_t index, uint32_t next)
{
	const struct place *place = &p->ref.places.data[index].is;
	const struct rule *rule = &p->ref.rs->rules.data[place->rule];
	const struct act_entry *act = &p->forest->acts[place->act - 1];
	enum verb exceed = rule->exceed.row ? rule->exceed.row->verb : VERB_DROP;
	bool connections = rule->verb.row->verb == VERB_CONN_LIMIT;
	bool verified = rule->exceed.verified && !connections;
	enum act_over over = exceed == VERB_SYNCOOKIE || verified ? OVER_COOKIE
			     : exceed == VERB_DROP                ? OVER_DROP
			     : exceed == VERB_COUNT               ? OVER_COUNT
			     : exceed == VERB_ALLOW               ? OVER_ALLOW
								  : OVER_BAN;

	return act->place == index && act->next == next && act->slot == rule->slot &&
	       act->over_slot == rule->over_slot && act->rule == rule->id && act->over == over &&
	       !(act->does & ACT_BAN) == (rule->verb.row->verb != VERB_BLACKLIST) &&
	       !(act->does & ACT_LIMIT) == !(rule->limit.present && !connections) &&
	       !(act->does & ACT_CONNECTIONS) == !connections &&
	       (!connections || act->limit.depth == rule->limit.number) &&
	       !(act->does & ACT_LOG) == !(rule->log || rule->verb.row->verb == VERB_LOG) &&
	       !(act->does & ACT_BAN) == (rule->verb.row->verb != VERB_BLACKLIST) &&
	       !(act->does & ACT_COOKIE) == (rule->verb.row->verb != VERB_SYNCOOKIE) &&
	       !(act->does & ACT_VERIFIED) == !verified;
}

/* The default's comes last. */
static bool prove_default_act(struct prover *p)
{
	const struct ruleset *rs = p->ref.rs;
	uint32_t slot = rs->default_allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP;
	const struct act_entry *act = &p->forest->acts[p->ref.n_acts];

	if (!rs->default_log)
		return p->forest->n_acts == p->ref.n_acts && !p->forest->default_act;
	return p->forest->n_acts == p->ref.n_acts + 1 &&
	       p->forest->default_act == p->ref.n_acts + 1 && act->place == ACT_DEFAULT &&
	       act->next == (rs->default_allow ? NEXT_ALLOW : NEXT_DROP) && act->slot == slot &&
	       act->does == ACT_LOG;
}

bool prove_actions(struct prover *p)
{
	const void *at = p->forest->blob + p->forest->actions.offset;
	const struct forest_action *stated = at;

	if (p->forest->actions.n != p->ref.places.len)
		return prove_fail(p, PLACE_NONE, "there are more or fewer actions than places");
	if (!prove_default_act(p))
		return prove_fail(p, PLACE_NONE,
				  "there are more or fewer acts than places with one");
	for (uint32_t i = 0; i < p->ref.places.len; i++) {
		const struct place *place = &p->ref.places.data[i].is;
		struct forest_action wanted = { p->ref.rs->rules.data[place->rule].slot,
						place->resume };

		if (place->kind == PLACE_JUMP)
			continue;
		if (place->kind == PLACE_RETURN)
			wanted.slot = 0;
		else if (place->kind == PLACE_ALLOW || place->kind == PLACE_DROP)
			wanted.next = place->kind == PLACE_ALLOW ? FOREST_ALLOW : FOREST_DROP;
		if (place->act) {
			if (!prove_act(p, i, wanted.next))
				return prove_fail(p, i, "the act of place %u is not its rule's", i);
			wanted.next = FOREST_ACT + place->act - 1;
		}
		if (stated[i].slot != wanted.slot || stated[i].next != wanted.next)
			return prove_fail(p, i, "the action of place %u is not its rule's", i);
	}
	return true;
}

/* Resumes. */

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The most intervals that have one value in common. */
static uint32_t most_overlap(uint64_t *starts, uint64_t *ends, uint32_t n)
{
	uint32_t most = 0;

	qsort(starts, n, sizeof(*starts), by_number);
	qsort(ends, n, sizeof(*ends), by_number);
	for (uint32_t i = 0, ended = 0; i < n; i++) {
		while (ends[ended] < starts[i])
			ended++;
		if (i + 1 - ended > most)
			most = i + 1 - ended;
	}
	return most;
}

/* A piece's bounds in a dim, by its tests as well. */
static struct interval piece_span(const struct prover *p, const struct piece *piece, uint32_t dim)
{
	struct interval span = blob_record_span(&p->view, piece->record, dim);

	for (uint32_t i = 0; i < piece->n_tests && !(p->view.is6 && dim < 4); i++) {
		const struct value_set *set = &piece->tests[i].set;

		if (piece->tests[i].field != p->view.field_of_dim[dim] || !set->n)
			continue;
		if (set->at[0].lo > span.lo)
			span.lo = (uint64_t)set->at[0].lo;
		if (set->at[set->n - 1].hi < span.hi)
			span.hi = (uint64_t)set->at[set->n - 1].hi;
	}
	return span;
}

/* One packet resumes at most once for each count or return place that it can meet. */
bool prove_resumes(struct prover *p)
{
	uint64_t *starts = arena_new_array(p->arena, uint64_t, (size_t)p->pieces.len + 1);
	uint64_t *ends = arena_new_array(p->arena, uint64_t, (size_t)p->pieces.len + 1);
	bool *met = arena_new_array(p->arena, bool, (size_t)p->ref.places.len + 1);
	uint32_t n_places = 0;

	vec_for_each(piece, &p->pieces) {
		n_places += prove_is_resume(p, piece->place) && !met[piece->place];
		met[piece->place] = true;
	}
	if (n_places <= p->forest->resumes_max)
		return true;
	for (uint32_t dim = 0; dim < p->dims->n; dim++) {
		uint32_t n = 0;

		vec_for_each(piece, &p->pieces) {
			struct interval span;

			if (!prove_is_resume(p, piece->place))
				continue;
			span = piece_span(p, piece, dim);
			if (span.lo > span.hi)
				continue;
			starts[n] = span.lo;
			ends[n++] = span.hi;
		}
		if (most_overlap(starts, ends, n) <= p->forest->resumes_max)
			return true;
	}
	return prove_fail(p, PLACE_NONE, "a packet can resume more often than stated");
}
