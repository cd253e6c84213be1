// SPDX-License-Identifier: GPL-3.0-or-later
/* Chooses the classifier and collects what the loader needs. */
#include "compiler/compile.h"

#include <assert.h>

#include "bpf/flow.h"
#include "bpf/limit.h"
#include "compiler/gen/straight.h"
#include "compiler/gen/symbolic.h"
#include "compiler/gen/walker.h"
#include "compiler/ir/acts.h"
#include "compiler/ir/facts.h"
#include "compiler/ir/prove.h"

/* Up to about here a jump for each rule is faster than a tree (measured). */
#define STRAIGHT_PLACES 8u
/* Instructions that the proof of it runs: about 10 ms, 1 s. */
#define STEPS_FEW  ((uint64_t)1 << 20)
#define STEPS_MANY ((uint64_t)100 << 20)
/* More is refused before it is multiplied out. */
#define FOREST_PLACES ((uint32_t)1 << 18)
#define FOREST_CUBES  ((uint32_t)1 << 20)

static bool report_unsupported(struct diags *ds, const struct ruleset *rs)
{
	vec_for_each(word, &rs->unsupported)
		diag_error(ds, word->span, E190, "'" STR_FMT "' is not supported yet",
			   STR_ARG(word->text));
	return rs->unsupported.len > 0;
}

/* A cell of the table says by a number whose it is; with one number two would undo each other. */
static bool limits_have_numbers(struct diags *ds, const struct ruleset *rs)
{
	const struct rule *first = NULL;
	uint32_t n = 0;

	vec_for_each(rule, &rs->rules)
		if (rule->limit.present && n++ == LIMIT_NUMBERS)
			first = rule;
	if (!first)
		return true;
	diag_error(ds, first->span, E194, "%u limits: a ruleset has %u at most, this is one more",
		   n, LIMIT_NUMBERS);
	diag_help(ds, "one rule with 'per dst' or 'per dport' has a bucket for each of them");
	return false;
}

static void take_places(const struct places *places, struct compiled *compiled)
{
	uint32_t *rules = arena_new_array(places->rs->arena, uint32_t, places->list.len);

	for (uint32_t i = 0; i < places->list.len; i++)
		rules[i] = places->list.data[i].rule;
	compiled->n_places = places->list.len;
	compiled->rule_of_place = rules;
}

/* Return: NULL, or why the cubes of a family cannot be made. */
static const char *make_cubes(const struct places *places, const char *passes, struct cubes *cubes)
{
	static const unsigned int families[] = { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };
	struct arena *arena = places->rs->arena;

	for (uint32_t i = 0; i < sizeof(families) / sizeof(*families); i++) {
		struct cubes *of_family = &cubes[forest_family(families[i])];
		struct diags *ds = diags_new(arena);
		const char *why;

		if (!cubes_normalise(arena, ds, places, families[i], FOREST_CUBES, of_family))
			return ds->list.len ? ds->list.data[0].message : "too many boxes";
		cubes_simplify(of_family, places, passes);
		why = cubes_check(of_family, places);
		if (why)
			return why;
	}
	return NULL;
}

/* Return: NULL, or why there is no proven forest. */
static const char *make_forest(const struct places *places, const struct cubes *cubes,
			       const struct forest **ret_forest, const struct proof **ret_proof)
{
	struct arena *arena = places->rs->arena;
	struct forest *forest = arena_new_array(arena, struct forest, 1);
	struct proof *proof = arena_new_array(arena, struct proof, 1);
	const char *why = forest_build(arena, places, cubes, forest);

	if (why)
		return why;
	*proof = forest_prove(arena, places, forest);
	if (!proof->holds)
		return arena_printf(arena, "the proof of the forest fails, a bug of bpffw: %s",
				    proof->why);
	*ret_forest = forest;
	*ret_proof = proof;
	return NULL;
}

static const char *emit_forest(struct gen *gen, const struct places *places,
			       const struct cubes *cubes, struct compiled *compiled)
{
	const struct forest *forest = NULL;
	const struct proof *proof = NULL;
	const char *why = make_forest(places, cubes, &forest, &proof);

	if (why)
		return why;
	assert(forest && proof);
	if (!walker_emit(gen, forest))
		return "the walker is too large for a BPF program";
	compiled->classifier = CLASSIFIER_FOREST;
	compiled->forest = forest;
	compiled->proof = proof;
	compiled->blob = forest->blob;
	compiled->blob_size = forest->blob_size;
	compiled->blob_room = gen->blob_room;
	compiled->acts = forest->acts;
	compiled->n_acts = forest->n_acts;
	take_places(places, compiled);
	return NULL;
}

static bool emit_straight(struct gen *gen, struct diags *ds, const struct places *places,
			  struct compiled *compiled)
{
	struct straight_proof proof;

	gen_init(gen, gen->rs);
	if (!straight_emit(gen, ds, places->n_acts ? places : NULL, compiled))
		return false;
	proof = straight_prove(gen->rs->arena, gen,
			       gen->rs->rules.len > STRAIGHT_PLACES ? STEPS_MANY : STEPS_FEW);
	compiled->unproven = proof.why;
	compiled->classifier = CLASSIFIER_STRAIGHT;
	compiled->blob = gen->blob.data;
	compiled->blob_size = gen->blob.len;
	return true;
}

static bool any_acts(const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules)
		if (!rule->disabled && place_acts(rule))
			return true;
	return rs->default_log;
}

/* Each act that goes on costs jumps between programs. @why: there are no cubes that tell more */
static bool acts_fit(struct diags *ds, const struct places *places, const struct cubes *cubes,
		     const char *why)
{
	struct arena *arena = places->rs->arena;
	const char *who = NULL;
	uint32_t n = 0;

	vec_for_each(place, &places->list)
		n += place->kind == PLACE_ACT;
	if (n <= ACTS_ON_A_WAY)
		return true;
	if (why)
		who = arena_printf(arena, "%u of them (%s)", n, why);
	for (uint32_t i = 0; i < 3 && !who; i++)
		who = acts_bound(arena, places, &cubes[i]);
	if (!who)
		return true;
	diag_error(ds, places->rs->default_span, E192,
		   "more than %u limits and logs can meet in one packet: %s", ACTS_ON_A_WAY, who);
	diag_help(ds, "limits of different ports or addresses do not meet; 'allow ... rate' ends "
		      "a packet's way");
	return false;
}

static bool emit_few(struct gen *gen, struct diags *ds, struct compiled *compiled)
{
	struct places places = { .rs = gen->rs };
	struct cubes cubes[3] = { 0 };
	const char *why = NULL;

	if (!any_acts(gen->rs))
		return emit_straight(gen, ds, &places, compiled);
	if (!places_flatten(gen->rs->arena, gen->rs, FOREST_PLACES, &places)) {
		diag_error(ds, gen->rs->default_span, E191,
			   "too many rules beside limits, those of chains counted at each jump");
		return false;
	}
	if (places.list.len > ACTS_ON_A_WAY)
		why = make_cubes(&places, NULL, cubes);
	if (!acts_fit(ds, &places, cubes, why))
		return false;
	compiled->acts = acts_make(gen->rs->arena, &places);
	compiled->n_acts = places.n_acts;
	return emit_straight(gen, ds, &places, compiled);
}

static bool emit(struct gen *gen, struct diags *ds, struct compile_options options,
		 struct compiled *compiled)
{
	const struct ruleset *rs = gen->rs;
	struct places places = { 0 };
	struct cubes cubes[3] = { 0 };
	bool few = places_flatten(rs->arena, rs, STRAIGHT_PLACES, &places);
	const char *why;

	if (options.wanted == CLASSIFIER_STRAIGHT)
		return emit_few(gen, ds, compiled);
	/* What cannot be proven (chains) becomes a forest all the same. */
	if (options.wanted == CLASSIFIER_ANY && few) {
		if (!emit_few(gen, ds, compiled))
			return false;
		if (!compiled->unproven)
			return true;
		gen_init(gen, rs);
		*compiled =
			(struct compiled){ .lowered = compiled->lowered, .enter = compiled->enter };
	}
	if (!places_flatten(rs->arena, rs, FOREST_PLACES, &places)) {
		why = "too many rules, those of chains counted at each jump";
	} else {
		why = make_cubes(&places, options.passes, cubes);
		if (!acts_fit(ds, &places, cubes, why))
			return false;
		if (!why)
			why = emit_forest(gen, &places, cubes, compiled);
	}
	if (!why)
		return true;
	if (options.wanted == CLASSIFIER_FOREST) {
		diag_error(ds, rs->default_span, E191, "no decision forest: %s", why);
		return false;
	}
	diag_warning(ds, rs->default_span, W220, "every rule is looked at in turn: %s", why);
	if (!emit_few(gen, ds, compiled))
		return false;
	if (compiled->unproven)
		diag_help(ds, "that code is tested on packets before it is live, not proven: %s",
			  compiled->unproven);
	return true;
}

static void take_code(const struct code *code, struct compiled *compiled)
{
	compiled->insns = code->insns.data;
	compiled->n_insns = code->insns.len;
	compiled->relocs.data = code->relocs.data;
	compiled->relocs.len = code->relocs.len;
	compiled->lines.data = code->lines.data;
	compiled->lines.len = code->lines.len;
	compiled->functions.data = code->functions.data;
	compiled->functions.len = code->functions.len;
}

/* What it counts is connections that are real. */
static bool wants_handshakes(const struct rule *rule)
{
	return rule->exceed.verified || rule->verb.row->verb == VERB_CONN_LIMIT;
}

/* SYN cookies are sent, and what they prove is counted. */
static void ask_for_handshakes(const struct ruleset *rs, struct enter_config *config)
{
	vec_for_each(rule, &rs->rules) {
		enum verb verb = rule->exceed.row ? rule->exceed.row->verb : rule->verb.row->verb;

		if (rule->disabled)
			continue;
		config->cookies |= verb == VERB_SYNCOOKIE || rule->exceed.verified;
		config->verified |= wants_handshakes(rule);
	}
}

bool compile_asks_for_flows(const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules) {
		/* Completed handshakes are those of flows. */
		if (!rule->disabled && wants_handshakes(rule))
			return true;
		vec_for_each(match, &rule->matches) {
			if (!rule->disabled && match->row->width &&
			    match->row->offset == offsetof(struct pkt, established))
				return true;
		}
	}
	return false;
}

uint32_t compile_flows(const struct ruleset *rs)
{
	if (!compile_asks_for_flows(rs))
		return 0;
	return rs->flows ? (uint32_t)rs->flows : FLOWS_DEFAULT;
}

bool compile_with(struct diags *ds, const struct ruleset *rs, struct compile_options options,
		  struct compiled *ret_compiled)
{
	struct gen gen;
	struct compiled compiled = { 0 };

	if (report_unsupported(ds, rs) || !limits_have_numbers(ds, rs))
		return false;
	compiled.lowered = facts_lower(ds, rs, &compiled.enter);
	if (!compiled.lowered)
		return false;
	gen_init(&gen, compiled.lowered);
	if (!emit(&gen, ds, options, &compiled))
		return false;
	take_code(&gen.code, &compiled);
	compiled.enter.malformed_pass = rs->malformed_pass;
	compiled.enter.antispoof = rs->antispoof;
	compiled.enter.essential = rs->essential;
	ask_for_handshakes(rs, &compiled.enter);
	compiled.enter.established = compile_asks_for_flows(rs);
	compiled.flows = compile_flows(rs);
	*ret_compiled = compiled;
	return true;
}

bool compile(struct diags *ds, const struct ruleset *rs, struct compiled *ret_compiled)
{
	return compile_with(ds, rs, (struct compile_options){ 0 }, ret_compiled);
}
