/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The larger checks of lint.c, and what they share with the small ones. */
#ifndef BPFFW_LINT_SHAPES_H
#define BPFFW_LINT_SHAPES_H

#include "compiler/ir/lint.h"

void lint_session(struct diags *ds, const struct ruleset *rs, const struct env *env); /* W204 */
void lint_management(struct diags *ds, const struct ruleset *rs);                     /* W206 */
void lint_proxies(struct diags *ds, const struct ruleset *rs);                        /* W207 */
void lint_lists(struct diags *ds, const struct ruleset *rs);                          /* W208 */
void lint_families(struct diags *ds, const struct ruleset *rs);                       /* W211 */

/* "rule 'web'", "rule r7", "this rule" where it has no id yet */
const char *lint_label(struct arena *arena, const struct rule *rule);

/* The newest warning is about the whole ruleset, not about one rule. */
void lint_once(struct diags *ds);
/* A match of the rule reads the field at this offset of struct pkt. */
bool lint_has_field(const struct rule *rule, uint16_t offset);
/* The rule can match packets of this protocol, as far as its protocol clauses go. */
bool lint_takes(const struct ruleset *rs, const struct rule *rule, uint8_t proto);

#endif
