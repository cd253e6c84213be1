/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/ui/patch.h"

#include <stdlib.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static uint32_t line_start(struct str text, uint32_t at)
{
	while (at && text.s[at - 1] != '\n')
		at--;
	return at;
}

/* Behind the newline of the line that @at is in. */
static uint32_t line_end(struct str text, uint32_t at)
{
	while (at < text.len && text.s[at] != '\n')
		at++;
	return at < text.len ? at + 1 : at;
}

static uint32_t skip_blanks(struct str text, uint32_t at)
{
	while (at < text.len && is_blank(text.s[at]))
		at++;
	return at;
}

/* The last character before @at on its line that is no blank; '\n' when there is none. */
static char char_before(struct str text, uint32_t at, uint32_t *ret_at)
{
	while (at && is_blank(text.s[at - 1]))
		at--;
	*ret_at = at ? at - 1 : 0;
	return at ? text.s[at - 1] : '\n';
}

static char char_behind(struct str text, uint32_t at, uint32_t *ret_at)
{
	*ret_at = skip_blanks(text, at);
	return *ret_at < text.len ? text.s[*ret_at] : '\n';
}

/* Nothing else but blanks and a comment on the lines of [start, end). */
static bool has_own_lines(struct str text, uint32_t start, uint32_t end)
{
	uint32_t at;
	char behind = char_behind(text, end, &at);

	return char_before(text, start, &at) == '\n' && (behind == '\n' || behind == '#');
}

/* As the rest of the file ends its lines. */
static const char *newline_of(struct str text)
{
	const char *newline = text.len ? memchr(text.s, '\n', text.len) : NULL;

	return newline && newline > text.s && newline[-1] == '\r' ? "\r\n" : "\n";
}

static void add_hunk(struct patch *patch, uint32_t start, uint32_t end, struct str text)
{
	vec_push(patch->arena, &patch->hunks, ((struct patch_hunk){ start, end, text }));
}

void patch_delete(struct patch *patch, uint32_t start, uint32_t end)
{
	struct str old = patch->old;
	uint32_t before, behind;
	bool semicolon = char_behind(old, end, &behind) == ';';

	if (has_own_lines(old, start, semicolon ? behind + 1 : end))
		add_hunk(patch, line_start(old, start), line_end(old, end), STR(""));
	else if (semicolon)
		add_hunk(patch, start, skip_blanks(old, behind + 1), STR(""));
	else if (char_before(old, start, &before) == ';')
		add_hunk(patch, before, end, STR(""));
	else
		add_hunk(patch, start, skip_blanks(old, end), STR(""));
}

void patch_replace(struct patch *patch, uint32_t start, uint32_t end, struct str text)
{
	add_hunk(patch, start, end, text);
}

/* @text as a line with the indent of the line at @like. */
static struct str as_line(struct patch *patch, uint32_t like, struct str text)
{
	uint32_t from = line_start(patch->old, like);
	struct buf line = { .arena = patch->arena };

	buf_add(&line, (struct str){ patch->old.s + from, skip_blanks(patch->old, from) - from });
	buf_add(&line, text);
	buf_puts(&line, newline_of(patch->old));
	return (struct str){ buf_text(&line), line.len };
}

static struct str joined(struct patch *patch, const char *first, struct str text, const char *last)
{
	struct buf line = { .arena = patch->arena };

	buf_puts(&line, first);
	buf_add(&line, text);
	buf_puts(&line, last);
	return (struct str){ buf_text(&line), line.len };
}

void patch_insert(struct patch *patch, uint32_t start, uint32_t end, bool behind, struct str text)
{
	struct str old = patch->old;
	uint32_t at;

	if (!has_own_lines(old, start, end)) {
		if (behind)
			add_hunk(patch, end, end, joined(patch, "; ", text, ""));
		else
			add_hunk(patch, start, start, joined(patch, "", text, "; "));
		return;
	}
	at = behind ? line_end(old, end) : line_start(old, start);
	/* The file's last line lacks its newline. */
	if (behind && old.s[at - 1] != '\n') {
		struct str line = as_line(patch, start, text);
		size_t tail = strlen(newline_of(old));

		line.len -= (uint32_t)tail;
		add_hunk(patch, at, at, joined(patch, newline_of(old), line, ""));
		return;
	}
	add_hunk(patch, at, at, as_line(patch, start, text));
}

/* Something was put there before. */
static bool has_hunk_at(const struct patch *patch, uint32_t at)
{
	vec_for_each(hunk, &patch->hunks)
		if (hunk->start == at && hunk->end == at)
			return true;
	return false;
}

void patch_insert_block(struct patch *patch, uint32_t close, struct str text)
{
	struct str old = patch->old;
	const char *gap;
	uint32_t at;

	if (char_before(old, close, &at) == '\n') {
		at = line_start(old, close);
		add_hunk(patch, at, at, joined(patch, "\t", text, newline_of(old)));
		return;
	}
	gap = old.s[at] == '{' && !has_hunk_at(patch, at + 1) ? " " : "; ";
	add_hunk(patch, at + 1, at + 1, joined(patch, gap, text, at + 1 == close ? " " : ""));
}

void patch_append(struct patch *patch, struct str text)
{
	const char *newline = newline_of(patch->old);
	uint32_t end = patch->old.len;
	bool open = end && patch->old.s[end - 1] != '\n';

	add_hunk(patch, end, end, joined(patch, open ? newline : "", text, open ? "" : newline));
}

static int compare_hunks(const void *left, const void *right)
{
	const struct patch_hunk *a = *(const struct patch_hunk *const *)left;
	const struct patch_hunk *b = *(const struct patch_hunk *const *)right;
	bool a_inserts = a->start == a->end, b_inserts = b->start == b->end;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a_inserts != b_inserts)
		return a_inserts ? -1 : 1;
	return a < b ? -1 : a > b;
}

struct str patch_apply(struct patch *patch)
{
	uint32_t n = patch->hunks.len, at = 0;
	struct patch_hunk **order = arena_new_array(patch->arena, struct patch_hunk *, n);
	struct buf out = { .arena = patch->arena };

	for (uint32_t i = 0; i < n; i++)
		order[i] = &patch->hunks.data[i];
	if (n)
		qsort(order, n, sizeof(struct patch_hunk *), compare_hunks);
	for (uint32_t i = 0; i < n; i++) {
		/* Neighbours on one line may both have claimed the ';' between them. */
		if (order[i]->start > at)
			buf_add(&out, (struct str){ patch->old.s + at, order[i]->start - at });
		buf_add(&out, order[i]->text);
		at = order[i]->end > at ? order[i]->end : at;
	}
	buf_add(&out, (struct str){ patch->old.s + at, patch->old.len - at });
	return (struct str){ buf_text(&out), out.len };
}
