/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One rule: where it stands, its verb, matches, limits and options. */
#include "compiler/lang/sema_internal.h"

/* A rule of the running set keeps where it came from; any other comes from its own text. */
static struct origin origin_of(struct sema *s, const struct ast_rule *ast)
{
	const struct source *source = &s->ds->sources.data[ast->span.source];
	struct origin origin = { .start = ast->span.start, .end = ast->span.end };

	if (ast->id || ast->origin.file.len)
		return ast->origin;
	if (str_is(source->name, "command"))
		return (struct origin){ 0 };
	origin.file = source->name;
	origin.line = diag_position(s->ds, ast->span).line;
	return origin;
}

static bool is_command(struct sema *s, struct span span)
{
	return s->env->command && str_is(s->ds->sources.data[span.source].name, "command");
}

/* A running rule has no place that its admin knows, but an id; the mistake is in the new rule. */
static void name_twice(struct sema *s, const struct word *name, const struct rule *rule,
		       const struct rule *other)
{
	struct span span = name->span;
	const char *where;

	if (rule->id != ID_NONE && other->id == ID_NONE) {
		span = other->span;
		other = rule;
	}
	where = other->id != ID_NONE ? arena_printf(s->arena, "by r%u", other->id)
				     : arena_printf(s->arena, "at %s", sema_place(s, other->span));
	diag_error(s->ds, span, E161, "name '" STR_FMT "' already used %s", STR_ARG(name->text),
		   where);
}

static void set_name(struct sema *s, const struct ast_clause *clause, struct rule *rule)
{
	const struct word *name = &clause->value.atoms.data[0];
	uint32_t other;

	if (!sema_name(s, name, "rule"))
		return;
	rule->name = name->text;
	if (map_add(s->arena, &s->rule_names, name->text, s->rs->rules.len - 1))
		return;
	map_find(&s->rule_names, name->text, &other);
	name_twice(s, name, rule, &s->rs->rules.data[other]);
}

static void set_option(struct sema *s, const struct ast_clause *clause, struct rule *rule)
{
	const words *value = &clause->value.atoms;

	if (clause->row->later)
		sema_later(s, clause->row->later, clause->key);
	switch (clause->row->part) {
	case PART_LOG:
		rule->log = true;
		if (value->len)
			sema_duration(s, &value->data[0], false, &rule->log_every);
		break;
	case PART_NAME:
		set_name(s, clause, rule);
		break;
	case PART_COMMENT:
		rule->comment = value->data[0].text;
		break;
	case PART_WHEN:
		sema_when(s, &value->data[0], rule);
		break;
	case PART_UNTIL:
		sema_until(s, &value->data[0], rule, is_command(s, value->data[0].span));
		break;
	case PART_DISABLED:
		rule->disabled = true;
		break;
	default:
		break;
	}
}

static void check_verb(struct sema *s, const struct ast_rule *ast, const struct rule *rule)
{
	if (rule->verb.row->verb == VERB_RETURN && rule->chain == 0)
		diag_error(s->ds, ast->verb.span, E143, "return belongs in a chain");
	if (rule->verb.row->verb == VERB_LOG && rule->log)
		diag_error(s->ds, ast->verb.span, E144, "the verb 'log' needs no option 'log'");
	if (rule->verb.row->uncounted && rule->log) {
		diag_error(s->ds, ast->verb.span, E144,
			   "'%s' only leads through chains: it cannot log", rule->verb.row->name);
		diag_help(s->ds, "put a rule 'log MATCH' in front of it");
	}
}

static void keep_globs(struct sema *s, const struct rule *rule)
{
	uint32_t index = (uint32_t)(rule - s->rs->rules.data);

	for (uint32_t i = 0; i < rule->matches.len; i++)
		if (rule->matches.data[i].row->type == TYPE_IFACE)
			*vec_add(s->arena, &s->globs) =
				(struct glob_use){ .rule = index, .match = i };
}

void sema_rule(struct sema *s, const struct ast_rule *ast, uint32_t chain)
{
	struct rule *rule = vec_add(s->arena, &s->rs->rules);
	struct scope scope = {
		.clauses = ast->clauses.data,
		.n_clauses = ast->clauses.len,
		.verb = ast->verb.row,
		.verb_span = sema_keyword(&ast->verb),
	};

	vec_push(s->arena, &s->rs->chains.data[chain].rules, s->rs->rules.len - 1);
	rule->id = ast->id;
	rule->chain = chain;
	rule->span = ast->span;
	rule->origin = origin_of(s, ast);
	sema_verb(s, ast, rule);
	if (!sema_matches(s, &scope))
		scope.n_matches = 0;
	rule->matches.data = scope.matches;
	rule->matches.len = rule->matches.cap = scope.n_matches;
	rule->families = scope.families;
	if (scope.has_globs)
		keep_globs(s, rule);
	sema_limits(s, ast, &scope, rule);
	for (uint32_t i = 0; i < ast->clauses.len; i++)
		if (ast->clauses.data[i].row->kind == CLAUSE_OPTION)
			set_option(s, &ast->clauses.data[i], rule);
	check_verb(s, ast, rule);
}
