/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Completion as a by-product of parsing: at the end of the input, and behind no mistake, the
 * parser's own functions say here what they would have taken. Which clauses still make sense is in
 * their rows.
 */
#include "compiler/lang/parse_internal.h"
#include "compiler/lang/type.h"

static struct expectation *expect(struct parser *p)
{
	if (!p->expected || p->ds->n_errors || !at_kind(p, TOKEN_END))
		return NULL;
	return vec_add(p->expected->arena, &p->expected->list);
}

/* Words between the clauses; those of the tables have their help there. */
static const char *word_help(const char *word)
{
	static const struct {
		const char *word, *help;
	} rows[] = {
		{ "not", "the opposite of what follows" },
		{ "before", "in front of a rule" },
		{ "after", "behind a rule" },
		{ "in", "the last rule of a chain" },
		{ "set", "a named list of values" },
		{ "for", "how long" },
		{ "within", "in how long a time" },
		{ "every", "at most one report in this time" },
		{ "verified", "ban only who completes connections" },
		{ "timeout", "how long an entry lives" },
		{ "size", "how many entries there may be" },
		{ "file", "a file with one entry a line" },
		{ "add", "put entries in, live at once" },
		{ "del", "take entries out" },
		{ "list", "show the entries" },
		{ "flush", "take out all that was added" },
		{ "load", "swap in the entries of a file" },
		{ "test", "is a value in it?" },
	};
	const struct action *action = action_find(str_of(word));
	const struct clause *clause = clause_find(str_of(word));

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].help;
	return action ? action->help : clause ? clause->help : NULL;
}

void expect_word(struct parser *p, const char *word, const char *help)
{
	struct expectation *e = expect(p);

	if (e)
		*e = (struct expectation){ .word = word, .help = help ? help : word_help(word) };
}

void expect_noun(struct parser *p, const char *noun)
{
	struct expectation *e = expect(p);

	if (e)
		*e = (struct expectation){ .noun = noun, .row = p->clause };
}

void expect_text(struct parser *p, const char *noun)
{
	struct expectation *e = expect(p);

	if (e)
		*e = (struct expectation){ .noun = noun, .text = true, .row = p->clause };
}

void expect_set_types(struct parser *p)
{
	for (unsigned int type = 0; type < TYPES; type++)
		if (types[type].set_word)
			expect_word(p, types[type].set_word, types[type].plural);
}

void expect_verbs(struct parser *p)
{
	for (const struct action *row = actions; row->name && p->expected; row++)
		if (row->is_verb && !row->later)
			expect_word(p, row->name, row->help);
}

void expect_exceed(struct parser *p)
{
	for (const struct action *row = actions; row->name && p->expected; row++)
		if (row->is_exceed && !row->later)
			expect_word(p, row->name, row->help);
}

/* What the clauses so far leave: the protocols of the packet (0: any), its families. */
struct room {
	uint8_t protos, families;
	bool has_proto;
};

static struct room room_of(const struct parser *p)
{
	struct room room = { .families = FAM_IP };

	vec_for_each(clause, &p->clauses) {
		const struct clause *row = clause->row;

		if (clause->negated || clause->value.negated)
			continue;
		room.protos |= row->gives_proto | row->implies_proto;
		room.has_proto |= row->type == TYPE_PROTO;
		if (row->families)
			room.families &= row->families;
	}
	return room;
}

/* Once plain and once negated. */
static bool is_given(const struct parser *p, const struct clause *row, bool negated)
{
	vec_for_each(clause, &p->clauses)
		if (clause->row == row && (clause->negated || clause->value.negated) == negated)
			return true;
	return false;
}

void expect_not(struct parser *p, const struct clause *row)
{
	if (!is_given(p, row, true))
		expect_word(p, "not", NULL);
}

static bool match_fits(const struct parser *p, const struct room *room, const struct clause *row,
		       bool negated)
{
	if (row->after || row->later || is_given(p, row, negated))
		return false;
	if (row->type == TYPE_PROTO && room->has_proto)
		return false;
	if (room->protos && row->proto && !(row->proto & room->protos))
		return false;
	return !row->families || row->families & room->families;
}

/* A limit has its rate behind the verb; the other rate clauses belong to it or to `allow`. */
static bool option_fits(const struct parser *p, const struct clause *row)
{
	if (row->later || is_given(p, row, false))
		return false;
	if (row->kind != CLAUSE_LIMIT)
		return true;
	return p->verb->rate_clauses && !(p->verb->limits && row->part == PART_RATE);
}

void expect_matches(struct parser *p, bool negated)
{
	struct room room;

	if (!p->expected)
		return;
	room = room_of(p);
	for (const struct clause *row = clause_matches; row->name; row++)
		if (match_fits(p, &room, row, negated))
			expect_word(p, row->name, row->help);
}

void expect_clauses(struct parser *p, enum clause_place place)
{
	if (!p->expected)
		return;
	expect_matches(p, false);
	expect_word(p, "not", NULL);
	for (const struct clause *row = clause_options; row->name && place == PLACE_RULE; row++)
		if (option_fits(p, row))
			expect_word(p, row->name, row->help);
}

void expect_followers(struct parser *p, const struct clause *after)
{
	for (const struct clause *row = clause_matches; row->name && p->expected; row++) {
		bool same = after->after ? row->proto == after->proto
					 : row->proto == after->gives_proto;

		if (row->after && same && strcmp(row->after, after->name) == 0)
			expect_word(p, row->name, row->help);
	}
}
