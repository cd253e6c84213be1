/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What commands share that go on until Ctrl-C: signals, and the clock of the kernel's events. */
#ifndef BPFFW_FOLLOW_H
#define BPFFW_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "bpffw/cmd/common.h"

#define FOLLOW_POLL_MS 200

/* From begin to end SIGINT and SIGTERM end the command, not the process. */
void follow_begin(void);
void follow_end(void);
bool follow_interrupted(void);

/* ns from the clock of events to the wall's. */
int64_t follow_epoch(void);
/* ns of the clock of events. */
uint64_t follow_now(void);

/* The session and the running generation anew. Return: false: none runs, reported. */
bool follow_generation(struct session *s, struct generation *gen);

/* "eth0"; "?": a number of no interface */
struct str follow_interface(const struct generation *gen, uint32_t number);

#endif
