/* SPDX-License-Identifier: GPL-3.0-or-later */
/* add, del and flush of run-time entries, with the guards that hold for them. */
#include "bpffw/cmd/entries.h"

#include <errno.h>

#include "bpffw/cmd/bans.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/guard.h"
#include "bpffw/runtime/list_rules.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/print.h"

/* More are counted, not told one by one. */
#define TOLD_MAX 10u
/* A ban wider than this wants --force. */
#define WIDE4 8u
#define WIDE6 16u

/* Entries as prefixes: those of entry i begin at first[i]. */
struct parts {
	list_prefixes all;
	uint32_t *first;
};

static struct parts split(struct entries *e)
{
	const struct set *wanted = &e->wanted;
	struct parts parts = { 0 };

	parts.first = arena_new_array(e->s.arena, uint32_t, wanted->entries.len + 1);
	for (uint32_t i = 0; i < wanted->entries.len; i++) {
		const struct set_entry *entry = &wanted->entries.data[i];

		parts.first[i] = parts.all.len;
		list_split(e->s.arena, wanted->type, entry->family, entry->range, &parts.all);
	}
	parts.first[wanted->entries.len] = parts.all.len;
	return parts;
}

/* ---- guards ---- */

static bool has_value(const struct set_entry *entry, uint8_t family, u128 value)
{
	return entry->family == family && entry->range.lo <= value && value <= entry->range.hi;
}

/* Whether the entry can matter to the session's packets; their MAC addresses are not known. */
static bool concerns(const struct entries *e, const struct ssh_session *session,
		     const struct set_entry *entry)
{
	uint8_t family = (uint8_t)session->family;

	if (e->wanted.type == TYPE_ADDR)
		return has_value(entry, family, session->addr) ||
		       has_value(entry, family, session->local);
	if (e->wanted.type == TYPE_PORT)
		return has_value(entry, 0, session->port) ||
		       has_value(entry, 0, session->local_port);
	return true;
}

static const struct ssh_session *session_at(const struct env *env, uint32_t i)
{
	if (!env->session.family)
		return NULL;
	if (i == 0)
		return &env->session;
	return i <= env->more_sessions.len ? &env->more_sessions.data[i - 1] : NULL;
}

static enum exit_code refuse_own(struct entries *e, const struct set_entry *entry,
				 const struct ssh_session *session)
{
	struct buf own = { .arena = e->s.arena };

	net_print_ip(&own, session->family, session->addr);
	if (entry->range.lo == entry->range.hi)
		fail_plain(&e->s.f, EPERM, EXIT_REFUSED,
			   "refused: %s is the address you are connected from; use --force",
			   buf_text(&own));
	else
		fail_plain(&e->s.f, EPERM, EXIT_REFUSED,
			   "refused: %s has %s, the address you are connected from; use --force",
			   entry_text(e->s.arena, TYPE_ADDR, entry), buf_text(&own));
	return session_failed(&e->s);
}

static bool is_wide(const struct set_entry *entry)
{
	u128 span = entry->range.hi - entry->range.lo;

	if (entry->family == FAMILY_IPV4)
		return span >= (u128)1 << (32 - WIDE4) && span;
	return span >= (u128)1 << (128 - WIDE6);
}

/* Bans: the source is all that counts, so the rules need not be asked. */
static enum exit_code guard_ban(struct entries *e)
{
	const struct ssh_session *session;

	vec_for_each(entry, &e->wanted.entries) {
		for (uint32_t i = 0; (session = session_at(&e->s.env, i)); i++)
			if (has_value(entry, (uint8_t)session->family, session->addr))
				return refuse_own(e, entry, session);
		if (!is_wide(entry))
			continue;
		fail_plain(&e->s.f, EPERM, EXIT_REFUSED,
			   "refused: %s is wider than /%u; use --force",
			   entry_text(e->s.arena, TYPE_ADDR, entry),
			   entry->family == FAMILY_IPV4 ? WIDE4 : WIDE6);
		return session_failed(&e->s);
	}
	return EXIT_DONE;
}

static bool concerns_session(const struct entries *e)
{
	const struct ssh_session *session;

	vec_for_each(entry, &e->wanted.entries)
		for (uint32_t i = 0; (session = session_at(&e->s.env, i)); i++)
			if (concerns(e, session, entry))
				return true;
	return false;
}

/* The rules with the change: would a new connection of the session still be let in? */
static enum exit_code guard_rules(struct entries *e, const struct parts *parts, bool removed)
{
	struct list_delta delta = { e->name, removed, &parts->all };
	struct session *s = &e->s;
	netdevs devices = { 0 };
	struct ruleset *rs;
	const char *text;
	targets all;
	enum exit_code code = entries_rules(e);
	int ret;

	if (code)
		return code;
	ret = lists_in_rules(e->lists, s->arena, e->gen.rs, &delta, &rs, &s->f);
	if (ret == 0)
		ret = netdev_list(s->arena, &devices, &s->f);
	if (ret < 0)
		return session_failed(s);
	all = targets_find(s->arena, rs, &devices);
	ret = guard_session(s->arena, rs, &s->env, &all, &text, &s->f);
	return ret < 0 ? session_failed(s) : EXIT_DONE;
}

static enum exit_code guard(struct entries *e, const struct parts *parts, bool removed)
{
	if (opt_value(e->s.in, "force"))
		return EXIT_DONE;
	if (!removed && entries_is(e, "blacklist"))
		return guard_ban(e);
	/* Nobody is locked out by what is let in or no longer banned. */
	if (entries_is(e, removed ? "blacklist" : "allowlist") || !concerns_session(e))
		return EXIT_DONE;
	return guard_rules(e, parts, removed);
}

/* ---- a generation in which the list is looked up ---- */

/* The maps may be others behind a change. */
static enum exit_code open_again(struct entries *e)
{
	lists_put(e->lists);
	e->lists = NULL;
	if (lists_get(e->s.store, &e->lists, &e->s.f) < 0)
		return session_failed(&e->s);
	e->number = lists_number(e->lists, e->name, &e->wanted.type);
	return EXIT_DONE;
}

static enum exit_code use_list(struct entries *e)
{
	struct change change = { 0 };
	struct change_result result;
	struct session *s = &e->s;
	enum exit_code code = entries_rules(e);

	if (code)
		return code;
	change.ast = e->gen.ast;
	change.io = e->gen.io;
	change.saved = e->gen.info.saved;
	vec_push(s->arena, &s->env.runtime_sets, e->name);
	if (commit_change(s, &change, &e->gen, &result) < 0)
		return session_failed(s);
	return open_again(e);
}

static enum exit_code need_list(struct entries *e, uint32_t more)
{
	bool asked = e->number && lists_asked(e->lists, e->number);

	return asked && !lists_need(e->lists, more) ? EXIT_DONE : use_list(e);
}

/* ---- add ---- */

struct adding {
	struct entries *e;
	struct parts parts;
	struct list_added *added; /* one for each part */
	uint64_t expiry, seconds;
	uint64_t n[4]; /* entries by outcome */
};

static enum exit_code add_parts(struct adding *a)
{
	struct entries *e = a->e;

	if (lists_add(e->lists, e->number, &a->parts.all, a->expiry, e->command.comment.text,
		      a->added, &e->s.f) < 0)
		return session_failed(&e->s);
	return EXIT_DONE;
}

static uint64_t count_lost(const struct adding *a)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < a->parts.all.len; i++)
		n += a->added[i].outcome == LIST_NO_ROOM;
	return n;
}

static enum exit_code report_full(struct adding *a, uint64_t lost)
{
	struct buf text = { .arena = a->e->s.arena };

	text_grouped(&text, lost);
	buf_puts(&text, " of ");
	text_grouped(&text, a->parts.all.len);
	return report_error(a->e->s.in, EXIT_REFUSED,
			    a->e->number < LIST_SETS ? NULL : "raise its 'size' in the rule file",
			    "'" STR_FMT "' is full: %s entries were not added", STR_ARG(a->e->name),
			    buf_text(&text));
}

/* It does not matter to the entries whether it succeeds; the next change does it then. */
static void fold_crowded(struct entries *e)
{
	struct pending pending;

	/* This command may have made a generation already. */
	if (e->gen.info.number != store_running(e->s.store))
		e->gen = (struct generation){ 0 };
	if (!lists_crowded(e->lists) || confirm_waits(e->s.store, &pending) || entries_rules(e) ||
	    bans_fold(&e->s, &e->gen) < 0) {
		failure_clear(&e->s.f);
		return;
	}
	open_again(e);
}

/* First what is over goes; then the maps grow, which takes a generation. */
static enum exit_code add_all(struct adding *a)
{
	struct entries *e = a->e;
	enum exit_code code = add_parts(a);
	uint64_t lost = code ? 0 : count_lost(a);
	uint32_t swept;

	if (lost && lists_sweep(e->lists, &swept, &e->s.f) < 0)
		return session_failed(&e->s);
	if (lost && lists_need(e->lists, lost))
		code = use_list(e);
	if (lost && !code)
		code = add_parts(a);
	lost = lost && !code ? count_lost(a) : 0;
	if (!lost && !code)
		fold_crowded(e);
	return lost ? report_full(a, lost) : code;
}

/* The parts of a range as one: new if any is, and it ends with the first of them. */
static struct list_added outcome_of(const struct adding *a, uint32_t i)
{
	struct list_added sum = a->added[a->parts.first[i]];

	for (uint32_t k = a->parts.first[i] + 1; k < a->parts.first[i + 1]; k++) {
		const struct list_added *part = &a->added[k];

		if (part->outcome < sum.outcome)
			sum.outcome = part->outcome;
		if (part->before < sum.before)
			sum.before = part->before;
		if (part->expiry < sum.expiry)
			sum.expiry = part->expiry;
	}
	return sum;
}

static void tell_added(struct adding *a, struct buf *out, const struct set_entry *entry,
		       const struct list_added *added)
{
	struct arena *arena = a->e->s.arena;
	const char *done = a->e->done;

	buf_printf(out, "%s ", entry_text(arena, a->e->wanted.type, entry));
	if (added->outcome == LIST_NEW) {
		buf_puts(out, done);
		if (added->expiry == LIST_FOREVER)
			return;
		buf_printf(out, " %s (", entry_end(arena, added->expiry));
		print_duration(out, a->seconds);
		buf_puts(out, ")");
		return;
	}
	buf_printf(out, "already %s (", done);
	if (added->before == LIST_FOREVER)
		buf_puts(out, "without an end)");
	else
		buf_printf(out, "%s left)", entry_left(arena, added->before));
	if (added->outcome == LIST_KEPT && added->before != LIST_FOREVER)
		buf_puts(out, ": kept, a shorter time needs 'del' first");
	if (added->outcome != LIST_LONGER)
		return;
	if (added->expiry == LIST_FOREVER) {
		buf_puts(out, ": now without an end");
		return;
	}
	buf_printf(out, ": extended to %s (", entry_end(arena, added->expiry) + strlen("until "));
	print_duration(out, a->seconds);
	buf_puts(out, ")");
}

static void tell_sum(struct adding *a, struct buf *out)
{
	struct arena *arena = a->e->s.arena;

	entries_count(out, a->n[LIST_NEW]);
	buf_printf(out, " %s", a->e->done);
	if (a->expiry != LIST_FOREVER)
		buf_printf(out, " %s", entry_end(arena, a->expiry));
	if (a->n[LIST_LONGER]) {
		buf_puts(out, ", ");
		text_grouped(out, a->n[LIST_LONGER]);
		buf_puts(out, " extended");
	}
	if (a->n[LIST_KEPT]) {
		buf_puts(out, ", ");
		text_grouped(out, a->n[LIST_KEPT]);
		buf_puts(out, " kept as they were");
	}
}

/* Elements of a set: those of the text, and run-time ones that follow each other as one. */
static bool count_elements(struct entries *e, uint64_t *ret_n)
{
	list_entries entries = { 0 };
	const struct set *set;
	ranges merged[2] = { 0 };

	if (entries_rules(e) || lists_entries(e->lists, e->s.arena, e->number, &entries, &e->s.f))
		return false;
	set = entries_set(e);
	vec_for_each(entry, &entries)
		vec_push(e->s.arena, &merged[entry->prefix.kind == LIST_ADDR6],
			 list_range(&entry->prefix));
	ranges_normalise(&merged[0]);
	ranges_normalise(&merged[1]);
	*ret_n = (set ? set->entries.len : 0) + merged[0].len + merged[1].len;
	return true;
}

static void print_added(struct adding *a, struct buf *out)
{
	struct entries *e = a->e;
	bool is_set = strcmp(e->done, "added") == 0;
	const struct set *wanted = &e->wanted;
	uint64_t n;

	if (wanted->entries.len > TOLD_MAX) {
		if (is_set)
			buf_printf(out, STR_FMT ": ", STR_ARG(e->name));
		tell_sum(a, out);
		buf_puts(out, "\n");
		return;
	}
	for (uint32_t i = 0; i < wanted->entries.len; i++) {
		struct list_added added = outcome_of(a, i);

		if (is_set)
			buf_printf(out, STR_FMT ": ", STR_ARG(e->name));
		tell_added(a, out, &wanted->entries.data[i], &added);
		if (is_set && i + 1 == wanted->entries.len && count_elements(e, &n)) {
			buf_puts(out, " (");
			text_count(out, n, "element");
			buf_puts(out, ")");
		}
		buf_puts(out, "\n");
	}
}

static json_t *added_json(struct adding *a)
{
	static const char *const results[] = {
		[LIST_NEW] = "added",
		[LIST_LONGER] = "extended",
		[LIST_KEPT] = "kept",
		[LIST_NO_ROOM] = "full",
	};
	json_t *object = json_schema("entries"), *list = json_array();

	for (uint32_t i = 0; i < a->e->wanted.entries.len; i++) {
		const struct set_entry *entry = &a->e->wanted.entries.data[i];
		struct list_added added = outcome_of(a, i);

		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:o}", "entry",
						entry_text(a->e->s.arena, a->e->wanted.type, entry),
						"result", results[added.outcome], "until",
						added.expiry == LIST_FOREVER
							? json_null()
							: json_time(list_wall(added.expiry))));
	}
	json_object_set_new(object, "list", json_str(a->e->name));
	json_object_set_new(object, "added", json_integer((json_int_t)a->n[LIST_NEW]));
	json_object_set_new(object, "extended", json_integer((json_int_t)a->n[LIST_LONGER]));
	json_object_set_new(object, "kept", json_integer((json_int_t)a->n[LIST_KEPT]));
	json_object_set_new(object, "entries", list);
	return object;
}

static const char *allow_comment(struct entries *e, const struct set_entry *entry,
				 const struct list_entry *live)
{
	const struct set_entry *by = NULL;
	struct str comment = { 0 };

	if (live)
		comment = live->comment;
	else if (!entries_rules(e))
		by = entry_cover(&e->gen.rs->builtin[BUILTIN_ALLOW], entry);
	if (by)
		comment = by->comment;
	return comment.len ? arena_printf(e->s.arena, " (" STR_FMT ")", STR_ARG(comment)) : "";
}

/* Entries that the allowlist covers are on the blacklist in vain. */
static void warn_allowed(struct adding *a)
{
	struct entries *e = a->e;
	bool live = lists_counts(e->lists, LIST_ALLOW).entries;
	uint32_t told = 0;

	if (!entries_is(e, "blacklist") || !lists_asked(e->lists, LIST_ALLOW))
		return;
	for (uint32_t i = 0; i < e->wanted.entries.len && told < TOLD_MAX; i++) {
		const struct set_entry *entry = &e->wanted.entries.data[i];
		const struct list_prefix *first = &a->parts.all.data[a->parts.first[i]];
		struct list_entry by;
		bool found = live && lists_match(e->lists, LIST_ALLOW, first, &by);

		if (!found && !lists_static(e->lists, LIST_ALLOW, first))
			continue;
		told++;
		diag_warning(e->s.ds, (struct span){ 0 }, W208,
			     "%s is on the allowlist%s: the allowlist wins, the entry has no "
			     "effect",
			     entry_text(e->s.arena, TYPE_ADDR, entry),
			     allow_comment(e, entry, found ? &by : NULL));
	}
}

static enum exit_code read_time(struct adding *a)
{
	struct session *s = &a->e->s;
	const struct word *time = &a->e->command.time;

	a->expiry = LIST_FOREVER;
	if (!time->text.s)
		return EXIT_DONE;
	if (!num_parse_time(time->text, false, &a->seconds) || !a->seconds) {
		diag_error(s->ds, time->span, E171, "'" STR_FMT "' is not a time",
			   STR_ARG(time->text));
		diag_help(s->ds, "write 30s, 10m, 1h30m, 2d or 1w");
		return session_failed(s);
	}
	a->expiry = list_now() + a->seconds * 1000000000ull;
	return EXIT_DONE;
}

/* A set's own `timeout` is that of entries that come without one. */
static void default_time(struct adding *a)
{
	const struct set *set = a->e->gen.rs ? entries_set(a->e) : NULL;

	if (a->seconds || !set || !set->timeout)
		return;
	a->seconds = set->timeout;
	a->expiry = list_now() + a->seconds * 1000000000ull;
}

static enum exit_code prepare(struct adding *a)
{
	struct entries *e = a->e;
	bool is_set = !entries_is(e, "blacklist") && !entries_is(e, "allowlist");
	enum exit_code code = read_time(a);

	if (!code && is_set && !a->seconds)
		code = entries_rules(e);
	if (code)
		return code;
	default_time(a);
	a->parts = split(e);
	a->added = arena_new_array(e->s.arena, struct list_added, a->parts.all.len);
	code = guard(e, &a->parts, false);
	return code ? code : need_list(e, a->parts.all.len);
}

enum exit_code entries_add(struct entries *e)
{
	struct adding a = { .e = e };
	struct buf out = { .arena = e->s.arena };
	enum exit_code code = prepare(&a);

	if (!code)
		code = add_all(&a);
	if (code)
		return code;
	for (uint32_t i = 0; i < e->wanted.entries.len; i++)
		a.n[outcome_of(&a, i).outcome]++;
	e->s.ds->list.len = 0;
	warn_allowed(&a);
	if (e->s.in->json) {
		json_line(stdout, added_json(&a));
	} else if (!e->s.ds->list.len || e->wanted.entries.len > 1) {
		print_added(&a, &out);
		say(&e->s, &out);
	}
	report_diags(e->s.in, e->s.ds);
	return EXIT_DONE;
}

/* ---- del ---- */

/* Why an entry cannot be deleted: static, covered by another one, or not there at all. */
static enum exit_code cannot_delete(struct entries *e, const struct set_entry *entry,
				    const struct list_prefix *first)
{
	const char *text = entry_text(e->s.arena, e->wanted.type, entry);
	const char *list = arena_strndup(e->s.arena, e->name.s, e->name.len);
	const struct set_entry *by = NULL;
	struct buf cover = { .arena = e->s.arena };
	struct list_entry live;

	if (entries_rules(e))
		return EXIT_SYSTEM;
	if (entries_set(e))
		by = entry_cover(entries_set(e), entry);
	if (by && by->range.lo == entry->range.lo && by->range.hi == entry->range.hi)
		return report_error(e->s.in, EXIT_REFUSED, "take it out there, then 'bpffw apply'",
				    "refused: %s is written in %s", text, entry_place(e, by));
	if (by)
		return report_error(e->s.in, EXIT_ABSENT, NULL,
				    "%s is no entry of %s: %s covers it (%s)", text, list,
				    entry_text(e->s.arena, e->wanted.type, by), entry_place(e, by));
	if (e->number && lists_match(e->lists, e->number, first, &live)) {
		list_print(&cover, &live.prefix);
		return report_error(e->s.in, EXIT_ABSENT, NULL,
				    "%s is no entry of %s: %s covers it", text, list,
				    buf_text(&cover));
	}
	return report_error(e->s.in, EXIT_ABSENT, NULL, "%s is not in %s", text, list);
}

/* Return: 0, -ENOENT when no part of it was there. */
static int delete_parts(struct entries *e, const struct parts *parts, uint32_t i)
{
	uint32_t found = 0;

	for (uint32_t k = parts->first[i]; k < parts->first[i + 1]; k++) {
		int ret = e->number ? lists_del(e->lists, e->number, &parts->all.data[k], &e->s.f)
				    : -ENOENT;

		if (ret < 0 && ret != -ENOENT)
			return ret;
		found += ret == 0;
	}
	return found ? 0 : -ENOENT;
}

static void print_deleted(struct entries *e, uint32_t n)
{
	bool ban = entries_is(e, "blacklist");
	struct buf out = { .arena = e->s.arena };

	if (e->s.in->json) {
		json_t *object = json_schema("entries");

		json_object_set_new(object, "list", json_str(e->name));
		json_object_set_new(object, "removed", json_integer(n));
		json_line(stdout, object);
		return;
	}
	if (e->wanted.entries.len > TOLD_MAX || !e->wanted.entries.len) {
		entries_count(&out, n);
		buf_printf(&out, " removed from " STR_FMT "\n", STR_ARG(e->name));
	} else {
		vec_for_each(entry, &e->wanted.entries)
			buf_printf(&out, "%s %s " STR_FMT "\n",
				   entry_text(e->s.arena, e->wanted.type, entry),
				   ban ? "taken off the" : "removed from", STR_ARG(e->name));
	}
	say(&e->s, &out);
}

enum exit_code entries_del(struct entries *e)
{
	struct parts parts = split(e);
	enum exit_code code = guard(e, &parts, true), worst = EXIT_DONE;
	uint32_t kept = 0;

	if (code)
		return code;
	for (uint32_t i = 0; i < e->wanted.entries.len; i++) {
		const struct set_entry *entry = &e->wanted.entries.data[i];
		int ret = delete_parts(e, &parts, i);

		if (ret < 0 && ret != -ENOENT)
			return session_failed(&e->s);
		if (ret == 0) {
			e->wanted.entries.data[kept++] = *entry;
			continue;
		}
		code = cannot_delete(e, entry, &parts.all.data[parts.first[i]]);
		worst = worst ? worst : code;
	}
	e->wanted.entries.len = kept;
	if (kept || !worst)
		print_deleted(e, kept);
	return worst;
}

enum exit_code entries_flush(struct entries *e)
{
	struct session *s = &e->s;
	list_entries live = { 0 };
	struct parts parts = { 0 };
	enum exit_code code;
	uint32_t n = 0;

	if (e->number && lists_entries(e->lists, s->arena, e->number, &live, &s->f) < 0)
		return session_failed(s);
	vec_for_each(entry, &live) {
		struct set_entry *copy;

		if (entry->from_file)
			continue;
		copy = vec_add(s->arena, &e->wanted.entries);
		copy->range = list_range(&entry->prefix);
		copy->family = entry->prefix.kind == LIST_ADDR4   ? FAMILY_IPV4
			       : entry->prefix.kind == LIST_ADDR6 ? FAMILY_IPV6
								  : 0;
		vec_push(s->arena, &parts.all, entry->prefix);
	}
	code = guard(e, &parts, true);
	if (code)
		return code;
	if (e->number && lists_flush(e->lists, e->number, &n, &s->f) < 0)
		return session_failed(s);
	e->wanted.entries.len = 0;
	print_deleted(e, n);
	return EXIT_DONE;
}
