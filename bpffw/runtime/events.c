/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/events.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/lock.h"
#include "bpffw/runtime/state.h"
#include "compiler/compile.h"

struct events {
	struct ring_buffer *ring;
	int lock, ring_fd, state_fd;
	uint64_t start; /* ktime; what is older was reported before */
	uint64_t lost;  /* at the start */
	void (*each)(void *ctx, const struct event *event);
	void *ctx;
};

uint32_t events_wanted(const struct compiled *compiled)
{
	return compiled->n_acts ? EVENT_RING : 0;
}

static int deliver(void *ctx, void *data, size_t size)
{
	struct events *events = ctx;
	const struct event *event = data;

	if (size >= sizeof(*event) && event->time >= events->start)
		events->each(events->ctx, event);
	return 0;
}

static uint64_t lost_now(const struct events *events)
{
	struct event_state state = { 0 };
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(events->state_fd, &zero, &state) < 0)
		return 0;
	return state.lost;
}

uint64_t events_lost(const struct events *events)
{
	return lost_now(events) - events->lost;
}

static int open_ring(struct events *events, struct failure *f)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	events->start = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	events->lost = lost_now(events);
	libbpf_set_print(NULL);
	events->ring = ring_buffer__new(events->ring_fd, deliver, events, NULL);
	return events->ring ? 0 : fail(f, errno, "cannot read the events");
}

int events_open(struct store *store, struct events **ret_events, struct failure *f)
{
	struct events *events = calloc(1, sizeof(*events));
	int ret;

	if (!events)
		return fail(f, ENOMEM, "cannot read the events");
	events->lock = events->ring_fd = events->state_fd = -1;
	ret = state_get(store, "events", &events->ring_fd);
	if (ret == 0)
		ret = state_get(store, "event_state", &events->state_fd);
	if (ret < 0 && ret != -ENOENT)
		ret = fail(f, -ret, "cannot open the events");
	if (ret == 0)
		ret = lock_reader(arena_printf(store->arena, "%s/monitor", store->paths.run_dir),
				  "reading the events",
				  "there is one 'bpffw monitor' at a time: an event goes to one "
				  "reader",
				  &events->lock, f);
	if (ret == 0)
		ret = open_ring(events, f);
	if (ret < 0) {
		events_close(events);
		return ret;
	}
	*ret_events = events;
	return 0;
}

void events_close(struct events *events)
{
	if (!events)
		return;
	ring_buffer__free(events->ring);
	fd_cleanup(&events->ring_fd);
	fd_cleanup(&events->state_fd);
	fd_cleanup(&events->lock);
	free(events);
}

int events_poll(struct events *events, int wait_ms,
		void (*each)(void *ctx, const struct event *event), void *ctx, struct failure *f)
{
	int ret;

	events->each = each;
	events->ctx = ctx;
	ret = ring_buffer__poll(events->ring, wait_ms);
	if (ret >= 0 || ret == -EINTR)
		return ret < 0 ? ret : 0;
	return fail(f, -ret, "cannot read the events");
}
