/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `begin`, `commit`, `abort`. The draft is the running generation's ast, spliced by the same
 * commands as ever. A command that fails may have spliced already: the draft is then made anew
 * from the running generation and the commands that are in the batch.
 */
#include "bpffw/cmd/batch.h"

#include <stdlib.h>

#include "bpffw/ui/json.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/sema.h"

#define HOW_MAX 200 /* bytes of a commit in the history */

struct logged {
	const struct command *command;
	int argc;
	char **argv;
	const char *text; /* as history shows it */
};

struct batch {
	bool open, replaying;
	struct invocation in; /* of `begin` */
	struct session s;     /* its store stays open: list files are read through it */
	struct generation base, draft;
	uint32_t next_id;
	struct arena *checked; /* what sema made of the draft */
	struct arena *log_arena;
	VEC(struct logged) log;
};

struct batch *batch_new(void)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		exit(EXIT_SYSTEM);
	return batch;
}

/* The draft alone: the commands stay. */
static void drop_draft(struct batch *b)
{
	if (b->checked)
		arena_free(b->checked);
	b->checked = NULL;
	if (b->s.arena)
		session_end(&b->s);
	b->s = (struct session){ 0 };
}

static void close_batch(struct batch *b)
{
	if (!b->open)
		return;
	drop_draft(b);
	arena_free(b->log_arena);
	*b = (struct batch){ 0 };
}

void batch_free(struct batch *batch)
{
	close_batch(batch);
	free(batch);
}

bool batch_is_open(const struct batch *batch)
{
	return batch->open;
}

uint32_t batch_count(const struct batch *batch)
{
	return batch->log.len;
}

const struct generation *batch_base(const struct batch *batch)
{
	return &batch->base;
}

const struct ruleset *batch_draft(const struct batch *batch)
{
	return batch->draft.rs;
}

struct outline batch_outline(const struct batch *batch, struct arena *arena)
{
	return outline_of(arena, batch->draft.rs);
}

/* Read the generation as base and as draft; 0: the running one. */
static enum exit_code read_base(struct batch *b, uint32_t number)
{
	struct session *s = &b->s;
	enum exit_code code;

	session_start(s, &b->in);
	code = session_store(s, STORE_READ);
	if (!code && !number)
		code = session_running(s, &b->base);
	else if (!code && store_generation(s->store, s->ds, &s->env, number, &b->base, &s->f) < 0)
		code = session_failed(s);
	if (code) {
		drop_draft(b);
		return code;
	}
	b->draft = b->base;
	b->next_id = b->base.info.next_id;
	return EXIT_DONE;
}

static void drop_diags(struct diags *ds)
{
	ds->list.len = 0;
	ds->n_errors = ds->n_warnings = 0;
}

enum exit_code batch_edit_start(struct edit *e)
{
	struct batch *b = e->s.in->batch;
	const struct invocation *in = e->s.in;

	drop_diags(b->s.ds);
	e->s = b->s;
	e->s.in = in;
	e->s.store = NULL; /* commands look at nothing that runs */
	e->s.env.command = true;
	e->gen = b->draft;
	return EXIT_DONE;
}

static void give_ids(struct batch *b)
{
	vec_for_each(stmt, &b->draft.ast->stmts)
		vec_for_each(rule, &stmt->rules)
			if (!rule->id)
				rule->id = b->next_id++;
}

static void log_command(struct batch *b, const struct invocation *in)
{
	struct logged *logged = vec_add(b->log_arena, &b->log);

	logged->command = in->command;
	logged->argc = in->argc;
	logged->argv = arena_new_array(b->log_arena, char *, (size_t)in->argc + 1);
	for (int i = 0; i < in->argc; i++)
		logged->argv[i] = arena_strndup(b->log_arena, in->argv[i], strlen(in->argv[i]));
	logged->text = invocation_text(b->log_arena, in);
}

/* Resolve the draft, in an arena of its own: many commands must not pile up. */
static struct ruleset *check(struct batch *b, struct env *env, struct arena *arena,
			     struct diags **ret_ds)
{
	struct diags *ds = diags_new(arena);
	const struct io *io = env->io;
	struct ruleset *rs;

	ds->sources.len = 0;
	vec_for_each(source, &b->s.ds->sources)
		vec_push(arena, &ds->sources, *source);
	env->io = b->draft.io;
	rs = sema_ruleset(ds, b->draft.ast, env);
	env->io = io;
	*ret_ds = ds;
	return ds->n_errors ? NULL : rs;
}

enum exit_code batch_edit_commit(struct edit *e)
{
	struct batch *b = e->s.in->batch;
	struct arena *arena = arena_new();
	struct env env = e->s.env;
	struct ruleset *rs;
	struct diags *ds;

	give_ids(b);
	rs = check(b, &env, arena, &ds);
	if (!rs) {
		report_diags(e->s.in, ds);
		arena_free(arena);
		return EXIT_USAGE;
	}
	b->s.env.interfaces = e->s.env.interfaces;
	if (b->checked)
		arena_free(b->checked);
	b->checked = arena;
	b->draft.rs = e->result.rs = rs;
	if (!b->replaying)
		log_command(b, e->s.in);
	e->accepted = true;
	return EXIT_DONE;
}

/* Return: whether it went well; a batch that cannot be made anew is dropped. */
static bool replay(struct batch *b)
{
	bool ok = read_base(b, b->base.info.number) == EXIT_DONE;

	b->replaying = true;
	for (uint32_t i = 0; i < b->log.len && ok; i++) {
		const struct logged *logged = &b->log.data[i];
		struct invocation in = { .command = logged->command,
					 .paths = b->in.paths,
					 .silent = true,
					 .quiet = true,
					 .batch = b->in.batch,
					 .argc = logged->argc,
					 .argv = logged->argv };

		ok = logged->command->run(&in) == EXIT_DONE;
	}
	b->replaying = false;
	return ok;
}

void batch_edit_end(struct edit *e)
{
	struct batch *b = e->s.in->batch;
	const struct invocation *in = e->s.in;

	if (e->accepted || b->replaying)
		return;
	drop_draft(b);
	if (replay(b))
		return;
	report_error(in, EXIT_SYSTEM, NULL, "the batch is lost: it cannot be made anew");
	close_batch(b);
}

/* ---- the commands ---- */

static enum exit_code need_shell(const struct invocation *in)
{
	if (in->batch)
		return EXIT_DONE;
	return report_error(in, EXIT_USAGE,
			    "start 'bpffw', or give it the commands on standard input",
			    "'%s' belongs to the shell", in->command->name);
}

static enum exit_code need_open(const struct invocation *in)
{
	enum exit_code code = need_shell(in);

	if (code || in->batch->open)
		return code;
	return report_error(in, EXIT_USAGE, "'begin' opens one", "no batch is open");
}

static void tell(const struct invocation *in, const char *text)
{
	if (!in->quiet && !in->json)
		fputs(text, stdout);
}

static enum exit_code run_begin(const struct invocation *in)
{
	enum exit_code code = need_shell(in);
	struct batch *b = in->batch;

	if (code)
		return code;
	if (b->open)
		return report_error(in, EXIT_USAGE, "'commit' or 'abort' ends it",
				    "a batch is open already");
	b->in = *in;
	b->in.argc = 0;
	b->in.json = b->in.quiet = b->in.verbose = false;
	code = read_base(b, 0);
	if (code)
		return code;
	b->log_arena = arena_new();
	b->open = true;
	tell(in, "batch: changes are collected until 'commit' or 'abort'\n");
	return EXIT_DONE;
}

static enum exit_code run_abort(const struct invocation *in)
{
	enum exit_code code = need_open(in);

	if (code)
		return code;
	close_batch(in->batch);
	tell(in, "edit dropped; running ruleset unchanged\n");
	return EXIT_DONE;
}

/* "commit --force: add ...; del web", cut. */
static const char *how(struct session *s, const struct batch *b)
{
	struct buf text = { .arena = s->arena };

	buf_printf(&text, "commit%s: ", invocation_options(s->arena, s->in));
	for (uint32_t i = 0; i < b->log.len; i++) {
		const char *one = b->log.data[i].text;

		if (text.len + strlen(one) > HOW_MAX) {
			buf_printf(&text, "%s%u more", i ? "; " : "", b->log.len - i);
			break;
		}
		buf_printf(&text, "%s%s", i ? "; " : "", one);
	}
	return buf_text(&text);
}

static void print_diff(struct session *s, const struct batch *b)
{
	struct diff diff = diff_rules(s->arena, b->base.rs, b->draft.rs);
	struct buf out = { .arena = s->arena };

	diff_print(&out, b->base.rs, b->draft.rs, &diff);
	say(s, &out);
	fflush(stdout);
}

static void print_commit(struct session *s, const struct change_result *result)
{
	struct buf out = { .arena = s->arena };

	if (s->in->json) {
		change_json(s, "commit", result, false, NULL);
		return;
	}
	buf_puts(&out, "committed: ");
	diff_counts(&out, &result->diff);
	buf_puts(&out, ", live on ");
	attached_names(&out, result->attached.data, result->attached.len);
	buf_printf(&out, " (generation %u, not saved)\n", result->generation);
	if (result->session)
		buf_printf(&out, "%s\n", result->session);
	put_confirm(&out, result);
	say(s, &out);
}

/* As one command whose draft is already spliced. */
static enum exit_code commit(struct edit *e, struct batch *b)
{
	struct session *s = &e->s;
	struct change change = { .ast = b->draft.ast, .io = b->draft.io };
	enum exit_code code = session_store(s, STORE_WRITE);

	if (code)
		return code;
	change.how = how(s, b);
	e->gen = b->base;
	if (!s->in->json)
		print_diff(s, b);
	if (commit_change(s, &change, &b->base, &e->result) < 0)
		return edit_failed(e);
	print_commit(s, &e->result);
	edit_warn(e);
	return EXIT_DONE;
}

static enum exit_code run_commit(const struct invocation *in)
{
	struct batch *b = in->batch;
	enum exit_code code = need_open(in);
	struct edit e = { 0 };

	if (code)
		return code;
	if (!b->log.len) {
		close_batch(b);
		tell(in, "nothing to commit; running ruleset unchanged\n");
		return EXIT_DONE;
	}
	drop_diags(b->s.ds);
	e.s = b->s;
	e.s.in = in;
	e.s.store = NULL;
	code = commit(&e, b);
	if (e.s.store)
		store_close(e.s.store);
	failure_clear(&e.s.f);
	if (!code)
		close_batch(b);
	return code;
}

const struct command cmd_begin = {
	.name = "begin",
	.help = "collect the changes that follow until 'commit' or 'abort' (shell)",
	.details = "add, del, replace, move, enable, disable and default then change a draft; "
		   "'diff' shows it. Commands that would change more than the draft are refused.",
	.example = "begin",
	.flags = CMD_ROOT,
	.run = run_begin,
};

const struct command cmd_commit = {
	.name = "commit",
	.help = "show the batch and make it live as one generation (shell)",
	.details = "When it is refused nothing is changed, and the batch stays open.",
	.example = "commit",
	.opts = force_opts,
	.flags = CMD_ROOT,
	.run = run_commit,
};

const struct command cmd_abort = {
	.name = "abort",
	.help = "drop the batch; what runs is unchanged (shell)",
	.example = "abort",
	.run = run_abort,
};
