/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pins kept by descriptor, so that they can be put back when somebody removes the files. */
#ifndef BPFFW_HOLD_H
#define BPFFW_HOLD_H

#include <sys/types.h>

#include <stdbool.h>

#include "compiler/base/str.h"
#include "compiler/base/vec.h"

struct held {
	const char *path; /* in the arena */
	int fd;
};
typedef VEC(struct held) holds;

/* Open every pin below @path; what cannot be opened is left out. */
void hold_pins(struct arena *arena, const char *path, holds *held);

/* Descriptor of the pin that was at @path; -1: not held. */
int hold_find(const holds *held, const char *path);

/* Pin again what is no longer there, but no link that was detached. */
void hold_restore(const holds *held);

/* Another object is pinned below @dir by now than the one held. */
bool hold_replaced(const holds *held, const char *dir);

void hold_close(holds *held);

#endif
