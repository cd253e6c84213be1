// SPDX-License-Identifier: GPL-3.0-or-later
#include "compiler/ir/facts.h"

struct lower {
	struct diags *ds;
	struct arena *arena;
	struct ruleset *rs; /* the copy */
	struct enter_config *config;
};

/* The one atom of a fact: the byte is @value. */
static void match_byte(struct lower *l, struct match *match, uint8_t value)
{
	struct atom *atom = arena_new_array(l->arena, struct atom, 1);

	*atom = (struct atom){ .kind = ATOM_RANGE, .mask = UINT64_MAX, .lo = value, .hi = value };
	match->atoms.data = atom;
	match->atoms.len = match->atoms.cap = 1;
	match->negated = false;
}

/* A row for fact @index; @like: the match it stands for, NULL: the clock's. */
static const struct clause *row_of(struct lower *l, uint32_t index, const struct clause *like,
				   const char *name)
{
	struct clause *row;

	if (index < l->rs->fact_rows.len)
		return l->rs->fact_rows.data[index];
	row = arena_new_array(l->arena, struct clause, 1);
	*row = (struct clause){
		.name = name,
		.kind = CLAUSE_MATCH,
		.syntax = SYNTAX_NVALUE,
		.type = TYPE_NUM,
		.layer = like ? like->layer : LAYER_FRAME,
		.proto = like ? like->proto : 0,
		.families = FAM_ALL,
		.offset = (uint16_t)(offsetof(struct pkt, fact) + index),
		.width = 1,
		.max = 1,
	};
	vec_push(l->arena, &l->rs->fact_rows, (const struct clause *)row);
	return row;
}

/* Return: its index; PKT_FACTS: there is no room, reported. */
static uint32_t fact_index(struct lower *l, const struct fact_config *fact, struct span span)
{
	struct enter_config *config = l->config;

	for (uint32_t i = 0; i < config->n_facts; i++)
		if (memcmp(&config->facts[i], fact, sizeof(*fact)) == 0)
			return i;
	if (config->n_facts == PKT_FACTS) {
		diag_error(l->ds, span, E191,
			   "more than %u sets that change at run time, schedules and ends",
			   PKT_FACTS);
		diag_help(l->ds, "rules with the same set, 'when' or 'until' share one");
		return PKT_FACTS;
	}
	config->facts[config->n_facts] = *fact;
	return config->n_facts++;
}

static bool asks_lists(const struct ruleset *rs, const struct match *match)
{
	vec_for_each(atom, &match->atoms)
		if (atom->kind == ATOM_SET && rs->sets.data[atom->set].runtime)
			return true;
	return false;
}

static enum fact_field field_of(const struct clause *row)
{
	static const uint16_t offsets[] = {
		[FACT_SRC] = offsetof(struct pkt, src),
		[FACT_DST] = offsetof(struct pkt, dst),
		[FACT_SPORT] = offsetof(struct pkt, sport),
		[FACT_DPORT] = offsetof(struct pkt, dport),
		[FACT_SMAC] = offsetof(struct pkt, smac),
		[FACT_DMAC] = offsetof(struct pkt, dmac),
	};
	uint32_t field = 0;

	while (offsets[field] != row->offset)
		field++;
	return (enum fact_field)field;
}

/* Ascending, each once: the order of the words makes no fact of its own. */
static bool add_list(struct fact_config *fact, uint32_t number)
{
	uint8_t at = fact->n_lists;

	for (uint8_t i = 0; i < fact->n_lists; i++)
		if (fact->lists[i] == number)
			return true;
	if (at == FACT_LISTS)
		return false;
	for (; at && fact->lists[at - 1] > number; at--)
		fact->lists[at] = fact->lists[at - 1];
	fact->lists[at] = number;
	fact->n_lists++;
	return true;
}

static bool lower_lists(struct lower *l, struct match *match)
{
	struct fact_config fact = { .kind = FACT_SET, .field = (uint8_t)field_of(match->row) };
	uint32_t index;

	vec_for_each(atom, &match->atoms) {
		if (atom->kind != ATOM_SET) {
			diag_error(l->ds, match->span, E123,
				   "a set that changes at run time stands beside plain values");
			diag_help(l->ds, "put the values into a set too");
			return false;
		}
		if (!add_list(&fact, l->rs->sets.data[atom->set].number)) {
			diag_error(l->ds, match->span, E123,
				   "more than %u sets of which one changes at run time",
				   FACT_LISTS);
			return false;
		}
	}
	index = fact_index(l, &fact, match->span);
	if (index == PKT_FACTS)
		return false;
	match->row = row_of(l, index, match->row, match->row->name);
	match_byte(l, match, !match->negated);
	return true;
}

static bool add_timed(struct lower *l, struct rule *rule, const struct fact_config *fact,
		      const char *name)
{
	uint32_t index = fact_index(l, fact, rule->span);
	struct match *match;

	if (index == PKT_FACTS)
		return false;
	match = vec_add(l->arena, &rule->matches);
	*match = (struct match){ .row = row_of(l, index, NULL, name), .span = rule->span };
	match_byte(l, match, 1);
	l->config->timed = 1;
	return true;
}

static bool lower_when(struct lower *l, struct rule *rule)
{
	struct enter_config *config = l->config;
	struct fact_config fact = { .kind = FACT_WHEN };

	while (fact.schedule < config->n_schedules &&
	       memcmp(&config->schedules[fact.schedule], rule->schedule, sizeof(*rule->schedule)))
		fact.schedule++;
	if (fact.schedule == SCHEDULES_MAX) {
		diag_error(l->ds, rule->span, E191, "more than %u different schedules",
			   SCHEDULES_MAX);
		return false;
	}
	if (fact.schedule == config->n_schedules)
		config->schedules[config->n_schedules++] = *rule->schedule;
	return add_timed(l, rule, &fact, "when");
}

static bool needs_lowering(const struct ruleset *rs, const struct rule *rule)
{
	if (rule->disabled)
		return false;
	if (rule->schedule || rule->has_until)
		return true;
	vec_for_each(match, &rule->matches)
		if (asks_lists(rs, match))
			return true;
	return false;
}

static bool lower_rule(struct lower *l, struct rule *rule)
{
	uint32_t n = rule->matches.len;
	struct match *matches = arena_new_array(l->arena, struct match, n + 2);
	bool ok = true;

	if (n)
		memcpy(matches, rule->matches.data, n * sizeof(*matches));
	rule->matches.data = matches;
	rule->matches.cap = n + 2;
	for (uint32_t i = 0; i < n; i++)
		if (asks_lists(l->rs, &matches[i]))
			ok &= lower_lists(l, &matches[i]);
	if (rule->schedule)
		ok &= lower_when(l, rule);
	if (rule->has_until)
		ok &= add_timed(l, rule,
				&(struct fact_config){ .kind = FACT_UNTIL, .until = rule->until },
				"until");
	return ok;
}

const struct ruleset *facts_lower(struct diags *ds, const struct ruleset *rs,
				  struct enter_config *config)
{
	struct lower l = { .ds = ds, .arena = rs->arena, .config = config };
	bool ok = true;

	config->allowlist = rs->builtin[BUILTIN_ALLOW].runtime;
	config->blacklist = rs->builtin[BUILTIN_BLACK].runtime;
	for (uint32_t i = 0; i < rs->rules.len; i++) {
		if (!needs_lowering(rs, &rs->rules.data[i]))
			continue;
		if (!l.rs) {
			l.rs = arena_memdup(rs->arena, rs, sizeof(*rs));
			l.rs->rules.data = arena_memdup(rs->arena, rs->rules.data,
							rs->rules.len * sizeof(*rs->rules.data));
		}
		ok &= lower_rule(&l, &l.rs->rules.data[i]);
	}
	if (!ok)
		return NULL;
	return l.rs ? l.rs : rs;
}
