/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text to tokens. One kind of WORD carries names, numbers, addresses, times and rates: the clause
 * decides what it must be (LANGUAGE section 3, Lexical).
 */
#ifndef BPFFW_LEX_H
#define BPFFW_LEX_H

#include "compiler/base/diag.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE, /* merged; never after '{' or ',' */
	TOKEN_SEMICOLON,
	TOKEN_WORD,
	TOKEN_STRING, /* text without quotes, escapes \" and \\ resolved */
	TOKEN_DEFINE, /* $name, text without '$' */
	TOKEN_SET,    /* @name, text without '@' */
	TOKEN_COMMA,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EQUAL,
	TOKEN_NOT_EQUAL,
	TOKEN_BAD, /* already reported */
};

struct token {
	enum token_kind kind;
	struct str text;
	struct span span;
};
typedef VEC(struct token) tokens;

/*
 * One token after another, so that a large file needs no room for them. A copy of the struct is a
 * bookmark. A NUL byte anywhere, or a byte outside comments that is no text, is reported once as
 * "is not text" and ends the source.
 */
struct lexer {
	struct diags *ds;
	struct str text; /* of the whole source */
	uint32_t source;
	uint32_t at;
	uint32_t end;
	enum token_kind last;
	bool silent;  /* report nothing */
	bool stopped; /* not text: TOKEN_END came early */
};
struct lexer lex_start(struct diags *ds, uint32_t source);
struct token lex_next(struct lexer *lexer);

/* All tokens of a source, closed by TOKEN_END. Reports E003; never fails. */
tokens lex_source(struct diags *ds, uint32_t source);

/*
 * Command line arguments as one source named "command": the arguments joined by one blank. Each
 * is lexed by itself, without reports (it may be text): a TOKEN_BAD that the grammar meets is
 * reported by lex_report(). Where the grammar wants text it takes .whole instead.
 */
struct arguments {
	uint32_t source;
	tokens tokens;             /* of all arguments, closed by TOKEN_END */
	VEC(uint32_t) first_token; /* of each argument, an index into tokens */
	VEC(struct token) whole;   /* each argument: TOKEN_WORD, _STRING, or _BAD: no text */
};
struct arguments lex_arguments(struct diags *ds, int argc, char *const argv[]);

/* What is wrong with a TOKEN_BAD of lex_arguments(). */
void lex_report(struct diags *ds, struct token bad);

#endif
