/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The steps of a swap that touch the kernel, each with its undoing, and the repair of what a
 * killed writer left.
 */
#ifndef BPFFW_SWAP_H
#define BPFFW_SWAP_H

#include "bpffw/runtime/inside.h"

/*
 * Pin the generation under gen/<n>, all or nothing.
 * @old: the counters it takes over from when it has a larger pair of its own; NULL: none
 */
int swap_pin(struct store *store, uint32_t number, const struct loaded *loaded,
	     const struct counters *counters, const struct counters *old, struct failure *f);

/* Forget a generation that never ran: files, then pins. */
void swap_forget(struct store *store, uint32_t number);

/* Unpin all generations but these two, and delete the files of all but the newest 20. */
void swap_free_old(struct store *store, uint32_t running, uint32_t replaced);

/* Final totals of a generation that grew its counters: no packet may be in the old one. */
int swap_finish_counters(struct store *store, uint32_t number, struct failure *f);

/* Wait until no packet is inside a program that the slot named before the last write. */
void swap_grace(void);

/* Repair: half-made pins, files, waiting links, unfinished counters. */
int swap_recover(struct store *store, struct failure *f);

#endif
