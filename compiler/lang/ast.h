/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was written, with its places: no name is resolved, no value read. Made by parse.c, read by
 * sema.c; `save` and the rule commands edit at this level.
 */
#ifndef BPFFW_AST_H
#define BPFFW_AST_H

#include "compiler/lang/clause.h"

enum word_kind { WORD_PLAIN, WORD_STRING, WORD_DEFINE, WORD_SET };

/* The order of the fields keeps the structs small: a large file has a million words. */
struct word {
	struct str text; /* without quotes, '$', '@' */
	struct span span;
	enum word_kind kind;
};
typedef VEC(struct word) words;

struct ast_value {
	words atoms;
	struct span span;
	bool negated; /* "not" or "!=" before the value */
};

struct ast_action {
	const struct action *row; /* NULL: reported by the parser */
	struct span span;
	bool verified;
	struct word arg;  /* rate, number, chain or set name; text.s == NULL: absent */
	struct word time; /* for T, within T, every T */
};

struct ast_clause {
	const struct clause *row;
	struct span span; /* with its not */
	struct span key;
	struct ast_value value;    /* log every T: the time is its atom */
	struct ast_action *action; /* exceed; else NULL */
	bool negated;              /* "not" before the clause */
};

/* Where a rule stands in the admin's own files. */
struct origin {
	struct str file; /* absolute or as given; len 0: typed as a command */
	uint32_t line;
	uint32_t start; /* byte offsets of the rule's text */
	uint32_t end;
	bool changed; /* the running rule no longer is what stands there */
};

struct ast_rule {
	struct span span;
	struct ast_action verb;
	VEC(struct ast_clause) clauses;
	uint32_t id;          /* r7 is 7; 0: not yet given */
	struct origin origin; /* preset by the store for a running rule, else taken from span */
};

/* One element of a set or list block. */
struct ast_element {
	struct word word;
	struct word timeout; /* text.s == NULL: none */
	struct word comment;
};

struct ast_expect {
	struct span span;     /* source 0: of the running ruleset, it stands in origin */
	struct origin origin; /* preset as a rule's, only file and line */
	struct word verdict;
	VEC(struct ast_clause) clauses;
};

enum stmt_kind {
	STMT_VERSION,
	STMT_INTERFACE,
	STMT_DEFAULT,
	STMT_ESSENTIAL,
	STMT_OPTION,
	STMT_DEFINE,
	STMT_INCLUDE,
	STMT_SET,
	STMT_LIST, /* allowlist, blacklist: key tells which */
	STMT_CHAIN,
	STMT_TEST,
	STMT_RULE,
};

struct ast_stmt {
	enum stmt_kind kind;
	struct span span;
	struct word key;   /* its keyword */
	struct word name;  /* option, define, set, chain; default and essential: the verdict */
	words args;        /* version, interface names, option value, define atoms, include path */
	struct word mode;  /* interface */
	bool log;          /* default: with log */
	struct word every; /* default log every T */
	struct word type;  /* set */
	struct word timeout, size, file, comment; /* set; list: file, comment, timeout = for */
	bool has_block;
	VEC(struct ast_element) elements;
	VEC(struct ast_rule) rules;     /* chain; STMT_RULE: exactly one */
	VEC(struct ast_expect) expects; /* test */
};

struct ast {
	VEC(struct ast_stmt) stmts; /* includes replaced by what they include, in order */
	VEC(struct span) files;     /* .source of each file read, the first one first */
};

/* `check --dump=ast`: one node a line, indented. */
void ast_print(struct buf *out, const struct ast *ast);

#endif
