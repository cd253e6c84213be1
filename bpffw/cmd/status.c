/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <time.h>

#include "bpffw/cmd/entries.h"
#include "bpffw/cmd/files.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/connections.h"
#include "bpffw/runtime/cookies.h"
#include "bpffw/runtime/egress.h"
#include "bpffw/runtime/flows.h"
#include "bpffw/runtime/limits.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/text.h"
#include "compiler/compile.h"
#include "compiler/ir/diff.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

struct status {
	struct session s;
	struct generation gen;
	struct attached *attached;
	uint32_t n_attached;
	uint32_t flows_room;      /* 0: no rule asks for flows */
	struct lists *lists;      /* NULL: none yet */
	struct flows_count flows; /* of a ruleset that asks for them */
	strs tracked;             /* interfaces whose outgoing flows are recorded */
	struct totals totals;
	const uint32_t *sources;     /* of limits, by rule */
	const uint32_t *connections; /* of limits that count them, by rule */
};

/* Against the file of the next boot. Mistakes in that file are for `check`. */
static const char *compare_file(struct status *st)
{
	struct session *s = &st->s;
	struct diags *ds = diags_new(s->arena);
	const char *path = s->in->paths.rules, *why;
	struct buf out = { .arena = s->arena }, lines = { .arena = s->arena };
	struct ruleset *rs;
	struct diff diff;
	struct str text;
	uint64_t n;

	why = host_io.read(host_io.ctx, s->arena, path, &text);
	if (why)
		return arena_printf(s->arena, "%s: %s", path, why);
	rs = sema_ruleset(
		ds,
		parse_file(ds, &host_io, diag_source(ds, str_of(path), text, (struct span){ 0 })),
		&s->env);
	if (ds->n_errors)
		return arena_printf(s->arena, "%s has errors", path);
	diff = diff_rules(s->arena, st->gen.rs, rs);
	diff_print(&lines, st->gen.rs, rs, &diff);
	if (!lines.len)
		return arena_printf(s->arena, "the same rules as %s", path);
	buf_printf(&out, "differs from %s", path);
	n = (uint64_t)diff.n_added + diff.n_removed + diff.n_changed + diff.n_moved;
	if (n) {
		buf_puts(&out, ": ");
		text_count(&out, n, "rule");
	}
	return buf_text(&out);
}

static void put_running(struct status *st, struct buf *out)
{
	const struct gen_file *changed;

	buf_printf(out, "running     generation %u since ", st->gen.info.number);
	text_time_short(out, st->gen.info.when, time(NULL));
	if (!st->gen.info.saved) {
		buf_printf(out, ", NOT SAVED (%s) - 'bpffw diff'\n", compare_file(st));
		return;
	}
	buf_puts(out, ", saved");
	changed = files_changed(&st->s, &st->gen.info);
	if (changed) {
		buf_puts(out, ", but ");
		text_escape(out, changed->path);
		buf_puts(out, changed->hash ? " has changed since" : " is new");
		buf_puts(out, " - 'bpffw diff'");
	}
	buf_puts(out, "\n");
}

static void put_confirm_left(struct status *st, struct buf *out)
{
	struct session *s = &st->s;
	struct pending pending;

	if (!confirm_waits(s->store, &pending))
		return;
	buf_printf(out, "confirm     NOT CONFIRMED: in %d s ", confirm_left(&s->in->paths));
	if (pending.previous)
		buf_printf(out, "generation %u comes back", pending.previous);
	else
		buf_puts(out, "it is detached");
	buf_puts(out, " - 'bpffw confirm'\n");
}

static void put_boot(struct status *st, struct buf *out)
{
	uint32_t good = store_last_good(st->s.store);

	buf_puts(out, "boot        file ");
	text_escape(out, str_of(st->s.in->paths.rules));
	if (good)
		buf_printf(out, ", last good generation %u\n", good);
	else
		buf_puts(out, ", no last good generation\n");
}

static void put_interfaces(struct status *st, struct buf *out)
{
	buf_puts(out, "interfaces  ");
	for (uint32_t i = 0; i < st->n_attached; i++) {
		const struct attached *a = &st->attached[i];

		buf_puts(out, i ? "; " : "");
		text_escape(out, a->name);
		if (a->missing)
			buf_puts(out, " missing (when it appears: 'bpffw watch' or 'bpffw apply')");
		else if (a->open)
			buf_puts(out, " NOT ATTACHED: NOTHING IS FILTERED - 'bpffw apply'");
		else if (a->driver.len)
			buf_printf(out, " %s (" STR_FMT ")", attached_mode(a), STR_ARG(a->driver));
		else
			buf_printf(out, " %s", attached_mode(a));
		if (a->was.len) {
			buf_puts(out, ", was ");
			text_escape(out, a->was);
		}
	}
	buf_puts(out, st->n_attached ? "\n" : "none: NOTHING IS FILTERED\n");
}

static void put_flows(struct status *st, struct buf *out)
{
	const struct flow_stats *stats = &st->flows.stats;

	if (!st->flows_room)
		return;
	buf_puts(out, "established ");
	text_count(out, st->flows.confirmed, "flow");
	buf_puts(out, " / ");
	text_grouped(out, st->flows_room);
	buf_puts(out, ", egress tracked on ");
	vec_for_each(name, &st->tracked) {
		buf_puts(out, name == st->tracked.data ? "" : ", ");
		text_escape(out, *name);
	}
	buf_puts(out, st->tracked.len ? "" : "NO INTERFACE - 'bpffw apply'");
	if (stats->evicted_confirmed) {
		buf_puts(out, "; ");
		text_grouped(out, stats->evicted_confirmed);
		buf_puts(out, " evicted: raise 'option flows'");
	}
	buf_puts(out, "\n");
}

static int read_flows(struct status *st)
{
	struct session *s = &st->s;
	int ret;

	if (!st->flows_room)
		return 0;
	ret = flows_count(s->store, &st->flows, &s->f);
	if (ret == 0 || ret == -ENOENT)
		ret = egress_tracked(s->store, s->arena, &st->tracked, &s->f);
	return ret;
}

static void put_size(struct status *st, struct buf *out, const struct set *set, const char **gap)
{
	struct list_size size = list_size(st->s.arena, st->lists, set);

	buf_printf(out, "%s" STR_FMT " ", *gap, STR_ARG(set->name));
	text_grouped(out, size.entries);
	if (set->size) {
		buf_puts(out, " / ");
		text_grouped(out, set->size);
	}
	if (size.over) {
		buf_puts(out, " (and ");
		text_grouped(out, size.over);
		buf_puts(out, " that ended, until they are swept)");
	}
	if (size.lost) {
		buf_puts(out, ", full: ");
		text_count(out, size.lost, "ban");
		buf_puts(out, " LOST");
	}
	*gap = "; ";
}

static void put_sets(struct status *st, struct buf *out)
{
	const struct ruleset *rs = st->gen.rs;
	const char *gap = "sets        ";

	for (int i = 2; i-- > 0;)
		if (rs->builtin[i].runtime)
			put_size(st, out, &rs->builtin[i], &gap);
	vec_for_each(set, &rs->sets)
		put_size(st, out, set, &gap);
	if (*gap == ';')
		buf_puts(out, "\n");
}

static const char *limit_name(struct status *st, const struct rule *rule)
{
	if (rule->name.len)
		return arena_printf(st->s.arena, STR_FMT, STR_ARG(rule->name));
	return arena_printf(st->s.arena, "r%u", rule->id);
}

static bool has_buckets(const struct rule *rule)
{
	return rule->limit.present && rule->limit.keys && !rule->limit.number && !rule->disabled;
}

static bool counts_connections(const struct rule *rule)
{
	return rule->limit.number && !rule->disabled;
}

static void put_connections(struct status *st, struct buf *out)
{
	const char *gap = "connections ";

	vec_for_each(rule, &st->gen.rs->rules) {
		if (!counts_connections(rule))
			continue;
		buf_printf(out, "%s%s ", gap, limit_name(st, rule));
		text_grouped(out, st->connections[rule - st->gen.rs->rules.data]);
		gap = "; ";
	}
	if (gap[0] != ';')
		return;
	buf_puts(out, " open / ");
	text_grouped(out, CONN_CELLS << CONN_ROW_BITS);
	buf_puts(out, "\n");
}

/* Limits without keys have a bucket each, which nothing takes from them. */
static void put_limits(struct status *st, struct buf *out)
{
	const char *gap = "limits      ";

	vec_for_each(rule, &st->gen.rs->rules) {
		if (!has_buckets(rule))
			continue;
		buf_printf(out, "%s%s ", gap, limit_name(st, rule));
		text_grouped(out, st->sources[rule - st->gen.rs->rules.data]);
		gap = "; ";
	}
	if (gap[0] != ';')
		return;
	buf_puts(out, " sources tracked / ");
	text_grouped(out, LIMIT_CELLS << LIMIT_ROW_BITS);
	buf_puts(out, ", ");
	text_grouped(out, totals_of(&st->totals, SLOT_EVICTED).packets);
	buf_puts(out, " evicted\n");
}

static json_t *limits_json(struct status *st)
{
	json_t *list = json_array();

	vec_for_each(rule, &st->gen.rs->rules)
		if (has_buckets(rule))
			json_array_append_new(
				list,
				json_pack("{s:s,s:i}", "rule", limit_name(st, rule), "tracked",
					  (int)st->sources[rule - st->gen.rs->rules.data]));
	return json_pack("{s:o,s:i,s:I}", "rules", list, "size", LIMIT_CELLS << LIMIT_ROW_BITS,
			 "evicted", (json_int_t)totals_of(&st->totals, SLOT_EVICTED).packets);
}

static json_t *connections_json(struct status *st)
{
	json_t *list = json_array();

	vec_for_each(rule, &st->gen.rs->rules)
		if (counts_connections(rule))
			json_array_append_new(
				list,
				json_pack("{s:s,s:i}", "rule", limit_name(st, rule), "open",
					  (int)st->connections[rule - st->gen.rs->rules.data]));
	return json_pack("{s:o,s:i}", "rules", list, "size", CONN_CELLS << CONN_ROW_BITS);
}

static json_t *sets_json(struct status *st)
{
	const struct ruleset *rs = st->gen.rs;
	json_t *object = json_object();

	for (int i = 2; i-- > 0;)
		if (rs->builtin[i].runtime)
			json_object_set_new(
				object, rs->builtin[i].name.s,
				json_integer((json_int_t)list_size(st->s.arena, st->lists,
								   &rs->builtin[i])
						     .entries));
	vec_for_each(set, &rs->sets) {
		const char *name = arena_strndup(st->s.arena, set->name.s, set->name.len);
		struct list_size size = list_size(st->s.arena, st->lists, set);

		json_object_set_new(object, name, json_integer((json_int_t)size.entries));
	}
	return object;
}

static void put_cookies(struct status *st, struct buf *out)
{
	struct cookie_state state;

	if (cookies_read(st->s.store, &state) < 0 || !(state.sent | state.refused))
		return;
	buf_puts(out, "syncookies  ");
	text_count(out, state.sent, "cookie");
	buf_printf(out, " sent, %llu came back, %llu ACKs without one refused\n", state.valid,
		   state.refused);
}

static json_t *cookies_json(const struct status *st)
{
	struct cookie_state state;

	if (cookies_read(st->s.store, &state) < 0)
		return json_null();
	return json_pack("{s:I,s:I,s:I}", "sent", (json_int_t)state.sent, "valid",
			 (json_int_t)state.valid, "refused", (json_int_t)state.refused);
}

static void print_text(struct status *st)
{
	struct buf out = { .arena = st->s.arena };

	put_running(st, &out);
	put_confirm_left(st, &out);
	put_interfaces(st, &out);
	buf_puts(&out, "program     ");
	text_count(&out, st->gen.rs->rules.len, "rule");
	buf_puts(&out, ", ");
	text_count(&out, st->gen.info.n_insns, "instruction");
	buf_puts(&out, ", tables ");
	text_grouped(&out, st->gen.info.blob_size);
	buf_puts(&out, " bytes\n");
	put_flows(st, &out);
	put_sets(st, &out);
	put_limits(st, &out);
	put_connections(st, &out);
	put_cookies(st, &out);
	put_boot(st, &out);
	put_data(&out);
}

static json_t *interfaces_json(const struct status *st)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < st->n_attached; i++) {
		const struct attached *a = &st->attached[i];

		json_array_append_new(list, json_pack("{s:o,s:s,s:o}", "name", json_str(a->name),
						      "mode", attached_mode(a), "driver",
						      json_str_or_null(a->driver)));
	}
	return list;
}

static json_t *flows_json(const struct status *st)
{
	const struct flow_stats *stats = &st->flows.stats;
	json_t *tracked = json_array();

	vec_for_each(name, &st->tracked)
		json_array_append_new(tracked, json_str(*name));
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "flows", (json_int_t)st->flows.confirmed,
			 "new", (json_int_t)st->flows.fresh, "limit", (json_int_t)st->flows_room,
			 "evicted", (json_int_t)stats->evicted_confirmed, "evicted_new",
			 (json_int_t)stats->evicted_new, "refused_new", (json_int_t)stats->refused,
			 "tracked", tracked);
}

static void print_json(struct status *st)
{
	json_t *object = json_schema("status");
	uint32_t number = st->gen.info.number, good = store_last_good(st->s.store);
	struct pending pending;
	bool waits = confirm_waits(st->s.store, &pending);

	json_object_set_new(object, "generation", number ? json_integer(number) : json_null());
	if (number) {
		json_object_set_new(object, "since", json_time(st->gen.info.when));
		json_object_set_new(object, "saved", json_boolean(st->gen.info.saved));
		json_object_set_new(object, "confirm_seconds",
				    waits ? json_integer(confirm_left(&st->s.in->paths))
					  : json_null());
		json_object_set_new(object, "last_good", good ? json_integer(good) : json_null());
		json_object_set_new(object, "interfaces", interfaces_json(st));
		json_object_set_new(object, "established",
				    st->flows_room ? flows_json(st) : json_null());
		json_object_set_new(object, "sets", sets_json(st));
		json_object_set_new(object, "syncookies", cookies_json(st));
		json_object_set_new(object, "rules", json_integer(st->gen.rs->rules.len));
		json_object_set_new(object, "instructions", json_integer(st->gen.info.n_insns));
		json_object_set_new(object, "maps",
				    json_pack("{s:i}", "blob", (int)st->gen.info.blob_size));
		json_object_set_new(object, "limits", limits_json(st));
		json_object_set_new(object, "connections", connections_json(st));
	}
	json_line(stdout, object);
}

static enum exit_code status(struct status *st)
{
	struct session *s = &st->s;
	enum exit_code code = session_store(s, STORE_READ);

	if (code)
		return code;
	if (!store_running(s->store)) {
		if (s->in->json)
			print_json(st);
		else
			printf("running     no ruleset: NOTHING IS FILTERED - 'bpffw apply'\n");
		return EXIT_DONE;
	}
	code = session_totals(s, &st->gen, &st->totals);
	if (!code)
		code = session_lists(s, &st->lists);
	if (code)
		return code;
	st->flows_room = compile_flows(st->gen.rs);
	if (attached_read(s, st->gen.rs, &st->attached, &st->n_attached) < 0 ||
	    read_flows(st) < 0 || limits_count(s->store, st->gen.rs, &st->sources, &s->f) < 0 ||
	    connections_count(s->store, st->gen.rs, &st->connections, &s->f) < 0)
		return session_failed(s);
	if (s->in->json)
		print_json(st);
	else
		print_text(st);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	struct status st = { 0 };
	enum exit_code code;

	session_start(&st.s, in);
	code = status(&st);
	lists_put(st.lists);
	session_end(&st.s);
	return code;
}

const struct command cmd_status = {
	.name = "status",
	.help = "what runs where, and whether it is saved",
	.example = "bpffw status",
	.flags = CMD_ROOT,
	.run = run,
};
