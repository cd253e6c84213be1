/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules: a verb and its clauses. What follows a word is in the word's row, never here. */
#include "compiler/lang/parse_internal.h"
#include "compiler/lang/type.h"

static bool is_value(struct str word)
{
	if (word.s[0] >= '0' && word.s[0] <= '9')
		return true;
	for (uint32_t i = 0; i < word.len; i++)
		if (strchr(".:/", word.s[i]))
			return true;
	return false;
}

static bool is_verb(struct str word)
{
	const struct action *action = NULL;

	if (word.s[0] >= 'a' && word.s[0] <= 'z')
		action = action_find(word);
	return action && action->is_verb;
}

/*
 * A keyword that cannot be this clause's value: the value is missing. Protocols and families are
 * keywords and values both, and an interface may have any name.
 */
static bool is_misplaced(const struct clause *row, struct str word)
{
	const struct clause *other = is_keyword(word) ? clause_find(word) : NULL;

	if (row->type == TYPE_IFACE)
		return false;
	if ((row->type == TYPE_PROTO || row->type == TYPE_ETHER) && other &&
	    (other->syntax == SYNTAX_NONE || other->syntax == SYNTAX_ICMP))
		return false;
	return other || is_verb(word);
}

/* One value, onto p->atoms. */
static bool parse_value_atom(struct parser *p, const void *ctx)
{
	const struct clause *row = ctx;
	const struct token *token = peek(p);
	struct word word;

	if (token->kind == TOKEN_WORD && row->type != TYPE_IFACE && str_is(token->text, "any"))
		return unexpected(p, habit_help(token->text));
	if (token->kind == TOKEN_WORD && is_misplaced(row, token->text)) {
		diag_error(p->ds, token->span, E007, "'" STR_FMT "' is not %s",
			   STR_ARG(token->text), types[row->type].noun);
		p->resume = is_keyword(token->text);
		return false;
	}
	if (!parse_atom(p, &word))
		return false;
	vec_push(p->scratch, &p->atoms, word);
	return true;
}

static bool parse_atoms(struct parser *p, const struct clause *row)
{
	p->atoms.len = 0;
	if (at_kind(p, TOKEN_OPEN))
		return parse_braces(p, parse_value_atom, row);
	do {
		if (p->atoms.len)
			(void)take(p);
		if (!parse_value_atom(p, row))
			return false;
	} while (at_kind(p, TOKEN_COMMA));
	return true;
}

static bool parse_value(struct parser *p, struct ast_clause *clause)
{
	bool again = clause->negated;

	if (!again)
		expect_not(p, clause->row);
	if (is_at(p, "not") || at_kind(p, TOKEN_NOT_EQUAL)) {
		if (again)
			return unexpected(p, "the clause is negated already");
		(void)take(p);
		clause->value.negated = true;
	}
	if (at_kind(p, TOKEN_EQUAL))
		return unexpected(p, "the value follows its keyword without '='");
	if (is_at(p, "not"))
		return unexpected(p, "one 'not' is enough");
	if (!parse_atoms(p, clause->row))
		return false;
	clause->value.atoms = take_atoms(p);
	return true;
}

static bool one_atom(struct parser *p, struct ast_clause *clause, struct word word)
{
	p->atoms.len = 0;
	vec_push(p->scratch, &p->atoms, word);
	clause->value.atoms = take_atoms(p);
	return true;
}

static bool parse_any_word(struct parser *p, struct word *ret_word)
{
	return parse_word(p, "a word", ret_word);
}

bool parse_every(struct parser *p, struct word *ret_time)
{
	if (!at_word(p, "every"))
		return true;
	(void)take(p);
	return parse_number(p, NOUN_TIME, ret_time);
}

static bool parse_ban(struct parser *p, struct ast_action *action, bool exceed)
{
	expect_noun(p, NOUN_SET);
	if (at_kind(p, TOKEN_SET)) {
		struct token token = take(p);

		action->arg = (struct word){ token.text, token.span, WORD_SET };
	}
	if (exceed && at_word(p, "verified")) {
		(void)take(p);
		action->verified = true;
	}
	return parse_keyword(p, "for") && parse_number(p, NOUN_TIME, &action->time);
}

/* What stands behind the verb, or behind the action after 'exceed'. */
static bool parse_action_args(struct parser *p, struct ast_action *action, bool exceed)
{
	switch (action->row->syntax) {
	case ACTION_BARE:
		return true;
	case ACTION_CHAIN:
		return parse_word(p, NOUN_CHAIN, &action->arg);
	case ACTION_BLACKLIST:
		return parse_ban(p, action, exceed);
	case ACTION_RATE:
		return parse_number(p, NOUN_RATE, &action->arg);
	case ACTION_NUMBER:
		return parse_number(p, "a number", &action->arg);
	case ACTION_SCAN:
		return parse_number(p, "a number", &action->arg) && parse_keyword(p, "within") &&
		       parse_number(p, NOUN_TIME, &action->time);
	case ACTION_LOG:
		return parse_every(p, &action->time);
	}
	return false;
}

static const char *exceed_help(struct parser *p)
{
	struct buf help = { .arena = p->ds->arena };

	for (const struct action *row = actions; row->name; row++)
		if (row->is_exceed)
			buf_printf(&help, "%s%s",
				   help.len ? ", " : "behind 'exceed' stands one of: ", row->name);
	return buf_text(&help);
}

static bool parse_exceed(struct parser *p, struct ast_action *action)
{
	struct token *token = peek(p);
	struct str_nearest nearest = { .word = token->text };

	expect_exceed(p);
	if (token->kind != TOKEN_WORD)
		return unexpected(p, exceed_help(p));
	action->row = action_find(token->text);
	if (action->row && !action->row->is_exceed) {
		diag_error(p->ds, token->span, E144, "'" STR_FMT "' cannot follow 'exceed'",
			   STR_ARG(token->text));
		diag_help(p->ds, "%s", exceed_help(p));
		return false;
	}
	if (!action->row) {
		for (const struct action *row = actions; row->name; row++)
			if (row->is_exceed)
				str_nearest_offer(&nearest, str_of(row->name));
		return unexpected_near(p, &nearest, exceed_help(p));
	}
	action->span = take(p).span;
	if (!parse_action_args(p, action, true))
		return false;
	action->span = span_join(action->span, p->cursor.last);
	return true;
}

static bool parse_clause_word(struct parser *p, struct ast_clause *clause)
{
	const char *noun =
		clause->row->type != TYPE_NONE ? types[clause->row->type].noun : "a value";
	struct word word = { 0 };

	return parse_number(p, noun, &word) && one_atom(p, clause, word);
}

static bool parse_clause_text(struct parser *p, struct ast_clause *clause)
{
	struct word word;

	return parse_text(p, "a text", &word) && one_atom(p, clause, word);
}

static bool parse_clause_every(struct parser *p, struct ast_clause *clause)
{
	struct word time = { 0 };

	if (!parse_every(p, &time))
		return false;
	return !time.text.s || one_atom(p, clause, time);
}

static bool parse_clause_value(struct parser *p, struct ast_clause *clause)
{
	bool ok = true;

	p->clause = clause->row;
	clause->value.span = peek(p)->span;
	switch (clause->row->syntax) {
	case SYNTAX_NONE:
	case SYNTAX_ICMP:
		clause->value.span = clause->key;
		break;
	case SYNTAX_NVALUE:
		ok = parse_value(p, clause);
		break;
	case SYNTAX_WORD:
		ok = parse_clause_word(p, clause);
		break;
	case SYNTAX_WORDS:
		ok = parse_list(p, parse_any_word, &clause->value.atoms);
		break;
	case SYNTAX_TEXT:
		ok = parse_clause_text(p, clause);
		break;
	case SYNTAX_ACTION:
		clause->action = arena_new_array(p->ds->arena, struct ast_action, 1);
		ok = parse_exceed(p, clause->action);
		break;
	case SYNTAX_LOG:
		ok = parse_clause_every(p, clause);
		break;
	}
	p->clause = NULL;
	clause->value.span = span_join(clause->value.span, p->cursor.last);
	clause->span = span_join(clause->span, p->cursor.last);
	return ok;
}

/* @row: 'not' and the key are taken, or, for a row behind another one, the key is next. */
static bool add_clause(struct parser *p, const struct clause *row, struct span start, bool negated)
{
	struct ast_clause clause = { .row = row, .span = start, .negated = negated };
	struct token key = take(p);
	bool twice = false;

	clause.key = key.span;
	if (!parse_clause_value(p, &clause))
		return false;
	vec_for_each(c, &p->clauses)
		twice |= c->row == row &&
			 (c->negated || c->value.negated) == (negated || clause.value.negated);
	if (twice)
		return given_twice(p, key);
	vec_push(p->scratch, &p->clauses, clause);
	return true;
}

/* The rows that may only follow this one: type after icmp, code after type. */
static bool parse_followers(struct parser *p, const struct clause *row)
{
	const char *after = row->name;

	if (row->syntax == SYNTAX_ICMP)
		expect_followers(p, row);
	while (row->syntax == SYNTAX_ICMP && at_kind(p, TOKEN_WORD)) {
		const struct clause *next = clause_find_proto(peek(p)->text, row->gives_proto);

		if (!next || !next->after || strcmp(next->after, after) != 0)
			break;
		after = next->name;
		if (!add_clause(p, next, peek(p)->span, false))
			return false;
		expect_followers(p, next);
	}
	return true;
}

static void offer_clauses(struct str_nearest *nearest, const struct clause *rows)
{
	for (const struct clause *row = rows; row->name; row++) {
		if (!row->after)
			str_nearest_offer(nearest, str_of(row->name));
		for (const char *const *alias = row->aliases; alias && *alias; alias++)
			str_nearest_offer(nearest, str_of(*alias));
	}
}

/* A word or value where a clause should begin. */
static bool not_a_clause(struct parser *p, enum clause_place place)
{
	const struct token *token = peek(p);
	const struct ast_clause *before =
		p->clauses.len ? &p->clauses.data[p->clauses.len - 1] : NULL;
	struct str_nearest nearest = { .word = token->text };
	bool listed = before && before->row->syntax == SYNTAX_NVALUE;
	const char *help = NULL;

	if (token->kind != TOKEN_WORD)
		return listed ? missing_comma(p, &before->value.atoms) : unexpected(p, NULL);
	if (habit_help(token->text))
		return unexpected(p, habit_help(token->text));
	if (is_verb(token->text))
		return unexpected(p, "a rule has one verb, at its beginning");
	if (is_value(token->text) && listed)
		return missing_comma(p, &before->value.atoms);
	offer_clauses(&nearest, clause_matches);
	if (place == PLACE_RULE)
		offer_clauses(&nearest, clause_options);
	if (before && before->row->syntax == SYNTAX_TEXT)
		help = "put text with blanks into quotes: \"...\"";
	else if (listed)
		help = arena_printf(p->ds->arena, "if it is one more value: %s",
				    with_commas(p, &before->value.atoms));
	else if (place != PLACE_RULE && !before)
		help = "a match is expected here: src, tcp, dport ... ('bpffw help matches')";
	return unexpected_near(p, &nearest, help);
}

static bool parse_clause(struct parser *p, enum clause_place place)
{
	struct span start = peek(p)->span;
	const struct clause *row;
	bool negated = at_word(p, "not");

	if (negated)
		(void)take(p);
	if (negated)
		expect_matches(p, true);
	if (negated && at_end(p))
		return unexpected(p, "a match is expected here");
	if (is_at(p, "not"))
		return unexpected(p, "one 'not' is enough");
	row = at_kind(p, TOKEN_WORD) ? clause_find(peek(p)->text) : NULL;
	if (!row)
		return not_a_clause(p, place);
	if (row->after)
		return unexpected(p, arena_printf(p->ds->arena, "'%s' stands directly behind '%s'",
						  row->name, row->after));
	if (row->kind != CLAUSE_MATCH && negated)
		return unexpected(p, "only matches can be negated with 'not'");
	if (row->kind != CLAUSE_MATCH && place != PLACE_RULE)
		return unexpected(p, "only matches describe a packet");
	return add_clause(p, row, start, negated) && parse_followers(p, row);
}

bool parse_clauses(struct parser *p, enum clause_place place)
{
	bool ok = true;

	p->clauses.len = 0;
	while (!at_end(p) && !(place == PLACE_TRACE && at_word(p, "for"))) {
		p->resume = false;
		if (parse_clause(p, place))
			continue;
		ok = false;
		if (p->resume && !p->at_line)
			continue;
		skip_line(p);
		break;
	}
	expect_clauses(p, place);
	return ok;
}

struct ast_clause *take_clauses(struct parser *p, uint32_t *ret_n)
{
	*ret_n = p->clauses.len;
	return arena_memdup(p->ds->arena, p->clauses.data,
			    p->clauses.len * sizeof(*p->clauses.data));
}

const char *verb_help(struct parser *p, struct str_nearest *nearest)
{
	struct str word = nearest->word;
	const struct clause *row = clause_find(word);

	if (habit_help(word))
		return habit_help(word);
	if (row && row->kind == CLAUSE_MATCH)
		return arena_printf(p->ds->arena,
				    "a rule starts with its verb: write 'allow %s ...'", row->name);
	for (const struct action *action = actions; action->name; action++) {
		if (!action->is_verb)
			continue;
		str_nearest_offer(nearest, str_of(action->name));
		for (const char *const *alias = action->aliases; alias && *alias; alias++)
			str_nearest_offer(nearest, str_of(*alias));
	}
	return NULL;
}

static bool parse_verb(struct parser *p, struct ast_action *verb)
{
	struct str_nearest nearest = { .word = peek(p)->text };
	const char *help = "a verb is expected here: allow, drop, count ...";

	verb->span = peek(p)->span;
	expect_verbs(p);
	if (!at_kind(p, TOKEN_WORD))
		return unexpected(p, help);
	if (!is_verb(nearest.word)) {
		const char *better = verb_help(p, &nearest);

		return unexpected_near(p, &nearest, better ? better : help);
	}
	p->verb = verb->row = action_find(nearest.word);
	(void)take(p);
	if (!parse_action_args(p, verb, false))
		return false;
	verb->span = span_join(verb->span, p->cursor.last);
	return true;
}

bool parse_rule(struct parser *p, struct ast_rule *ret_rule)
{
	const char *outer = p->what;
	struct ast_rule rule = { .span = peek(p)->span };
	bool ok;

	p->what = "rule";
	p->resume = false;
	ok = parse_verb(p, &rule.verb);
	if (ok || p->resume)
		ok &= parse_clauses(p, PLACE_RULE);
	else
		skip_line(p);
	p->what = outer;
	if (!ok)
		return false;
	rule.clauses.data = take_clauses(p, &rule.clauses.len);
	rule.clauses.cap = rule.clauses.len;
	rule.span = span_join(rule.span, p->cursor.last);
	*ret_rule = rule;
	return true;
}
