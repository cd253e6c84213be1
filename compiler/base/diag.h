/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The user's mistakes: collected with their place in the text, never printed here. A diag does
 * not stop a phase; every mistake of a file is reported in one run. bpffw/ui/report.c renders.
 *
 * Ownership: a struct diags lives in its arena, and so do its sources and messages.
 */
#ifndef BPFFW_DIAG_H
#define BPFFW_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/str.h"
#include "compiler/base/vec.h"

/* A place in a source: byte offsets, end exclusive. source 0 is "nowhere" (a command's result). */
struct span {
	uint32_t source; /* index into diags.sources */
	uint32_t start;
	uint32_t end;
};

struct source {
	struct str name; /* as the user wrote it; "command" or "-" */
	struct str text;
	struct span included; /* the include statement; source 0: none */
	uint32_t *lines;      /* offsets of line starts, filled by diag_position() */
	uint32_t n_lines;
};

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

/* Error codes are stable; a code's text is in LANGUAGE section 5 and `help CODE`. */
enum diag_code {
#define X(code, help) code,
#include "compiler/base/codes.def"
#undef X
	DIAG_CODES,
};

struct diag {
	enum diag_code code;
	enum severity severity;
	struct span span;
	const char *message;
	const char *help; /* NULL: none */
	bool once;        /* about the whole ruleset: it is said once */
	uint32_t rule;    /* W201, W202: id of the rule that it is about; 0: of no id */
	uint32_t by;      /* W201: id of the rule that covers this one; 0: no rule with an id */
};

struct diags {
	struct arena *arena;
	VEC(struct source) sources; /* [0] is the empty source */
	VEC(struct diag) list;
	uint32_t n_errors;
	uint32_t n_warnings;
	bool dropped; /* the newest was one too many: counted, not kept */
};

struct position {
	uint32_t line;    /* from 1; 0: nowhere (source 0) */
	uint32_t col;     /* from 1, in bytes */
	uint32_t end_col; /* last column, inclusive, on the same line */
	struct str text;  /* the whole line without its newline */
};

struct diags *diags_new(struct arena *arena);

/* @text must outlive the diags. Return: its index for spans. */
uint32_t diag_source(struct diags *ds, struct str name, struct str text, struct span included);

void diag_error(struct diags *ds, struct span span, enum diag_code code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void diag_warning(struct diags *ds, struct span span, enum diag_code code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The help line of the newest diag; a second call replaces the first. */
void diag_help(struct diags *ds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Order by source (an include where it is included), then position. Call before rendering. */
void diag_sort(struct diags *ds);

struct position diag_position(struct diags *ds, struct span span);

/* "E103" */
const char *diag_code_name(enum diag_code code);
/* What the code means, one or two sentences for `help E103`. */
const char *diag_code_help(enum diag_code code);

static inline struct span span_join(struct span first, struct span last)
{
	return (struct span){ first.source, first.start, last.end };
}

#endif
