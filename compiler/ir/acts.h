/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of what places do besides counting and deciding (bpf/act.h), and its bound. */
#ifndef BPFFW_ACTS_H
#define BPFFW_ACTS_H

#include "bpf/act.h"
#include "compiler/ir/cube.h"

/* One entry for each place with an act, and the default's, by its number; places->n_acts of them.
 */
struct act_entry *acts_make(struct arena *arena, const struct places *places);

/* What becomes of the excess of a rule with a limit. */
enum act_over acts_over(const struct rule *rule);

/* What cells of limits mean, by number: LIMIT_NUMBERS of them. */
void acts_units(const struct act_entry *acts, uint32_t n, struct limit_unit *ret_units);

/*
 * acts_bound() - no packet of the family meets more than ACTS_ON_A_WAY places that act and go on.
 * Return: NULL, or which rules can meet in one packet
 */
const char *acts_bound(struct arena *arena, const struct places *places, const struct cubes *cubes);

#endif
