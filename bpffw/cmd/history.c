/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/common.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/table.h"

#include <unistd.h>

static const char *state_text(struct session *s, const struct gen_info *info)
{
	struct pending pending;

	if (info->running && confirm_waits(s->store, &pending))
		return arena_printf(s->arena, "running, not confirmed (%d s left)",
				    confirm_left(&s->in->paths));
	if (info->running)
		return info->saved ? "running, saved" : "running, not saved";
	return info->rolled_back ? "rolled back" : info->saved ? "saved" : "-";
}

static const char *terminated(struct arena *arena, struct str text)
{
	return text.len ? arena_strndup(arena, text.s, text.len) : "-";
}

/* "alice", with -v "alice, sudo, uid 0, /dev/pts/3" */
static const char *by_text(struct session *s, const struct gen_info *info)
{
	const char *by = terminated(s->arena, info->by);

	if (!s->in->verbose)
		return by;
	return arena_printf(s->arena, "%s%s, uid %u%s" STR_FMT, by, info->sudo.len ? ", sudo" : "",
			    info->uid, info->tty.len ? ", " : "", STR_ARG(info->tty));
}

static void print_text(struct session *s, const struct gen_info *infos, uint32_t n)
{
	static const struct table_column columns[] = {
		{ .title = "GEN", .min = 3 }, { .title = "WHEN", .min = 19 },
		{ .title = "BY", .min = 4 },  { .title = "HOW", .min = 33, .wrap = true },
		{ .title = "STATE" },
	};
	struct table table = { .arena = s->arena, .columns = columns, .n_columns = 5 };
	struct buf out = { .arena = s->arena };

	for (uint32_t i = 0; i < n; i++) {
		struct buf when = { .arena = s->arena };

		text_time(&when, infos[i].when);
		table_cell(&table, arena_printf(s->arena, "%u", infos[i].number));
		table_cell(&table, buf_text(&when));
		table_cell(&table, by_text(s, &infos[i]));
		table_cell(&table, terminated(s->arena, infos[i].how));
		table_cell(&table, state_text(s, &infos[i]));
	}
	table_print(&out, &table, report_width(STDOUT_FILENO), false);
	put_data(&out);
}

static void print_json(struct session *s, const struct gen_info *infos, uint32_t n)
{
	json_t *object = json_schema("history"), *list = json_array();
	struct pending pending;
	int left = confirm_waits(s->store, &pending) ? confirm_left(&s->in->paths) : -1;

	for (uint32_t i = 0; i < n; i++) {
		const struct gen_info *info = &infos[i];
		json_t *row = json_object();

		json_object_set_new(row, "generation", json_integer(info->number));
		json_object_set_new(row, "time", json_time(info->when));
		json_object_set_new(row, "by", json_str(info->by));
		json_object_set_new(row, "uid", json_integer(info->uid));
		json_object_set_new(row, "sudo_user", json_str_or_null(info->sudo));
		json_object_set_new(row, "tty", json_str_or_null(info->tty));
		json_object_set_new(row, "how", json_str(info->how));
		json_object_set_new(row, "running", json_boolean(info->running));
		json_object_set_new(row, "saved", json_boolean(info->saved));
		json_object_set_new(row, "rolled_back", json_boolean(info->rolled_back));
		json_object_set_new(row, "same_as",
				    info->same_as ? json_integer(info->same_as) : json_null());
		json_object_set_new(row, "confirm_seconds",
				    info->running && left >= 0 ? json_integer(left) : json_null());
		json_array_append_new(list, row);
	}
	json_object_set_new(object, "generations", list);
	json_line(stdout, object);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	struct gen_info *infos;
	enum exit_code code;
	uint32_t n;

	session_start(&s, in);
	code = session_store(&s, STORE_READ);
	if (code)
		return code;
	if (store_history(s.store, s.arena, &infos, &n, &s.f) < 0)
		return session_failed(&s);
	if (in->json)
		print_json(&s, infos, n);
	else
		print_text(&s, infos, n);
	return EXIT_DONE;
}

const struct command cmd_history = {
	.name = "history",
	.help = "list the kept generations: who, when, how",
	.example = "bpffw history",
	.flags = CMD_ROOT,
	.run = run,
};
