/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the three files of the parser share: the cursor, errors and recovery, words and rules. */
#ifndef BPFFW_PARSE_INTERNAL_H
#define BPFFW_PARSE_INTERNAL_H

#include "compiler/lang/parse.h"

/* Where the parser stands; a copy is a bookmark. */
struct cursor {
	struct lexer lexer; /* a file */
	uint32_t at;        /* arguments: index of the next token ... */
	uint32_t argument;  /* ... and of the next argument */
	struct token now;   /* the next token, when peeked */
	bool peeked;
	struct span last;  /* the newest token taken */
	uint32_t n_tokens; /* taken, over all files */
};

struct include {
	const struct include *outer;
	struct str path;
	uint32_t depth;
};

/* Statements while the file is read: an array that grows by copies would double their room. */
struct chunk {
	struct chunk *next;
	uint32_t len;
	struct ast_stmt stmts[256];
};

struct parser {
	struct diags *ds;
	const struct io *io; /* NULL: includes stay as they are */
	struct ast *ast;
	struct arena *scratch;        /* lists while they grow */
	const struct arguments *args; /* NULL: a file */
	struct cursor cursor;
	const struct include *include;
	const char *what; /* "rule": what ends too early */
	struct chunk *chunks, *last_chunk;
	struct ast_stmt guessed_default; /* misspelt: counts if there is no other */
	bool has_default;
	uint32_t scans;              /* looks ahead for a closing brace that may still fail */
	bool at_line;                /* recovery has already found the next line */
	bool resume;                 /* the mistake was local: the next clause can be read */
	struct expected *expected;   /* NULL: nobody completes */
	const struct action *verb;   /* of the rule that is read; NULL: a packet */
	const struct clause *clause; /* whose value is read; NULL: none */
	VEC(struct ast_clause) clauses;
	VEC(struct word) atoms;
	VEC(struct ast_element) elements;
};

/* Tokens. */
struct token *peek(struct parser *p);
struct token take(struct parser *p);
bool at_end(struct parser *p);                    /* newline, ';', '}' or the end */
bool at_word(struct parser *p, const char *word); /* and it is expected here */
bool is_at(struct parser *p, const char *word);   /* the same for a word that is a mistake */
bool at_kind(struct parser *p, enum token_kind kind);

/*
 * Errors. All report at the next token and return false; @help may be NULL. A TOKEN_BAD has been
 * reported already and counts as such.
 */
bool unexpected(struct parser *p, const char *help);
bool unexpected_near(struct parser *p, const struct str_nearest *nearest, const char *help);
bool given_twice(struct parser *p, struct token token);
void unclosed(struct parser *p, struct span open);
const char *written(struct parser *p, struct span span); /* the text, cut when long */
bool is_keyword(struct str word);                        /* of a clause */
bool opens_line(struct str word);                        /* a statement or a verb */
const char *habit_help(struct str word);                 /* NULL: no old habit */

/* Recovery: to the newline, ';' or '}' that ends the line, past blocks it opens. */
void skip_line(struct parser *p);
bool skip_block(struct parser *p); /* past the '}' of a block already entered */
bool is_closed(struct parser *p);  /* whether that '}' exists */

/* Words; @wanted completes "... is expected here". */
bool parse_word(struct parser *p, const char *wanted, struct word *ret_word);
/* One of a NULL-terminated list; an alias of a verb becomes its canonical word. */
bool parse_choice(struct parser *p, const char *const *choices, struct word *ret_word);
bool parse_text(struct parser *p, const char *wanted, struct word *ret_word);
/* A word that is no keyword: "'per' is not a rate". */
bool parse_number(struct parser *p, const char *noun, struct word *ret_word);
bool parse_keyword(struct parser *p, const char *keyword);
bool parse_atom(struct parser *p, struct word *ret_word);
/* {text "," text}, and its complaint about a second value without a comma. */
bool parse_list(struct parser *p, bool (*item)(struct parser *p, struct word *ret_word),
		words *ret_words);
/* @before and what follows, as the shell leaves {22,80,443}, as one list. */
const char *with_commas(struct parser *p, const words *before);
bool missing_comma(struct parser *p, const words *before);
/* "{" item {("," | NL) item} "}"; the items go where @item puts them. */
bool parse_braces(struct parser *p, bool (*item)(struct parser *p, const void *ctx),
		  const void *ctx);
words take_atoms(struct parser *p); /* p->atoms, copied, and emptied */

/* Rules. */
enum clause_place { PLACE_RULE, PLACE_MATCHES, PLACE_TRACE };
/* Help for a word that is no verb; offers the verbs where it has none of its own. */
const char *verb_help(struct parser *p, struct str_nearest *nearest);
bool parse_rule(struct parser *p, struct ast_rule *ret_rule);
/* Into p->clauses, which it empties first. */
bool parse_clauses(struct parser *p, enum clause_place place);
struct ast_clause *take_clauses(struct parser *p, uint32_t *ret_n);
/* ["every" time] */
bool parse_every(struct parser *p, struct word *ret_time);

/* Statements that are commands too, behind their keyword. */
bool parse_default(struct parser *p, struct ast_stmt *stmt);
bool parse_set_head(struct parser *p, struct ast_stmt *stmt);

struct parser parser_new(struct diags *ds, const struct io *io);

/* What would be accepted here: noted at the end of the input of parse_expected(), else ignored. */
void expect_word(struct parser *p, const char *word, const char *help);
void expect_noun(struct parser *p, const char *noun);
void expect_text(struct parser *p, const char *noun);
void expect_verbs(struct parser *p);
void expect_exceed(struct parser *p);
void expect_clauses(struct parser *p, enum clause_place place);
void expect_not(struct parser *p, const struct clause *row);
void expect_matches(struct parser *p, bool negated);
void expect_set_types(struct parser *p);
void expect_followers(struct parser *p, const struct clause *after); /* type, code */

#endif
