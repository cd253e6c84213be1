/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns of text: aligned, fitted to a width by wrapping one of them. */
#ifndef BPFFW_TABLE_H
#define BPFFW_TABLE_H

#include "bpffw/ui/text.h"
#include "compiler/base/vec.h"

struct table_column {
	const char *title;
	unsigned int min; /* columns it takes at least */
	bool right;
	bool wrap; /* gives way when the table is too wide; one of them */
};

struct table_cell {
	const char *text;
	const char *word; /* appended after a blank, in @tint; NULL: none */
	enum tint tint;
};

struct table {
	struct arena *arena;
	const struct table_column *columns;
	unsigned int n_columns;
	VEC(struct table_cell) cells; /* row by row */
};

/* The next cell, in reading order. @text is escaped when printed and must outlive the table. */
struct table_cell *table_cell(struct table *table, const char *text);

/* @width: columns to fit; 0: as wide as the text. */
void table_print(struct buf *out, const struct table *table, unsigned int width, bool color);

#endif
