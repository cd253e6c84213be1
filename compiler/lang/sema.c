/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Statements and chains. Two passes: the first declares what may be used before it is defined
 * (sets, chains, interfaces), the second resolves everything in the order of the text.
 */
#include "compiler/lang/sema_internal.h"

#include <fnmatch.h>

#include "compiler/lang/names.h"

#define SUGGESTIONS_MAX 100
#define EXPANDED_MAX    (4u << 20)

/* Statements that stand once; options follow. */
enum once { ONCE_DEFAULT, ONCE_ESSENTIAL, ONCE_OPTION };

void sema_later(struct sema *s, const char *word, struct span span)
{
	*vec_add(s->arena, &s->rs->unsupported) =
		(struct word){ .kind = WORD_PLAIN, .text = str_of(word), .span = span };
}

const char *sema_place(struct sema *s, struct span span)
{
	return arena_printf(s->ds->arena, STR_FMT ":%u",
			    STR_ARG(s->ds->sources.data[span.source].name),
			    diag_position(s->ds, span).line);
}

bool sema_suggests(const struct sema *s)
{
	return s->ds->n_errors <= SUGGESTIONS_MAX;
}

bool sema_spend(struct sema *s, uint32_t n, struct span span)
{
	bool before = s->n_expanded > EXPANDED_MAX;

	s->n_expanded += n;
	if (s->n_expanded <= EXPANDED_MAX)
		return true;
	if (!before) {
		diag_error(s->ds, span, E191, "defines and globs stand for more than %u words",
			   EXPANDED_MAX);
		diag_help(s->ds, "put the values into a set");
	}
	return false;
}

/* ---- names ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_well_formed(struct str name)
{
	if (!name.len || name.len > 63 || !is_letter(name.s[0]))
		return false;
	for (uint32_t i = 1; i < name.len; i++)
		if (!is_letter(name.s[i]) && !(name.s[i] >= '0' && name.s[i] <= '9') &&
		    name.s[i] != '_' && name.s[i] != '.' && name.s[i] != '-')
			return false;
	return true;
}

bool sema_name(struct sema *s, const struct word *name, const char *what)
{
	if (!is_well_formed(name->text)) {
		diag_error(s->ds, name->span, E164, "'" STR_FMT "' cannot be the name of a %s",
			   STR_ARG(name->text), what);
		diag_help(s->ds, "a letter, then up to 62 letters, digits, '_', '.', '-'");
		return false;
	}
	if (names_reserved(name->text)) {
		diag_error(s->ds, name->span, E164, "'" STR_FMT "' cannot be the name of a %s",
			   STR_ARG(name->text), what);
		diag_help(s->ds, "the word has a meaning of its own in commands");
		return false;
	}
	return true;
}

bool sema_find_set(struct sema *s, const struct word *name, uint32_t *ret_set)
{
	struct str_nearest nearest = { .word = name->text };
	uint32_t index;

	if (map_find(&s->sets, name->text, ret_set))
		return true;
	diag_error(s->ds, name->span, E121, "no set '" STR_FMT "'", STR_ARG(name->text));
	for (uint32_t i = 0; sema_suggests(s) && i < s->rs->sets.len; i++)
		str_nearest_offer(&nearest, s->rs->sets.data[i].name);
	if (nearest.best.s && map_find(&s->sets, nearest.best, &index))
		diag_help(s->ds, "did you mean '@" STR_FMT "' (%s)?", STR_ARG(nearest.best),
			  sema_place(s, s->rs->sets.data[index].span));
	return false;
}

/* ---- interfaces ---- */

uint32_t sema_iface_number(struct sema *s, struct str name)
{
	uint32_t number = s->env->interfaces.len + 1;

	if (map_find(&s->ifaces, name, &number))
		return number;
	map_add(s->arena, &s->ifaces, name, number);
	vec_push(s->arena, &s->env->interfaces, name);
	return number;
}

bool sema_is_glob(struct str name)
{
	for (uint32_t i = 0; i < name.len; i++)
		if (strchr("*?[", name.s[i]) && name.s[i])
			return true;
	return false;
}

bool sema_glob_matches(struct str glob, struct str name)
{
	char pattern[32], text[32];

	if (!sema_is_glob(glob) || glob.len >= sizeof(pattern) || name.len >= sizeof(text))
		return false;
	memcpy(pattern, glob.s, glob.len);
	pattern[glob.len] = 0;
	memcpy(text, name.s, name.len);
	text[name.len] = 0;
	return fnmatch(pattern, text, 0) == 0;
}

static bool is_present(struct sema *s, struct str name)
{
	for (uint32_t i = 0; i < s->env->n_present; i++)
		if (str_eq(s->env->interfaces.data[i], name) ||
		    sema_glob_matches(name, s->env->interfaces.data[i]))
			return true;
	return false;
}

static bool read_mode(struct sema *s, const struct word *word, enum iface_mode *ret_mode)
{
	static const char *const modes[] = { "auto", "native", "generic" };

	for (unsigned int i = 0; i < 3; i++) {
		if (!str_is(word->text, modes[i]))
			continue;
		*ret_mode = (enum iface_mode)i;
		return true;
	}
	diag_error(s->ds, word->span, E165, "'" STR_FMT "' is not a mode", STR_ARG(word->text));
	diag_help(s->ds, "auto, native or generic");
	return false;
}

/* The name on an `interface` line, for E152 and E161. Return: false when it is there already. */
static bool note_interface(struct sema *s, struct str name, uint32_t index)
{
	if (!map_add(s->arena, &s->iface_lines, name, index))
		return false;
	if (sema_is_glob(name))
		vec_push(s->arena, &s->iface_globs, name);
	return true;
}

static void add_interface(struct sema *s, const struct word *word, enum iface_mode mode)
{
	struct type_reader reader = { .ds = s->ds };
	struct atom atom;
	uint32_t other;

	if (!types[TYPE_IFACE].parse(&reader, word, &atom))
		return;
	if (!note_interface(s, word->text, s->rs->interfaces.len)) {
		map_find(&s->iface_lines, word->text, &other);
		diag_error(s->ds, word->span, E161, "interface '" STR_FMT "' already given at %s",
			   STR_ARG(word->text), sema_place(s, s->rs->interfaces.data[other].span));
		return;
	}
	*vec_add(s->arena, &s->rs->interfaces) =
		(struct iface){ .name = word->text, .mode = mode, .span = word->span };
	if (s->env->check_present && !is_present(s, word->text)) {
		diag_warning(s->ds, word->span, W151, "no interface " STR_FMT " now",
			     STR_ARG(word->text));
		diag_help(s->ds, "'bpffw watch' attaches it when it appears; without that, "
				 "'bpffw apply' or another change does");
	}
	if (!sema_is_glob(word->text))
		sema_iface_number(s, word->text);
}

static void declare_interfaces(struct sema *s, const struct ast_stmt *stmt)
{
	enum iface_mode mode = MODE_AUTO;

	if (stmt->mode.text.s)
		read_mode(s, &stmt->mode, &mode);
	vec_for_each(word, &stmt->args)
		add_interface(s, word, mode);
}

/* ---- statements ---- */

static bool stands_once(struct sema *s, const struct ast_stmt *stmt, unsigned int slot,
			const char *what)
{
	if (s->given[slot].end) {
		diag_error(s->ds, stmt->key.span, E161, "'%s' already given at %s", what,
			   sema_place(s, s->given[slot]));
		return false;
	}
	s->given[slot] = stmt->span;
	return true;
}

static void resolve_version(struct sema *s, const struct ast_stmt *stmt)
{
	const struct word *word = &stmt->args.data[0];

	vec_for_each(other, &s->versions) {
		if (other->source != stmt->span.source)
			continue;
		diag_error(s->ds, stmt->key.span, E161, "'version' already given at %s",
			   sema_place(s, *other));
		return;
	}
	vec_push(s->arena, &s->versions, stmt->span);
	if (str_is(word->text, "1"))
		return;
	diag_error(s->ds, word->span, E165, "version '" STR_FMT "' is not known",
		   STR_ARG(word->text));
	diag_help(s->ds, "write 'version 1'");
}

static void resolve_default(struct sema *s, const struct ast_stmt *stmt)
{
	const struct action *row = action_find(stmt->name.text);

	/* No verdict: the parser has reported it, and it still is the file's default. */
	if (!stmt->name.text.s) {
		s->given[ONCE_DEFAULT] = stmt->span;
		return;
	}
	if (!stands_once(s, stmt, ONCE_DEFAULT, "default"))
		return;
	if (!row || (row->verb != VERB_ALLOW && row->verb != VERB_DROP)) {
		diag_error(s->ds, stmt->name.span, E007, "'" STR_FMT "' is not allow or drop",
			   STR_ARG(stmt->name.text));
		return;
	}
	s->rs->default_allow = row->verb == VERB_ALLOW;
	s->rs->default_span = stmt->span;
	s->rs->default_log = stmt->log;
	if (stmt->every.text.s)
		sema_duration(s, &stmt->every, false, &s->rs->default_log_every);
}

static void resolve_essential(struct sema *s, const struct ast_stmt *stmt)
{
	if (!stands_once(s, stmt, ONCE_ESSENTIAL, "essential") || !stmt->name.text.s)
		return;
	s->rs->essential = str_is(stmt->name.text, "on");
	if (!s->rs->essential && !str_is(stmt->name.text, "off"))
		diag_error(s->ds, stmt->name.span, E165, "'" STR_FMT "' is not on or off",
			   STR_ARG(stmt->name.text));
}

/* The lock is held for so long. */
#define LEARN_SECONDS_MAX 60

/* Options: the words of a choice by number, or a value that is read by hand. */
static const struct option {
	const char *name;
	const char *values[4];
	const char *help;
	const char *later;
} options[] = {
	{ "fragments", { "l3", "drop", "pass" }, "l3, drop or pass", NULL },
	{ "malformed", { "drop", "pass" }, "drop or pass", NULL },
	{ "fail", { "closed", "open" }, "closed or open", NULL },
	{ "antispoof", { "on", "off" }, "on or off", NULL },
	{ "flows", { NULL }, "a number of flows, 1024 to 16777216", NULL },
	{ "learn", { NULL }, "a time, at most 60s", NULL },
};
enum option_index { OPT_FRAGMENTS, OPT_MALFORMED, OPT_FAIL, OPT_ANTISPOOF, OPT_FLOWS, OPT_LEARN };
#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static int choice_of(const struct option *option, struct str word)
{
	for (int i = 0; option->values[i]; i++)
		if (str_is(word, option->values[i]))
			return i;
	return -1;
}

static void unknown_option(struct sema *s, const struct word *name)
{
	struct str_nearest nearest = { .word = name->text };

	diag_error(s->ds, name->span, E165, "unknown option '" STR_FMT "'", STR_ARG(name->text));
	for (uint32_t i = 0; i < N_OPTIONS; i++)
		str_nearest_offer(&nearest, str_of(options[i].name));
	if (nearest.best.s)
		diag_help(s->ds, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
	else
		diag_help(s->ds, "fragments, malformed, fail, flows, antispoof or learn");
}

static bool set_option(struct sema *s, uint32_t index, const struct word *value)
{
	int choice = choice_of(&options[index], value->text);
	struct ruleset *rs = s->rs;

	switch ((enum option_index)index) {
	case OPT_FRAGMENTS:
		rs->fragments = choice < 0 ? FRAGMENTS_L3 : (enum fragments)choice;
		rs->fragments_given = true;
		break;
	case OPT_MALFORMED:
		rs->malformed_pass = choice == 1;
		break;
	case OPT_FAIL:
		rs->fail_open = choice == 1;
		break;
	case OPT_ANTISPOOF:
		rs->antispoof = choice == 0;
		break;
	case OPT_FLOWS:
		return num_parse(value->text, 16777216, &rs->flows) && rs->flows >= 1024;
	case OPT_LEARN:
		return num_parse_time(value->text, true, &rs->learn) &&
		       rs->learn <= LEARN_SECONDS_MAX;
	}
	return choice >= 0;
}

static void resolve_option(struct sema *s, const struct ast_stmt *stmt)
{
	const struct word *value = &stmt->args.data[0];
	uint32_t index = 0;

	while (index < N_OPTIONS && !str_is(stmt->name.text, options[index].name))
		index++;
	if (index == N_OPTIONS) {
		unknown_option(s, &stmt->name);
		return;
	}
	if (!stands_once(s, stmt, ONCE_OPTION + index, options[index].name))
		return;
	if (options[index].later)
		sema_later(s, options[index].later, stmt->name.span);
	if (set_option(s, index, value))
		return;
	diag_error(s->ds, value->span, E165, "'" STR_FMT "' is no value of option '%s'",
		   STR_ARG(value->text), options[index].name);
	diag_help(s->ds, "%s", options[index].help);
}

static void resolve_define(struct sema *s, const struct ast_stmt *stmt)
{
	struct define *define;
	words expanded;
	uint32_t other;

	if (!sema_name(s, &stmt->name, "define"))
		return;
	if (map_find(&s->defines, stmt->name.text, &other)) {
		diag_error(s->ds, stmt->name.span, E161, "'$" STR_FMT "' already defined at %s",
			   STR_ARG(stmt->name.text),
			   sema_place(s, s->define_list.data[other].span));
		return;
	}
	/* Expanded before it is known itself: a define cannot use itself. */
	expanded = sema_expand(s, &stmt->args);
	if (!stmt->args.len)
		diag_error(s->ds, stmt->name.span, E007, "'$" STR_FMT "' has no value",
			   STR_ARG(stmt->name.text));
	vec_for_each(word, &expanded) {
		uint32_t set;

		if (word->kind == WORD_SET)
			sema_find_set(s, word, &set);
	}
	map_add(s->arena, &s->defines, stmt->name.text, s->define_list.len);
	define = vec_add(s->arena, &s->define_list);
	define->name = stmt->name.text;
	define->span = stmt->name.span;
	define->atoms = expanded;
}

static void resolve_expect(struct sema *s, const struct ast_expect *ast)
{
	struct scope scope = { .clauses = ast->clauses.data, .n_clauses = ast->clauses.len };
	const struct action *row = action_find(ast->verdict.text);
	struct expect *expect = vec_add(s->arena, &s->rs->expects);

	expect->span = ast->span;
	expect->origin = ast->origin;
	if (!str_is(ast->verdict.text, "exceed") &&
	    (!row ||
	     (row->verb != VERB_ALLOW && row->verb != VERB_DROP && row->verb != VERB_BLACKLIST)))
		diag_error(s->ds, ast->verdict.span, E007,
			   "'" STR_FMT "' is not allow, drop, exceed or blacklist",
			   STR_ARG(ast->verdict.text));
	expect->verdict = row;
	if (!sema_matches(s, &scope))
		return;
	expect->matches.data = scope.matches;
	expect->matches.len = expect->matches.cap = scope.n_matches;
	expect->families = scope.families;
	for (uint32_t i = 0; scope.has_globs && i < scope.n_matches; i++)
		if (scope.matches[i].row->type == TYPE_IFACE)
			*vec_add(s->arena, &s->globs) = (struct glob_use){
				.rule = UINT32_MAX,
				.expect = s->rs->expects.len - 1,
				.match = i,
			};
}

static void resolve_chain(struct sema *s, const struct ast_stmt *stmt)
{
	uint32_t chain;

	if (!map_find(&s->chains, stmt->name.text, &chain))
		return;
	vec_for_each(rule, &stmt->rules)
		sema_rule(s, rule, chain);
}

static void resolve_stmt(struct sema *s, const struct ast_stmt *stmt)
{
	switch (stmt->kind) {
	case STMT_VERSION:
		resolve_version(s, stmt);
		break;
	case STMT_DEFAULT:
		resolve_default(s, stmt);
		break;
	case STMT_ESSENTIAL:
		resolve_essential(s, stmt);
		break;
	case STMT_OPTION:
		resolve_option(s, stmt);
		break;
	case STMT_DEFINE:
		resolve_define(s, stmt);
		break;
	case STMT_SET:
		sema_fill_set(s, stmt);
		break;
	case STMT_LIST:
		sema_list(s, stmt);
		break;
	case STMT_CHAIN:
		resolve_chain(s, stmt);
		break;
	case STMT_TEST:
		vec_for_each(expect, &stmt->expects)
			resolve_expect(s, expect);
		break;
	case STMT_RULE:
		sema_rule(s, &stmt->rules.data[0], 0);
		break;
	case STMT_INTERFACE:
	case STMT_INCLUDE:
		break;
	}
}

/* ---- the whole ---- */

static void declare(struct sema *s, const struct ast *ast)
{
	uint32_t n_rules = 0;

	vec_for_each(stmt, &ast->stmts) {
		n_rules += stmt->rules.len;
		if (stmt->kind == STMT_SET)
			sema_declare_set(s, stmt);
		else if (stmt->kind == STMT_CHAIN)
			sema_declare_chain(s, stmt);
		else if (stmt->kind == STMT_INTERFACE)
			declare_interfaces(s, stmt);
	}
	s->rs->rules.data = arena_new_array(s->arena, struct rule, n_rules);
	s->rs->rules.cap = n_rules;
}

static void expand_globs(struct sema *s)
{
	vec_for_each(use, &s->globs) {
		struct match *match =
			use->rule == UINT32_MAX
				? &s->rs->expects.data[use->expect].matches.data[use->match]
				: &s->rs->rules.data[use->rule].matches.data[use->match];

		match->atoms = sema_expand_globs(s, match);
	}
}

/* What stands behind a binary byte, or in an include that cannot be read, is not known. */
static bool is_unread(const struct diags *ds)
{
	vec_for_each(diag, &ds->list)
		if (diag->code == E003 || diag->code == E004 || diag->code == E005)
			return true;
	return false;
}

static void require_default(struct sema *s, const struct ast *ast)
{
	uint32_t source = ast->files.len ? ast->files.data[0].source : 0;
	uint32_t end = s->ds->sources.data[source].text.len;

	if (s->given[ONCE_DEFAULT].end || is_unread(s->ds))
		return;
	diag_error(s->ds, (struct span){ source, end, end }, E162, "there is no 'default'");
	diag_help(s->ds, "write 'default drop' or 'default allow'");
}

static struct sema sema_new(struct diags *ds, struct env *env, struct ruleset *rs)
{
	struct sema s = { .ds = ds, .arena = ds->arena, .rs = rs, .env = env };

	if (!env->io)
		env->io = &io_none;
	for (uint32_t i = 0; i < env->interfaces.len; i++)
		map_add(s.arena, &s.ifaces, env->interfaces.data[i], i + 1);
	for (uint32_t i = 0; i < rs->interfaces.len; i++)
		note_interface(&s, rs->interfaces.data[i].name, i);
	return s;
}

struct ruleset *sema_ruleset(struct diags *ds, const struct ast *ast, struct env *env)
{
	struct ruleset *rs = arena_alloc(ds->arena, sizeof(*rs));
	struct sema s = sema_new(ds, env, rs);

	rs->arena = ds->arena;
	rs->essential = true;
	rs->antispoof = true;
	rs->builtin[BUILTIN_ALLOW] = (struct set){ .name = STR("allowlist"), .type = TYPE_ADDR };
	rs->builtin[BUILTIN_BLACK] = (struct set){ .name = STR("blacklist"), .type = TYPE_ADDR };
	(void)vec_add(rs->arena, &rs->chains);
	declare(&s, ast);
	vec_for_each(stmt, &ast->stmts)
		resolve_stmt(&s, stmt);
	require_default(&s, ast);
	sema_check_chains(&s);
	expand_globs(&s);
	sema_finish_sets(&s);
	rs->iface_names = env->interfaces;
	if (!ds->n_errors)
		print_texts(rs);
	return rs;
}

bool sema_packet(struct diags *ds, const struct ruleset *rs, const struct env *env,
		 const struct ast_clause *clauses, uint32_t n_clauses, struct expect *ret_packet)
{
	struct env own = *env;
	struct ruleset copy = *rs;
	struct sema s;
	struct scope scope = { .clauses = clauses, .n_clauses = n_clauses };

	/* Only names the ruleset knows have numbers; a copy keeps others out of it. */
	own.check_present = false;
	own.interfaces = (strs){ 0 };
	vec_for_each(name, &rs->iface_names)
		vec_push(ds->arena, &own.interfaces, *name);
	s = sema_new(ds, &own, &copy);
	for (uint32_t i = 0; i < rs->sets.len; i++)
		map_add(s.arena, &s.sets, rs->sets.data[i].name, i);
	if (!sema_matches(&s, &scope))
		return false;
	for (uint32_t i = 0; i < scope.n_matches; i++)
		if (scope.matches[i].row->type == TYPE_IFACE)
			scope.matches[i].atoms = sema_expand_globs(&s, &scope.matches[i]);
	*ret_packet = (struct expect){ .families = scope.families };
	ret_packet->matches.data = scope.matches;
	ret_packet->matches.len = ret_packet->matches.cap = scope.n_matches;
	return true;
}
