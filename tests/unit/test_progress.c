/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line of what takes long: on a terminal only, after a second, and gone in the end. */
/* clang-format off */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpffw/ui/progress.h"
/* Behind ours: it has a macro `fail`. */
#include <cmocka.h>
/* clang-format on */

struct progress_case {
	const char *name;
	bool terminal, json, quiet;
	const char *term;
	unsigned int ms; /* how long it takes */
	const char *written;
};

/* clang-format off */
static const struct progress_case cases[] = {
	{ "more than a second", true, false, false, "xterm", 1200, "\rworking: 1 s\033[K\r\033[K" },
	{ "less",               true, false, false, "xterm", 100,  "" },
	{ "not a terminal",     false, false, false, "xterm", 1200, "" },
	{ "--json",             true, true, false, "xterm", 1200, "" },
	{ "-q",                 true, false, true, "xterm", 1200, "" },
	{ "a dumb terminal",    true, false, false, "dumb", 1200, "" },
};
/* clang-format on */

static void take(unsigned int ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

static bool is_right(const struct progress_case *c)
{
	struct invocation in = { .json = c->json, .quiet = c->quiet };
	int ends[2], kept = dup(STDERR_FILENO);
	char written[256] = "";
	ssize_t n, more = 1;

	if (c->terminal ? openpty(&ends[0], &ends[1], NULL, NULL, NULL) < 0 : pipe(ends) < 0)
		return false;
	setenv("TERM", c->term, 1);
	fflush(stderr);
	dup2(ends[1], STDERR_FILENO);
	progress_begin(&in, "working");
	take(c->ms);
	progress_end();
	progress_end();
	/* So that there is something to read. */
	fputs("!", stderr);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	/* A terminal gives what it has so far. */
	for (n = 0; !strchr(written, '!') && more > 0 && n < (ssize_t)sizeof(written) - 1;
	     n += more)
		more = read(ends[0], written + n, sizeof(written) - 1 - (size_t)n);
	return strncmp(written, c->written, strlen(c->written)) == 0 &&
	       strcmp(written + strlen(c->written), "!") == 0;
}

/* All at once, since each takes a second. */
static void test_cases(void **state)
{
	pid_t pids[sizeof(cases) / sizeof(*cases)];
	int status;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(!is_right(&cases[i]));
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		if (status)
			fail_msg("%s", cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
