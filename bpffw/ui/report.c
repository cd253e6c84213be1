/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "FILE:LINE:COL: error: TEXT [CODE]" first, so that editors and CI jump to it; then the line with
 * a caret, then help. Everything that came from outside is escaped.
 */
#include "bpffw/ui/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bpffw/ui/json.h"
#include "bpffw/ui/render.h"
#include "bpffw/ui/text.h"

#define REPORT_MAX 20

bool report_color(const struct invocation *in, int fd)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	if (in->color != COLOR_AUTO)
		return in->color == COLOR_ALWAYS;
	if ((no_color && *no_color) || !term || strcmp(term, "dumb") == 0)
		return false;
	return isatty(fd) == 1;
}

unsigned int report_width(int fd)
{
	struct winsize size;

	if (isatty(fd) != 1)
		return 0;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}

/* Every key is always there. @ds: where @span lies; NULL: nowhere. */
static json_t *error_json(struct diags *ds, struct span span, const char *code,
			  enum severity severity, const char *message, const char *help)
{
	struct position at = { 0 };
	struct str file = { 0 };
	json_t *object = json_object();

	if (ds && span.source) {
		at = diag_position(ds, span);
		file = ds->sources.data[span.source].name;
	}
	json_object_set_new(object, "file", json_str_or_null(file));
	json_object_set_new(object, "line", at.line ? json_integer(at.line) : json_null());
	json_object_set_new(object, "col", at.line ? json_integer(at.col) : json_null());
	json_object_set_new(object, "end_col", at.line ? json_integer(at.end_col) : json_null());
	json_object_set_new(object, "code", code ? json_string(code) : json_null());
	json_object_set_new(object, "severity",
			    json_string(severity == SEVERITY_ERROR ? "error" : "warning"));
	json_object_set_new(object, "message", json_str(str_of(message)));
	json_object_set_new(object, "help", help ? json_str(str_of(help)) : json_null());
	return object;
}

static void write_json_errors(json_t *errors)
{
	json_t *object = json_schema("error");

	json_object_set_new(object, "errors", errors);
	fflush(stdout);
	json_line(stderr, object);
}

static void write_text(const struct buf *text)
{
	fflush(stdout);
	if (text->len)
		fwrite(text->data, 1, text->len, stderr);
}

/* The diags to show, at most 20 of each severity; -q shows no warnings. */
static bool take(const struct invocation *in, const struct diag *d, unsigned int *counts)
{
	if (d->severity == SEVERITY_WARNING && in->quiet)
		return false;
	return counts[d->severity]++ < REPORT_MAX;
}

static void report_json(const struct invocation *in, struct diags *ds)
{
	unsigned int counts[2] = { 0 };
	json_t *errors = json_array();

	vec_for_each(d, &ds->list)
		if (take(in, d, counts))
			json_array_append_new(errors,
					      error_json(ds, d->span, diag_code_name(d->code),
							 d->severity, d->message, d->help));
	if (json_array_size(errors))
		write_json_errors(errors);
	else
		json_decref(errors);
}

void report_diags(const struct invocation *in, struct diags *ds)
{
	bool color = report_color(in, STDERR_FILENO);
	struct buf out = { .arena = ds->arena };
	unsigned int counts[2] = { 0 };

	diag_sort(ds);
	if (in->silent)
		return;
	if (in->json) {
		report_json(in, ds);
		return;
	}
	vec_for_each(d, &ds->list)
		if (take(in, d, counts))
			render_diag(&out, ds, d, color, report_width(STDERR_FILENO));
	for (int severity = 0; severity < 2; severity++) {
		const char *noun = severity == SEVERITY_ERROR ? "more error" : "more warning";

		if (counts[severity] <= REPORT_MAX)
			continue;
		text_count(&out, counts[severity] - REPORT_MAX, noun);
		buf_puts(&out, "\n");
	}
	write_text(&out);
}

static enum exit_code report_line(const struct invocation *in, enum exit_code code,
				  const char *what, const char *help)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = { .arena = arena };

	if (in->silent)
		return code;
	if (in->json) {
		json_t *error =
			error_json(NULL, (struct span){ 0 }, NULL, SEVERITY_ERROR, what, help);

		write_json_errors(json_pack("[o]", error));
		return code;
	}
	render_line(&out, SEVERITY_ERROR, what, help, report_color(in, STDERR_FILENO));
	write_text(&out);
	return code;
}

enum exit_code report_error(const struct invocation *in, enum exit_code code, const char *help,
			    const char *format, ...)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	va_list args;
	char *what;

	va_start(args, format);
	what = arena_vprintf(arena, format, args);
	va_end(args);
	return report_line(in, code, what, help);
}

enum exit_code report_failure(const struct invocation *in, const struct failure *f)
{
	enum exit_code code = f->exit ? f->exit : EXIT_SYSTEM;

	report_line(in, code, f->what[0] ? f->what : strerror(f->err), f->help[0] ? f->help : NULL);
	if (in->verbose && f->log && !in->json) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct buf out = { .arena = arena };

		render_log(&out, str_of(f->log));
		write_text(&out);
	}
	return code;
}
