/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/entries.h"

#include <errno.h>
#include <time.h>

#include "bpffw/ui/text.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"
#include "compiler/lang/type.h"

void entries_end(struct entries *e)
{
	lists_put(e->lists);
	session_end(&e->s);
}

bool entries_is(const struct entries *e, const char *name)
{
	return str_is(e->name, name);
}

enum exit_code entries_rules(struct entries *e)
{
	return e->gen.rs ? EXIT_DONE : session_running(&e->s, &e->gen);
}

static enum exit_code no_set(struct entries *e)
{
	struct str_nearest nearest = { .word = e->name };
	const char *help = "'bpffw add set NAME addr|port|mac' makes one";

	vec_for_each(set, &e->gen.rs->sets)
		str_nearest_offer(&nearest, set->name);
	if (nearest.best.s)
		help = arena_printf(e->s.arena, "did you mean '" STR_FMT "'?",
				    STR_ARG(nearest.best));
	return report_error(e->s.in, EXIT_ABSENT, help, "no set named '" STR_FMT "'",
			    STR_ARG(e->name));
}

const struct set *entries_set(struct entries *e)
{
	struct ruleset *rs = e->gen.rs;

	for (int i = 0; i < 2; i++)
		if (str_eq(rs->builtin[i].name, e->name))
			return &rs->builtin[i];
	vec_for_each(set, &rs->sets)
		if (str_eq(set->name, e->name))
			return set;
	return NULL;
}

const char *entry_text(struct arena *arena, enum value_type type, const struct set_entry *entry)
{
	struct atom atom = { .family = entry->family,
			     .lo = entry->range.lo,
			     .hi = entry->range.hi };
	struct buf out = { .arena = arena };

	types[type].print(&out, &atom);
	return buf_text(&out);
}

/* What stands in a rule file is known by the generation's text only: its line says nothing. */
const char *entry_place(struct entries *e, const struct set_entry *entry)
{
	const struct source *source = &e->s.ds->sources.data[entry->span.source];
	struct buf out = { .arena = e->s.arena };

	if (source->included.source == 0) {
		buf_puts(&out, "the rule file");
		return buf_text(&out);
	}
	text_escape(&out, source->name);
	buf_printf(&out, ":%u", diag_position(e->s.ds, entry->span).line);
	return buf_text(&out);
}

enum exit_code session_lists(struct session *s, struct lists **ret_lists)
{
	int ret = lists_get(s->store, ret_lists, &s->f);

	return ret < 0 && ret != -ENOENT ? session_failed(s) : EXIT_DONE;
}

struct list_size list_size(struct arena *arena, struct lists *lists, const struct set *set)
{
	struct list_size size = { 0 };
	struct failure ignored = { 0 };
	list_entries live = { 0 };
	enum value_type type;
	uint32_t number = lists ? lists_number(lists, set->name, &type) : 0;

	struct list_counts counts = { 0 };

	vec_for_each(entry, &set->entries)
		size.entries += !set->runtime || !entry->timeout;
	if (set->runtime && number)
		counts = lists_counts(lists, number);
	size.lost = counts.lost;
	if (!counts.entries)
		return size;
	if (lists_entries(lists, arena, number, &live, &ignored) < 0)
		failure_clear(&ignored);
	size.entries += live.len;
	size.over = counts.entries > live.len ? counts.entries - live.len : 0;
	vec_for_each(entry, &live)
		size.timed += entry->expiry != LIST_FOREVER;
	return size;
}

void entries_count(struct buf *out, uint64_t n)
{
	text_grouped(out, n);
	buf_puts(out, n == 1 ? " entry" : " entries");
}

const char *entry_left(struct arena *arena, uint64_t expiry)
{
	uint64_t now = list_now(), left = expiry > now ? (expiry - now) / 1000000000 : 0;
	struct buf out = { .arena = arena };

	print_duration(&out, left ? left : 1);
	return buf_text(&out);
}

const char *entry_end(struct arena *arena, uint64_t expiry)
{
	struct buf out = { .arena = arena };

	if (expiry == LIST_FOREVER)
		return "without an end";
	buf_puts(&out, "until ");
	text_time_short(&out, list_wall(expiry), time(NULL));
	return buf_text(&out);
}

const struct set_entry *entry_cover(const struct set *set, const struct set_entry *entry)
{
	const struct set_entry *best = NULL;

	vec_for_each(wide, &set->entries) {
		if (wide->family != entry->family || wide->range.lo > entry->range.lo ||
		    wide->range.hi < entry->range.hi)
			continue;
		if (!best || wide->range.hi - wide->range.lo < best->range.hi - best->range.lo)
			best = wide;
	}
	return best;
}

/* ---- the start ---- */

static bool writes(enum set_command command)
{
	return command != SET_LIST && command != SET_TEST;
}

/* The type of the list, without the rules where the state maps know it. */
static enum exit_code find_list(struct entries *e)
{
	const struct set *set;
	enum exit_code code;

	code = session_lists(&e->s, &e->lists);
	if (code)
		return code;
	if (e->lists)
		e->number = lists_number(e->lists, e->name, &e->wanted.type);
	if (e->number && lists_asked(e->lists, e->number))
		return EXIT_DONE;
	code = entries_rules(e);
	if (code)
		return code;
	set = entries_set(e);
	if (!set)
		return no_set(e);
	e->wanted.type = set->type;
	return EXIT_DONE;
}

static bool from_stdin(const struct entries *e)
{
	return e->command.entries.len == 1 && str_is(e->command.entries.data[0].text, "-");
}

static enum exit_code read_entries(struct entries *e)
{
	struct session *s = &e->s;
	enum exit_code code;
	uint32_t source;
	bool ok;

	if (!e->command.entries.len)
		return EXIT_DONE;
	if (from_stdin(e)) {
		code = session_source(s, "-", &source);
		if (code)
			return code;
		ok = sema_entry_lines(s->ds, &s->env, source, &e->wanted);
	} else {
		ok = sema_entries(s->ds, &s->env, &e->command.entries, &e->wanted);
	}
	return ok ? EXIT_DONE : session_failed(s);
}

static enum exit_code start(struct entries *e, const struct invocation *in, const char *name)
{
	struct arguments args;
	enum exit_code code;

	*e = (struct entries){ 0 };
	session_start(&e->s, in);
	e->s.env.command = true;
	args = lex_arguments(e->s.ds, in->argc, in->argv);
	e->source = args.source;
	if (!parse_command(e->s.ds, in->command->name, &args, &e->command))
		return session_failed(&e->s);
	e->name = name ? str_of(name) : e->command.ref.text;
	e->done = entries_is(e, "blacklist")   ? "blacklisted"
		  : entries_is(e, "allowlist") ? "allowlisted"
					       : "added";
	code = session_store(&e->s, writes(e->command.set_command) ? STORE_WRITE : STORE_READ);
	if (!code && !store_running(e->s.store))
		code = entries_rules(e);
	if (!code)
		code = find_list(e);
	return code ? code : read_entries(e);
}

enum exit_code entries_run(const struct invocation *in, const char *name)
{
	static enum exit_code (*const runs[])(struct entries * e) = {
		[SET_ADD] = entries_add,     [SET_DEL] = entries_del,   [SET_LIST] = entries_list,
		[SET_FLUSH] = entries_flush, [SET_LOAD] = entries_load, [SET_TEST] = entries_test,
	};
	_cleanup_entries_ struct entries e;
	enum exit_code code = start(&e, in, name);

	return code ? code : runs[e.command.set_command](&e);
}
