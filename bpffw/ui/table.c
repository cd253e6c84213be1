/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two blanks between columns, none at a line's end. A wrapped cell goes on two columns in. */
#include "bpffw/ui/table.h"

#define GAP         2
#define WRAP_LEAST  24
#define COLUMNS_MAX 16

struct table_cell *table_cell(struct table *table, const char *text)
{
	struct table_cell *cell = vec_add(table->arena, &table->cells);

	cell->text = text;
	return cell;
}

static unsigned int cell_columns(const struct table_cell *cell)
{
	unsigned int columns = text_columns(str_of(cell->text));

	return cell->word ? columns + 1 + text_columns(str_of(cell->word)) : columns;
}

static void fit_widths(const struct table *table, unsigned int width, unsigned int *widths)
{
	unsigned int total = 0, wrap = table->n_columns;

	for (unsigned int c = 0; c < table->n_columns; c++) {
		const struct table_column *col = &table->columns[c];
		unsigned int w = text_columns(str_of(col->title));

		for (uint32_t i = c; i < table->cells.len; i += table->n_columns) {
			unsigned int columns = cell_columns(&table->cells.data[i]);

			w = columns > w ? columns : w;
		}
		widths[c] = w > col->min ? w : col->min;
		total += widths[c] + (c ? GAP : 0);
		if (col->wrap)
			wrap = c;
	}
	if (!width || total <= width || wrap == table->n_columns)
		return;
	widths[wrap] = total - width + WRAP_LEAST < widths[wrap] ? widths[wrap] - (total - width)
								 : WRAP_LEAST;
}

/* How much of @text fits into @columns: up to a blank if there is one, else hard. */
static uint32_t wrap_at(struct str text, unsigned int columns)
{
	unsigned int used = 0;
	uint32_t at = 0, blank = 0;

	while (at < text.len) {
		struct glyph g = text_glyph((struct str){ text.s + at, text.len - at });

		if (used + g.columns > columns)
			return blank ? blank : at ? at : g.bytes;
		if (text.s[at] == ' ' && at)
			blank = at;
		used += g.columns;
		at += g.bytes;
	}
	return at;
}

static void pad(struct buf *out, unsigned int n)
{
	static const char blanks[] =
		"                                                                ";
	const unsigned int most = sizeof(blanks) - 1;

	for (; n > most; n -= most)
		buf_add(out, (struct str){ blanks, most });
	buf_add(out, (struct str){ blanks, n });
}

/* Blanks are owed, not written, so that no line ends in them. */
struct line {
	struct buf *out;
	unsigned int owed;
};

static void put_cell(struct line *line, const struct table_column *col, unsigned int width,
		     const struct table_cell *cell, struct str text, bool color)
{
	const char *word = cell ? cell->word : NULL;
	unsigned int columns = text_columns(text) + (word ? 1 + text_columns(str_of(word)) : 0);
	unsigned int fill = width > columns ? width - columns : 0;

	if (columns) {
		pad(line->out, line->owed + (col->right ? fill : 0));
		text_escape(line->out, text);
		if (word) {
			buf_puts(line->out, " ");
			text_tinted(line->out, color, cell->tint, word);
		}
		line->owed = col->right ? 0 : fill;
	} else {
		line->owed += width;
	}
	line->owed += GAP;
}

/* What is left of a wrapped cell, on lines of its own. */
static void put_rest(struct buf *out, unsigned int indent, unsigned int width, struct str rest)
{
	while (rest.len) {
		uint32_t take;

		while (rest.len && *rest.s == ' ')
			rest.s++, rest.len--;
		take = wrap_at(rest, width > 2 ? width - 2 : width);
		if (!take)
			break;
		pad(out, indent + 2);
		text_escape(out, (struct str){ rest.s, take });
		buf_puts(out, "\n");
		rest.s += take;
		rest.len -= take;
	}
}

static void put_row(struct buf *out, const struct table *table, const unsigned int *widths,
		    const struct table_cell *cells, bool color)
{
	struct line line = { .out = out };
	unsigned int at = 0, indent = 0, wrapped = 0;
	struct str rest = { 0 };

	for (unsigned int c = 0; c < table->n_columns; c++) {
		const struct table_column *col = &table->columns[c];
		struct str text = str_of(cells ? cells[c].text : col->title);

		if (col->wrap && cells && cell_columns(&cells[c]) > widths[c]) {
			uint32_t take = wrap_at(text, widths[c]);

			rest = (struct str){ text.s + take, text.len - take };
			indent = at;
			wrapped = widths[c];
			text.len = take;
		}
		put_cell(&line, col, widths[c], cells ? &cells[c] : NULL, text, color);
		at += widths[c] + GAP;
	}
	buf_puts(out, "\n");
	put_rest(out, indent, wrapped, rest);
}

void table_print(struct buf *out, const struct table *table, unsigned int width, bool color)
{
	unsigned int widths[COLUMNS_MAX] = { 0 };

	fit_widths(table, width, widths);
	put_row(out, table, widths, NULL, color);
	for (uint32_t i = 0; i + table->n_columns <= table->cells.len; i += table->n_columns)
		put_row(out, table, widths, &table->cells.data[i], color);
}
