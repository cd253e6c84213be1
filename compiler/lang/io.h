/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the compiler gets at files and at what the host knows, without a system call of its own:
 * bpffw/ and the tests hand it these callbacks. Every returned text lives in @arena.
 */
#ifndef BPFFW_IO_H
#define BPFFW_IO_H

#include "compiler/base/str.h"
#include "compiler/base/vec.h"

typedef VEC(struct str) strs;

struct io {
	void *ctx;
	/*
	 * The whole regular file. Return: NULL and the text, or why it cannot be read as a phrase
	 * for the user ("no such file", "is a directory", "is a FIFO", "is larger than 64 MB").
	 */
	const char *(*read)(void *ctx, struct arena *arena, const char *path, struct str *ret_text);
	/* The existing paths that match, sorted bytewise. */
	strs (*glob)(void *ctx, struct arena *arena, const char *pattern);
	/* Port of a service in /etc/services; @proto is "tcp" or "udp". Built-ins come before. */
	bool (*service)(void *ctx, const char *name, const char *proto, uint16_t *ret_port);
};

/* Reads nothing, knows nothing: for text that stands alone. */
extern const struct io io_none;

/* A connection by which the admin is here, seen from this host. */
struct ssh_session {
	unsigned int family; /* 4, 6; 0: none */
	unsigned __int128 addr, local;
	uint16_t port, local_port;
};

/* What is true outside the text. Zeroed: a fresh host at no particular time. */
struct env {
	const struct io *io;
	/* Interface names by number: [0] is interface number 1. Sema appends names it meets. */
	strs interfaces;
	struct str cwd;     /* makes the path of a list file absolute; len 0: it stays */
	uint32_t n_present; /* of them, how many exist now (a prefix of the list) */
	bool check_present; /* W151 for names that do not exist now */
	/* Sets, `allowlist` and `blacklist` that have entries beside those of the text. */
	strs runtime_sets;
	bool command;       /* the newest rule was typed as a command: E171, not W209 */
	uint64_t now;       /* seconds since the epoch, UTC; 0: unknown, no E171/W209 */
	int32_t utc_offset; /* seconds east, for local times */
	/* Peer of the admin's ssh session for W204 and the lock-out check; family 0: none. */
	struct ssh_session session;
	/* Others that the lock-out check must not cut either. */
	VEC(struct ssh_session) more_sessions;
};

#endif
