/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `edit`: a copy beside the rule file (so that includes and lists are found), the editor, the
 * checks of an apply, the difference, a question. The file is replaced when the ruleset is live.
 * No lock is held meanwhile; a file that has changed since is not overwritten.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpffw/cmd/edit.h"
#include "bpffw/cmd/files.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/ui/text.h"
#include "compiler/ir/eval.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_EDIT };

struct editing {
	const struct invocation *in;
	struct arena *arena;
	const char *path; /* the rule file, absolute */
	const char *copy;
	struct str before; /* its bytes when the copy was made */
	bool exists;
};

/* ---- the copy ---- */

static int write_copy(struct editing *e, struct failure *f)
{
	char *name = arena_printf(e->arena, "%s.edit", e->path);
	int ret = file_replace(name, e->before.s, e->before.len, f);

	e->copy = name;
	return ret;
}

static enum exit_code open_copy(struct editing *e)
{
	const char *why = host_io.read(host_io.ctx, e->arena, e->path, &e->before);
	struct failure f = { 0 };

	e->exists = access(e->path, F_OK) == 0;
	if (why && e->exists)
		return report_error(e->in, EXIT_SYSTEM, NULL, "%s: %s", e->path, why);
	if (why)
		e->before = STR("version 1\n");
	return write_copy(e, &f) < 0 ? report_failure(e->in, &f) : EXIT_DONE;
}

static bool has_changed(const struct editing *e)
{
	struct str now;
	const char *why = host_io.read(host_io.ctx, e->arena, e->path, &now);

	return e->exists ? why || !str_eq(now, e->before) : !why;
}

/* ---- the editor and the admin ---- */

static const char *editor_name(void)
{
	static const char *const variables[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *name = getenv(variables[i]);

		if (name && *name)
			return name;
	}
	return "vi";
}

/* By the shell, because VISUAL may hold options. */
static enum exit_code run_editor(const struct editing *e)
{
	const char *command = arena_printf(e->arena, "%s \"$1\"", editor_name());
	void (*old)(int) = signal(SIGINT, SIG_IGN);
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", command, "sh", e->copy, NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, old);
	if (status == 0)
		return EXIT_DONE;
	return report_error(e->in, EXIT_SYSTEM, "set VISUAL or EDITOR", "the editor '%s' failed",
			    editor_name());
}

/* The end of the input is a no. */
static enum answer ask(const char *question, bool may_apply)
{
	char line[64];

	for (;;) {
		printf("%s", question);
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin)) {
			printf("\n");
			return ANSWER_NO;
		}
		if (line[0] == 'e' || (!may_apply && line[0] == 'y'))
			return ANSWER_EDIT;
		if (line[0] == 'y')
			return ANSWER_YES;
		if (line[0] == 'n')
			return ANSWER_NO;
	}
}

/* ---- what was written ---- */

/* Under the name of the rule file, whose bytes they will be. */
static enum exit_code read_text(struct editing *e, struct session *s, struct str *ret_text,
				struct ast **ret_ast)
{
	const char *why = host_io.read(host_io.ctx, s->arena, e->copy, ret_text);

	if (why)
		return report_error(e->in, EXIT_SYSTEM, NULL, "%s: %s", e->copy, why);
	*ret_ast = parse_file(s->ds, &host_io,
			      diag_source(s->ds, str_of(e->path), *ret_text, (struct span){ 0 }));
	return EXIT_DONE;
}

static void show_difference(struct session *s, const struct ruleset *old, const struct ruleset *rs)
{
	struct diff diff = diff_rules(s->arena, old, rs);
	struct buf out = { .arena = s->arena };

	diff_print(&out, old, rs, &diff);
	diff_counts(&out, &diff);
	buf_puts(&out, "\n");
	put_data(&out);
}

/* Mistakes and failing tests, as `check` finds them; then the difference. */
static enum exit_code check(struct editing *e)
{
	_cleanup_session_ struct session s;
	struct generation old = { 0 };
	struct ruleset *rs;
	enum exit_code code;
	struct str text;
	struct ast *ast;

	session_start(&s, e->in);
	code = session_store(&s, STORE_READ);
	if (!code && store_running(s.store))
		code = session_running(&s, &old);
	if (!code)
		code = read_text(e, &s, &text, &ast);
	if (code)
		return code;
	rs = sema_ruleset(s.ds, ast, &s.env);
	if (!s.ds->n_errors && !opt_value(e->in, "force"))
		eval_tests(s.ds, rs);
	if (s.ds->n_errors)
		return session_refused(&s, e->path);
	if (old.rs)
		show_difference(&s, old.rs, rs);
	return EXIT_DONE;
}

static enum exit_code apply(struct editing *e)
{
	_cleanup_session_ struct session s;
	__attribute__((cleanup(draft_discard))) struct draft draft = { 0 };
	struct change_result result = { 0 };
	struct change change = { 0 };
	struct generation old = { 0 };
	struct buf out;
	enum exit_code code;
	struct str text;

	session_start(&s, e->in);
	code = session_store(&s, STORE_WRITE);
	if (!code && store_running(s.store))
		code = session_running(&s, &old);
	if (!code)
		code = read_text(e, &s, &text, &change.ast);
	if (code)
		return code;
	if (has_changed(e))
		return report_error(e->in, EXIT_REFUSED, NULL,
				    "refused: %s was changed by somebody else meanwhile", e->path);
	files_of_ast(&s, change.ast, &change);
	change.saved = file_is_same(s.arena, e->path, e->in->paths.rules);
	s.env.check_present = true;
	/* All that can fail for want of room comes before the commit. */
	if (draft_prepare(s.arena, e->path, text, &draft, &s.f) < 0)
		return session_failed(&s);
	if (commit_change(&s, &change, old.rs ? &old : NULL, &result) < 0)
		return session_refused(&s, e->path);
	if (draft_publish(s.arena, &draft, &s.f) < 0)
		return session_failed(&s);
	out = (struct buf){ .arena = s.arena };
	buf_printf(&out, "applied generation %u on ", result.generation);
	attached_print(&out, result.attached.data, result.attached.len);
	buf_printf(&out, " and saved it as %s%s\n", e->path,
		   draft.exists ? " (previous file with ~)" : "");
	if (result.session)
		buf_printf(&out, "%s\n", result.session);
	put_confirm(&out, &result);
	say(&s, &out);
	report_diags(e->in, s.ds);
	return EXIT_DONE;
}

/* ---- the whole ---- */

static bool is_unchanged(const struct editing *e)
{
	struct str now;

	return !host_io.read(host_io.ctx, e->arena, e->copy, &now) && str_eq(now, e->before);
}

/* Return: EXIT_DONE also when the admin leaves it at that without a mistake. */
static enum exit_code edit_loop(struct editing *e)
{
	enum exit_code code;
	enum answer answer;

	for (;;) {
		code = run_editor(e);
		if (code)
			return code;
		if (is_unchanged(e)) {
			unlink(e->copy);
			if (!e->in->quiet)
				printf("%s is as it was; nothing was changed\n", e->path);
			return EXIT_DONE;
		}
		code = check(e);
		answer = code ? ask("edit again? [y/n] ", false)
			      : ask("apply and save? [y/n/e] ", true);
		if (answer == ANSWER_YES) {
			code = apply(e);
			if (!code)
				unlink(e->copy);
			if (!code || ask("edit again? [y/n] ", false) == ANSWER_NO)
				return code;
		} else if (answer == ANSWER_NO) {
			return code;
		}
	}
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct editing e = { .in = in, .arena = arena };
	struct str path = file_absolute(arena, session_file(in));
	enum exit_code code;

	e.path = arena_strndup(arena, path.s, path.len);
	code = open_copy(&e);
	if (code)
		return code;
	code = edit_loop(&e);
	if (access(e.copy, F_OK) == 0 && !in->quiet)
		printf("nothing was changed; your text is kept as %s\n", e.copy);
	return code;
}

const struct command cmd_edit = {
	.name = "edit",
	.args = "[FILE]",
	.help = "edit the rule file, check it, show the difference, apply and save it",
	.details =
		"VISUAL or EDITOR names the editor. The file is replaced only when its rules are "
		"live.",
	.example = "bpffw edit",
	.opts = force_opts,
	.max_args = 1,
	.flags = CMD_ROOT | CMD_NO_BATCH,
	.run = run,
};
