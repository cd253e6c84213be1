/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The caret stands under what the user sees: tabs are expanded, escapes and wide characters are
 * counted by their columns, and a line too long for the terminal is shown around the caret.
 */
#include "bpffw/ui/render.h"

#include "bpffw/ui/text.h"

#define WIDTH_DEFAULT 100
#define INDENT        2
#define TAB           8

/* Columns of the span's ends in the expanded line. */
struct shown {
	struct buf line;
	struct {
		uint32_t at;
		unsigned int column;
	} * glyphs; /* of each shown character: offset in line.data, column; one more for the end */
	uint32_t n_glyphs;
	uint32_t first, last; /* glyphs under the caret, last exclusive */
};

/* Bytes @from to @to are marked. A line is bounded by the largest file, so glyphs fit 32 bits. */
static struct shown show_line(struct arena *arena, struct str text, uint32_t from, uint32_t to)
{
	struct shown s = { .line.arena = arena, .first = UINT32_MAX };
	unsigned int column = 0;
	uint32_t at = 0;

	s.glyphs = arena_alloc(arena, sizeof(*s.glyphs) * ((size_t)text.len + 1));
	while (at < text.len) {
		struct glyph g = text_glyph((struct str){ text.s + at, text.len - at });

		if (s.first == UINT32_MAX && at + g.bytes > from)
			s.first = s.n_glyphs;
		s.glyphs[s.n_glyphs].at = s.line.len;
		s.glyphs[s.n_glyphs++].column = column;
		if (text.s[at] == '\t') {
			g.columns = TAB - column % TAB;
			buf_printf(&s.line, "%*s", (int)g.columns, "");
		} else {
			text_escape(&s.line, (struct str){ text.s + at, g.bytes });
		}
		column += g.columns;
		at += g.bytes;
		if (at <= to)
			s.last = s.n_glyphs;
	}
	s.glyphs[s.n_glyphs].at = s.line.len;
	s.glyphs[s.n_glyphs].column = column;
	if (s.first == UINT32_MAX)
		s.first = s.n_glyphs;
	if (s.last < s.first)
		s.last = s.first;
	return s;
}

/* Glyphs @ret_from to @ret_to fit @room columns and have the caret's start among them. */
static void window(const struct shown *s, unsigned int room, uint32_t *ret_from, uint32_t *ret_to)
{
	uint32_t from = 0, to = s->n_glyphs;

	if (s->glyphs[s->n_glyphs].column > room) {
		unsigned int caret = s->glyphs[s->first].column;
		unsigned int start = caret > room / 2 ? caret - room / 3 : 0;

		while (s->glyphs[from].column < start)
			from++;
		while (to > from && s->glyphs[to].column - s->glyphs[from].column > room)
			to--;
	}
	*ret_from = from;
	*ret_to = to;
}

static void render_source(struct buf *out, struct diags *ds, const struct diag *d,
			  unsigned int width)
{
	struct position at = diag_position(ds, d->span);
	uint32_t end = d->span.end > d->span.start ? at.end_col : at.col - 1;
	struct shown s = show_line(out->arena, at.text, at.col - 1, end);
	unsigned int room = (width ? width : WIDTH_DEFAULT) - INDENT - 2 * 3;
	uint32_t from, to, last;
	unsigned int columns, lead;

	window(&s, room, &from, &to);
	buf_printf(out, "%*s%s", INDENT, "", from ? "..." : "");
	buf_add(out, (struct str){ s.line.data + s.glyphs[from].at,
				   s.glyphs[to].at - s.glyphs[from].at });
	buf_puts(out, to < s.n_glyphs ? "...\n" : "\n");
	last = s.last < to ? s.last : to;
	lead = s.glyphs[s.first].column - s.glyphs[from].column + (from ? 3 : 0);
	columns = last > s.first ? s.glyphs[last].column - s.glyphs[s.first].column : 1;
	buf_printf(out, "%*s^", (int)(INDENT + lead), "");
	for (unsigned int i = 1; i < columns; i++)
		buf_puts(out, "~");
	buf_puts(out, "\n");
}

/* Every line of a help is a help line; "example: ..." names itself. */
static void render_help(struct buf *out, const char *help)
{
	static const char own[] = "example: ";

	while (help && *help) {
		size_t len = strcspn(help, "\n");

		buf_puts(out, "  ");
		if (strncmp(help, own, sizeof(own) - 1) != 0)
			buf_puts(out, "help: ");
		text_escape(out, (struct str){ help, (uint32_t)len });
		buf_puts(out, "\n");
		help += len + (help[len] == '\n');
	}
}

static void render_severity(struct buf *out, enum severity severity, bool color)
{
	if (severity == SEVERITY_ERROR)
		text_tinted(out, color, TINT_RED, "error");
	else
		text_tinted(out, color, TINT_YELLOW, "warning");
	buf_puts(out, ": ");
}

static void render_includes(struct buf *out, struct diags *ds, struct span span)
{
	for (span = ds->sources.data[span.source].included; span.source;
	     span = ds->sources.data[span.source].included) {
		struct position at = diag_position(ds, span);

		buf_puts(out, "  included from ");
		text_escape(out, ds->sources.data[span.source].name);
		buf_printf(out, ":%u\n", at.line);
	}
}

void render_diag(struct buf *out, struct diags *ds, const struct diag *d, bool color,
		 unsigned int width)
{
	if (d->span.source) {
		struct position at = diag_position(ds, d->span);

		text_escape(out, ds->sources.data[d->span.source].name);
		buf_printf(out, ":%u:%u: ", at.line, at.col);
	}
	render_severity(out, d->severity, color);
	text_escape(out, str_of(d->message));
	buf_printf(out, " [%s]\n", diag_code_name(d->code));
	if (d->span.source)
		render_source(out, ds, d, width);
	render_help(out, d->help);
	if (d->span.source)
		render_includes(out, ds, d->span);
}

void render_line(struct buf *out, enum severity severity, const char *what, const char *help,
		 bool color)
{
	static const char refused[] = "refused";
	const size_t len = sizeof(refused) - 1;

	/* A guard's answer is no error of the user or the system. */
	if (strncmp(what, "refused: ", len + 2) == 0) {
		text_tinted(out, color, TINT_RED, refused);
		what += len;
	} else {
		render_severity(out, severity, color);
	}
	text_escape(out, str_of(what));
	buf_puts(out, "\n");
	render_help(out, help);
}

void render_log(struct buf *out, struct str log)
{
	while (log.len) {
		const char *newline = memchr(log.s, '\n', log.len);
		uint32_t len = newline ? (uint32_t)(newline - log.s) : log.len;

		buf_puts(out, "  ");
		text_escape(out, (struct str){ log.s, len });
		buf_puts(out, "\n");
		len += newline ? 1 : 0;
		log.s += len;
		log.len -= len;
	}
}
