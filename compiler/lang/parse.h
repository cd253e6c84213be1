/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recursive descent over the grammar of LANGUAGE section 3. The parser knows statements, rules and
 * commands; the words inside a rule come from the tables of clause.h. It reports every fault
 * once, skips to the next newline, ';' or closing '}' and goes on.
 */
#ifndef BPFFW_PARSE_H
#define BPFFW_PARSE_H

#include "compiler/lang/ast.h"
#include "compiler/lang/io.h"
#include "compiler/lang/lex.h"

/* A rule file that diag_source() has registered, with everything it includes. */
struct ast *parse_file(struct diags *ds, const struct io *io, uint32_t source);

/* The same without following includes (they stay STMT_INCLUDE): for `save`. */
struct ast *parse_single(struct diags *ds, uint32_t source);

/* Commands whose arguments are language, not options. */
enum place_at { PLACE_LAST, PLACE_BEFORE, PLACE_AFTER, PLACE_IN };

/* What a command does with the entries of a list or set. */
enum set_command { SET_ADD, SET_DEL, SET_LIST, SET_FLUSH, SET_LOAD, SET_TEST };

struct ast_command {
	enum place_at place;
	struct word place_ref;
	struct word ref;      /* replace, del, enable, disable, move; set: its name */
	struct ast_rule rule; /* add, replace */
	bool is_set;          /* add set, del set */
	struct ast_stmt set;
	VEC(struct ast_clause) packet; /* explain, trace */
	struct word time;              /* trace ... for T, add ... for T */
	enum set_command set_command;  /* set, blacklist, allowlist, ban, unban */
	words entries;                 /* add, del, test; one "-": they come by standard input */
	struct word comment, file;     /* add; load */
	struct ast_stmt def;           /* default */
};

/*
 * parse_command() - the arguments behind the command's name.
 * @command: a row of the table in parse_command.c
 * Return: false when something was reported.
 */
bool parse_command(struct diags *ds, const char *command, struct arguments *args,
		   struct ast_command *ret_command);

/*
 * What the grammar accepts behind the end of what was typed: keywords, and values of some kind.
 * The same functions that parse note it, so it cannot lag behind them. A word may be there twice.
 */
struct expectation {
	const char *word;         /* a keyword; NULL: a value */
	const char *help;         /* of the keyword, or NULL */
	const char *noun;         /* "a chain", NOUN_RULE: what the value is; NULL: a keyword */
	bool text;                /* the value is a whole argument, whatever is in it */
	const struct clause *row; /* the clause whose value it is, or NULL */
};
struct expected {
	struct arena *arena;
	VEC(struct expectation) list;
};

/* Values that completion knows more of than their noun. */
#define NOUN_RULE  "the name or id of a rule"
#define NOUN_CHAIN "a chain"
#define NOUN_SET   "a set"
#define NOUN_NAME  "the name of a set"
#define NOUN_TIME  "a time"
#define NOUN_RATE  "a rate"

/*
 * parse_expected() - what may follow the arguments of @command (as of parse_command(); another
 * one has no expectations). Nothing when there is a mistake in them.
 */
void parse_expected(struct diags *ds, const char *command, struct arguments *args,
		    struct expected *expected);

/* The words that open a statement or a rule, for suggestions and completion. NULL-terminated. */
extern const char *const parse_statements[];

#endif
