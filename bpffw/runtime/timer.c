/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/abi.h"
#include "bpffw/runtime/change.h"
#include "bpffw/runtime/hold.h"
#include "bpffw/runtime/host.h"
#include "bpffw/runtime/links.h"
#include "bpffw/runtime/lock.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/record.h"
#include "bpffw/runtime/unit.h"

#define NS        1000000000ll
#define LOCK_STEP 200 /* ms */

struct timer {
	struct arena *arena;
	const struct paths *paths;
	struct pending pending;
	holds held;
	int old_program; /* -1: none */
};

int64_t timer_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * NS + now.tv_nsec;
}

uint64_t timer_process_start(pid_t pid)
{
	char path[40], text[1024], state;
	unsigned long long start = 0;
	const char *behind;
	_cleanup_fd_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	behind = strrchr(text, ')');
	if (!behind || sscanf(behind + 1,
			      " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
			      "%*d %*d %*d %llu",
			      &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

/* ---- what it holds ---- */

static const char *pin_path(const struct timer *t, const char *below)
{
	return arena_printf(t->arena, "%s/%s", t->paths->bpffs, below);
}

static int unit_pin_fd(const struct timer *t, const char *name)
{
	return hold_find(&t->held,
			 pin_path(t, arena_printf(t->arena, "abi%d/%s", ABI_VERSION, name)));
}

/* Only the descriptors that a rollback writes to; they belong to the holds. */
static struct unit held_unit(const struct timer *t)
{
	struct unit unit = UNIT_NONE;

	unit.dispatcher = unit_pin_fd(t, "dispatcher");
	unit.jmp = unit_pin_fd(t, "jmp");
	unit.config = unit_pin_fd(t, "config");
	unit.ifaces = unit_pin_fd(t, "ifaces");
	return unit;
}

static int hold(struct timer *t, struct failure *f)
{
	static const char *const shared[] = { "link", "egress", "state" };
	const char *old = arena_printf(t->arena, "gen/%u", t->pending.previous);

	hold_pins(t->arena, pin_path(t, arena_printf(t->arena, "abi%d", ABI_VERSION)), &t->held);
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		hold_pins(t->arena, pin_path(t, shared[i]), &t->held);
	if (t->pending.previous)
		hold_pins(t->arena, pin_path(t, old), &t->held);
	t->old_program = hold_find(&t->held, pin_path(t, arena_printf(t->arena, "%s/enter", old)));
	if (unit_pin_fd(t, "jmp") < 0 || unit_pin_fd(t, "config") < 0 ||
	    (t->pending.previous && t->old_program < 0))
		return fail_plain(f, ENOENT, EXIT_SYSTEM,
				  "the pins of generation %u are damaged: it could not be put back",
				  t->pending.previous);
	return 0;
}

/* ---- rolling back ---- */

static bool is_link(const struct timer *t, const struct held *pin)
{
	const char *dir = pin_path(t, "link/");

	return strncmp(pin->path, dir, strlen(dir)) == 0;
}

/* "eth0, eth1": where the old generation was attached. */
static const char *link_names(const struct timer *t)
{
	struct buf names = { .arena = t->arena };

	vec_for_each(pin, &t->held) {
		if (!is_link(t, pin))
			continue;
		buf_puts(&names, names.len ? ", " : "");
		for (const char *at = strrchr(pin->path, '/') + 1; *at && *at != '@'; at++)
			buf_printf(&names, "%c", *at == ':' ? '.' : *at);
	}
	return names.len ? buf_text(&names) : "no interface";
}

/* Nothing ran before: what the new generation has attached comes off, then the slot is emptied. */
static int detach_all(struct timer *t, const struct unit *unit, struct failure *f)
{
	hold_close(&t->held);
	hold_pins(t->arena, pin_path(t, "link"), &t->held);
	vec_for_each(pin, &t->held) {
		bpf_link_detach(pin->fd);
		unlink(pin->path);
	}
	return unit_commit(unit, -1, f);
}

static int put_back(struct timer *t, struct failure *f)
{
	struct unit unit = held_unit(t);
	bool ignored;
	int ret;

	if (!t->pending.previous) {
		unit.jmp = fcntl(unit.jmp, F_DUPFD_CLOEXEC, 3);
		ret = detach_all(t, &unit, f);
		fd_cleanup(&unit.jmp);
		return ret;
	}
	ret = unit_fail_open(&unit, t->pending.fail_open, &ignored, f);
	if (ret == 0)
		ret = unit_commit(&unit, t->old_program, f);
	vec_for_each(pin, &t->held) {
		/* One that the new generation did not list has been passing everything. */
		if (is_link(t, pin))
			bpf_link_update(pin->fd, unit.dispatcher, NULL);
	}
	hold_restore(&t->held);
	return ret;
}

/* So that history says what became of it, and the next repair leaves its files alone. */
static void mark_record(struct timer *t)
{
	const char *path = arena_printf(t->arena, "%s/gen/%u.json", t->paths->state_dir,
					t->pending.generation);
	struct record record = { 0 };
	struct failure f = { 0 };

	if (record_read(path, t->arena, &record, &f) == 0) {
		record.info.rolled_back = true;
		record.info.confirm = 0;
		record_write(path, &record, &f);
	}
	failure_clear(&f);
}

/* Interfaces that only one of the two generations lists, ones that have come meanwhile. */
static int settle(struct timer *t, struct failure *f)
{
	struct diags *ds = diags_new(t->arena);
	struct env env = host_env(t->arena);
	struct change_result result = { 0 };
	struct generation gen = { 0 };
	struct store *store = NULL;
	/* The trial may have put larger state maps in the place of those that are in use again. */
	bool replaced = hold_replaced(&t->held, pin_path(t, "state/"));
	int ret = store_open(t->paths, STORE_WRITE, &store, f);

	if (ret == 0 && t->pending.previous)
		ret = store_generation(store, ds, &env, store_running(store), &gen, f);
	if (ret == 0 && gen.rs)
		ret = change_settle(store, ds, &env, &gen, replaced ? SETTLE_ANEW : SETTLE_ALL,
				    &result, f);
	store_close(store);
	return ret;
}

/* Another generation may be on trial by now. */
static void remove_file(const struct timer *t)
{
	struct pending now;

	if (confirm_read(t->paths, &now) && now.program == t->pending.program)
		unlink(arena_printf(t->arena, "%s/confirm", t->paths->run_dir));
}

/*
 * roll_back() - by descriptor as far as the slot goes; what needs files comes behind it.
 * @lock: -1: another process has kept it for too long, which is no reason to stay locked out
 * Return: 1, 0: something else is in the slot, or a negative errno.
 */
static int roll_back(struct timer *t, int lock, struct failure *f)
{
	_cleanup_fd_ int held_lock = lock;
	struct unit unit = held_unit(t);
	int ret;

	if (unit_slot(&unit) != t->pending.program) {
		remove_file(t);
		return 0;
	}
	ret = put_back(t, f);
	if (ret < 0)
		return ret;
	mark_record(t);
	remove_file(t);
	fd_cleanup(&held_lock);
	held_lock = -1;
	ret = settle(t, f);
	return ret < 0 ? ret : 1;
}

int confirm_roll_back(const struct paths *paths, const struct pending *pending, struct failure *f)
{
	struct timer t = { .arena = arena_new(), .paths = paths, .pending = *pending };
	struct pending now;
	int lock = -1, ret = lock_take(paths->run_dir, LOCK_WAIT_MS, &lock, f);
	bool wanted = ret == 0 && confirm_read(paths, &now) && now.program == pending->program;

	if (wanted)
		ret = hold(&t, f);
	if (wanted && ret == 0)
		ret = roll_back(&t, take_fd(&lock), f);
	fd_cleanup(&lock);
	hold_close(&t.held);
	arena_free(t.arena);
	return ret;
}

/* ---- the process ---- */

static void tell(const struct timer *t, const char *text)
{
	const char *line = arena_printf(t->arena, "\r\nbpffw: %s\r\n", text);
	_cleanup_fd_ int fd = -1;
	ssize_t done;

	openlog("bpffw", LOG_PID, LOG_DAEMON);
	syslog(LOG_WARNING, "%s", text);
	closelog();
	if (!t->pending.tty[0])
		return;
	fd = open(t->pending.tty, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	done = fd >= 0 && isatty(fd) ? write(fd, line, strlen(line)) : 0;
	(void)done;
}

/* Return: true when the signal came within @ns. */
static bool wait_confirmed(int64_t ns)
{
	struct timespec wait = { .tv_sec = ns / NS, .tv_nsec = ns % NS };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, TIMER_CONFIRMED);
	return sigtimedwait(&set, NULL, &wait) == TIMER_CONFIRMED;
}

/* In steps: a suspended host stops the clock of the wait, but not the deadline. */
static bool confirmed_in_time(const struct timer *t)
{
	int64_t left;

	while ((left = t->pending.deadline - timer_now()) > 0) {
		if (wait_confirmed(left < NS ? left : NS))
			return true;
	}
	return wait_confirmed(0);
}

/* Return: -1 after the time that every writer waits. Sets @ret_confirmed by a late signal. */
static int take_lock(const struct timer *t, bool *ret_confirmed)
{
	struct failure f = { 0 };
	int lock = -1;

	*ret_confirmed = false;
	for (int waited = 0; waited < LOCK_WAIT_MS && lock < 0; waited += LOCK_STEP) {
		if (dir_make(t->paths->run_dir, 0755, &f) < 0 ||
		    lock_take(t->paths->run_dir, LOCK_STEP, &lock, &f) < 0)
			lock = -1;
		if (wait_confirmed(0)) {
			*ret_confirmed = true;
			break;
		}
	}
	failure_clear(&f);
	return lock;
}

static void expire(struct timer *t)
{
	const char *names = link_names(t);
	struct failure f = { 0 };
	bool confirmed;
	int lock = take_lock(t, &confirmed), ret;

	if (confirmed)
		return;
	ret = roll_back(t, lock, &f);
	if (ret == 0)
		return;
	if (t->pending.previous)
		tell(t, arena_printf(t->arena,
				     "generation %u not confirmed within %u s: rolled back to "
				     "generation %u on %s%s%s",
				     t->pending.generation, t->pending.seconds, t->pending.previous,
				     names, ret < 0 ? ", but " : "", ret < 0 ? f.what : ""));
	else
		tell(t, arena_printf(t->arena,
				     "generation %u not confirmed within %u s: detached, NOTHING "
				     "IS FILTERED, as before it%s%s",
				     t->pending.generation, t->pending.seconds,
				     ret < 0 ? ", but " : "", ret < 0 ? f.what : ""));
	failure_clear(&f);
}

/* A logout that ends all processes of its session (KillUserProcesses) goes by the control group. */
static void leave_cgroup(void)
{
	_cleanup_fd_ int fd = open("/sys/fs/cgroup/cgroup.procs", O_WRONLY | O_CLOEXEC);
	ssize_t done = fd < 0 ? 0 : write(fd, "0", 1);

	(void)done;
}

/* Nothing of the caller stays: its lock, its terminal, its pipes. */
static void detach_process(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;

	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	close_range(3, (unsigned int)keep - 1, 0);
	close_range((unsigned int)keep + 1, ~0u, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "bpffw-confirm");
	if (chdir("/") < 0)
		return;
	leave_cgroup();
}

/* What the parent reads: the pid, or why it cannot be done. */
struct ready {
	pid_t pid;
	struct failure f;
};

static void run_timer(const struct paths *paths, const struct pending *pending, int pipe)
{
	struct timer t = { .arena = arena_new(), .paths = paths, .pending = *pending };
	struct ready ready = { .pid = getpid() };

	detach_process(pipe);
	if (hold(&t, &ready.f) < 0)
		ready.pid = 0;
	if (write(pipe, &ready, sizeof(ready)) != sizeof(ready) || !ready.pid)
		_exit(1);
	close(pipe);
	if (!confirmed_in_time(&t))
		expire(&t);
	_exit(0);
}

int timer_start(const struct paths *paths, const struct pending *pending, pid_t *ret_pid,
		struct failure *f)
{
	struct ready ready = { 0 };
	int ends[2], status;
	pid_t child;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(f, errno, "cannot start the confirmation timer");
	child = fork();
	if (child == 0) {
		setsid();
		/* Not the leader of its session: it can never get a terminal. */
		child = fork();
		if (child == 0)
			run_timer(paths, pending, ends[1]);
		_exit(child < 0);
	}
	close(ends[1]);
	n = child < 0 ? -1 : read(ends[0], &ready, sizeof(ready));
	close(ends[0]);
	if (child > 0)
		waitpid(child, &status, 0);
	if (n != sizeof(ready))
		return fail(f, child < 0 ? errno : ECHILD, "cannot start the confirmation timer");
	if (!ready.pid) {
		*f = ready.f;
		f->log = NULL;
		return -f->err;
	}
	*ret_pid = ready.pid;
	return 0;
}
