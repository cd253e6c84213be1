/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A generation on trial (`apply --confirm`): unless somebody runs `bpffw confirm` in time, a timer
 * process of its own puts the generation before it back. The timer holds that generation's
 * programs, maps and links by descriptor and decides by what is in the slot, so neither removed
 * pins nor removed files keep it from rolling back; it holds no lock while it waits.
 *
 * <run>/confirm tells the other commands about it. It is there from before the commit until the
 * generation is confirmed or rolled back, and counts only while its generation is the one that
 * runs, in this boot.
 */
#ifndef BPFFW_CONFIRM_H
#define BPFFW_CONFIRM_H

#include <sys/types.h>

#include "bpffw/runtime/store.h"

#define CONFIRM_DEFAULT 60 /* seconds */
#define CONFIRM_MAX     86400

struct pending {
	uint32_t generation;
	uint32_t previous; /* comes back; 0: nothing ran, so every link is detached */
	uint32_t program;  /* id of what the slot holds while it waits */
	uint32_t seconds;  /* asked for */
	int64_t deadline;  /* CLOCK_BOOTTIME, ns */
	bool fail_open;    /* of the generation before it */
	pid_t timer;
	uint64_t timer_start; /* tells it from another process of that number */
	char tty[64];         /* where to tell; empty: nowhere */
	char boot[64];
};

/* Seconds until the rollback, 0: overdue; -1: nothing waits. Opens no store, takes no lock. */
int confirm_left(const struct paths *paths);

/* Return: false: nothing waits in this boot. */
bool confirm_read(const struct paths *paths, struct pending *ret_pending);

/* The same for what this store runs. */
bool confirm_waits(struct store *store, struct pending *ret_pending);

/* Its time has passed, and its timer is dead or does not act. */
bool confirm_overdue(const struct pending *pending);

/*
 * confirm_arm() - start the timer for a generation that is about to be committed.
 * It is ready when this returns: a SIGKILL of the caller from here on changes nothing.
 */
int confirm_arm(struct store *store, uint32_t number, uint32_t program, uint32_t seconds,
		struct failure *f);

/* End the wait, the slot stays as it is. The caller holds the lock. Nothing waits: nothing. */
void confirm_end(const struct paths *paths);

/*
 * confirm_roll_back() - what the timer does, for one that is dead: slot, pins, record, links.
 * Takes the lock itself.
 * Return: 1 rolled back, 0 no longer wanted (confirmed or replaced meanwhile), negative errno.
 */
int confirm_roll_back(const struct paths *paths, const struct pending *pending, struct failure *f);

#endif
