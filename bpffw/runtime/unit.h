/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The unit <bpffs>/abi<N>: the dispatcher and its maps. It is made once and outlives every
 * generation; a generation is swapped in by one write to `jmp`.
 */
#ifndef BPFFW_UNIT_H
#define BPFFW_UNIT_H

#include <stdbool.h>

#include "bpffw/runtime/load.h"
#include "bpffw/runtime/mount.h"
#include "bpffw/runtime/netdev.h"

#define UNIT_NONE      ((struct unit){ -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, false })
#define _cleanup_unit_ __attribute__((cleanup(unit_close)))
void unit_close(struct unit *unit);

/* Load the dispatcher for the present network namespace; nothing is pinned, no counters yet. */
int unit_load(struct unit *ret_unit, struct failure *f);

/* Pin it as the directory @path, all or nothing: made as @path_new and renamed. */
int unit_pin(const struct unit *unit, const char *path, struct failure *f);

/* Return: -ENOENT: there is none; -EINVAL: something is missing or of another shape. */
int unit_open(const char *path, struct unit *ret_unit, struct failure *f);

/* Refuse a command from another network namespace than the unit's. */
int unit_check_netns(const struct unit *unit, const char *bpffs, struct failure *f);

/* Let the dispatcher know an interface by its stable number; 0 forgets it. */
int unit_number(const struct unit *unit, uint32_t ifindex, uint32_t number, struct failure *f);

/* Forget the interfaces that are gone: their numbers in the kernel are used again. */
int unit_sweep(const struct unit *unit, const netdevs *devices, struct failure *f);

/* `option fail`: what the dispatcher does without a ruleset. */
int unit_fail_open(const struct unit *unit, bool fail_open, bool *ret_was, struct failure *f);

/* Does the dispatcher jump through the slot? JMP_TRACE or JMP_DROPS. */
int unit_set_front(const struct unit *unit, enum jmp_slot slot, bool on, struct failure *f);
/* What lies in front of the ruleset: not JMP_LIVE. @program: -1 empties the slot */
int unit_write(const struct unit *unit, enum jmp_slot slot, int program, struct failure *f);
bool unit_has(const struct unit *unit, enum jmp_slot slot);

/* The program in the slot of `jmp`: its id, 0: empty. */
uint32_t unit_slot(const struct unit *unit);
/* Write the slot; -1 empties it. THE commit. */
int unit_commit(const struct unit *unit, int program, struct failure *f);

#endif
