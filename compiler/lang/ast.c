/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `check --dump=ast`: one node a line, with every field that is set. */
#include "compiler/lang/ast.h"

static void print_word(struct buf *out, const char *label, const struct word *word)
{
	static const char *const marks[] = {
		[WORD_PLAIN] = "",
		[WORD_STRING] = "\"",
		[WORD_DEFINE] = "$",
		[WORD_SET] = "@",
	};

	if (!word->text.s)
		return;
	buf_printf(out, " %s%s" STR_FMT "%s", label, marks[word->kind], STR_ARG(word->text),
		   word->kind == WORD_STRING ? "\"" : "");
}

static void print_words(struct buf *out, const words *list)
{
	vec_for_each(word, list)
		print_word(out, "", word);
}

static void print_span(struct buf *out, struct span span)
{
	buf_printf(out, " [%u:%u-%u]\n", span.source, span.start, span.end);
}

static void print_action(struct buf *out, const struct ast_action *action)
{
	buf_printf(out, " %s", action->row ? action->row->name : "?");
	print_word(out, "arg=", &action->arg);
	buf_puts(out, action->verified ? " verified" : "");
	print_word(out, "time=", &action->time);
}

static void print_clause(struct buf *out, const struct ast_clause *clause, int indent)
{
	buf_printf(out, "%*sclause%s %s%s", indent, "", clause->negated ? " not" : "",
		   clause->row->name, clause->value.negated ? " not" : "");
	print_words(out, &clause->value.atoms);
	if (clause->row->syntax == SYNTAX_ACTION)
		print_action(out, clause->action);
	print_span(out, clause->span);
}

static void print_rule(struct buf *out, const struct ast_rule *rule, int indent)
{
	buf_printf(out, "%*srule", indent, "");
	if (rule->id)
		buf_printf(out, " r%u", rule->id);
	print_action(out, &rule->verb);
	if (rule->origin.file.len)
		buf_printf(out, " from=" STR_FMT ":%u:%u-%u%s", STR_ARG(rule->origin.file),
			   rule->origin.line, rule->origin.start, rule->origin.end,
			   rule->origin.changed ? " changed" : "");
	print_span(out, rule->span);
	vec_for_each(clause, &rule->clauses)
		print_clause(out, clause, indent + 2);
}

static void print_expect(struct buf *out, const struct ast_expect *expect)
{
	buf_puts(out, "  expect");
	print_word(out, "", &expect->verdict);
	print_span(out, expect->span);
	vec_for_each(clause, &expect->clauses)
		print_clause(out, clause, 4);
}

static void print_element(struct buf *out, const struct ast_element *element)
{
	buf_puts(out, "  element");
	print_word(out, "", &element->word);
	print_word(out, "timeout=", &element->timeout);
	print_word(out, "comment=", &element->comment);
	print_span(out, element->word.span);
}

static void print_statement(struct buf *out, const struct ast_stmt *stmt)
{
	buf_add(out, stmt->key.text);
	print_word(out, "", &stmt->name);
	print_words(out, &stmt->args);
	print_word(out, "mode=", &stmt->mode);
	buf_puts(out, stmt->log ? " log" : "");
	print_word(out, "every=", &stmt->every);
	print_word(out, "type=", &stmt->type);
	print_word(out, "timeout=", &stmt->timeout);
	print_word(out, "size=", &stmt->size);
	print_word(out, "file=", &stmt->file);
	print_word(out, "comment=", &stmt->comment);
	buf_puts(out, stmt->has_block ? " block" : "");
	print_span(out, stmt->span);
	vec_for_each(element, &stmt->elements)
		print_element(out, element);
	vec_for_each(expect, &stmt->expects)
		print_expect(out, expect);
}

void ast_print(struct buf *out, const struct ast *ast)
{
	vec_for_each(stmt, &ast->stmts) {
		bool is_rule = stmt->kind == STMT_RULE;

		if (!is_rule)
			print_statement(out, stmt);
		vec_for_each(rule, &stmt->rules)
			print_rule(out, rule, is_rule ? 0 : 2);
	}
	vec_for_each(file, &ast->files)
		buf_printf(out, "file %u\n", file->source);
}
