/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of a generation is our own and canonical, so its tokens tell all: no tree is built,
 * which would take longer than a person waits for TAB.
 */
#include "bpffw/runtime/outline.h"

#include <errno.h>

#include "bpffw/runtime/host.h"
#include "bpffw/runtime/inside.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/type.h"

struct scan {
	struct arena *arena;
	struct str text;
	struct lexer lexer;
	struct token now;
	struct outline *to;
};

static void next(struct scan *s)
{
	s->now = lex_next(&s->lexer);
}

static bool ends_line(const struct scan *s)
{
	return s->now.kind == TOKEN_NEWLINE || s->now.kind == TOKEN_END ||
	       s->now.kind == TOKEN_CLOSE;
}

static void scan_rule(struct scan *s)
{
	struct outline_rule *rule = vec_add(s->arena, &s->to->rules);
	struct span span = s->now.span;

	while (!ends_line(s)) {
		bool named = s->now.kind == TOKEN_WORD && str_is(s->now.text, "name");

		span = span_join(span, s->now.span);
		next(s);
		if (named && !ends_line(s))
			rule->name = s->now.text;
	}
	rule->text = (struct str){ s->text.s + span.start, span.end - span.start };
}

/* To the end of the statement, over the block of a set. */
static void skip(struct scan *s)
{
	uint32_t depth = 0;

	while (s->now.kind != TOKEN_END && (depth || !ends_line(s))) {
		depth += s->now.kind == TOKEN_OPEN;
		depth -= s->now.kind == TOKEN_CLOSE;
		next(s);
	}
}

static void scan_statement(struct scan *s, struct str keyword)
{
	if (str_is(keyword, "set")) {
		struct outline_set set = { .name = s->now.text };

		next(s);
		set.type = s->now.text;
		vec_push(s->arena, &s->to->sets, set);
	} else if (str_is(keyword, "chain")) {
		vec_push(s->arena, &s->to->chains, s->now.text);
		next(s);
		next(s); /* into its block: the rules are those of any other line */
		return;
	} else if (str_is(keyword, "interface")) {
		vec_push(s->arena, &s->to->interfaces, s->now.text);
	}
	skip(s);
}

static bool is_statement(struct str word)
{
	for (const char *const *name = parse_statements; *name; name++)
		if (str_is(word, *name))
			return true;
	return false;
}

static void scan_line(struct scan *s)
{
	struct str word = s->now.text;
	const struct action *action = s->now.kind == TOKEN_WORD ? action_find(word) : NULL;

	if (s->now.kind == TOKEN_WORD && is_statement(word) && !action) {
		next(s);
		scan_statement(s, word);
	} else if (action && action->is_verb) {
		scan_rule(s);
	} else {
		next(s);
	}
}

int store_outline(struct store *store, struct arena *arena, struct outline *ret_outline,
		  struct failure *f)
{
	struct outline outline = { 0 };
	struct scan s = { .arena = arena, .to = &outline };
	struct diags *ds = diags_new(arena);
	struct record record = { 0 };
	const char *why;
	int ret;

	*ret_outline = (struct outline){ 0 };
	if (!store->running)
		return 0;
	ret = record_read(store_file(store, store->running, "json"), arena, &record, f);
	if (ret < 0)
		return ret;
	why = host_io.read(host_io.ctx, arena, store_file(store, store->running, "fw"), &s.text);
	if (why)
		return fail_plain(f, EIO, EXIT_SYSTEM, "generation %u cannot be read back: %s",
				  store->running, why);
	s.lexer = lex_start(ds, diag_source(ds, STR("-"), s.text, (struct span){ 0 }));
	s.lexer.silent = true;
	next(&s);
	while (s.now.kind != TOKEN_END)
		scan_line(&s);
	for (uint32_t i = 0; i < outline.rules.len && i < record.rules.len; i++)
		outline.rules.data[i].id = record.rules.data[i].id;
	*ret_outline = outline;
	return 0;
}

struct outline outline_of(struct arena *arena, const struct ruleset *rs)
{
	struct outline outline = { 0 };

	vec_for_each(rule, &rs->rules)
		vec_push(arena, &outline.rules,
			 ((struct outline_rule){ rule->id, rule->name, str_of(rule->text) }));
	vec_for_each(set, &rs->sets)
		vec_push(arena, &outline.sets,
			 ((struct outline_set){ set->name, str_of(types[set->type].set_word) }));
	vec_for_each(chain, &rs->chains)
		if (chain->name.len)
			vec_push(arena, &outline.chains, chain->name);
	vec_for_each(iface, &rs->interfaces)
		vec_push(arena, &outline.interfaces, iface->name);
	return outline;
}
