/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program that records outgoing flows, on the TC egress hook of each interface: as a tcx link
 * pinned in <bpffs>/egress, or, where the kernel has none (before 6.6), as a clsact filter of our
 * own priority with the program pinned there. It only observes, so it is attached before the
 * ruleset that asks for its flows, and taken off behind the one that no longer does.
 */
#ifndef BPFFW_EGRESS_H
#define BPFFW_EGRESS_H

#include "bpffw/runtime/seed.h"
#include "bpffw/runtime/state.h"
#include "bpffw/runtime/targets.h"

struct egress_link {
	struct str name; /* of the interface */
	struct str pin;  /* path */
	uint32_t ifindex;
	uint32_t program; /* id of what it runs */
	bool filter;      /* clsact; else a link */
	bool gone;        /* its interface is gone, or the filter is no longer there */
	bool made;        /* by egress_prepare() */
	bool wanted;      /* by the ruleset at hand */
};

struct egress {
	int program; /* -1: the ruleset asks for no flows */
	bool fresh;  /* not pinned yet */
	VEC(struct egress_link) links;
	strs made; /* names of the interfaces that are tracked only now */
};

/*
 * egress_prepare() - before the commit: load what is needed, attach it where it is missing.
 * After an error nothing is left that was not there.
 */
int egress_prepare(struct store *store, struct arena *arena, const struct state *state,
		   const targets *all, const netdevs *devices, struct egress *ret_egress,
		   struct failure *f);
/* What has a socket, where interfaces are tracked only now. @map: the flow table */
int egress_seed(const struct egress *egress, int map, struct seeded *ret_seeded, struct failure *f);
/* After a failed change: take off what egress_prepare() attached. */
void egress_undo(struct egress *egress);
/* Behind the commit: every wanted link runs the present program; the others go, unless @keep: a
 * rollback may want them back. */
int egress_settle(struct store *store, struct egress *egress, bool keep, struct failure *f);
void egress_close(struct egress *egress);

/*
 * egress_follow() - make the tracked interfaces fit the generation that runs: behind a rollback
 * (its flow table may be another one), and for interfaces that have come.
 * @keep: those that are not in @all stay
 * What has a socket on those that are tracked only now is seeded.
 */
int egress_follow(struct store *store, struct arena *arena, const targets *all,
		  const netdevs *devices, bool keep, struct failure *f);
/* What a killed writer left: links that the running ruleset does not ask for (unless @keep), pins
 * of what is gone. */
int egress_recover(struct store *store, const netdevs *devices, bool keep, struct failure *f);
/* panic open */
int egress_detach_all(struct store *store, struct arena *arena, const netdevs *devices,
		      struct failure *f);
/* Names of the interfaces that are tracked, in the arena. */
int egress_tracked(struct store *store, struct arena *arena, strs *ret_names, struct failure *f);

#endif
