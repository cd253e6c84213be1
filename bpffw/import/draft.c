/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains, names, sets and items while a ruleset is read. */
#include "bpffw/import/draft.h"

#include <stdlib.h>

#include "compiler/lang/names.h"

#define NAME_MAX_LEN 63
#define SOURCE_SHOWN 300

struct draft draft_start(struct arena *arena, const struct import_source *source)
{
	struct draft d = { .arena = arena, .source = source };

	vec_for_each(name, &source->interfaces)
		draft_interface(&d, *name);
	return d;
}

/* ---- names ---- */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct str draft_name(struct draft *d, struct str wanted)
{
	char *base = arena_alloc(d->arena, NAME_MAX_LEN + 16);
	uint32_t len = 0;
	struct str name;

	if (!wanted.len || !is_letter(wanted.s[0]) || names_reserved(wanted) ||
	    str_is(wanted, "not")) {
		memcpy(base, "c-", 2);
		len = 2;
	}
	for (uint32_t i = 0; i < wanted.len && len < NAME_MAX_LEN - 9; i++)
		base[len++] = is_name_char(wanted.s[i]) ? wanted.s[i] : '-';
	name = (struct str){ base, len };
	while (!map_add(d->arena, &d->names, name, 0))
		name = str_of(arena_printf(d->arena, "%.*s-%u", (int)len, base, ++d->n_names));
	return name;
}

void draft_set(struct draft *d, struct str name, const char *statement)
{
	vec_push(d->arena, &d->sets, ((struct draft_set){ name, statement }));
}

/* What a kernel takes for a name, or a pattern of such. */
bool is_interface_name(struct str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (!is_name_char(name.s[i]) && (!name.s[i] || !strchr(":*@", name.s[i])))
			return false;
	return name.len && name.len < 16 && name.s[0] != '-' && name.s[0] != '@' &&
	       !str_is(name, ".") && !str_is(name, "..");
}

void draft_interface(struct draft *d, struct str name)
{
	if (is_interface_name(name) && map_add(d->arena, &d->interface_names, name, 0))
		vec_push(d->arena, &d->interfaces, name);
}

void draft_general(struct draft *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vec_push(d->arena, &d->general, str_of(arena_vprintf(d->arena, format, args)));
	va_end(args);
}

/* ---- chains ---- */

bool draft_find_chain(const struct draft *d, struct str key, uint32_t *ret_chain)
{
	return map_find(&d->chain_keys, key, ret_chain);
}

uint32_t draft_chain(struct draft *d, struct str key, struct str wanted_name)
{
	struct draft_chain *chain;
	uint32_t index;

	if (draft_find_chain(d, key, &index))
		return index;
	index = d->chains.len;
	chain = vec_add(d->arena, &d->chains);
	chain->key = key;
	chain->name = draft_name(d, wanted_name);
	map_add(d->arena, &d->chain_keys, key, index);
	return index;
}

/* ---- items ---- */

/* One line of plain text, cut when long: what a comment can carry. */
static struct str one_line(struct draft *d, struct str text)
{
	struct buf out = { .arena = d->arena };
	bool blank = true;

	for (uint32_t i = 0; i < text.len && out.len < SOURCE_SHOWN; i++) {
		char c = text.s[i];

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			if (!blank)
				buf_puts(&out, " ");
			blank = true;
			continue;
		}
		blank = false;
		if (c < 0x20 || c > 0x7e)
			c = '?';
		buf_add(&out, (struct str){ &c, 1 });
	}
	if (out.len >= SOURCE_SHOWN)
		buf_puts(&out, " ...");
	/* A backslash at the end would join the next line to the comment. */
	if (out.len && out.data[out.len - 1] == '\\')
		buf_puts(&out, " .");
	return (struct str){ buf_text(&out), out.len };
}

void item_start(struct draft *d, int32_t chain, uint32_t line, struct str source)
{
	if (chain < 0)
		d->item = vec_add(d->arena, &d->elsewhere);
	else
		d->item = vec_add(d->arena, &d->chains.data[chain].items);
	d->chain = chain;
	d->item->line = line;
	d->item->source = one_line(d, source);
}

static void item_remark(struct draft *d, const char *format, va_list args)
{
	const char *text = arena_vprintf(d->arena, format, args);
	struct str line = one_line(d, str_of(text));
	const char *old = d->item->note;

	text = arena_strndup(d->arena, line.s, line.len);
	if (old && strstr(old, text))
		return;
	d->item->note = old ? arena_printf(d->arena, "%s; %s", old, text) : text;
}

void item_note(struct draft *d, const char *format, ...)
{
	va_list args;

	if (d->item->outcome == IMPORT_MISSING)
		return;
	va_start(args, format);
	item_remark(d, format, args);
	va_end(args);
	d->item->outcome = IMPORT_NOTE;
}

bool item_missing(struct draft *d, const char *format, ...)
{
	va_list args;

	if (d->item->outcome == IMPORT_MISSING)
		return false;
	d->item->note = NULL;
	va_start(args, format);
	item_remark(d, format, args);
	va_end(args);
	d->item->outcome = IMPORT_MISSING;
	return false;
}

void item_end(struct draft *d)
{
	if (d->item->outcome == IMPORT_MISSING)
		d->item->outs.len = 0;
}

/* ---- base chains ---- */

static bool comes_before(const struct draft_chain *a, const struct draft_chain *b)
{
	return a->order != b->order ? a->order < b->order : a < b;
}

static void find_final(struct draft *d)
{
	vec_for_each(chain, &d->chains) {
		if (!chain->is_base)
			continue;
		chain->is_final = true;
		vec_for_each(other, &d->chains)
			if (other->is_base && comes_before(chain, other) &&
			    other->families & chain->families)
				chain->is_final = false;
	}
}

static int by_origin(const void *a, const void *b)
{
	const struct draft_edge *one = a, *other = b;

	return one->from < other->from ? -1 : one->from > other->from;
}

/* Marks what the chains on @stack lead to; @before: as reached from a chain that is not final. */
static void spread(struct draft *d, uint32_t *stack, uint32_t depth, const uint32_t *first,
		   bool before)
{
	while (depth) {
		uint32_t at = stack[--depth];

		for (uint32_t i = first[at]; i < first[at + 1]; i++) {
			struct draft_chain *to = &d->chains.data[d->edges.data[i].to];
			bool *mark = before ? &to->before_final : &to->on_way;

			if (*mark || to->is_base)
				continue;
			*mark = true;
			stack[depth++] = d->edges.data[i].to;
		}
	}
}

void draft_settle(struct draft *d)
{
	uint32_t n = d->chains.len, depth = 0, edge = 0;
	uint32_t *first = arena_new_array(d->arena, uint32_t, n + 1);
	uint32_t *stack = arena_new_array(d->arena, uint32_t, n + 1);

	find_final(d);
	if (d->edges.len)
		qsort(d->edges.data, d->edges.len, sizeof(*d->edges.data), by_origin);
	for (uint32_t i = 0; i <= n; i++) {
		while (edge < d->edges.len && d->edges.data[edge].from < i)
			edge++;
		first[i] = edge;
	}
	for (uint32_t i = 0; i < n; i++)
		if (d->chains.data[i].is_base && !d->chains.data[i].is_final)
			stack[depth++] = i;
	spread(d, stack, depth, first, true);
	depth = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!d->chains.data[i].is_base)
			continue;
		d->chains.data[i].on_way = true;
		stack[depth++] = i;
	}
	spread(d, stack, depth, first, false);
}
