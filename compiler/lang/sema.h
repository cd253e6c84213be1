/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, values, families, lists, loops: an ast becomes resolved rules. */
#ifndef BPFFW_SEMA_H
#define BPFFW_SEMA_H

#include "compiler/lang/rule.h"

/*
 * sema_ruleset() - check and resolve; reports everything it finds in one pass.
 * Return: the ruleset; meaningful only if no error was reported (ds->n_errors). Features that
 * are not there yet are listed in ->unsupported, not reported: compile() does that.
 */
struct ruleset *sema_ruleset(struct diags *ds, const struct ast *ast, struct env *env);

/* Resolve the clauses of explain and trace against a checked ruleset (for its sets). */
bool sema_packet(struct diags *ds, const struct ruleset *rs, const struct env *env,
		 const struct ast_clause *clauses, uint32_t n_clauses, struct expect *ret_packet);

/*
 * Entries that a command names, as words or as the lines of a list file, appended to those of
 * @set, whose type is given. Return: false when something was reported.
 */
bool sema_entries(struct diags *ds, struct env *env, const words *written, struct set *set);
bool sema_entry_lines(struct diags *ds, struct env *env, uint32_t source, struct set *set);

#endif
