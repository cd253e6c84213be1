/* SPDX-License-Identifier: GPL-3.0-or-later */
/* list and test of a list or set, and load: a new static part. */
#include "bpffw/cmd/entries.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpffw/runtime/lists.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/table.h"
#include "bpffw/ui/text.h"

/* ---- list ---- */

enum column { COL_ENTRY, COL_FROM, COL_ENDS, COL_COMMENT, COLS };

static const struct table_column columns[COLS] = {
	[COL_ENTRY] = { .title = "ENTRY" },
	[COL_FROM] = { .title = "FROM" },
	[COL_ENDS] = { .title = "ENDS" },
	[COL_COMMENT] = { .title = "COMMENT", .wrap = true },
};

static const char *text_of(struct arena *arena, struct str text)
{
	return text.len ? arena_strndup(arena, text.s, text.len) : "";
}

static const char *prefix_text(struct arena *arena, const struct list_prefix *prefix)
{
	struct buf out = { .arena = arena };

	list_print(&out, prefix);
	return buf_text(&out);
}

/* Static entries with a timeout are in the state maps, too: they come from there. */
static bool is_static(const struct set_entry *entry)
{
	return !entry->timeout;
}

static void print_table(struct entries *e, const struct set *set, const list_entries *live)
{
	struct arena *arena = e->s.arena;
	struct table table = { .arena = arena, .columns = columns, .n_columns = COLS };
	struct buf out = { .arena = arena };

	vec_for_each(entry, &set->entries) {
		if (!is_static(entry))
			continue;
		table_cell(&table, entry_text(arena, set->type, entry));
		table_cell(&table, entry_place(e, entry));
		table_cell(&table, "-");
		table_cell(&table, text_of(arena, entry->comment));
	}
	vec_for_each(entry, live) {
		const char *end = "-";

		if (entry->expiry != LIST_FOREVER)
			end = arena_printf(arena, "%s left", entry_left(arena, entry->expiry));
		table_cell(&table, prefix_text(arena, &entry->prefix));
		table_cell(&table, entry->from_file ? "the rule file" : "a command or rule");
		table_cell(&table, end);
		table_cell(&table, text_of(arena, entry->comment));
	}
	table_print(&out, &table, e->s.in->verbose ? 0 : report_width(STDOUT_FILENO), false);
	put_data(&out);
}

static json_t *entry_json(const char *entry, const char *from, json_t *until, struct str comment)
{
	return json_pack("{s:s,s:s,s:o,s:o}", "entry", entry, "from", from, "until", until,
			 "comment", json_str_or_null(comment));
}

static void print_list_json(struct entries *e, const struct set *set, const list_entries *live)
{
	json_t *object = json_schema("list"), *list = json_array();
	struct arena *arena = e->s.arena;

	vec_for_each(entry, &set->entries)
		if (is_static(entry))
			json_array_append_new(list, entry_json(entry_text(arena, set->type, entry),
							       entry_place(e, entry), json_null(),
							       entry->comment));
	vec_for_each(entry, live) {
		json_t *until = entry->expiry == LIST_FOREVER ? json_null()
							      : json_time(list_wall(entry->expiry));

		json_array_append_new(list, entry_json(prefix_text(arena, &entry->prefix),
						       entry->from_file ? "file" : "run-time",
						       until, entry->comment));
	}
	json_object_set_new(object, "list", json_str(e->name));
	json_object_set_new(object, "entries", list);
	json_line(stdout, object);
}

/* The rules, the list in them, and its run-time entries. */
static enum exit_code read_list(struct entries *e, const struct set **ret_set,
				list_entries *ret_live)
{
	enum exit_code code = entries_rules(e);

	if (code)
		return code;
	*ret_set = entries_set(e);
	if (!*ret_set)
		return report_error(e->s.in, EXIT_ABSENT, NULL, "no set named '" STR_FMT "'",
				    STR_ARG(e->name));
	if (e->number && lists_entries(e->lists, e->s.arena, e->number, ret_live, &e->s.f) < 0)
		return session_failed(&e->s);
	return EXIT_DONE;
}

enum exit_code entries_list(struct entries *e)
{
	const struct set *set = NULL;
	list_entries live = { 0 };
	enum exit_code code = read_list(e, &set, &live);

	if (code)
		return code;
	if (e->s.in->json)
		print_list_json(e, set, &live);
	else
		print_table(e, set, &live);
	return EXIT_DONE;
}

/* ---- test ---- */

struct found {
	const char *by;  /* NULL: not on the list */
	const char *how; /* "file /var/lib/bpffw/blacklist.txt:7, no expiry" */
	int64_t until;   /* 0: no end */
};

static struct found find(struct entries *e, const struct set *set, const struct set_entry *entry)
{
	struct arena *arena = e->s.arena;
	const struct set_entry *by = NULL;
	struct list_entry live;
	list_prefixes parts = { 0 };
	struct found found = { 0 };

	list_split(arena, set->type, entry->family, entry->range, &parts);
	by = entry_cover(set, entry);
	if (by && is_static(by)) {
		found.by = entry_text(arena, set->type, by);
		found.how = arena_printf(arena, "%s, no expiry", entry_place(e, by));
		return found;
	}
	if (!e->number || parts.len != 1 ||
	    !lists_match(e->lists, e->number, &parts.data[0], &live))
		return found;
	found.by = prefix_text(arena, &live.prefix);
	found.how =
		live.expiry == LIST_FOREVER
			? "by a command, no expiry"
			: arena_printf(arena, "%s, %s left",
				       live.from_file ? "the rule file" : "by a command or rule",
				       entry_left(arena, live.expiry));
	found.until = live.expiry == LIST_FOREVER ? 0 : list_wall(live.expiry);
	return found;
}

static const char *listed_word(const struct entries *e)
{
	return strcmp(e->done, "added") == 0
		       ? arena_printf(e->s.arena, "in " STR_FMT, STR_ARG(e->name))
		       : e->done;
}

enum exit_code entries_test(struct entries *e)
{
	enum exit_code code = entries_rules(e), answer = EXIT_DONE;
	const struct set *set = code ? NULL : entries_set(e);
	json_t *object = json_schema("test"), *list = json_array();
	struct buf out = { .arena = e->s.arena };

	vec_for_each(entry, &e->wanted.entries) {
		const char *text = entry_text(e->s.arena, e->wanted.type, entry);
		struct found found = set ? find(e, set, entry) : (struct found){ 0 };

		if (!found.by)
			answer = EXIT_NO;
		if (found.by)
			buf_printf(&out, "%s: %s by %s (%s)\n", text, listed_word(e), found.by,
				   found.how);
		else
			buf_printf(&out, "%s: not %s\n", text, listed_word(e));
		json_array_append_new(
			list, json_pack("{s:s,s:b,s:s?,s:o}", "entry", text, "listed",
					found.by != NULL, "by", found.by, "until",
					found.until ? json_time(found.until) : json_null()));
	}
	json_object_set_new(object, "list", json_str(e->name));
	json_object_set_new(object, "entries", list);
	if (!code && e->s.in->json)
		json_line(stdout, json_incref(object));
	else if (!code)
		put_data(&out);
	json_decref(object);
	return code ? code : answer;
}

/* ---- load ---- */

/* Standard input becomes a file of the state directory: the ruleset names it from now on. */
static enum exit_code keep_input(struct entries *e, struct str *ret_path)
{
	const char *dir = arena_printf(e->s.arena, "%s/lists", e->s.in->paths.state_dir);
	const char *path = arena_printf(e->s.arena, "%s/" STR_FMT, dir, STR_ARG(e->name));
	enum exit_code code;
	uint32_t source;
	struct str text;

	code = session_source(&e->s, "-", &source);
	if (code)
		return code;
	text = e->s.ds->sources.data[source].text;
	if ((mkdir(dir, 0700) < 0 && errno != EEXIST) ||
	    file_replace(path, text.s, text.len, &e->s.f) < 0)
		return e->s.f.err ? session_failed(&e->s)
				  : report_error(e->s.in, EXIT_SYSTEM, NULL,
						 "cannot make the directory %s", dir);
	*ret_path = str_of(path);
	return EXIT_DONE;
}

static enum exit_code path_of(struct entries *e, struct str *ret_path)
{
	struct str path = e->command.file.text;
	char *real;

	if (str_is(path, "-"))
		return keep_input(e, ret_path);
	real = realpath(arena_strndup(e->s.arena, path.s, path.len), NULL);
	if (!real)
		return report_error(e->s.in, EXIT_USAGE, NULL, STR_FMT ": %s", STR_ARG(path),
				    strerror(errno));
	*ret_path = str_of(arena_printf(e->s.arena, "%s", real));
	free(real);
	return EXIT_DONE;
}

/* The statement that names the list's file: the one there is, else a new one. */
static void set_file(struct entries *e, struct str path)
{
	struct ast *ast = e->gen.ast;
	struct ast_stmt added = { .kind = STMT_LIST };

	vec_for_each(stmt, &ast->stmts) {
		bool is_set = stmt->kind == STMT_SET && str_eq(stmt->name.text, e->name);
		bool is_list = stmt->kind == STMT_LIST && str_eq(stmt->key.text, e->name);

		if (!is_set && !(is_list && stmt->file.text.s))
			continue;
		stmt->file.text = path;
		stmt->file.span = e->command.file.span;
		return;
	}
	added.key.text = e->name;
	added.key.span = added.span = added.file.span = e->command.file.span;
	added.file.text = path;
	vec_push(e->s.arena, &ast->stmts, added);
}

static void print_loaded(struct entries *e, const struct list_change *change,
			 const struct change_result *result)
{
	struct buf out = { .arena = e->s.arena };

	entries_count(&out, (uint64_t)change->added + change->kept);
	buf_puts(&out, " loaded");
	if (e->wanted.type == TYPE_ADDR) {
		buf_puts(&out, " (");
		text_grouped(&out, change->n4);
		buf_puts(&out, " IPv4, ");
		text_grouped(&out, change->n6);
		buf_puts(&out, " IPv6)");
	}
	buf_puts(&out, ", ");
	text_grouped(&out, change->covered);
	buf_printf(&out, " covered by shorter prefixes, 0 refused, %.2f s; swapped atomically\n",
		   (double)result->ns_total / 1e9);
	buf_puts(&out, "added ");
	text_grouped(&out, change->added);
	buf_puts(&out, ", removed ");
	text_grouped(&out, change->removed);
	buf_puts(&out, ", kept ");
	text_grouped(&out, change->kept);
	buf_puts(&out, "; timed bans untouched\n");
	say(&e->s, &out);
}

static void print_loaded_json(struct entries *e, const struct list_change *change,
			      const struct change_result *result)
{
	json_t *object = json_schema("load");

	json_object_set_new(object, "list", json_str(e->name));
	json_object_set_new(object, "generation", json_integer(result->generation));
	json_object_set_new(object, "added", json_integer(change->added));
	json_object_set_new(object, "removed", json_integer(change->removed));
	json_object_set_new(object, "kept", json_integer(change->kept));
	json_object_set_new(object, "ipv4", json_integer(change->n4));
	json_object_set_new(object, "ipv6", json_integer(change->n6));
	json_object_set_new(object, "covered", json_integer(change->covered));
	json_object_set_new(object, "seconds", json_real((double)result->ns_total / 1e9));
	json_line(stdout, object);
}

static const struct set *set_in(const struct ruleset *rs, struct str name)
{
	for (int i = 0; i < 2; i++)
		if (str_eq(rs->builtin[i].name, name))
			return &rs->builtin[i];
	vec_for_each(set, &rs->sets)
		if (str_eq(set->name, name))
			return set;
	return NULL;
}

/* The generation's own copy of the file is what it replaces: that one is read from the disk. */
static const struct io *fresh_io(struct entries *e, struct str path)
{
	struct gen_info *info = arena_memdup(e->s.arena, &e->gen.info, sizeof(*info));

	info->lists = (strs){ 0 };
	vec_for_each(list, &e->gen.info.lists)
		vec_push(e->s.arena, &info->lists, str_eq(*list, path) ? STR("") : *list);
	return &lists_open(e->s.arena, e->s.env.io, e->s.store, info)->io;
}

/* What is written in the rule file itself is none of load's business. */
static void from_files(struct entries *e, const struct set *set, ranges ret_written[2])
{
	const struct source *sources = e->s.ds->sources.data;

	for (int v6 = 0; v6 < 2; v6++)
		ret_written[v6] =
			(ranges){ arena_new_array(e->s.arena, struct range, set->entries.len), 0,
				  set->entries.len };
	vec_for_each(entry, &set->entries) {
		ranges *written = &ret_written[entry->family == FAMILY_IPV6];

		if (sources[entry->span.source].included.source)
			written->data[written->len++] = entry->range;
	}
}

enum exit_code entries_load(struct entries *e)
{
	struct change change = { 0 };
	struct change_result result;
	struct list_change counts;
	struct session *s = &e->s;
	enum exit_code code = entries_rules(e);
	ranges before[2], after[2];
	struct str path = { 0 };

	if (!code)
		code = path_of(e, &path);
	if (code)
		return code;
	set_file(e, path);
	change.ast = e->gen.ast;
	change.io = fresh_io(e, path);
	if (commit_change(s, &change, &e->gen, &result) < 0)
		return session_failed(s);
	from_files(e, entries_set(e), before);
	from_files(e, set_in(result.rs, e->name), after);
	counts = list_compare(before, after);
	if (s->in->json)
		print_loaded_json(e, &counts, &result);
	else
		print_loaded(e, &counts, &result);
	return EXIT_DONE;
}
