/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Jiffies, which programs read for 1 ns and user space not at all: a program reads them for it. */
#ifndef BPFFW_TICKS_H
#define BPFFW_TICKS_H

#include <stdint.h>

#include "bpffw/runtime/failure.h"

/* ns from one to the next; 0: the host does not tell. */
uint64_t ticks_length(void);

/* What bpf_jiffies64() says in a program. */
int ticks_read(uint64_t *ret_jiffies, struct failure *f);

/* @ret_ns: CLOCK_MONOTONIC at the tick @ret_jiffies, to a few us. */
int ticks_read_pair(uint64_t *ret_jiffies, uint64_t *ret_ns, struct failure *f);

#endif
