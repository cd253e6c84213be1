/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drops as they happen, told by a program in front of the running ruleset (bpf/drops.bpf.c), also
 * where no rule says `log`. It takes itself out of the way when its monitor was killed.
 */
#ifndef BPFFW_DROPS_H
#define BPFFW_DROPS_H

#include <stdint.h>

#include "bpffw/runtime/failure.h"

struct unit;
struct drops;

int drops_open(const struct unit *unit, struct drops **ret_drops, struct failure *f);
void drops_close(struct drops *drops);

/* The ring of its events. */
int drops_ring(const struct drops *drops);
/* Events for which there was no room. */
uint64_t drops_lost(const struct drops *drops);

/* The monitor lives: to be called once a second. */
int drops_keep(const struct drops *drops, struct failure *f);

/* What a monitor that no longer lives left. */
int drops_clear(const struct unit *unit, struct failure *f);

#endif
