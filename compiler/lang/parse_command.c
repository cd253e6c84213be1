/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands whose arguments are language: rules, sets, packet descriptions, places. */
#include "compiler/lang/parse_internal.h"

static bool parse_ref(struct parser *p, struct word *ret_word)
{
	return parse_text(p, NOUN_RULE, ret_word);
}

/* ("before" | "after") ref; @optional: or nothing, or "in" chain */
static bool parse_place(struct parser *p, struct ast_command *command, bool optional)
{
	if (at_word(p, "before"))
		command->place = PLACE_BEFORE;
	else if (at_word(p, "after"))
		command->place = PLACE_AFTER;
	else if (optional && at_word(p, "in"))
		command->place = PLACE_IN;
	else
		return optional || unexpected(p, "'before' or 'after' is expected here");
	(void)take(p);
	if (command->place == PLACE_IN)
		return parse_word(p, NOUN_CHAIN, &command->place_ref);
	return parse_ref(p, &command->place_ref);
}

static bool parse_packet(struct parser *p, struct ast_command *command, enum clause_place place)
{
	if (!parse_clauses(p, place))
		return false;
	command->packet.data = take_clauses(p, &command->packet.len);
	command->packet.cap = command->packet.len;
	return true;
}

static bool parse_keyed(struct parser *p, struct ast_stmt *stmt, enum stmt_kind kind,
			bool (*parse)(struct parser *p, struct ast_stmt *stmt), struct span start)
{
	stmt->kind = kind;
	stmt->key.span = start;
	stmt->key.text = kind == STMT_SET ? STR("set") : STR("default");
	if (!parse(p, stmt))
		return false;
	stmt->span = span_join(start, p->cursor.last);
	return true;
}

static bool parse_add(struct parser *p, struct ast_command *command)
{
	command->is_set = at_word(p, "set");
	if (command->is_set)
		return parse_keyed(p, &command->set, STMT_SET, parse_set_head, take(p).span);
	return parse_place(p, command, true) && parse_rule(p, &command->rule);
}

static bool parse_replace(struct parser *p, struct ast_command *command)
{
	return parse_ref(p, &command->ref) && parse_rule(p, &command->rule);
}

static bool parse_set_name(struct parser *p, struct ast_stmt *stmt)
{
	return parse_word(p, NOUN_NAME, &stmt->name);
}

static bool parse_del(struct parser *p, struct ast_command *command)
{
	command->is_set = at_word(p, "set");
	if (command->is_set)
		return parse_keyed(p, &command->set, STMT_SET, parse_set_name, take(p).span);
	return parse_ref(p, &command->ref);
}

static bool parse_one_ref(struct parser *p, struct ast_command *command)
{
	return parse_ref(p, &command->ref);
}

static bool parse_move(struct parser *p, struct ast_command *command)
{
	return parse_ref(p, &command->ref) && parse_place(p, command, false);
}

static bool parse_explain(struct parser *p, struct ast_command *command)
{
	return parse_packet(p, command, PLACE_MATCHES);
}

static bool parse_trace(struct parser *p, struct ast_command *command)
{
	if (!parse_packet(p, command, PLACE_TRACE))
		return false;
	if (!at_word(p, "for"))
		return true;
	(void)take(p);
	return parse_number(p, NOUN_TIME, &command->time);
}

static bool parse_default_command(struct parser *p, struct ast_command *command)
{
	return parse_keyed(p, &command->def, STMT_DEFAULT, parse_default, peek(p)->span);
}

static bool parse_list_options(struct parser *p, struct ast_command *command)
{
	while (!at_end(p)) {
		if (at_word(p, "for")) {
			if (command->time.text.s)
				return given_twice(p, *peek(p));
			(void)take(p);
			if (!parse_number(p, NOUN_TIME, &command->time))
				return false;
		} else if (at_word(p, "comment")) {
			if (command->comment.text.s)
				return given_twice(p, *peek(p));
			(void)take(p);
			if (!parse_text(p, "a text", &command->comment))
				return false;
		} else {
			return missing_comma(p, &command->entries);
		}
	}
	if (!command->time.text.s)
		expect_word(p, "for", NULL);
	if (!command->comment.text.s)
		expect_word(p, "comment", NULL);
	return true;
}

static bool parse_entries(struct parser *p, struct ast_command *command)
{
	return parse_list(p, parse_atom, &command->entries);
}

static bool parse_ban_command(struct parser *p, struct ast_command *command)
{
	command->set_command = SET_ADD;
	return parse_entries(p, command) && parse_list_options(p, command);
}

static bool parse_unban(struct parser *p, struct ast_command *command)
{
	command->set_command = SET_DEL;
	return parse_entries(p, command) && (at_end(p) || missing_comma(p, &command->entries));
}

static bool parse_set_command(struct parser *p, struct ast_command *command)
{
	static const char *const verbs[] = { "add", "del", "list", "flush", "load", "test", NULL };
	struct word word;

	if (!parse_choice(p, verbs, &word))
		return false;
	while (!str_is(word.text, verbs[command->set_command]))
		command->set_command++;
	switch (command->set_command) {
	case SET_ADD:
		return parse_ban_command(p, command);
	case SET_LOAD:
		return parse_text(p, "a file", &command->file);
	case SET_LIST:
	case SET_FLUSH:
		return true;
	default:
		return parse_entries(p, command) &&
		       (at_end(p) || missing_comma(p, &command->entries));
	}
}

static bool parse_named_set(struct parser *p, struct ast_command *command)
{
	return parse_word(p, NOUN_NAME, &command->ref) && parse_set_command(p, command);
}

static const struct {
	const char *name;
	bool (*parse)(struct parser *p, struct ast_command *command);
} commands[] = {
	{ "add", parse_add },
	{ "replace", parse_replace },
	{ "del", parse_del },
	{ "enable", parse_one_ref },
	{ "disable", parse_one_ref },
	{ "move", parse_move },
	{ "explain", parse_explain },
	{ "trace", parse_trace },
	{ "default", parse_default_command },
	{ "set", parse_named_set },
	{ "blacklist", parse_set_command },
	{ "allowlist", parse_set_command },
	{ "ban", parse_ban_command },
	{ "unban", parse_unban },
};

bool parse_command(struct diags *ds, const char *command, struct arguments *args,
		   struct ast_command *ret_command)
{
	struct parser p = parser_new(ds, NULL);
	struct ast_command parsed = { 0 };
	uint32_t errors = ds->n_errors;
	size_t row = 0;

	while (strcmp(commands[row].name, command) != 0)
		row++;
	p.args = args;
	p.what = "command";
	if (commands[row].parse(&p, &parsed) && !at_kind(&p, TOKEN_END)) {
		if (at_end(&p))
			diag_error(ds, peek(&p)->span, E001, "a command takes one rule");
		else
			(void)unexpected(&p, "the command ends before this");
	}
	arena_free(p.scratch);
	if (ds->n_errors != errors)
		return false;
	*ret_command = parsed;
	return true;
}

void parse_expected(struct diags *ds, const char *command, struct arguments *args,
		    struct expected *expected)
{
	struct parser p = parser_new(ds, NULL);
	struct ast_command parsed = { 0 };

	p.args = args;
	p.what = "command";
	p.expected = expected;
	for (size_t row = 0; row < sizeof(commands) / sizeof(commands[0]); row++)
		if (strcmp(commands[row].name, command) == 0)
			(void)commands[row].parse(&p, &parsed);
	arena_free(p.scratch);
}
