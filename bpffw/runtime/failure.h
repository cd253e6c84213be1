/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A system failure, explained once: what was tried, on which object, why it failed, what to do.
 * Functions of runtime/ return a negative errno and fill the failure; nobody prints but the
 * command that gives up.
 */
#ifndef BPFFW_FAILURE_H
#define BPFFW_FAILURE_H

#include <stdbool.h>

/* Exit codes of LANGUAGE section 8. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_NO = 1,
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,
	EXIT_ABSENT = 4,
	EXIT_SYSTEM = 5,
	EXIT_ROLLED_BACK = 6,
};

struct failure {
	int err;             /* positive errno, 0: none */
	enum exit_code exit; /* EXIT_SYSTEM unless set otherwise */
	char what[512]; /* "cannot attach to eth0: xdp program 41 'lb' of another owner holds it" */
	char help[512]; /* "detach it, or ..."; empty: none */
	char *log;      /* verifier log worth showing with -v, or NULL; free() */
	bool classifier; /* the verifier refuses this one: another may do */
};

/* Fill @f; return -err. The text names object and cause; the errno's own words are appended. */
int fail(struct failure *f, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same for a cause that the text already tells. */
int fail_plain(struct failure *f, int err, enum exit_code exit, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Return: err as given, so that it chains: return fail_help(f, fail(...), "..."). */
int fail_help(struct failure *f, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void failure_clear(struct failure *f);

#endif
