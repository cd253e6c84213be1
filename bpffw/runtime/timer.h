/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process behind `apply --confirm`: waits, and rolls back (confirm.h). */
#ifndef BPFFW_TIMER_H
#define BPFFW_TIMER_H

#include "bpffw/runtime/confirm.h"

/* Of the caller to the timer: the generation is confirmed. */
#define TIMER_CONFIRMED SIGUSR1

/*
 * timer_start() - fork it into a session of its own. It holds what it needs when this returns.
 * @ret_pid: also stored in its own copy of @pending
 */
int timer_start(const struct paths *paths, const struct pending *pending, pid_t *ret_pid,
		struct failure *f);

/* Start time of a process in ticks since boot; 0: there is none, or it is a zombie. */
uint64_t timer_process_start(pid_t pid);

/* Nanoseconds since boot, suspended time included. */
int64_t timer_now(void);

#endif
