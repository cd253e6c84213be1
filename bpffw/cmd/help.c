/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `help TOPIC` prints the tables: commands, options, statements, clauses, verbs, error codes. */
#include "bpffw/cmd/common.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/clause.h"

/* What a file holds besides rules. */
static const struct statement {
	const char *name, *form, *help, *example;
} statements[] = {
	/* clang-format off */
	{ "version", "1", "the version of the language", "version 1" },
	{ "interface", "NAME[,NAME...] [mode auto|native|generic]",
	  "where to filter; lines add up, globs in quotes", "interface eth0,\"vlan*\"" },
	{ "default", "allow|drop", "what happens to packets that no rule decides", "default drop" },
	{ "essential", "on|off",
	  "ARP, neighbour discovery, DHCP replies and 'packet too big' pass before the rules",
	  "essential on" },
	{ "option", "fragments l3|drop|pass, malformed drop|pass, antispoof on|off, fail closed|open",
	  "what happens to packets that rules do not see", "option fragments drop" },
	{ "define", "NAME = VALUE[,VALUE...]", "a list of values, '$NAME' in the rules behind it",
	  "define office = 192.0.2.0/24, 2001:db8:10::/48" },
	{ "include", "PATH", "another file, or those that a pattern matches, relative to this one",
	  "include \"conf.d/*.fw\"" },
	{ "set", "NAME addr|port|mac [timeout T] [size N] [file PATH] [comment TEXT] [{ VALUE, ... }]",
	  "a named list, '@NAME' in rules; it may be defined behind them",
	  "set bad addr { 192.0.2.1, 2001:db8::/32 }" },
	{ "allowlist", "ADDRESS[,ADDRESS...] | { ... } | file PATH",
	  "sources that pass before the rules", "allowlist 192.0.2.0/24" },
	{ "blacklist", "ADDRESS[,ADDRESS...] | { ... } | file PATH",
	  "sources that are dropped before the rules",
	  "blacklist file \"/var/lib/bpffw/blacklist.txt\"" },
	{ "chain", "NAME { RULE; ... }", "rules that 'jump NAME' enters",
	  "chain from-lan { allow src 10.20.0.0/16 }" },
	{ "test", "{ expect allow|drop MATCH...; ... }",
	  "what must hold; 'check' and every change refuse a ruleset that breaks one",
	  "test { expect drop tcp dport 23 }" },
	/* clang-format on */
};
#define N_STATEMENTS (sizeof(statements) / sizeof(statements[0]))

static const struct statement *statement_find(const char *name)
{
	for (size_t i = 0; i < N_STATEMENTS; i++)
		if (strcmp(statements[i].name, name) == 0)
			return &statements[i];
	return NULL;
}

static void print_statement(struct buf *out, const struct statement *row)
{
	buf_printf(out, "%s %s\n  %s\n  %s\n", row->name, row->form, row->help, row->example);
}

/* Indented, in lines of at most 78 columns; our own words are ASCII. */
static void print_wrapped(struct buf *out, const char *text)
{
	unsigned int column = 0;

	while (*text) {
		unsigned int len = (unsigned int)strcspn(text, " ");

		if (column && column + 1 + len > 78) {
			buf_puts(out, "\n");
			column = 0;
		}
		buf_printf(out, "%s%.*s", column ? " " : "  ", (int)len, text);
		column += len + (column ? 1 : 2);
		text += len;
		text += *text == ' ';
	}
	buf_puts(out, "\n");
}

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
	buf_puts(out, "usage: bpffw [COMMAND [ARGUMENT...]] [OPTION...]\n\ncommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			buf_printf(out, "  %-10s %s\n", (*c)->name, (*c)->help);
	buf_puts(out, "\noptions of every command:\n");
	print_options(out, opt_globals);
	buf_puts(out,
		 "\nhelp TOPIC explains a command, a word of the rule language ('help dport'),\n"
		 "an error code ('help E103'), or 'statements', 'verbs', 'matches', 'options',\n"
		 "'codes'.\n");
}

static void print_command(struct buf *out, const struct command *c)
{
	buf_printf(out, "bpffw %s%s%s\n  %s\n", c->name, c->args ? " " : "", c->args ? c->args : "",
		   c->help);
	if (c->details)
		print_wrapped(out, c->details);
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
	} else if (strcmp(topic, "statements") == 0) {
		for (size_t i = 0; i < N_STATEMENTS; i++)
			buf_printf(out, "  %-12s %s\n", statements[i].name, statements[i].help);
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
		if (!((*c)->flags & CMD_HIDDEN))
			str_nearest_offer(&nearest, str_of((*c)->name));
	for (const struct clause *row = clause_matches; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	for (const struct clause *row = clause_options; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	for (const struct action *row = actions; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	for (size_t i = 0; i < N_STATEMENTS; i++)
		str_nearest_offer(&nearest, str_of(statements[i].name));
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
	const struct statement *statement = statement_find(topic);

	if (statement)
		print_statement(out, statement);
	if (command)
		print_command(out, command);
	if (action)
		print_action(out, action);
	if (clause)
		print_clause(out, clause);
	return statement || command || action || clause || print_code(out, topic) ||
	       print_group(out, topic);
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
