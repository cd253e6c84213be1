/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A change under way: what change.c prepares and live.c puts into force. */
#ifndef BPFFW_WORK_H
#define BPFFW_WORK_H

#include <time.h>

#include "bpffw/runtime/change.h"
#include "bpffw/runtime/egress.h"
#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/lists.h"
#include "bpffw/runtime/state.h"
#include "bpffw/runtime/targets.h"

struct work {
	struct store *store; /* NULL: nothing is loaded (check without root) */
	struct diags *ds;
	struct env *env;
	const struct change *change; /* NULL: check only */
	struct failure *f;
	struct arena *arena;
	struct change_result *result;
	struct ruleset *rs;
	list_reads lists; /* the list files it was made from */
	netdevs devices;
	targets targets;
	uint32_t entries;              /* counter slots wanted */
	uint64_t *fresh;               /* slots that no kept generation uses */
	struct counters old, counters; /* of the running generation; of this one */
	bool keep_links;               /* also where the ruleset does not list the interface */
	bool lenient; /* an interface that cannot be attached is a warning (W215) */
	bool grown;   /* this one has a larger pair of its own */
	struct compiled compiled;
	struct state state; /* shared with the generations before and after */
	struct egress egress;
	struct loaded loaded;
};

/* Monotonic, ns. */
static inline uint64_t work_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * live_change() - pin, write the files, attach, commit, detach what is no longer listed.
 * An error before the commit or in it undoes everything; one behind it is a warning (W214).
 */
int live_change(struct work *w);

/* The running generation: attach where it is wanted and is not, detach where it is not listed. */
int live_settle(struct work *w);

#endif
