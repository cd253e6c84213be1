/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Warnings over a whole checked ruleset that need no kernel: rules that can never match or change
 * nothing, and shapes that surprise their admin later.
 */
#ifndef BPFFW_LINT_H
#define BPFFW_LINT_H

#include "compiler/ir/eval.h"
#include "compiler/lang/io.h"

/*
 * W201 to W209, W211, W212. Bounded time (about half a second): cover.h and unions.h say
 * which rules that hide each other are found. W204 only with a session in @env, W209 only with
 * its time.
 */
void lint_ruleset(struct diags *ds, const struct ruleset *rs, const struct env *env);

/*
 * The same, but W201 and W202 only of the rules (by id) that @now warns of in these codes: enough
 * to tell which of @now's warnings are no news.
 */
void lint_again(struct diags *ds, const struct ruleset *rs, const struct env *env,
		const struct diags *now);

#endif
