/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reader's end of the events that rules with `log` report, and of drops that none does
 * (bpf/event.h).
 */
#ifndef BPFFW_EVENTS_H
#define BPFFW_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/event.h"
#include "bpffw/runtime/failure.h"

struct store;
struct compiled;

/* For the table in state.c: `actions` has the maps. */
uint32_t events_wanted(const struct compiled *compiled);

struct events;

/*
 * events_open() - become the reader of the ring; there is one at a time (-EBUSY names the other).
 * What was reported before is passed over.
 * @drops: also those that no rule logs, from now on
 * Return: -ENOENT when no ruleset has had a `log` yet, and it is not about drops.
 */
int events_open(struct store *store, bool drops, struct events **ret_events, struct failure *f);
void events_close(struct events *events);

/* A newer ruleset may be the first that has a `log`. Return: -ENOENT: still none has. */
int events_find(struct events *events, struct store *store, struct failure *f);

/* Repair: remove what a reader that no longer lives left. */
int events_recover(struct store *store, struct failure *f);

/* Deliver what is there, waiting up to @wait_ms for the first. Return: -EINTR on a signal. */
int events_poll(struct events *events, int wait_ms,
		void (*each)(void *ctx, const struct event *event), void *ctx, struct failure *f);

/* Events lost since events_open(): no room in the ring, or too many of all rules together. */
uint64_t events_lost(const struct events *events);

#endif
