/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The dispatcher on interfaces: one pinned bpf_link each, in <bpffs>/link.
 *
 * A new interface first gets a link that passes everything (the same as before it had one); when
 * the new ruleset is in the slot, the link is updated to the dispatcher, which cannot fail for
 * reasons of the interface. So no packet meets a ruleset that is not meant for its interface,
 * and a kill in between leaves the interface as open as it was.
 */
#ifndef BPFFW_LINKS_H
#define BPFFW_LINKS_H

#include "bpffw/runtime/targets.h"
#include "bpffw/runtime/unit.h"

struct link {
	struct str name; /* of the interface: by its present name, a rename does not matter */
	struct str pin;  /* path */
	uint32_t ifindex;
	uint32_t program; /* id of what it runs */
	bool native;
	bool waiting; /* it runs unit->waiting */
	bool gone;    /* its interface is gone or in another network namespace */
	bool made;    /* by links_attach() */
	bool wanted;  /* by the ruleset at hand */
};
typedef VEC(struct link) links;

/* The path of a device's pin in @dir, and the name that such a pin tells: for egress too. */
struct str links_pin(struct arena *arena, const char *dir, const struct netdev *device);
struct str links_device(struct arena *arena, const char *leaf);

/* All pinned links. @dir may be absent: none. */
int links_read(const char *dir, struct arena *arena, const struct unit *unit,
	       const netdevs *devices, links *ret_links, struct failure *f);

/*
 * links_attach() - make a waiting link on the target's device and pin it; added to @all.
 * Errors name the holder of an occupied hook, the MTU, the missing privilege.
 */
int links_attach(const char *dir, struct arena *arena, const struct unit *unit,
		 const struct target *target, links *all, struct failure *f);

/* Let a link run the unit's dispatcher (atomically). */
int links_update(const struct link *link, const struct unit *unit, struct failure *f);

/* Let a link pass everything, as before it was made. */
int links_suspend(const struct link *link, const struct unit *unit, struct failure *f);

/* Detach and unpin. The interface is open from here on. */
int links_detach(const struct link *link, const struct unit *unit, struct failure *f);

#endif
