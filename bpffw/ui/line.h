/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Typed lines into the arguments that a shell would have handed over: blanks part them, quotes
 * group and are removed, `{ ... }` is one argument, `;` parts commands, `#` starts a comment.
 */
#ifndef BPFFW_LINE_H
#define BPFFW_LINE_H

#include <stdbool.h>

#include "compiler/base/str.h"
#include "compiler/base/vec.h"

typedef VEC(char *) line_words;

struct line {
	VEC(line_words) commands; /* the last one may be empty */
	bool unclosed;            /* a quote or brace is open at the end */
	bool in_quote;
	bool in_word;  /* the text ends in a word, which is the last command's last argument */
	uint32_t last; /* where the last word begins; behind the text when there is none */
};

/*
 * line_join() - append a physical line to @text, without its comment and line break.
 * Return: the command goes on in the next line (a trailing '\', or a brace is open). Newlines
 * inside braces become the commas that they stand for.
 */
bool line_join(struct buf *text, struct str physical);

struct line line_split(struct arena *arena, struct str text);

#endif
