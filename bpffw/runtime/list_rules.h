/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules as they are in force at the moment: with what the lists hold beside their text. */
#ifndef BPFFW_RUNTIME_LIST_RULES_H
#define BPFFW_RUNTIME_LIST_RULES_H

#include "bpffw/runtime/list.h"

/* A change of run-time entries that has not been made. */
struct list_delta {
	struct str name;
	bool removed; /* else added */
	const list_prefixes *prefixes;
};

/*
 * lists_in_rules() - a copy of @rs whose sets and lists also have their live run-time entries, for
 * descriptions and the lock-out check. Only the members are those; .entries stay those of the text.
 * @lists: NULL: there are no run-time entries
 * @delta: NULL: none
 */
int lists_in_rules(struct lists *lists, struct arena *arena, const struct ruleset *rs,
		   const struct list_delta *delta, struct ruleset **ret_rs, struct failure *f);

#endif
