/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/ui/line.h"

/* Quotes and braces while a text is walked. */
struct state {
	char quote; /* 0: outside */
	unsigned int depth;
	bool escaped; /* the next character stands for itself */
};

/* Return: the character is part of the quoting itself. */
static bool step(struct state *s, char c)
{
	if (s->escaped) {
		s->escaped = false;
		return false;
	}
	if (s->quote) {
		if (c == '\\' && s->quote == '"')
			s->escaped = true;
		else if (c == s->quote)
			s->quote = 0;
		else
			return false;
		return true;
	}
	if (c == '"' || c == '\'') {
		s->quote = c;
		return true;
	}
	if (c == '{')
		s->depth++;
	else if (c == '}' && s->depth)
		s->depth--;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(struct buf *text, uint32_t from)
{
	while (text->len > from && is_blank(text->data[text->len - 1]))
		text->data[--text->len] = '\0';
}

static char last_of(const struct buf *text)
{
	return text->len ? text->data[text->len - 1] : '\0';
}

bool line_join(struct buf *text, struct str physical)
{
	struct state s = { 0 };
	uint32_t start = text->len, len = 0;

	for (uint32_t i = 0; i < text->len; i++)
		(void)step(&s, text->data[i]);
	s.quote = 0;
	for (; len < physical.len; len++) {
		if (!s.quote && physical.s[len] == '#')
			break;
		(void)step(&s, physical.s[len]);
	}
	buf_add(text, (struct str){ physical.s, len });
	trim(text, start);
	if (!s.quote && last_of(text) == '\\' && text->len > start) {
		text->len--;
		buf_puts(text, " ");
		return true;
	}
	if (!s.depth || s.quote)
		return false;
	trim(text, 0);
	buf_puts(text, last_of(text) == '{' || last_of(text) == ',' ? " " : ", ");
	return true;
}

struct splitter {
	struct arena *arena;
	struct line *line;
	struct buf word;
	bool in_word;
};

static line_words *last_command(struct splitter *sp)
{
	return &sp->line->commands.data[sp->line->commands.len - 1];
}

static void end_word(struct splitter *sp)
{
	if (sp->in_word)
		vec_push(sp->arena, last_command(sp), (char *)buf_text(&sp->word));
	sp->word = (struct buf){ .arena = sp->arena };
	sp->in_word = false;
}

struct line line_split(struct arena *arena, struct str text)
{
	struct line line = { .last = text.len };
	struct splitter sp = { .arena = arena, .line = &line, .word = { .arena = arena } };
	struct state s = { 0 };

	(void)vec_add(arena, &line.commands);
	for (uint32_t i = 0; i < text.len; i++) {
		bool inside = s.quote || s.depth, was_escaped = s.escaped;
		char c = text.s[i];

		if (!inside && (is_blank(c) || c == ';')) {
			end_word(&sp);
			if (c == ';')
				(void)vec_add(arena, &line.commands);
			continue;
		}
		if (!sp.in_word)
			line.last = i;
		sp.in_word = true;
		/* In braces the quotes stay: that text is lexed once more. */
		if (step(&s, c) && !s.depth)
			continue;
		if (was_escaped && !s.depth && c != '"' && c != '\\')
			buf_puts(&sp.word, "\\");
		buf_add(&sp.word, (struct str){ &text.s[i], 1 });
	}
	line.unclosed = s.quote || s.depth;
	line.in_quote = s.quote;
	line.in_word = sp.in_word;
	if (!sp.in_word)
		line.last = text.len;
	end_word(&sp);
	return line;
}
