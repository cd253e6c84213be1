/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `bpffw watch` does now and then. Enforcement depends on none of it: a chore tidies up,
 * reports or keeps. One file, its name in CHORES(X).
 */
#ifndef BPFFW_CHORES_H
#define BPFFW_CHORES_H

#include "bpffw/opt.h"

/* clang-format off */
#define CHORES(X) \
	X(overdue) X(bans)
/* clang-format on */

struct chore {
	const char *name;
	unsigned int seconds; /* between two runs; 0: only at the end */
	void (*run)(const struct invocation *in);
	void (*end)(const struct invocation *in); /* the watcher ends (shutdown); NULL: nothing */
};

#define X(name) extern const struct chore chore_##name;
CHORES(X)
#undef X

#endif
