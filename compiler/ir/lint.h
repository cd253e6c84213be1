/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Warnings over a whole checked ruleset that need no kernel: rules that can never match or change
 * nothing, and shapes that surprise their admin later.
 */
#ifndef BPFFW_LINT_H
#define BPFFW_LINT_H

#include "compiler/ir/eval.h"
#include "compiler/lang/io.h"

/* W201 to W209, W211, W212. Bounded time: see lint.c for what is not looked at. */
void lint_ruleset(struct diags *ds, const struct ruleset *rs, const struct env *env);

#define LINT_NONE UINT32_MAX

/* The earlier rule (index) that alone decides every packet of rule @rule; LINT_NONE: none found. */
uint32_t lint_coverer(struct arena *arena, const struct ruleset *rs, uint32_t rule);

/*
 * The lock-out question: a new SYN from the address of the admin's session to its local port, on
 * any listed interface, not established. @env->session.family is not 0.
 */
struct eval_trace lint_session(struct arena *arena, const struct ruleset *rs,
			       const struct env *env);

#endif
