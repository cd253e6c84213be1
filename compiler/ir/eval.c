/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reference walk of resolved rules, one by one. Everything here is read straight from the
 * rows and atoms, at the price of speed: sets are walked entry by entry, and the places of a
 * chain are counted anew whenever a jump skips it.
 */
#include <assert.h>
#include <netinet/in.h>

#include "compiler/ir/eval.h"

struct walk {
	const struct ruleset *rs;
	const struct pkt *pkt;
	bool stop_at_count;
	uint32_t place; /* of the rule looked at next; saturates at PLACES_MAX */
	struct eval_result *result;
	void (*each)(void *ctx, uint32_t rule, bool matched); /* NULL: nobody watches */
	void *ctx;
};

static uint64_t field_word(const struct pkt *pkt, unsigned int offset, unsigned int width)
{
	const unsigned char *at = (const unsigned char *)pkt + offset;
	uint16_t half;
	uint32_t word;
	uint64_t whole;

	switch (width) {
	case 1:
		return *at;
	case 2:
		memcpy(&half, at, sizeof(half));
		return half;
	case 4:
		memcpy(&word, at, sizeof(word));
		return word;
	default:
		assert(width == 8);
		memcpy(&whole, at, sizeof(whole));
		return whole;
	}
}

static u128 field_value(const struct clause *row, const struct pkt *pkt)
{
	if (row->width == 16)
		return (u128)field_word(pkt, row->offset, 8) << 64 |
		       field_word(pkt, row->offset + 8, 8);
	return field_word(pkt, row->offset, row->width);
}

/* Which header with fields of its own follows the IP header; 0: none that a match can read. */
static uint8_t layer4_bit(const struct pkt *pkt)
{
	switch (pkt->proto) {
	case IPPROTO_TCP:
		return PROTO_TCP;
	case IPPROTO_UDP:
		return PROTO_UDP;
	case IPPROTO_ICMP:
		return pkt->family == FAMILY_IPV4 ? PROTO_ICMP : 0;
	case IPPROTO_ICMPV6:
		return pkt->family == FAMILY_IPV6 ? PROTO_ICMP6 : 0;
	default:
		return 0;
	}
}

static uint8_t family_bit_of(unsigned int family)
{
	return family == FAMILY_IPV4 ? FAM_IPV4 : family == FAMILY_IPV6 ? FAM_IPV6 : FAM_OTHER;
}

static bool layer_present(const struct clause *row, const struct pkt *pkt)
{
	if (row->layer != LAYER_FRAME && pkt->family == FAMILY_NONE)
		return false;
	if (row->layer == LAYER_L4)
		return pkt->frag != FRAG_LATER && (!row->proto || row->proto & layer4_bit(pkt));
	return true;
}

static bool set_has(const struct set *set, unsigned int family, u128 value)
{
	vec_for_each(entry, &set->entries) {
		if (set->type == TYPE_ADDR && entry->family != family)
			continue;
		if (entry->range.lo <= value && value <= entry->range.hi)
			return true;
	}
	return false;
}

static bool atom_holds(const struct ruleset *rs, const struct match *match, const struct atom *atom,
		       const struct pkt *pkt)
{
	u128 value = field_value(match->row, pkt);

	switch (atom->kind) {
	case ATOM_SET:
		return set_has(&rs->sets.data[atom->set], pkt->family, value);
	case ATOM_IFACE:
		return atom->lo != 0 && atom->lo == value;
	default:
		if (match->row->type == TYPE_ADDR && atom->family != pkt->family)
			return false;
		/* A mask belongs to a field of one byte; the others are wider than it. */
		if (match->row->type == TYPE_FLAGS)
			value &= atom->mask;
		return atom->lo <= value && value <= atom->hi;
	}
}

/* `not src 192.0.2.1` leaves IPv6 alone; a set, or nothing at all, keeps both families. */
static bool families_hold(const struct match *match, const struct pkt *pkt)
{
	if (match->row->type != TYPE_ADDR || !match->atoms.len)
		return true;
	vec_for_each(atom, &match->atoms)
		if (atom->kind == ATOM_SET || atom->family == pkt->family)
			return true;
	return false;
}

bool eval_match(const struct ruleset *rs, const struct match *match, const struct pkt *pkt)
{
	if (!layer_present(match->row, pkt) || !families_hold(match, pkt))
		return false;
	vec_for_each(atom, &match->atoms)
		if (atom_holds(rs, match, atom, pkt))
			return !match->negated;
	return match->negated;
}

static bool rule_matches(const struct ruleset *rs, const struct rule *rule, const struct pkt *pkt)
{
	if (!(rule->families & family_bit_of(pkt->family)))
		return false;
	vec_for_each(match, &rule->matches)
		if (!eval_match(rs, match, pkt))
			return false;
	return true;
}

static uint32_t places_add(uint32_t a, uint32_t b)
{
	return a + b < PLACES_MAX ? a + b : PLACES_MAX;
}

/* Stops as soon as it saturates, so nested chains cannot make it run for ever. */
static uint32_t chain_places(const struct ruleset *rs, uint32_t chain)
{
	uint32_t places = 0;

	vec_for_each(index, &rs->chains.data[chain].rules) {
		const struct rule *rule = &rs->rules.data[*index];

		if (rule->disabled)
			continue;
		places = places_add(places, 1);
		if (rule->verb.row->verb == VERB_JUMP)
			places = places_add(places, chain_places(rs, rule->verb.chain));
		if (places == PLACES_MAX)
			break;
	}
	return places;
}

uint32_t eval_places(const struct ruleset *rs)
{
	return rs->chains.len ? chain_places(rs, 0) : 0;
}

static void answer_rule(struct walk *walk, uint32_t place, uint32_t rule, bool allow)
{
	*walk->result = (struct eval_result){ ANSWER_RULE, place, rule, allow };
}

/* Return: true when a rule of the chain, or of one it jumps to, answered. */
static bool walk_chain(struct walk *walk, uint32_t chain)
{
	const struct ruleset *rs = walk->rs;

	vec_for_each(index, &rs->chains.data[chain].rules) {
		const struct rule *rule = &rs->rules.data[*index];
		enum verb verb = rule->verb.row->verb;
		uint32_t place = walk->place;
		bool yes;

		if (rule->disabled)
			continue;
		walk->place = places_add(walk->place, 1);
		yes = rule_matches(rs, rule, walk->pkt);
		if (walk->each)
			walk->each(walk->ctx, *index, yes);
		if (verb == VERB_JUMP) {
			uint32_t behind =
				places_add(walk->place, chain_places(rs, rule->verb.chain));

			if (yes && walk_chain(walk, rule->verb.chain))
				return true;
			walk->place = behind;
		} else if (yes && verb == VERB_RETURN) {
			return false;
		} else if (yes && place >= walk->pkt->from &&
			   (rule->verb.row->terminal || walk->stop_at_count)) {
			answer_rule(walk, place, *index, verb == VERB_ALLOW);
			return true;
		}
	}
	return false;
}

/* What the packet meets before any rule. */
static bool meets_prologue(const struct ruleset *rs, const struct pkt *pkt,
			   struct eval_result *result)
{
	bool spoofed = pkt->reason >= REASON_FIRST_SPOOF;

	if (pkt->reason != REASON_NONE && (!spoofed || rs->antispoof)) {
		*result = (struct eval_result){ .stage = ANSWER_MALFORMED,
						.allow = rs->malformed_pass };
		return true;
	}
	if (pkt->essential && rs->essential) {
		*result = (struct eval_result){ .stage = ANSWER_ESSENTIAL, .allow = true };
		return true;
	}
	if (rs->builtin[BUILTIN_ALLOW].runtime && pkt->allowlisted) {
		*result = (struct eval_result){ .stage = ANSWER_ALLOWLIST, .allow = true };
		return true;
	}
	if (rs->builtin[BUILTIN_BLACK].runtime && pkt->blacklisted) {
		*result = (struct eval_result){ .stage = ANSWER_BLACKLIST, .allow = false };
		return true;
	}
	if ((rs->fragments == FRAGMENTS_DROP && pkt->frag != FRAG_NO) ||
	    (rs->fragments == FRAGMENTS_PASS && pkt->frag == FRAG_LATER)) {
		*result = (struct eval_result){ .stage = ANSWER_FRAGMENTS,
						.allow = rs->fragments == FRAGMENTS_PASS };
		return true;
	}
	return false;
}

static struct eval_result eval_walk(struct walk walk)
{
	struct eval_result result = { .stage = ANSWER_DEFAULT, .allow = walk.rs->default_allow };

	if (!walk.pkt->from && meets_prologue(walk.rs, walk.pkt, &result))
		return result;
	walk.result = &result;
	if (walk.rs->chains.len)
		walk_chain(&walk, 0);
	return result;
}

struct eval_result eval_packet(const struct ruleset *rs, const struct pkt *pkt, bool stop_at_count)
{
	return eval_walk((struct walk){ .rs = rs, .pkt = pkt, .stop_at_count = stop_at_count });
}

struct eval_result eval_watched(const struct ruleset *rs, const struct pkt *pkt,
				void (*each)(void *ctx, uint32_t rule, bool matched), void *ctx)
{
	return eval_walk((struct walk){ .rs = rs, .pkt = pkt, .each = each, .ctx = ctx });
}

const char *eval_stage_word(enum answer_stage stage)
{
	static const char *const stages[] = {
		[ANSWER_MALFORMED] = "malformed", [ANSWER_ESSENTIAL] = "essential",
		[ANSWER_ALLOWLIST] = "allowlist", [ANSWER_BLACKLIST] = "blacklist",
		[ANSWER_FRAGMENTS] = "fragments", [ANSWER_RULE] = "rule",
		[ANSWER_DEFAULT] = "default",
	};

	return stages[stage];
}

uint32_t eval_answer(const struct eval_result *result)
{
	return ANSWER(result->stage, result->stage == ANSWER_RULE ? result->place : 0);
}
