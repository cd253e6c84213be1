/* SPDX-License-Identifier: GPL-3.0-or-later */
/* <run>/confirm: who waits for what, written before the commit and removed at the end. */
#include "bpffw/runtime/confirm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <jansson.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/timer.h"

#define SCHEMA     "bpffw.confirm/1"
#define NS         1000000000ll
#define LATE_DEAD  (NS / 2)  /* nobody is left to act */
#define LATE_ALIVE (15 * NS) /* the timer lives, but it is stopped or waits for a lock */
#define END_MS     2000

static void file_path(const struct paths *paths, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s/confirm", paths->run_dir);
}

static int write_pending(const struct paths *paths, const struct pending *p, struct failure *f)
{
	char path[4096], *text;
	json_t *root = json_pack(
		"{s:s,s:I,s:I,s:I,s:I,s:I,s:b,s:I,s:I,s:s,s:s}", "schema", SCHEMA, "generation",
		(json_int_t)p->generation, "previous", (json_int_t)p->previous, "program",
		(json_int_t)p->program, "seconds", (json_int_t)p->seconds, "deadline",
		(json_int_t)p->deadline, "fail_open", p->fail_open, "timer", (json_int_t)p->timer,
		"timer_start", (json_int_t)p->timer_start, "tty", p->tty, "boot", p->boot);
	int ret;

	file_path(paths, path, sizeof(path));
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!text)
		return fail(f, ENOMEM, "cannot write %s", path);
	ret = file_replace(path, text, strlen(text), f);
	free(text);
	return ret;
}

static uint32_t number_of(const json_t *root, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(root, key));
}

static void copy_text(const json_t *root, const char *key, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(root, key));

	snprintf(to, size, "%s", text ? text : "");
}

static void current_boot(char *ret_boot, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct str boot = record_boot(arena);

	snprintf(ret_boot, size, STR_FMT, STR_ARG(boot));
}

bool confirm_read(const struct paths *paths, struct pending *ret_pending)
{
	struct pending p = { 0 };
	char path[4096], boot[64];
	json_error_t error;
	json_t *root;

	file_path(paths, path, sizeof(path));
	root = json_load_file(path, 0, &error);
	p.generation = number_of(root, "generation");
	p.previous = number_of(root, "previous");
	p.program = number_of(root, "program");
	p.seconds = number_of(root, "seconds");
	p.deadline = json_integer_value(json_object_get(root, "deadline"));
	p.fail_open = json_is_true(json_object_get(root, "fail_open"));
	p.timer = (pid_t)number_of(root, "timer");
	p.timer_start = (uint64_t)json_integer_value(json_object_get(root, "timer_start"));
	copy_text(root, "tty", p.tty, sizeof(p.tty));
	copy_text(root, "boot", p.boot, sizeof(p.boot));
	json_decref(root);
	current_boot(boot, sizeof(boot));
	if (!p.generation || !p.program || strcmp(p.boot, boot) != 0)
		return false;
	*ret_pending = p;
	return true;
}

int confirm_left(const struct paths *paths)
{
	struct pending pending;
	int64_t left;

	if (!confirm_read(paths, &pending))
		return -1;
	left = (pending.deadline - timer_now() + NS - 1) / NS;
	return left < 0 ? 0 : (int)left;
}

bool confirm_waits(struct store *store, struct pending *ret_pending)
{
	return confirm_read(&store->paths, ret_pending) &&
	       ret_pending->generation == store->running && ret_pending->program == store->program;
}

static bool timer_lives(const struct pending *pending)
{
	return pending->timer > 1 && timer_process_start(pending->timer) == pending->timer_start;
}

bool confirm_overdue(const struct pending *pending)
{
	int64_t late = timer_now() - pending->deadline;

	return late > (timer_lives(pending) ? LATE_ALIVE : LATE_DEAD);
}

/* The terminal of whoever runs this; empty: none. */
static void own_terminal(char *ret_tty, size_t size)
{
	ret_tty[0] = 0;
	for (int fd = 0; fd <= 2; fd++) {
		if (ttyname_r(fd, ret_tty, size) == 0)
			return;
		ret_tty[0] = 0;
	}
}

static int read_fail_open(struct store *store, bool *ret_fail_open, struct failure *f)
{
	bool ignored;
	int ret = unit_fail_open(&store->unit, false, ret_fail_open, f);

	return ret < 0 ? ret : unit_fail_open(&store->unit, *ret_fail_open, &ignored, f);
}

int confirm_arm(struct store *store, uint32_t number, uint32_t program, uint32_t seconds,
		struct failure *f)
{
	struct pending p = { .generation = number,
			     .previous = store->running,
			     .program = program,
			     .seconds = seconds,
			     .deadline = timer_now() + (int64_t)seconds * NS };
	int ret = read_fail_open(store, &p.fail_open, f);

	if (ret < 0)
		return ret;
	own_terminal(p.tty, sizeof(p.tty));
	current_boot(p.boot, sizeof(p.boot));
	ret = timer_start(&store->paths, &p, &p.timer, f);
	if (ret < 0)
		return ret;
	p.timer_start = timer_process_start(p.timer);
	ret = write_pending(&store->paths, &p, f);
	if (ret < 0)
		kill(p.timer, TIMER_CONFIRMED);
	return ret;
}

/* It has let go of the generation when it is gone. */
static void stop_timer(const struct pending *pending)
{
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, pending->timer, 0);
	struct pollfd end = { .fd = fd, .events = POLLIN };

	/* Asked behind the open: the descriptor cannot change its process any more. */
	if (!timer_lives(pending))
		return;
	kill(pending->timer, TIMER_CONFIRMED);
	if (fd >= 0)
		poll(&end, 1, END_MS);
}

void confirm_end(const struct paths *paths)
{
	struct pending pending;
	char path[4096];

	file_path(paths, path, sizeof(path));
	if (confirm_read(paths, &pending))
		stop_timer(&pending);
	unlink(path);
}
