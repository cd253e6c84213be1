/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the compiler asks of the host: files, services, interfaces, the ssh session, the clock. */
#ifndef BPFFW_HOST_H
#define BPFFW_HOST_H

#include "compiler/lang/io.h"

/* Largest rule or list file read (bytes). */
#define HOST_FILE_MAX ((uint64_t)64 << 20)

/* Regular files only (no FIFO, device, directory), bounded, NUL allowed (the lexer reports it). */
extern const struct io host_io;

/* Parent of a process; 0: not known. */
int host_parent(struct arena *arena, int pid);

/*
 * host_io, present interfaces (libmnl), clock, UTC offset, and the ssh session: SSH_CONNECTION of
 * this process or, where sudo removed it, of the nearest ancestor that has it.
 */
struct env host_env(struct arena *arena);

#endif
