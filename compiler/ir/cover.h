/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules that another rule hides. A cover is found only where it is certain: one earlier allow or
 * drop without `when`, `until`, a rate or an @set, at a place that no packet can go round: in the
 * same chain, or before the only jump to it. Rules inside a chain against rules behind its jump
 * are not looked at, nor what a jump's own matches leave out; unions.h finds some of those.
 */
#ifndef BPFFW_COVER_H
#define BPFFW_COVER_H

#include "compiler/ir/space.h"

#define COVER_NONE      UINT32_MAX
#define COVER_ESSENTIAL (UINT32_MAX - 1)
#define COVER_FRAGMENTS (UINT32_MAX - 2)
#define COVER_NOTHING   (UINT32_MAX - 3) /* no packet fits the rule to begin with */

struct cover;

/* @scratch is cleared by each question. */
struct cover *cover_new(struct arena *arena, struct arena *scratch, const struct ruleset *rs);

/*
 * cover_find() - the first rule (index), or COVER_ESSENTIAL, COVER_FRAGMENTS, that decides every
 * packet of @rule before it; COVER_NOTHING where its own matches leave none.
 * Return: COVER_NONE also when the work for one ruleset is used up (about 0.2 s).
 */
uint32_t cover_find(struct cover *cover, uint32_t rule);

/* Rule @by matches every packet of rule @rule, whatever their places. */
bool cover_pair(struct cover *cover, uint32_t by, uint32_t rule);

/* The packets a rule can match, its @set matches left out (a set can change). */
struct space cover_space(struct arena *arena, const struct ruleset *rs, const struct rule *rule);

#endif
