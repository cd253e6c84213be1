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

/* All tokens of a source, closed by TOKEN_END. Reports E003; never fails. */
tokens lex_source(struct diags *ds, uint32_t source);

/*
 * Command line arguments as one source named "command": the arguments joined by one blank. Each
 * is lexed by itself; an argument that contains a blank is one TOKEN_STRING where the grammar
 * wants text, and rule text elsewhere: such an argument yields its own tokens, each with
 * .argument set to the argument's index, so that the parser can take the whole of it.
 */
struct arguments {
	uint32_t source;
	tokens tokens;
	VEC(uint32_t) first_token; /* of each argument */
	VEC(struct token) whole;   /* each argument as one TOKEN_STRING or what it is alone */
};
struct arguments lex_arguments(struct diags *ds, int argc, char *const argv[]);

#endif
