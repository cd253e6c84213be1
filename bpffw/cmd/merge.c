/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chain by chain, the rules of the files and the running rules are two sequences. A running rule
 * whose origin is a rule of the file is the same rule; the longest run of them that kept its
 * order stays where it is, the rest is taken out and put behind its new neighbour.
 */
#include "bpffw/cmd/merge.h"

#include <stdlib.h>

#include "bpffw/cmd/files.h"
#include "bpffw/ui/text.h"
#include "compiler/ir/diff.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"

#define NOWHERE UINT32_MAX

/* A rule as the files have it. */
struct filed {
	struct span span;
	bool kept; /* stays where it is */
	bool used; /* some running rule is this one */
};
typedef VEC(struct filed) fileds;

struct placed {
	const struct ast_rule *rule;
	uint32_t filed; /* index, NOWHERE: not of this chain's text */
	bool kept;
};
typedef VEC(struct placed) placeds;

static enum exit_code read_first(struct merge *m, uint32_t *ret_source)
{
	struct str path = m->gen->info.files.data[0].path;
	const char *name = arena_strndup(m->s->arena, path.s, path.len);
	struct str text;
	const char *why = host_io.read(host_io.ctx, m->s->arena, name, &text);

	if (why)
		return report_error(m->s->in, EXIT_REFUSED,
				    "'bpffw save OTHER-FILE' keeps the rules", "%s: %s", name, why);
	*ret_source = diag_source(m->ds, path, text, (struct span){ 0 });
	return EXIT_DONE;
}

/* The text on disk is one that bpffw applied or wrote, though not for this generation. Only of the
 * same file: that some other file is as it was says nothing about this one. */
static bool is_known_text(struct session *s, const struct gen_info *info)
{
	struct str path = info->files.data[0].path;
	struct gen_info *infos;
	uint32_t n;

	if (store_history(s->store, s->arena, &infos, &n, &s->f) < 0) {
		failure_clear(&s->f);
		return false;
	}
	for (uint32_t i = 0; i < n; i++)
		if (infos[i].files.len && str_eq(infos[i].files.data[0].path, path) &&
		    !files_changed(s, &infos[i]))
			return true;
	return false;
}

/* Origins that speak of another text are of no use: pair the rules by name and words instead. */
static bool find_origins(struct merge *m)
{
	struct ruleset *filed = sema_ruleset(m->ds, m->ast, &m->s->env);
	const struct ruleset *now = m->gen->rs;
	struct diff diff;

	if (m->ds->n_errors)
		return false;
	diff = diff_rules(m->s->arena, filed, now);
	vec_for_each(stmt, &m->gen->ast->stmts) {
		vec_for_each(rule, &stmt->rules) {
			const struct rule *running, *old;
			uint32_t index;

			rule->origin = (struct origin){ 0 };
			running = rule->id < m->n_by_id ? m->by_id[rule->id] : NULL;
			index = running ? diff.old_of_new[running - now->rules.data] : DIFF_NONE;
			if (index == DIFF_NONE)
				continue;
			old = &filed->rules.data[index];
			rule->origin.file = m->names[old->span.source];
			rule->origin.start = old->span.start;
			rule->origin.end = old->span.end;
			rule->origin.changed = strcmp(old->text, running->text) != 0 ||
					       !str_eq(old->name, running->name) ||
					       !str_eq(old->comment, running->comment);
		}
	}
	return true;
}

static void read_files(struct merge *m, uint32_t source)
{
	struct arena *arena = m->s->arena;

	m->ast = parse_file(m->ds, &host_io, source);
	m->names = arena_new_array(arena, struct str, m->ds->sources.len);
	m->patches = arena_new_array(arena, struct patch, m->ds->sources.len);
	for (uint32_t i = 1; i < m->ds->sources.len; i++) {
		struct str name = m->ds->sources.data[i].name;

		m->names[i] = file_absolute(arena, arena_strndup(arena, name.s, name.len));
		m->patches[i].arena = arena;
		m->patches[i].old = m->ds->sources.data[i].text;
	}
}

enum exit_code merge_read(struct merge *m, struct session *s, const struct generation *gen)
{
	const struct gen_file *changed = files_changed(s, &gen->info);
	enum exit_code code;
	uint32_t source = 0;

	*m = (struct merge){ .s = s, .gen = gen, .ds = diags_new(s->arena) };
	m->by_id = rules_by_id(s->arena, gen->rs, &m->n_by_id);
	if (!changed || is_known_text(s, &gen->info)) {
		code = read_first(m, &source);
		if (code)
			return code;
		read_files(m, source);
		m->rebased = changed;
		if (!changed || find_origins(m))
			return EXIT_DONE;
	}
	return report_error(s->in, EXIT_REFUSED,
			    "'bpffw diff' shows what differs; 'bpffw apply' takes the file, "
			    "'bpffw save OTHER-FILE' the rules",
			    "refused: " STR_FMT
			    " changed on disk since it was applied; nothing was "
			    "saved",
			    STR_ARG(changed->path));
}

static bool is_of_chain(const struct ast_stmt *stmt, struct str chain)
{
	if (stmt->kind == STMT_CHAIN)
		return chain.len && str_eq(stmt->name.text, chain);
	return stmt->kind == STMT_RULE && !chain.len;
}

static fileds filed_rules(struct merge *m, struct str chain)
{
	fileds list = { 0 };

	vec_for_each(stmt, &m->ast->stmts) {
		if (!is_of_chain(stmt, chain))
			continue;
		vec_for_each(rule, &stmt->rules)
			vec_push(m->s->arena, &list, ((struct filed){ .span = rule->span }));
	}
	return list;
}

/* For bsearch: the filed rules by file and offset. */
struct key {
	struct str file;
	uint32_t start, index;
};

static int compare_keys(const void *left, const void *right)
{
	const struct key *a = left, *b = right;
	int order = str_cmp(a->file, b->file);

	if (order)
		return order;
	return a->start < b->start ? -1 : a->start > b->start;
}

static placeds placed_rules(struct merge *m, struct str chain, fileds *filed)
{
	struct key *keys = arena_new_array(m->s->arena, struct key, filed->len);
	placeds list = { 0 };

	for (uint32_t i = 0; i < filed->len; i++)
		keys[i] = (struct key){ m->names[filed->data[i].span.source],
					filed->data[i].span.start, i };
	if (filed->len)
		qsort(keys, filed->len, sizeof(*keys), compare_keys);
	vec_for_each(stmt, &m->gen->ast->stmts) {
		if (!is_of_chain(stmt, chain))
			continue;
		vec_for_each(rule, &stmt->rules) {
			struct key want = { rule->origin.file, rule->origin.start, 0 },
				   *found = NULL;
			struct placed *p = vec_add(m->s->arena, &list);

			*p = (struct placed){ .rule = rule, .filed = NOWHERE };
			if (filed->len && want.file.len)
				found = bsearch(&want, keys, filed->len, sizeof(*keys),
						compare_keys);
			if (found && !filed->data[found->index].used) {
				filed->data[found->index].used = true;
				p->filed = found->index;
			}
		}
	}
	return list;
}

/* Mark the longest increasing run of .filed (patience sorting). */
static void mark_kept(struct arena *arena, fileds *filed, placeds *placed)
{
	uint32_t *tails = arena_new_array(arena, uint32_t, placed->len + 1);
	uint32_t *before = arena_new_array(arena, uint32_t, placed->len + 1);
	uint32_t len = 0;

	for (uint32_t i = 0; i < placed->len; i++) {
		uint32_t lo = 0, hi = len;

		if (placed->data[i].filed == NOWHERE)
			continue;
		while (lo < hi) {
			uint32_t mid = (lo + hi) / 2;

			if (placed->data[tails[mid]].filed < placed->data[i].filed)
				lo = mid + 1;
			else
				hi = mid;
		}
		before[i] = lo ? tails[lo - 1] : NOWHERE;
		tails[lo] = i;
		len = lo == len ? len + 1 : len;
	}
	for (uint32_t i = len ? tails[len - 1] : NOWHERE; i != NOWHERE; i = before[i]) {
		placed->data[i].kept = true;
		filed->data[placed->data[i].filed].kept = true;
	}
}

static struct str canonical(struct merge *m, const struct ast_rule *rule)
{
	struct buf text = { .arena = m->s->arena };

	if (rule->id < m->n_by_id && m->by_id[rule->id])
		print_rule(&text, m->gen->rs, m->by_id[rule->id], PRINT_ALL);
	return (struct str){ buf_text(&text), text.len };
}

/* A moved rule takes its own words along. */
static struct str text_of(struct merge *m, const struct placed *p)
{
	const struct origin *origin = &p->rule->origin;

	for (uint32_t i = 1; origin->file.len && !origin->changed && i < m->ds->sources.len; i++) {
		struct str text = m->ds->sources.data[i].text;

		if (str_eq(m->names[i], origin->file) && origin->end <= text.len)
			return (struct str){ text.s + origin->start, origin->end - origin->start };
	}
	return canonical(m, p->rule);
}

/* No rule of this chain stays: into its block, or at the end of the first file. */
static void insert_first(struct merge *m, struct str chain, struct str text)
{
	vec_for_each(stmt, &m->ast->stmts) {
		if (!chain.len || !is_of_chain(stmt, chain))
			continue;
		patch_insert_block(&m->patches[stmt->span.source], stmt->span.end - 1, text);
		return;
	}
	patch_append(&m->patches[m->ast->files.data[0].source], text);
}

static void insert_rules(struct merge *m, struct str chain, fileds *filed, placeds *placed)
{
	const struct placed *anchor = NULL;
	uint32_t first = 0;

	while (first < placed->len && !placed->data[first].kept)
		first++;
	for (uint32_t i = 0; i < placed->len; i++) {
		const struct placed *p = &placed->data[i];
		const struct placed *by = anchor                ? anchor
					  : first < placed->len ? &placed->data[first]
								: NULL;

		if (p->kept) {
			anchor = p;
		} else if (by) {
			struct span at = filed->data[by->filed].span;

			patch_insert(&m->patches[at.source], at.start, at.end, by == anchor,
				     text_of(m, p));
		} else {
			insert_first(m, chain, text_of(m, p));
		}
	}
}

static void merge_chain(struct merge *m, struct str chain)
{
	fileds filed = filed_rules(m, chain);
	placeds placed = placed_rules(m, chain, &filed);

	mark_kept(m->s->arena, &filed, &placed);
	vec_for_each(f, &filed)
		if (!f->kept)
			patch_delete(&m->patches[f->span.source], f->span.start, f->span.end);
	vec_for_each(p, &placed) {
		struct span at;

		if (!p->kept || !p->rule->origin.changed)
			continue;
		at = filed.data[p->filed].span;
		patch_replace(&m->patches[at.source], at.start, at.end, canonical(m, p->rule));
	}
	insert_rules(m, chain, &filed, &placed);
}

static const struct ast_stmt *find_default(const struct ast *ast)
{
	vec_for_each(stmt, &ast->stmts)
		if (stmt->kind == STMT_DEFAULT)
			return stmt;
	return NULL;
}

static void merge_default(struct merge *m)
{
	const struct ast_stmt *now = find_default(m->gen->ast), *filed = find_default(m->ast);
	struct buf text = { .arena = m->s->arena };

	if (!now || !filed ||
	    (str_eq(now->name.text, filed->name.text) && now->log == filed->log &&
	     str_eq(now->every.text, filed->every.text)))
		return;
	buf_printf(&text, "default " STR_FMT "%s", STR_ARG(now->name.text), now->log ? " log" : "");
	if (now->every.text.len)
		buf_printf(&text, " every " STR_FMT, STR_ARG(now->every.text));
	patch_replace(&m->patches[filed->span.source], filed->span.start, filed->span.end,
		      (struct str){ text.data, text.len });
}

/* Sets and lists. */

static const struct ast_stmt *find_set(const struct ast *ast, struct str name)
{
	vec_for_each(stmt, &ast->stmts)
		if (stmt->kind == STMT_SET && str_eq(stmt->name.text, name))
			return stmt;
	return NULL;
}

/* The @n-th statement of a list that names a file. */
static const struct ast_stmt *find_list(const struct ast *ast, struct str key, uint32_t n)
{
	vec_for_each(stmt, &ast->stmts)
		if (stmt->kind == STMT_LIST && stmt->file.text.len && str_eq(stmt->key.text, key) &&
		    !n--)
			return stmt;
	return NULL;
}

/* Behind the others of its kind, else before the rules. */
static void insert_statement(struct merge *m, enum stmt_kind kind, struct buf *text)
{
	struct str line = { text->data, text->len - 1 };
	const struct ast_stmt *last = NULL;

	vec_for_each(stmt, &m->ast->stmts)
		if (stmt->kind == kind)
			last = stmt;
	if (last) {
		patch_insert(&m->patches[last->span.source], last->span.start, last->span.end, true,
			     line);
		return;
	}
	vec_for_each(stmt, &m->ast->stmts) {
		if (stmt->kind != STMT_RULE && stmt->kind != STMT_CHAIN)
			continue;
		patch_insert(&m->patches[stmt->span.source], stmt->span.start, stmt->span.end,
			     false, line);
		return;
	}
	patch_append(&m->patches[m->ast->files.data[0].source], line);
}

static bool ends_with(struct str path, struct str end)
{
	return path.len >= end.len && memcmp(path.s + path.len - end.len, end.s, end.len) == 0;
}

/* What a file says may be relative; the running ruleset has the whole path. */
static void merge_file(struct merge *m, const struct ast_stmt *now, const struct ast_stmt *filed)
{
	struct str path = now->file.text, written = filed->file.text;

	if (!path.len || !written.len || ends_with(path, written))
		return;
	patch_replace(&m->patches[filed->file.span.source], filed->file.span.start,
		      filed->file.span.end,
		      str_of(arena_printf(m->s->arena, "\"" STR_FMT "\"", STR_ARG(path))));
}

static void merge_sets(struct merge *m)
{
	vec_for_each(filed, &m->ast->stmts)
		if (filed->kind == STMT_SET && !find_set(m->gen->ast, filed->name.text))
			patch_delete(&m->patches[filed->span.source], filed->span.start,
				     filed->span.end);
	vec_for_each(now, &m->gen->rs->sets) {
		const struct ast_stmt *filed = find_set(m->ast, now->name);
		struct buf text = { .arena = m->s->arena };

		if (filed) {
			merge_file(m, find_set(m->gen->ast, now->name), filed);
			continue;
		}
		print_set_line(&text, now);
		insert_statement(m, STMT_SET, &text);
	}
}

static void merge_lists(struct merge *m, struct str key)
{
	const struct ast_stmt *now, *filed;

	for (uint32_t n = 0; (now = find_list(m->gen->ast, key, n)); n++) {
		struct buf text = { .arena = m->s->arena };

		filed = find_list(m->ast, key, n);
		if (filed) {
			merge_file(m, now, filed);
			continue;
		}
		print_list_line(&text, now);
		insert_statement(m, STMT_LIST, &text);
	}
}

void merge_rules(struct merge *m)
{
	merge_default(m);
	merge_sets(m);
	merge_lists(m, STR("allowlist"));
	merge_lists(m, STR("blacklist"));
	merge_chain(m, (struct str){ 0 });
	vec_for_each(stmt, &m->gen->ast->stmts)
		if (stmt->kind == STMT_CHAIN)
			merge_chain(m, stmt->name.text);
}

static struct str inline_include(struct merge *m, uint32_t source, struct span at)
{
	struct buf text = { .arena = m->s->arena };

	for (uint32_t i = 1; i < m->ds->sources.len; i++) {
		struct span by = m->ds->sources.data[i].included;

		if (by.source != source || by.start < at.start || by.end > at.end)
			continue;
		buf_puts(&text, "# from ");
		text_escape(&text, m->ds->sources.data[i].name);
		buf_puts(&text, "\n");
		buf_add(&text, merge_inline(m, i));
		if (text.data[text.len - 1] != '\n')
			buf_puts(&text, "\n");
	}
	return (struct str){ buf_text(&text), text.len };
}

struct str merge_inline(struct merge *m, uint32_t source)
{
	struct ast *single = parse_single(m->ds, source);

	vec_for_each(stmt, &single->stmts)
		if (stmt->kind == STMT_INCLUDE)
			patch_replace(&m->patches[source], stmt->span.start, stmt->span.end,
				      inline_include(m, source, stmt->span));
	return patch_apply(&m->patches[source]);
}
