/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compiler/ir/diff.h"
#include "bpffw/cmd/edit.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/sema.h"

/* The lines of @text as JSON, by their first character. */
static json_t *lines_json(const char *text, char first)
{
	json_t *list = json_array();

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (*text == first)
			json_array_append_new(
				list, json_str((struct str){ text + 1, (uint32_t)len - 1 }));
		text += len + (text[len] == '\n');
	}
	return list;
}

static void print_json(const struct generation *old, const struct diff *diff, const char *lines,
		       const char *file)
{
	json_t *object = json_schema("diff");

	json_object_set_new(object, "generation", json_integer(old->info.number));
	json_object_set_new(object, "file", json_str(str_of(file)));
	json_object_set_new(object, "differs", json_boolean(*lines != '\0'));
	json_object_set_new(object, "added", lines_json(lines, '+'));
	json_object_set_new(object, "removed", lines_json(lines, '-'));
	json_object_set_new(object, "moved", json_integer(diff->n_moved));
	json_object_set_new(object, "unchanged", json_integer(diff->n_unchanged));
	json_line(stdout, object);
}

static void print_text(struct session *s, const struct generation *old, const struct diff *diff,
		       const char *lines, const char *file)
{
	struct buf out = { .arena = s->arena };

	if (!*lines) {
		buf_puts(&out, "no difference: ");
		text_escape(&out, str_of(file));
		buf_printf(&out, " is what generation %u runs\n", old->info.number);
	} else {
		buf_printf(&out, "--- running (generation %u)\n+++ ", old->info.number);
		text_escape(&out, str_of(file));
		buf_printf(&out, "\n%s", lines);
		diff_counts(&out, diff);
		buf_puts(&out, diff->n_unchanged ? " (counters kept)\n" : "\n");
	}
	say(s, &out);
}

static enum exit_code compare(struct session *s, const char *file)
{
	struct generation old = { 0 };
	struct buf lines = { .arena = s->arena };
	struct ruleset *rs;
	struct diff diff;
	enum exit_code code;
	uint32_t source;

	code = session_running(s, &old);
	if (!code)
		code = session_source(s, file, &source);
	if (code)
		return code;
	rs = sema_ruleset(s->ds, parse_file(s->ds, &host_io, source), &s->env);
	if (s->ds->n_errors)
		return session_failed(s);
	diff = diff_rules(s->arena, old.rs, rs);
	diff_print(&lines, old.rs, rs, &diff);
	if (s->in->json)
		print_json(&old, &diff, buf_text(&lines), file);
	else
		print_text(s, &old, &diff, buf_text(&lines), file);
	return lines.len ? EXIT_NO : EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	enum exit_code code;

	session_start(&s, in);
	code = session_store(&s, STORE_READ);
	return code ? code : compare(&s, session_file(in));
}

const struct command cmd_diff = {
	.name = "diff",
	.args = "[FILE]",
	.help = "what 'apply FILE' would change; exit 1 when it differs",
	.example = "bpffw diff /etc/bpffw/rules.fw",
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
