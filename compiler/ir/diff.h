/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which rule of one ruleset is which of another: by preset id, else by name, else by canonical
 * text (in the chain of the same name first), the n-th twin to the n-th. Ids and counter slots
 * follow from it, and so does the textual `diff`. Time and memory are linear (moves: n log n).
 */
#ifndef BPFFW_DIFF_H
#define BPFFW_DIFF_H

#include "compiler/lang/rule.h"

#define DIFF_NONE UINT32_MAX

struct diff {
	uint32_t *new_of_old; /* DIFF_NONE: removed */
	uint32_t *old_of_new; /* DIFF_NONE: added */
	bool *moved;          /* by new rule: kept, but in another chain or order */
	/* A kept rule is one of: changed (text, name or comment), else moved, else unchanged. */
	uint32_t n_added, n_removed, n_changed, n_unchanged, n_moved;
};

struct diff diff_rules(struct arena *arena, const struct ruleset *old_rs,
		       const struct ruleset *new_rs);

/* How many counter slots the rules need. */
uint32_t diff_slots(const struct ruleset *rs);

/*
 * Give every rule of @new_rs its id and counter slot (a limit: two, and its clock): those of its
 * match in @old_rs (may be NULL), else the next free id (never reused) and the lowest slot not set
 * in @slots_used (a bitmap of @n_slots, slot n is bit n % 64 of word n / 64; bits of new slots are
 * set; slots below SLOT_RULES are never given). A rule whose id is preset keeps it and the slot of
 * the old rule with that id. Return: false when the slots ran out.
 */
bool diff_inherit(struct arena *arena, const struct ruleset *old_rs, struct ruleset *new_rs,
		  uint64_t *slots_used, uint32_t n_slots);

/*
 * The lines of `diff`: "-" and "+" of statements first, then of set entries and rules below
 * "@@ set NAME @@", "@@ after NAME @@". Nothing at all is printed when nothing differs. List
 * statements (allowlist, blacklist) are not compared.
 */
void diff_print(struct buf *out, const struct ruleset *old_rs, const struct ruleset *new_rs,
		const struct diff *diff);

#endif
