/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `help TOPIC` prints the tables: commands, options, clauses, verbs, error codes. */
#include "bpffw/cmd/common.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/clause.h"

static void print_option(struct buf *out, const struct option_row *row)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *value = !row->value     ? ""
			    : row->optional ? arena_printf(arena, "[=%s]", row->value)
					    : arena_printf(arena, "=%s", row->value);
	const char *name =
		row->letter ? arena_printf(arena, "-%c, --%s%s", row->letter, row->name, value)
			    : arena_printf(arena, "--%s%s", row->name, value);

	buf_printf(out, "  %-28s %s\n", name, row->help);
}

static void print_options(struct buf *out, const struct option_row *rows)
{
	for (int i = 0; rows && rows[i].name; i++)
		print_option(out, &rows[i]);
}

static void print_overview(struct buf *out)
{
	buf_puts(out, "usage: bpffw COMMAND [ARGUMENT...] [OPTION...]\n\ncommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		buf_printf(out, "  %-10s %s\n", (*c)->name, (*c)->help);
	buf_puts(out, "\noptions of every command:\n");
	print_options(out, opt_globals);
	buf_puts(out,
		 "\nhelp TOPIC explains a command, a word of the rule language ('help dport'),\n"
		 "an error code ('help E103'), or 'options', 'verbs', 'matches', 'codes'.\n");
}

static void print_command(struct buf *out, const struct command *c)
{
	buf_printf(out, "bpffw %s%s%s\n  %s\n", c->name, c->args ? " " : "", c->args ? c->args : "",
		   c->help);
	if (c->details)
		buf_printf(out, "  %s\n", c->details);
	print_options(out, c->opts);
	if (c->example)
		buf_printf(out, "  example: %s\n", c->example);
}

static const char *clause_form(const struct clause *row)
{
	static const char *const forms[] = {
		[SYNTAX_NONE] = "",          [SYNTAX_NVALUE] = " [not] VALUE[,VALUE...]",
		[SYNTAX_WORD] = " WORD",     [SYNTAX_WORDS] = " WORD[,WORD...]",
		[SYNTAX_TEXT] = " TEXT",     [SYNTAX_ICMP] = " [type TYPE [code CODE]]",
		[SYNTAX_ACTION] = " ACTION", [SYNTAX_LOG] = " [every TIME]",
	};

	return forms[row->syntax];
}

static const char *action_form(const struct action *row)
{
	static const char *const forms[] = {
		[ACTION_BARE] = "",
		[ACTION_CHAIN] = " CHAIN",
		[ACTION_BLACKLIST] = " [@SET] for TIME",
		[ACTION_RATE] = " RATE [burst N] [per KEY]",
		[ACTION_NUMBER] = " N",
		[ACTION_SCAN] = " N within TIME",
		[ACTION_LOG] = " [every TIME]",
	};

	return forms[row->syntax];
}

static void print_aliases(struct buf *out, const char *const *aliases)
{
	if (!aliases || !*aliases)
		return;
	buf_puts(out, "  also written:");
	for (; *aliases; aliases++)
		buf_printf(out, " %s", *aliases);
	buf_puts(out, "\n");
}

static void print_later(struct buf *out, const char *later)
{
	if (later)
		buf_puts(out, "  Not supported by this version yet (E190).\n");
}

static void print_clause(struct buf *out, const struct clause *row)
{
	buf_printf(out, "%s%s\n  %s\n", row->name, clause_form(row), row->help);
	if (row->example)
		buf_printf(out, "  %s\n", row->example);
	print_aliases(out, row->aliases);
	print_later(out, row->later);
}

static void print_action(struct buf *out, const struct action *row)
{
	buf_printf(out, "%s%s%s\n  %s\n", row->name, action_form(row),
		   !row->is_verb ? ""
		   : row->limits ? " MATCH... [exceed ACTION] [name N]"
				 : " MATCH... [OPTION...]",
		   row->help);
	if (row->example)
		buf_printf(out, "  %s\n", row->example);
	print_aliases(out, row->aliases);
	print_later(out, row->later);
}

static void print_clauses(struct buf *out, const struct clause *rows)
{
	for (; rows->name; rows++)
		buf_printf(out, "  %-12s %s\n", rows->name, rows->help);
}

static void print_verbs(struct buf *out)
{
	for (const struct action *row = actions; row->name; row++)
		buf_printf(out, "  %-12s %s\n", row->name, row->help);
}

static void print_codes(struct buf *out)
{
	for (int code = 0; code < DIAG_CODES; code++)
		buf_printf(out, "  %s  %s\n", diag_code_name((enum diag_code)code),
			   diag_code_help((enum diag_code)code));
}

static bool print_code(struct buf *out, const char *topic)
{
	for (int code = 0; code < DIAG_CODES; code++) {
		if (strcasecmp(diag_code_name((enum diag_code)code), topic) != 0)
			continue;
		buf_printf(out, "%s\n  %s\n", diag_code_name((enum diag_code)code),
			   diag_code_help((enum diag_code)code));
		return true;
	}
	return false;
}

static bool print_group(struct buf *out, const char *topic)
{
	if (strcmp(topic, "options") == 0) {
		buf_puts(out, "options of every command:\n");
		print_options(out, opt_globals);
		buf_puts(out, "options of a rule:\n");
		print_clauses(out, clause_options);
	} else if (strcmp(topic, "verbs") == 0) {
		print_verbs(out);
	} else if (strcmp(topic, "matches") == 0) {
		print_clauses(out, clause_matches);
	} else if (strcmp(topic, "codes") == 0) {
		print_codes(out);
	} else if (strcmp(topic, "commands") == 0) {
		print_overview(out);
	} else {
		return false;
	}
	return true;
}

static const char *nearest_topic(struct arena *arena, const char *topic)
{
	struct str_nearest nearest = { .word = str_of(topic) };

	for (const struct command *const *c = commands; *c; c++)
		str_nearest_offer(&nearest, str_of((*c)->name));
	for (const struct clause *row = clause_matches; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	for (const struct clause *row = clause_options; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	for (const struct action *row = actions; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	if (!nearest.best.s)
		return "'bpffw help' lists the topics";
	return arena_printf(arena, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
}

/* A word can be a command, a verb and a clause at once ('log', 'blacklist'): all are printed. */
static bool print_topic(struct buf *out, const char *topic)
{
	const struct command *command = command_find(topic);
	const struct action *action = action_find(str_of(topic));
	const struct clause *clause = clause_find(str_of(topic));

	if (command)
		print_command(out, command);
	if (action)
		print_action(out, action);
	if (clause)
		print_clause(out, clause);
	return command || action || clause || print_code(out, topic) || print_group(out, topic);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = { .arena = arena };

	if (!in->argc)
		print_overview(&out);
	else if (!print_topic(&out, in->argv[0]))
		return report_error(in, EXIT_USAGE, nearest_topic(arena, in->argv[0]),
				    "no help on '%s'", in->argv[0]);
	put_data(&out);
	return EXIT_DONE;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[TOPIC]",
	.help = "explain a command, a word of the rule language, or an error code",
	.example = "bpffw help dport",
	.max_args = 1,
	.run = run,
};
