/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens to all packets of a description at once. Each cell of its space walks the rules:
 * a rule that says YES decides all that is left, one that says DEPENDS decides perhaps a part,
 * and the rest is taken to be the whole cell still. So the possible verdicts are never too few,
 * and an answer is certain only where they agree.
 */
#include "compiler/ir/space.h"
#include "compiler/lang/print.h"

/* What may happen to packets of a cell. */
enum outcome { CAN_ALLOW = 1, CAN_DROP = 2, CAN_BAN = 4 };

/* A value list longer than this is counted, not printed. */
#define WHY_ATOMS 16

/* No program holds as many places; compile() refuses such a ruleset, walking it takes seconds. */
#define WALK_MAX (1u << 20)

struct decider {
	enum answer_stage stage;
	uint32_t rule;
};

/* What a rule said to the cells that reached it. */
struct heard {
	bool reached, listed;
	enum truth truth;
	const char *why;
	struct str depends;
};

struct walk {
	struct arena *scratch; /* freed with the description */
	struct arena *arena;
	const struct ruleset *rs;
	const struct expect *packet;
	struct space space;
	struct heard *heard; /* by rule */
	bool silent;         /* nobody reads why a rule says no */

	/* Of the cell that walks. */
	const struct cell *cell;
	unsigned int outcomes;
	bool limited; /* a limit met every packet before anything decided */
	struct decider decider;

	/* Of all cells. */
	unsigned int all_outcomes;
	bool all_limited;
	enum truth essential, fragments, listed[2];
	struct decider first;
};

static enum truth truth_join(enum truth a, enum truth b)
{
	return a == b ? a : TRUTH_DEPENDS;
}

static unsigned int outcome_of(enum verb verb)
{
	return verb == VERB_ALLOW ? CAN_ALLOW : verb == VERB_BLACKLIST ? CAN_BAN : CAN_DROP;
}

/* The clause of the description that the rule's match is held against; NULL: none. */
static const struct match *described(const struct walk *walk, const struct match *match)
{
	vec_for_each(own, &walk->packet->matches)
		if (own->row->offset == match->row->offset)
			return own;
	return NULL;
}

static void print_values(struct buf *out, const struct ruleset *rs, const struct match *match)
{
	if (match->atoms.len > WHY_ATOMS)
		buf_printf(out, "%u values", match->atoms.len);
	else
		print_value(out, rs, match);
}

/* "dport 22 is not in 80,443", "not icmp" */
static const char *why_not(const struct walk *walk, const struct match *match)
{
	struct buf out = { .arena = walk->arena };
	const struct match *own;
	struct match plain;

	if (!match) {
		bool needs_ip4 = walk->cell->family != FAM_IPV4;

		buf_printf(&out, "not %s", needs_ip4 ? "IPv4" : "IPv6");
		return buf_text(&out);
	}
	own = described(walk, match);
	plain = *match;
	plain.negated = false;
	if (!cell_has_layer(walk->cell, match->row) && walk->cell->later) {
		buf_printf(&out, "a later fragment has no %s", match->row->name);
	} else if (own && !own->negated && own->row == match->row &&
		   match->row->syntax == SYNTAX_NVALUE) {
		buf_printf(&out, "%s ", match->row->name);
		print_values(&out, walk->rs, own);
		buf_puts(&out, match->negated ? " is in " : " is not in ");
		print_values(&out, walk->rs, &plain);
	} else {
		buf_puts(&out, match->negated ? "is " : "not ");
		if (match->atoms.len > WHY_ATOMS)
			buf_puts(&out, match->row->name);
		else
			print_match(&out, walk->rs, &plain);
	}
	return buf_text(&out);
}

static void hear(struct walk *walk, uint32_t rule, enum truth truth, const struct match *match,
		 struct str depends)
{
	struct heard *heard = &walk->heard[rule];
	bool first = !heard->reached;

	if (truth != TRUTH_YES && !depends.len)
		depends = match ? str_of(match->row->name) : STR("family");
	if (truth == TRUTH_NO && !heard->why && !walk->silent)
		heard->why = why_not(walk, match);
	if (truth != TRUTH_YES && !heard->depends.len)
		heard->depends = depends;
	heard->truth = first ? truth : truth_join(heard->truth, truth);
	heard->reached = true;
}

static enum truth hear_rule(struct walk *walk, uint32_t index)
{
	const struct rule *rule = &walk->rs->rules.data[index];
	const struct match *match;
	enum truth truth = cell_rule(&walk->space, walk->cell, rule, &match);
	struct str depends = { 0 };

	if (truth == TRUTH_YES && rule->when.len) {
		truth = TRUTH_DEPENDS;
		depends = STR("when");
	}
	hear(walk, index, truth, match, depends);
	return truth;
}

/* Return: whether packets may be left when the chain ends or returns. @all: every one came here. */
static bool walk_chain(struct walk *walk, uint32_t chain, bool all)
{
	vec_for_each(index, &walk->rs->chains.data[chain].rules) {
		const struct rule *rule = &walk->rs->rules.data[*index];
		const struct action *verb = rule->verb.row;
		bool certain, left = true;
		enum truth truth;

		if (rule->disabled)
			continue;
		truth = hear_rule(walk, *index);
		if (truth == TRUTH_NO)
			continue;
		certain = truth == TRUTH_YES;
		if (rule->limit.present && certain && all && !walk->outcomes)
			walk->limited = true;
		if (verb->terminal) {
			walk->outcomes |= outcome_of(verb->verb);
			walk->decider = (struct decider){ ANSWER_RULE, *index };
			left = false;
		} else if (verb->verb == VERB_JUMP) {
			left = walk_chain(walk, rule->verb.chain, all && certain);
		} else if (verb->verb == VERB_RETURN) {
			if (certain)
				return true;
			all = false;
		}
		/* Some packets may have left by a `return` before. */
		if (certain && !left)
			return !all;
	}
	return true;
}

static void walk_rules(struct walk *walk)
{
	if (walk->rs->chains.len && !walk_chain(walk, 0, true))
		return;
	walk->outcomes |= walk->rs->default_allow ? CAN_ALLOW : CAN_DROP;
	walk->decider = (struct decider){ ANSWER_DEFAULT, UINT32_MAX };
}

/* Return: whether packets may be left. */
static bool walk_stage(struct walk *walk, enum truth truth, enum answer_stage stage,
		       enum outcome outcome)
{
	if (truth == TRUTH_NO)
		return true;
	walk->outcomes |= outcome;
	walk->decider = (struct decider){ stage, UINT32_MAX };
	return truth != TRUTH_YES;
}

static void add_truth(enum truth *sum, enum truth truth, bool first)
{
	*sum = first ? truth : truth_join(*sum, truth);
}

static void walk_cell(struct walk *walk)
{
	enum truth essential = cell_essential(&walk->space, walk->cell);
	enum truth allow = cell_listed(&walk->space, walk->cell, BUILTIN_ALLOW);
	enum truth black = cell_listed(&walk->space, walk->cell, BUILTIN_BLACK);
	enum truth fragments = cell_fragments(&walk->space, walk->cell);
	bool pass = walk->rs->fragments == FRAGMENTS_PASS;
	bool first = walk->cell == walk->space.cells.data;

	walk->outcomes = 0;
	walk->limited = false;
	if (walk_stage(walk, essential, ANSWER_ESSENTIAL, CAN_ALLOW) &&
	    walk_stage(walk, allow, ANSWER_ALLOWLIST, CAN_ALLOW) &&
	    walk_stage(walk, black, ANSWER_BLACKLIST, CAN_BAN) &&
	    walk_stage(walk, fragments, ANSWER_FRAGMENTS, pass ? CAN_ALLOW : CAN_DROP))
		walk_rules(walk);
	walk->all_outcomes |= walk->outcomes;
	walk->all_limited = (first || walk->all_limited) && walk->limited;
	add_truth(&walk->essential, essential, first);
	add_truth(&walk->listed[BUILTIN_ALLOW], allow, first);
	add_truth(&walk->listed[BUILTIN_BLACK], black, first);
	add_truth(&walk->fragments, fragments, first);
	if (first)
		walk->first = walk->decider;
}

static void depends_on(struct arena *arena, struct eval_trace *trace, struct str field)
{
	vec_for_each(known, &trace->depends_on)
		if (str_eq(*known, field))
			return;
	vec_push(arena, &trace->depends_on, field);
}

/* Whether a rule that may match or not can change the verdict to another than @outcome. */
static bool can_change(const struct rule *rule, unsigned int outcome)
{
	enum verb verb = rule->verb.row->verb;

	if (rule->verb.row->terminal)
		return !outcome || outcome_of(verb) != outcome;
	return verb == VERB_JUMP || verb == VERB_RETURN;
}

/* The steps in the order of the rules; a chain used twice is listed where it is first used. */
static void list_steps(struct walk *walk, struct eval_trace *trace, uint32_t chain)
{
	vec_for_each(index, &walk->rs->chains.data[chain].rules) {
		const struct rule *rule = &walk->rs->rules.data[*index];
		struct heard *heard = &walk->heard[*index];
		struct eval_step *step;

		if (!heard->reached || heard->listed)
			continue;
		heard->listed = true;
		step = vec_add(walk->arena, &trace->steps);
		step->rule = *index;
		step->truth = heard->truth;
		if (heard->truth == TRUTH_DEPENDS) {
			step->depends = heard->depends;
			step->why = arena_printf(walk->arena, "depends on '" STR_FMT "'",
						 STR_ARG(heard->depends));
			if (can_change(rule, 0) && trace->allow == TRUTH_DEPENDS)
				depends_on(walk->arena, trace, heard->depends);
		} else if (heard->truth == TRUTH_NO) {
			step->why = heard->why;
		}
		if (rule->verb.row->verb == VERB_JUMP)
			list_steps(walk, trace, rule->verb.chain);
	}
}

/* The first rule that makes the verdict another than @outcome for a part; UINT32_MAX: none. */
static const struct eval_step *find_culprit(const struct walk *walk, const struct eval_trace *trace,
					    unsigned int outcome)
{
	const struct eval_step *weak = NULL;

	vec_for_each(step, &trace->steps) {
		const struct rule *rule = &walk->rs->rules.data[step->rule];

		if (step->truth != TRUTH_DEPENDS || !can_change(rule, 0))
			continue;
		if (rule->verb.row->terminal && can_change(rule, outcome))
			return step;
		if (!weak)
			weak = step;
	}
	return weak;
}

static void trace_verdict(struct walk *walk, struct eval_trace *trace)
{
	unsigned int last = walk->rs->default_allow ? CAN_ALLOW : CAN_DROP;
	const struct eval_step *culprit;

	if (trace->allow != TRUTH_DEPENDS) {
		trace->stage = walk->first.stage;
		trace->rule = walk->first.rule;
		return;
	}
	if (walk->essential == TRUTH_DEPENDS)
		depends_on(walk->arena, trace, STR("essential"));
	if (walk->listed[BUILTIN_ALLOW] == TRUTH_DEPENDS)
		depends_on(walk->arena, trace, STR("allowlist"));
	if (walk->listed[BUILTIN_BLACK] == TRUTH_DEPENDS)
		depends_on(walk->arena, trace, STR("blacklist"));
	if (walk->fragments == TRUTH_DEPENDS)
		depends_on(walk->arena, trace, STR("frag"));
	if (walk->first.stage == ANSWER_RULE)
		last = outcome_of(walk->rs->rules.data[walk->first.rule].verb.row->verb);
	culprit = find_culprit(walk, trace, last);
	trace->stage = culprit ? ANSWER_RULE : ANSWER_ESSENTIAL;
	trace->rule = culprit ? culprit->rule : UINT32_MAX;
}

/* Fills @walk, for those who ask about more than allow and drop. The caller frees its scratch. */
static struct eval_trace describe(struct walk *walk, struct arena *arena, const struct ruleset *rs,
				  const struct expect *packet, bool silent)
{
	struct eval_trace trace = { .allow = TRUTH_DEPENDS, .rule = UINT32_MAX };

	*walk = (struct walk){
		.scratch = arena_new(), .arena = arena, .rs = rs, .packet = packet, .silent = silent
	};
	if (eval_places(rs) > WALK_MAX)
		return trace;
	walk->space = space_of(walk->scratch, rs, packet->matches.data, packet->matches.len,
			       packet->families, SPACE_WHOLE | SPACE_NEW);
	walk->heard = arena_new_array(walk->scratch, struct heard, rs->rules.len + 1);
	vec_for_each(cell, &walk->space.cells) {
		walk->cell = cell;
		walk_cell(walk);
	}
	if (walk->all_outcomes == CAN_ALLOW)
		trace.allow = TRUTH_YES;
	else if (walk->all_outcomes && !(walk->all_outcomes & CAN_ALLOW))
		trace.allow = TRUTH_NO;
	trace.essential = walk->essential;
	memcpy(trace.listed, walk->listed, sizeof(trace.listed));
	if (rs->chains.len)
		list_steps(walk, &trace, 0);
	trace_verdict(walk, &trace);
	trace.is_default = trace.stage == ANSWER_DEFAULT;
	return trace;
}

struct eval_trace eval_description(struct arena *arena, const struct ruleset *rs,
				   const struct expect *packet)
{
	struct walk walk;
	struct eval_trace trace = describe(&walk, arena, rs, packet, false);

	arena_free(walk.scratch);
	return trace;
}

static bool expectation_holds(const struct walk *walk, const struct eval_trace *trace)
{
	const struct action *verdict = walk->packet->verdict;

	if (!verdict)
		return walk->all_limited;
	if (verdict->verb == VERB_BLACKLIST)
		return walk->all_outcomes == CAN_BAN;
	return trace->allow == (verdict->verb == VERB_ALLOW ? TRUTH_YES : TRUTH_NO);
}

static struct str expectation_text(struct diags *ds, const struct ruleset *rs,
				   const struct expect *expect)
{
	struct str source = ds->sources.data[expect->span.source].text;
	struct str slice = { source.s + expect->span.start, expect->span.end - expect->span.start };
	struct buf out = { .arena = ds->arena };

	/* As written, where that is one line. */
	if (expect->span.source && !memchr(slice.s, '\n', slice.len))
		return slice;
	buf_printf(&out, "expect %s", expect->verdict ? expect->verdict->name : "exceed");
	vec_for_each(match, &expect->matches) {
		if (match->implied)
			continue;
		buf_puts(&out, " ");
		print_match(&out, rs, match);
	}
	return str_of(buf_text(&out));
}

static const char *rule_label(struct diags *ds, const struct rule *rule)
{
	if (rule->name.len)
		return arena_printf(ds->arena, "'" STR_FMT "'", STR_ARG(rule->name));
	if (rule->id != ID_NONE)
		return arena_printf(ds->arena, "r%u", rule->id);
	return arena_printf(ds->arena, "the rule at line %u", diag_position(ds, rule->span).line);
}

/* "'dport' (destination port)": the help of its row up to where it lists values or limits. */
static const char *depends_label(struct arena *arena, struct str field)
{
	const struct clause *row = clause_find(field);

	if (!row)
		return arena_printf(arena, "the " STR_FMT, STR_ARG(field));
	return arena_printf(arena, "'" STR_FMT "' (%.*s)", STR_ARG(field),
			    (int)strcspn(row->help, ":,"), row->help);
}

static const char *decider_label(struct diags *ds, const struct ruleset *rs,
				 const struct eval_trace *trace)
{
	switch (trace->stage) {
	case ANSWER_RULE:
		return rule_label(ds, &rs->rules.data[trace->rule]);
	case ANSWER_FRAGMENTS:
		return "'option fragments'";
	case ANSWER_ALLOWLIST:
		return "the allowlist";
	case ANSWER_BLACKLIST:
		return "the blacklist";
	case ANSWER_ESSENTIAL:
		return "essential traffic";
	default:
		return "the default";
	}
}

/* Why the expectation does not hold, as the end of a sentence. */
static const char *failure_text(struct diags *ds, const struct walk *walk,
				const struct eval_trace *trace)
{
	const struct action *verdict = walk->packet->verdict;
	const struct eval_step *culprit;
	unsigned int wanted;

	if (!walk->space.cells.len)
		return "no packet fits it";
	if (!verdict)
		return "no limit meets every such packet";
	if (trace->allow != TRUTH_DEPENDS)
		return arena_printf(ds->arena, "now %s by %s",
				    trace->allow == TRUTH_YES ? "allowed" : "dropped",
				    decider_label(ds, walk->rs, trace));
	wanted = outcome_of(verdict->verb);
	if (walk->essential == TRUTH_DEPENDS && wanted != CAN_ALLOW)
		return "a part of it passes as essential traffic";
	if (walk->listed[BUILTIN_ALLOW] == TRUTH_DEPENDS && wanted != CAN_ALLOW)
		return "a part of it is on the allowlist";
	if (walk->listed[BUILTIN_BLACK] == TRUTH_DEPENDS)
		return "a part of it is on the blacklist";
	if (walk->fragments == TRUTH_DEPENDS)
		return "it depends on 'frag': 'option fragments' decides fragments first";
	culprit = find_culprit(walk, trace, wanted);
	if (!culprit) {
		struct eval_trace rest = { .stage = walk->first.stage, .rule = walk->first.rule };

		return arena_printf(ds->arena, "now dropped by %s, but for essential traffic",
				    decider_label(ds, walk->rs, &rest));
	}
	return arena_printf(ds->arena, "it depends on %s in %s",
			    depends_label(ds->arena, culprit->depends),
			    rule_label(ds, &walk->rs->rules.data[culprit->rule]));
}

/* Where the admin finds it. */
static const char *test_place(struct diags *ds, const struct expect *expect)
{
	const struct origin *origin = &expect->origin;
	struct str file = ds->sources.data[expect->span.source].name;

	if (!expect->span.source)
		return arena_printf(ds->arena, STR_FMT ":%u", STR_ARG(origin->file), origin->line);
	return arena_printf(ds->arena, STR_FMT ":%u", STR_ARG(file),
			    diag_position(ds, expect->span).line);
}

uint32_t eval_tests(struct diags *ds, const struct ruleset *rs)
{
	if (eval_places(rs) > WALK_MAX)
		return 0;
	vec_for_each(expect, &rs->expects) {
		struct walk walk;
		struct eval_trace trace = describe(&walk, ds->arena, rs, expect, true);

		if (!expectation_holds(&walk, &trace)) {
			struct str text = expectation_text(ds, rs, expect);

			diag_error(ds, expect->span, E183, "test at %s fails: " STR_FMT " - %s",
				   test_place(ds, expect), STR_ARG(text),
				   failure_text(ds, &walk, &trace));
			if (walk.essential == TRUTH_DEPENDS)
				diag_help(ds, "essential traffic (see the first line of 'list') "
					      "passes before any rule: narrow the expectation");
		}
		arena_free(walk.scratch);
	}
	return rs->expects.len;
}
