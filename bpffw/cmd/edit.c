/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The running generation is read back as an ast whose rules have their ids, the command splices
 * it, and the whole goes the way of an apply. A rule without an id is new.
 */
#include "bpffw/cmd/edit.h"

#include <errno.h>

#include "bpffw/cmd/batch.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/progress.h"
#include "bpffw/ui/text.h"
#include "compiler/ir/lint.h"

const struct option_row force_opts[] = {
	{ .name = "force", .help = "override a failing test or guard; history records it" },
	{ .name = "confirm",
	  .value = "TIME",
	  .optional = true,
	  .help = "roll back in TIME (60s) unless 'bpffw confirm' is run" },
	{ 0 },
};

/* Room for one more element at @at. */
#define vec_open(arena, v, at)                                                  \
	((void)vec_add(arena, v), memmove(&(v)->data[(at) + 1], &(v)->data[at], \
					  ((v)->len - 1 - (at)) * sizeof(*(v)->data)))

#define vec_close(v, at)                                      \
	(memmove(&(v)->data[at], &(v)->data[(at) + 1],        \
		 ((v)->len - 1 - (at)) * sizeof(*(v)->data)), \
	 (v)->len--)

void edit_end(struct edit *e)
{
	if (e->in_batch)
		batch_edit_end(e);
	else
		session_end(&e->s);
}

enum exit_code edit_start(struct edit *e, const struct invocation *in)
{
	struct arguments args;
	enum exit_code code = EXIT_DONE;

	*e = (struct edit){ .s.in = in, .in_batch = in->batch && batch_is_open(in->batch) };
	if (e->in_batch) {
		code = batch_edit_start(e);
	} else {
		session_start(&e->s, in);
		e->s.env.command = true;
	}
	args = lex_arguments(e->s.ds, in->argc, in->argv);
	e->source = args.source;
	if (!parse_command(e->s.ds, in->command->name, &args, &e->command))
		return session_failed(&e->s);
	if (e->in_batch)
		return EXIT_DONE;
	code = session_store(&e->s, STORE_WRITE);
	return code ? code : session_running(&e->s, &e->gen);
}

static bool place_of_id(const struct ast *ast, uint32_t id, struct rule_place *ret_place)
{
	for (uint32_t i = 0; i < ast->stmts.len; i++) {
		const struct ast_stmt *stmt = &ast->stmts.data[i];

		for (uint32_t k = 0; k < stmt->rules.len; k++) {
			if (stmt->rules.data[k].id != id)
				continue;
			*ret_place = (struct rule_place){ i, k };
			return true;
		}
	}
	return false;
}

enum exit_code edit_find(struct edit *e, struct word ref, struct rule_place *ret_place,
			 const struct rule **ret_rule)
{
	uint32_t index;
	enum exit_code code = rule_resolve(&e->s, e->gen.rs, ref.text, &index);
	const struct rule *rule;

	if (code)
		return code;
	rule = &e->gen.rs->rules.data[index];
	if (!place_of_id(e->gen.ast, rule->id, ret_place))
		return report_error(e->s.in, EXIT_SYSTEM, NULL,
				    "the record of generation %u has no rule r%u",
				    e->gen.info.number, rule->id);
	if (ret_rule)
		*ret_rule = rule;
	return EXIT_DONE;
}

struct ast_rule *edit_rule(struct edit *e, struct rule_place place)
{
	return &e->gen.ast->stmts.data[place.stmt].rules.data[place.index];
}

static struct ast_stmt rule_stmt(struct arena *arena, const struct ast_rule *rule)
{
	struct ast_stmt stmt = { .kind = STMT_RULE, .span = rule->span };

	vec_push(arena, &stmt.rules, *rule);
	return stmt;
}

void edit_insert(struct edit *e, struct rule_place place, bool behind, const struct ast_rule *rule)
{
	struct arena *arena = e->s.arena;
	struct ast *ast = e->gen.ast;
	struct ast_stmt *stmt = &ast->stmts.data[place.stmt];

	if (stmt->kind == STMT_CHAIN) {
		uint32_t at = place.index + behind;

		vec_open(arena, &stmt->rules, at);
		stmt->rules.data[at] = *rule;
	} else {
		uint32_t at = place.stmt + behind;
		struct ast_stmt added = rule_stmt(arena, rule);

		vec_open(arena, &ast->stmts, at);
		ast->stmts.data[at] = added;
	}
}

void edit_append(struct edit *e, const struct ast_rule *rule)
{
	struct ast_stmt added = rule_stmt(e->s.arena, rule);

	vec_push(e->s.arena, &e->gen.ast->stmts, added);
}

enum exit_code edit_append_chain(struct edit *e, struct word chain, const struct ast_rule *rule)
{
	struct str_nearest nearest = { .word = chain.text };
	const char *help = NULL;

	vec_for_each(stmt, &e->gen.ast->stmts) {
		if (stmt->kind != STMT_CHAIN)
			continue;
		if (str_eq(stmt->name.text, chain.text)) {
			vec_push(e->s.arena, &stmt->rules, *rule);
			return EXIT_DONE;
		}
		str_nearest_offer(&nearest, stmt->name.text);
	}
	if (nearest.best.s)
		help = arena_printf(e->s.arena, "did you mean '" STR_FMT "'?",
				    STR_ARG(nearest.best));
	return report_error(e->s.in, EXIT_ABSENT, help, "no chain named '" STR_FMT "'",
			    STR_ARG(chain.text));
}

struct ast_rule edit_remove(struct edit *e, struct rule_place place)
{
	struct ast *ast = e->gen.ast;
	struct ast_stmt *stmt = &ast->stmts.data[place.stmt];
	struct ast_rule removed = stmt->rules.data[place.index];

	if (stmt->kind == STMT_CHAIN)
		vec_close(&stmt->rules, place.index);
	else
		vec_close(&ast->stmts, place.stmt);
	return removed;
}

const char *invocation_text(struct arena *arena, const struct invocation *in)
{
	struct buf text = { .arena = arena };

	buf_puts(&text, in->command->name);
	for (int i = 0; i < in->argc; i++)
		buf_printf(&text, strpbrk(in->argv[i], " \t") ? " \"%s\"" : " %s", in->argv[i]);
	buf_puts(&text, invocation_options(arena, in));
	return buf_text(&text);
}

const char *invocation_options(struct arena *arena, const struct invocation *in)
{
	struct buf text = { .arena = arena };

	for (int i = 0; in->command->opts && in->command->opts[i].name; i++) {
		if (!in->opt_values[i])
			continue;
		buf_printf(&text, " --%s", in->command->opts[i].name);
		if (in->opt_values[i][0])
			buf_printf(&text, "=%s", in->opt_values[i]);
	}
	return text.len ? buf_text(&text) : "";
}

static int read_confirm(struct session *s, uint32_t *ret_seconds)
{
	const char *value = opt_value(s->in, "confirm");
	uint64_t seconds = CONFIRM_DEFAULT;

	*ret_seconds = 0;
	if (!value)
		return 0;
	if (*value && (!num_parse_time(str_of(value), true, &seconds) || seconds > CONFIRM_MAX))
		return fail_help(&s->f,
				 fail_plain(&s->f, EINVAL, EXIT_USAGE,
					    "'%s' is no time to confirm in", value),
				 "write --confirm=60s, up to 1d");
	*ret_seconds = (uint32_t)seconds;
	return 0;
}

void put_confirm(struct buf *out, const struct change_result *result)
{
	if (!result->confirm)
		return;
	if (result->previous)
		buf_printf(out, "rolls back to generation %u", result->previous);
	else
		buf_puts(out, "detaches again");
	buf_printf(out, " in %u s unless you run 'bpffw confirm'\n", result->confirm);
}

static void tell_progress(void *ctx, const char *text)
{
	const struct session *s = ctx;

	progress_end();
	if (!s->in->json && !s->in->quiet)
		fprintf(stderr, "%s\n", text);
}

int commit_change(struct session *s, struct change *change, const struct generation *old,
		  struct change_result *ret_result)
{
	int ret;

	if (!change->how)
		change->how = invocation_text(s->arena, s->in);
	change->force = change->force || opt_value(s->in, "force");
	change->progress = tell_progress;
	change->progress_ctx = s;
	if (read_confirm(s, &change->confirm) < 0)
		return -EINVAL;
	if (old) {
		change->old = &old->info;
		change->old_rs = old->rs;
	}
	progress_begin(s->in, "compiling and loading the rules");
	ret = change_commit(s->store, s->ds, &s->env, change, ret_result, &s->f);
	progress_end();
	return ret;
}

const struct rule *edit_result(const struct edit *e, uint32_t id)
{
	vec_for_each(rule, &e->result.rs->rules)
		if (id ? rule->id == id : rule->span.source == e->source)
			return rule;
	return NULL;
}

static bool was_known(const struct diags *before, const struct diag *d)
{
	vec_for_each(known, &before->list)
		if (known->code == d->code &&
		    (d->once ? known->once : strcmp(known->message, d->message) == 0))
			return true;
	return false;
}

/*
 * What the running ruleset is warned about is no news: keep what the command brought. The place of
 * a rule that was not typed, in the generation's text, says nothing to the admin.
 */
static void keep_news(struct edit *e)
{
	struct diags *ds = e->s.ds, *before = diags_new(e->s.arena);
	uint32_t kept = 0;

	if (ds->list.len)
		lint_again(before, e->gen.rs, &e->s.env, ds);
	for (uint32_t i = 0; i < ds->list.len; i++) {
		struct diag *d = &ds->list.data[i];

		if (d->severity == SEVERITY_WARNING) {
			if (was_known(before, d))
				continue;
			if (d->span.source != e->source)
				d->span = (struct span){ 0 };
		}
		ds->list.data[kept++] = *d;
	}
	ds->list.len = kept;
}

enum exit_code edit_failed(struct edit *e)
{
	keep_news(e);
	return session_failed(&e->s);
}

enum exit_code edit_commit(struct edit *e)
{
	struct change change = { .ast = e->gen.ast, .io = e->gen.io };

	if (e->in_batch)
		return batch_edit_commit(e);
	if (commit_change(&e->s, &change, &e->gen, &e->result) == 0)
		return EXIT_DONE;
	return edit_failed(e);
}

void diff_counts(struct buf *out, const struct diff *diff)
{
	text_grouped(out, diff->n_added);
	buf_puts(out, " added, ");
	text_grouped(out, diff->n_removed);
	buf_puts(out, " removed, ");
	if (diff->n_changed) {
		text_grouped(out, diff->n_changed);
		buf_puts(out, " changed, ");
	}
	if (diff->n_moved) {
		text_grouped(out, diff->n_moved);
		buf_puts(out, " moved, ");
	}
	text_grouped(out, diff->n_unchanged);
	buf_puts(out, " unchanged");
}

static json_t *interfaces_json(const struct change_result *result)
{
	json_t *list = json_array();

	vec_for_each(a, &result->attached)
		json_array_append_new(list, json_pack("{s:o,s:s}", "name", json_str(a->name),
						      "mode", attached_mode(a)));
	return list;
}

static json_t *rule_json(const struct rule *rule)
{
	return json_pack("{s:o,s:o}", "id", json_sprintf("r%u", rule->id), "name",
			 json_str_or_null(rule->name));
}

void change_json(const struct session *s, const char *schema, const struct change_result *result,
		 bool saved, const struct rule *rule)
{
	const struct diff *diff = &result->diff;
	json_t *object = json_schema(schema);

	if (s->in->quiet) {
		json_decref(object);
		return;
	}
	json_object_set_new(object, "generation", json_integer(result->generation));
	json_object_set_new(object, "saved", json_boolean(saved));
	json_object_set_new(object, "interfaces", interfaces_json(result));
	json_object_set_new(object, "added", json_integer(diff->n_added));
	json_object_set_new(object, "removed", json_integer(diff->n_removed));
	json_object_set_new(object, "changed", json_integer(diff->n_changed));
	json_object_set_new(object, "moved", json_integer(diff->n_moved));
	json_object_set_new(object, "unchanged", json_integer(diff->n_unchanged));
	json_object_set_new(object, "seconds", json_real((double)result->ns_total / 1e9));
	json_object_set_new(object, "instructions", json_integer(result->n_insns));
	json_object_set_new(object, "confirm_seconds",
			    result->confirm ? json_integer(result->confirm) : json_null());
	if (rule)
		json_object_set_new(object, "rule", rule_json(rule));
	json_line(stdout, object);
}

void edit_warn(struct edit *e)
{
	if (e->in_batch)
		return;
	keep_news(e);
	report_diags(e->s.in, e->s.ds);
}

/* A rule that was put behind one that covers it: the advice is the command that mends it. */
static void advise_move(struct edit *e, const struct rule *rule)
{
	vec_for_each(d, &e->s.ds->list) {
		const struct rule *by = d->by ? edit_result(e, d->by) : NULL;

		if (d->code != W201 || !rule || !by || d->span.source != rule->span.source ||
		    d->span.start != rule->span.start)
			continue;
		d->span = (struct span){ 0 };
		d->help = arena_printf(e->s.arena, "bpffw move r%u before %s", rule->id,
				       rule_reference(e->s.arena, by));
	}
}

/* Nothing is live yet. */
static void report_draft(struct edit *e, const char *label, const struct rule *rule,
			 const char *done)
{
	struct buf out = { .arena = e->s.arena };
	json_t *object;

	if (e->s.in->silent || e->s.in->quiet)
		return;
	if (e->s.in->json) {
		object = json_schema("draft");
		json_object_set_new(object, "rule", rule ? rule_json(rule) : json_null());
		json_line(stdout, object);
		return;
	}
	buf_printf(&out, "%s: %s%sin the batch\n", label, done ? done : "", done ? ", " : "");
	put_data(&out);
}

void edit_report(struct edit *e, const char *label, const struct rule *rule, const char *done,
		 const char *tail)
{
	struct buf out = { .arena = e->s.arena };

	if (e->in_batch) {
		report_draft(e, label, rule, done);
		return;
	}
	if (e->s.in->json) {
		change_json(&e->s, "change", &e->result, false, rule);
	} else {
		buf_printf(&out, "%s: %s", label, done ? done : "");
		if (rule || !done) {
			buf_puts(&out, done ? ", live on " : "live on ");
			attached_names(&out, e->result.attached.data, e->result.attached.len);
		}
		buf_printf(&out, " (generation %u, not saved)%s\n", e->result.generation,
			   tail ? tail : "");
		put_confirm(&out, &e->result);
		say(&e->s, &out);
	}
	advise_move(e, rule);
	edit_warn(e);
}
