/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waits for link events and attaches what the running ruleset lists. The slot, the pins and the
 * links filter without it; only an interface that appears while it is away stays open until it, or
 * the next change, comes by.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "bpffw/cmd/chores.h"
#include "bpffw/cmd/common.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/notify.h"

#define DEBOUNCE_MS 20    /* a new interface sends several events */
#define RETRY_MS    10000 /* of what failed */
#define IDLE_MS     60000

struct watch {
	const struct invocation *in;
	struct mnl_socket *link;
	int signals;
	int64_t look_at;   /* ms: when to look at the interfaces; INT64_MAX: an event must come */
	int64_t notify_at; /* ms: the next WATCHDOG=1 */
	uint32_t watchdog; /* ms, 0: none */
	int64_t *chore_at;
	uint32_t generation; /* whose listed[] this is */
	struct arena *arena;
	strs listed;
};

static const struct chore *const chores[] = {
#define X(name) &chore_##name,
	CHORES(X)
#undef X
};

#define N_CHORES (sizeof(chores) / sizeof(chores[0]))

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a generation on trial whose timer is dead ---- */

static void run_overdue(const struct invocation *in)
{
	struct pending pending;
	struct session s;

	if (!confirm_read(&in->paths, &pending) || !confirm_overdue(&pending))
		return;
	session_start(&s, in);
	session_store(&s, STORE_READ);
	session_end(&s);
}

const struct chore chore_overdue = { .name = "overdue", .seconds = 5, .run = run_overdue };

/* ---- interfaces ---- */

static void say_attached(struct session *s, const struct change_result *result)
{
	struct buf out = { .arena = s->arena };

	attached_print(&out, result->attached.data, result->attached.len);
	notify("STATUS=generation %u on %s", result->generation, buf_text(&out));
	if (!s->in->quiet)
		printf("generation %u on %s\n", result->generation, buf_text(&out));
	fflush(stdout);
}

/* What the rules are warned about was said when they were applied. Return: one stays open. */
static bool keep_news(struct diags *ds)
{
	uint32_t kept = 0;
	bool failed = false;

	vec_for_each(d, &ds->list) {
		if (d->code != W210 && d->code != W214 && d->code != W215 && d->code != W217)
			continue;
		failed |= d->code == W215;
		ds->list.data[kept++] = *d;
	}
	ds->list.len = kept;
	return failed;
}

/* Return: what is to be attached could not be. */
static bool settle(struct watch *w)
{
	_cleanup_session_ struct session s;
	struct change_result result = { 0 };
	struct generation gen = { 0 };
	bool failed;

	session_start(&s, w->in);
	if (session_store(&s, STORE_WRITE))
		return true;
	/* `panic open` came between the look and the lock. */
	if (store_is_open(s.store))
		return false;
	if (session_running(&s, &gen))
		return true;
	if (change_settle(s.store, s.ds, &s.env, &gen, SETTLE_ATTACH, &result, &s.f) < 0) {
		session_failed(&s);
		return true;
	}
	say_attached(&s, &result);
	failed = keep_news(s.ds);
	report_diags(w->in, s.ds);
	return failed;
}

/* The interface lines of what runs, read once for each generation. */
static int read_listed(struct watch *w, struct session *s)
{
	uint32_t running = store_running(s->store);
	int ret;

	if (running == w->generation)
		return 0;
	arena_free(w->arena);
	w->arena = arena_new();
	w->listed = (strs){ 0 };
	w->generation = 0;
	ret = running ? store_listed(s->store, w->arena, &w->listed, &s->f) : 0;
	if (ret == 0)
		w->generation = running;
	return ret;
}

/* Without the lock, so that interfaces of no concern (containers come and go) cost little. */
static void look(struct watch *w)
{
	_cleanup_session_ struct session s;
	bool open = false, failed;

	w->look_at = INT64_MAX;
	session_start(&s, w->in);
	failed = session_store(&s, STORE_READ) || read_listed(w, &s) < 0 ||
		 change_has_open(s.store, s.arena, &w->listed, &open, &s.f) < 0;
	if (failed && s.f.err)
		session_failed(&s);
	if (open && !failed)
		failed = settle(w);
	if (failed)
		w->look_at = now_ms() + RETRY_MS;
}

/* ---- the loop ---- */

static void read_events(struct watch *w)
{
	char buffer[32768];
	ssize_t n;

	/* What changed is found by looking; an overrun (ENOBUFS) is one more reason to look. */
	do
		n = mnl_socket_recvfrom(w->link, buffer, sizeof(buffer));
	while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
	if (w->look_at > now_ms() + DEBOUNCE_MS)
		w->look_at = now_ms() + DEBOUNCE_MS;
}

static int64_t next_due(const struct watch *w)
{
	int64_t due = now_ms() + IDLE_MS;

	if (w->look_at < due)
		due = w->look_at;
	if (w->watchdog && w->notify_at < due)
		due = w->notify_at;
	for (size_t i = 0; i < N_CHORES; i++)
		if (chores[i]->seconds && w->chore_at[i] < due)
			due = w->chore_at[i];
	return due;
}

static void do_due(struct watch *w)
{
	int64_t now = now_ms();

	if (w->look_at <= now)
		look(w);
	for (size_t i = 0; i < N_CHORES; i++) {
		if (!chores[i]->seconds || w->chore_at[i] > now)
			continue;
		chores[i]->run(w->in);
		w->chore_at[i] = now_ms() + (int64_t)chores[i]->seconds * 1000;
	}
	if (w->watchdog && w->notify_at <= now) {
		notify("WATCHDOG=1");
		w->notify_at = now + w->watchdog / 2;
	}
}

/* Return: when a signal asks it to end. */
static void loop(struct watch *w)
{
	struct pollfd fds[] = {
		{ .fd = mnl_socket_get_fd(w->link), .events = POLLIN },
		{ .fd = w->signals, .events = POLLIN },
	};

	for (;;) {
		int64_t left = next_due(w) - now_ms();

		if (poll(fds, 2, left < 0 ? 0 : (int)left) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			return;
		if (fds[0].revents)
			read_events(w);
		do_due(w);
	}
}

static int open_events(struct watch *w, struct failure *f)
{
	sigset_t set;

	w->link = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!w->link || mnl_socket_bind(w->link, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		return fail(f, errno, "cannot listen for link events");
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals < 0 ? fail(f, errno, "cannot wait for signals") : 0;
}

static void watch_end(struct watch *w)
{
	if (w->link)
		mnl_socket_close(w->link);
	if (w->signals >= 0)
		close(w->signals);
	arena_free(w->arena);
}

static enum exit_code run(const struct invocation *in)
{
	__attribute__((cleanup(watch_end))) struct watch w = { .in = in, .signals = -1 };
	int64_t chore_at[N_CHORES] = { 0 };
	struct failure f = { 0 };

	w.arena = arena_new();
	w.chore_at = chore_at;
	w.watchdog = notify_watchdog_ms();
	if (open_events(&w, &f) < 0)
		return report_failure(in, &f);
	/* Events from here on are not missed. */
	look(&w);
	notify("READY=1");
	loop(&w);
	notify("STOPPING=1");
	for (size_t i = 0; i < N_CHORES; i++)
		if (chores[i]->end)
			chores[i]->end(in);
	return EXIT_DONE;
}

const struct command cmd_watch = {
	.name = "watch",
	.help = "attach interfaces that appear, until SIGTERM",
	.details = "A service runs it (bpffw-watch.service). What is attached is filtered without "
		   "it; an interface that comes or comes back is attached within moments.",
	.example = "bpffw watch",
	.flags = CMD_ROOT,
	.run = run,
};
