/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One lock for all writers: flock on <run>/lock, which holds pid and command of the holder. */
#ifndef BPFFW_LOCK_H
#define BPFFW_LOCK_H

#include "bpffw/runtime/failure.h"

#define LOCK_WAIT_MS 5000

/* Close the descriptor to unlock; the kernel does it when the holder dies. */
int lock_take(const char *run_dir, int wait_ms, int *ret_fd, struct failure *f);

#endif
