/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bpffw.ruleset/1 */
#ifndef BPFFW_LIST_JSON_H
#define BPFFW_LIST_JSON_H

#include "bpffw/cmd/entries.h"

void list_print_json(const struct generation *gen, const struct totals *totals,
		     const struct attached *attached, uint32_t n_attached, struct lists *lists);

/* What becomes of the excess of a limit; of a SYN that a rule answers. */
enum act_over excess_of(const struct rule *rule);
const char *excess_outcome(enum act_over over);

#endif
