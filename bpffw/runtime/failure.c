/* SPDX-License-Identifier: GPL-3.0-or-later */
/* System failures: the message is put together where the failure happens, printed elsewhere. */
#include "bpffw/runtime/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(struct failure *f, int err, enum exit_code exit, const char *format, va_list args)
{
	free(f->log);
	*f = (struct failure){ .err = err, .exit = exit };
	vsnprintf(f->what, sizeof(f->what), format, args);
}

int fail(struct failure *f, int err, const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	fill(f, err, EXIT_SYSTEM, format, args);
	va_end(args);
	len = strlen(f->what);
	snprintf(f->what + len, sizeof(f->what) - len, ": %s", strerror(err));
	return -err;
}

int fail_plain(struct failure *f, int err, enum exit_code exit, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(f, err, exit, format, args);
	va_end(args);
	return -err;
}

int fail_help(struct failure *f, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->help, sizeof(f->help), format, args);
	va_end(args);
	return err;
}

void failure_clear(struct failure *f)
{
	free(f->log);
	*f = (struct failure){ 0 };
}
