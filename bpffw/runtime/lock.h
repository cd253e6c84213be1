/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One lock for all writers: flock on <run>/lock, which holds pid and command of the holder. */
#ifndef BPFFW_LOCK_H
#define BPFFW_LOCK_H

#include "bpffw/runtime/failure.h"

#define LOCK_WAIT_MS 5000

/* Close the descriptor to unlock; the kernel does it when the holder dies. */
int lock_take(const char *run_dir, int wait_ms, int *ret_fd, struct failure *f);

/*
 * lock_reader() - the lock of what has one reader at a time, in @dir (made when absent).
 * @doing: "reading the events": what the refusal (EXIT_REFUSED) says of the other one
 */
int lock_reader(const char *dir, const char *doing, const char *help, int *ret_fd,
		struct failure *f);

#endif
