/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interfaces a ruleset is for: its `interface` lines met with what exists now. */
#ifndef BPFFW_TARGETS_H
#define BPFFW_TARGETS_H

#include "bpffw/runtime/netdev.h"
#include "compiler/lang/rule.h"

struct target {
	struct str name;
	const struct netdev *device; /* NULL: it does not exist now */
	uint32_t number;             /* stable interface number */
	enum iface_mode mode;
	struct span span; /* of the interface line */
};
typedef VEC(struct target) targets;

/*
 * targets_find() - globs expanded to what is present, an exact line beats a glob, each name once.
 * Names without a number get the next one in rs->iface_names.
 */
targets targets_find(struct arena *arena, struct ruleset *rs, const netdevs *devices);

/* How many of rs->iface_names are worth a record: up to the last one in use. */
uint32_t targets_names_used(const struct ruleset *rs, const targets *all);

/*
 * targets_check_vlan() - a rule that matches `vlan` needs the tag in the frame: refuse where an
 * offload takes it out before XDP sees it; warn (W213) where that cannot be told.
 */
int targets_check_vlan(struct diags *ds, const struct ruleset *rs, const targets *all,
		       const netdevs *devices, struct failure *f);

#endif
