/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The running ruleset into the admin's file. Before anything is written, the new texts are parsed
 * from memory and must mean exactly what runs.
 */
#include "bpffw/cmd/bans.h"
#include "bpffw/cmd/files.h"
#include "bpffw/cmd/merge.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"

struct output {
	const char *path;
	struct str text;
	struct draft draft;
};

struct save {
	struct session s;
	struct generation gen;
	struct str target; /* absolute */
	bool is_source;    /* the target is where the ruleset came from */
	bool edited;       /* the texts are the admin's, edited; else written anew */
	bool rebased;      /* for another generation than they were applied for */
	VEC(struct output) outputs;
	struct io io;        /* the host's files under the new texts */
	struct change check; /* the files as they will be */
	struct rule **by_id;
	uint32_t n_by_id;
};

static const char *read_new(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	struct save *save = ctx;

	vec_for_each(out, &save->outputs) {
		if (!file_is_same(arena, out->path, path))
			continue;
		*ret_text = out->text;
		return NULL;
	}
	return host_io.read(host_io.ctx, arena, path, ret_text);
}

static strs glob_host(void *ctx, struct arena *arena, const char *pattern)
{
	return host_io.glob(host_io.ctx, arena, pattern);
}

static bool service_host(void *ctx, const char *name, const char *proto, uint16_t *ret_port)
{
	return host_io.service(host_io.ctx, name, proto, ret_port);
}

static void add_output(struct save *save, struct str path, struct str text)
{
	struct output *out = vec_add(save->s.arena, &save->outputs);

	out->path = arena_strndup(save->s.arena, path.s, path.len);
	out->text = text;
}

/* The rules came from no file, or from one that has changed and is not the target. */
static bool has_no_text(struct save *save)
{
	const struct gen_info *info = &save->gen.info;

	if (!info->files.len || str_is(info->files.data[0].path, "-"))
		return true;
	return !save->is_source && files_changed(&save->s, info);
}

static void write_anew(struct save *save)
{
	struct buf text = { .arena = save->s.arena };

	save->edited = false;
	save->outputs.len = 0;
	print_ruleset(&text, save->gen.rs);
	add_output(save, save->target, (struct str){ buf_text(&text), text.len });
}

/* The new text of every file that changes. */
static enum exit_code make_texts(struct save *save)
{
	const struct gen_info *info = &save->gen.info;
	enum exit_code code;
	struct merge m;

	save->is_source = info->files.len && str_eq(info->files.data[0].path, save->target);
	if (has_no_text(save)) {
		write_anew(save);
		return EXIT_DONE;
	}
	code = merge_read(&m, &save->s, &save->gen);
	if (code)
		return code;
	merge_rules(&m);
	save->edited = true;
	save->rebased = m.rebased;
	if (!save->is_source) {
		add_output(save, save->target, merge_inline(&m, m.ast->files.data[0].source));
		return EXIT_DONE;
	}
	for (uint32_t i = 1; i < m.ds->sources.len; i++)
		if (m.patches[i].hunks.len)
			add_output(save, m.names[i], patch_apply(&m.patches[i]));
	return EXIT_DONE;
}

static const struct ast_rule *next_rule(const struct ast *ast, struct str chain, uint32_t *stmt,
					uint32_t *index)
{
	for (; *stmt < ast->stmts.len; (*stmt)++, *index = 0) {
		const struct ast_stmt *at = &ast->stmts.data[*stmt];
		bool mine = chain.len ? at->kind == STMT_CHAIN && str_eq(at->name.text, chain)
				      : at->kind == STMT_RULE;

		if (mine && *index < at->rules.len)
			return &at->rules.data[(*index)++];
	}
	return NULL;
}

/* The rules stand in the new files in the order in which they run, chain by chain. */
static void take_origins(struct save *save, const struct ast *filed, struct str chain)
{
	uint32_t stmt = 0, index = 0, from_stmt = 0, from_index = 0;
	const struct ast_rule *rule, *from;

	while ((rule = next_rule(save->gen.ast, chain, &stmt, &index)) &&
	       (from = next_rule(filed, chain, &from_stmt, &from_index))) {
		((struct ast_rule *)rule)->origin = from->origin;
		if (rule->id < save->n_by_id && save->by_id[rule->id])
			save->by_id[rule->id]->origin = from->origin;
	}
}

/* The tests stand there as before, on other lines. */
static void take_tests(struct save *save, const struct ast *filed)
{
	struct ruleset *rs = save->gen.rs;
	uint32_t i = 0;

	vec_for_each(stmt, &filed->stmts)
		vec_for_each(expect, &stmt->expects)
			if (i < rs->expects.len)
				rs->expects.data[i++].origin = expect->origin;
}

/* The new texts, read as `apply` will read them, are the ruleset that runs. */
static bool verify(struct save *save)
{
	struct session *s = &save->s;
	struct diags *ds = diags_new(s->arena), *kept = s->ds;
	const char *path = arena_strndup(s->arena, save->target.s, save->target.len);
	struct buf now = { .arena = s->arena }, then = { .arena = s->arena };
	struct change check = { 0 };
	struct ruleset *rs;
	struct str text;

	save->io = (struct io){
		.ctx = save, .read = read_new, .glob = glob_host, .service = service_host
	};
	if (read_new(save, s->arena, path, &text))
		return false;
	check.ast =
		parse_file(ds, &save->io, diag_source(ds, save->target, text, (struct span){ 0 }));
	rs = sema_ruleset(ds, check.ast, &s->env);
	if (ds->n_errors)
		return false;
	print_ruleset(&now, save->gen.rs);
	print_ruleset(&then, rs);
	if (now.len != then.len || memcmp(buf_text(&now), buf_text(&then), now.len) != 0)
		return false;
	s->ds = ds;
	files_of_ast(s, check.ast, &check);
	s->ds = kept;
	save->check = check;
	return true;
}

/* Edits cannot bring back what only another text had (a chain, a set): that is written anew. */
static enum exit_code settle_texts(struct save *save)
{
	enum exit_code code = make_texts(save);

	if (code || verify(save))
		return code;
	if (save->edited && (save->rebased || !save->is_source)) {
		write_anew(save);
		if (verify(save))
			return EXIT_DONE;
	}
	return report_error(save->s.in, EXIT_REFUSED, "'bpffw save OTHER-FILE' writes them anew",
			    "refused: the rules cannot be written back into " STR_FMT
			    " so that they mean the same; nothing was saved",
			    STR_ARG(save->target));
}

static enum exit_code write_outputs(struct save *save)
{
	struct session *s = &save->s;

	vec_for_each(out, &save->outputs)
		if (draft_prepare(s->arena, out->path, out->text, &out->draft, &s->f) < 0)
			return session_failed(s);
	vec_for_each(out, &save->outputs)
		if (draft_publish(s->arena, &out->draft, &s->f) < 0)
			return session_failed(s);
	if (!save->is_source && !str_eq(save->target, file_absolute(s->arena, s->in->paths.rules)))
		return EXIT_DONE;
	save->by_id = rules_by_id(s->arena, save->gen.rs, &save->n_by_id);
	take_origins(save, save->check.ast, (struct str){ 0 });
	vec_for_each(stmt, &save->gen.ast->stmts)
		if (stmt->kind == STMT_CHAIN)
			take_origins(save, save->check.ast, stmt->name.text);
	take_tests(save, save->check.ast);
	save->gen.info.files.len = 0;
	vec_for_each(file, &save->check.files)
		vec_push(s->arena, &save->gen.info.files, *file);
	save->gen.info.saved = true;
	return store_mark_saved(s->store, &save->gen, &s->f) < 0 ? session_failed(s) : EXIT_DONE;
}

static void print_json(const struct save *save)
{
	json_t *object = json_schema("save"), *files = json_array();

	vec_for_each(out, &save->outputs)
		json_array_append_new(files,
				      json_pack("{s:o,s:b}", "path", json_str(str_of(out->path)),
						"backup", out->draft.exists));
	json_object_set_new(object, "generation", json_integer(save->gen.info.number));
	json_object_set_new(object, "rules", json_integer(save->gen.rs->rules.len));
	json_object_set_new(object, "files", files);
	json_line(stdout, object);
}

static void print_text(struct save *save)
{
	struct buf out = { .arena = save->s.arena }, backups = { .arena = save->s.arena };

	if (!save->outputs.len) {
		buf_puts(&out, "nothing to save: ");
		text_escape(&out, save->target);
		buf_puts(&out, " is what runs\n");
		say(&save->s, &out);
		return;
	}
	buf_puts(&out, "saved ");
	text_count(&out, save->gen.rs->rules.len, "rule");
	buf_puts(&out, " to ");
	vec_for_each(file, &save->outputs) {
		const char *slash = strrchr(file->path, '/');

		buf_puts(&out, file == save->outputs.data ? "" : ", ");
		text_escape(&out, str_of(file->path));
		if (!file->draft.exists)
			continue;
		buf_puts(&backups, backups.len ? ", " : "");
		text_escape(&backups, str_of(slash ? slash + 1 : file->path));
		buf_puts(&backups, "~");
	}
	if (backups.len)
		buf_printf(&out, " (previous file: %s)", buf_text(&backups));
	buf_puts(&out, save->is_source && save->edited ? "; comments kept\n" : "\n");
	say(&save->s, &out);
}

static void save_end(struct save *save)
{
	vec_for_each(out, &save->outputs)
		draft_discard(&out->draft);
	session_end(&save->s);
}

static enum exit_code run(const struct invocation *in)
{
	__attribute__((cleanup(save_end))) struct save save = { 0 };
	enum exit_code code;

	session_start(&save.s, in);
	save.target = file_absolute(save.s.arena, session_file(in));
	code = session_store(&save.s, STORE_WRITE);
	if (!code)
		code = session_running(&save.s, &save.gen);
	if (!code && generation_is_panic(&save.gen.info))
		code = report_error(in, EXIT_REFUSED, "'bpffw apply' brings the rules back",
				    "refused: 'panic closed' is running; it is not for the file");
	if (!code && change_check_confirm(save.s.store, &save.s.f) < 0)
		code = session_failed(&save.s);
	if (!code)
		code = settle_texts(&save);
	if (!code)
		code = write_outputs(&save);
	if (!code)
		code = bans_keep(&save.s);
	if (code)
		return code;
	if (in->json)
		print_json(&save);
	else
		print_text(&save);
	return EXIT_DONE;
}

const struct command cmd_save = {
	.name = "save",
	.args = "[FILE]",
	.help = "write the running rules into the rule file",
	.details =
		"Rules that did not change keep their text and comments; changed and new ones are "
		"written at their place, rules from an include into that include. The file as it "
		"was is kept with a '~'.",
	.example = "bpffw save",
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
