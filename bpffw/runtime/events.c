/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/events.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpffw/runtime/clock.h"
#include "bpffw/runtime/drops.h"
#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/lock.h"
#include "bpffw/runtime/state.h"
#include "compiler/compile.h"

#define DOING      "reading the events"
#define ONE_READER "there is one 'bpffw monitor' at a time: an event goes to one reader"

struct events {
	struct ring_buffer *ring;
	int lock, ring_fd, state_fd; /* ring and state -1: no ruleset has had a `log` yet */
	struct drops *drops;         /* NULL: not asked for */
	uint64_t start;              /* ktime; what is older was reported before */
	uint64_t lost;               /* at the start */
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

	if (events->state_fd >= 0 && bpf_map_lookup_elem(events->state_fd, &zero, &state) < 0)
		state.lost = 0;
	return state.lost + (events->drops ? drops_lost(events->drops) : 0);
}

uint64_t events_lost(const struct events *events)
{
	return lost_now(events) - events->lost;
}

static const char *lock_dir(struct store *store)
{
	return arena_printf(store->arena, "%s/monitor", store->paths.run_dir);
}

static int add_ring(struct events *events, int ring, struct failure *f)
{
	int ret = 0;

	libbpf_set_print(NULL);
	if (events->ring)
		ret = ring_buffer__add(events->ring, ring, deliver, events);
	else
		events->ring = ring_buffer__new(ring, deliver, events, NULL);
	return events->ring && ret == 0 ? 0 : fail(f, errno, "cannot read the events");
}

int events_find(struct events *events, struct store *store, struct failure *f)
{
	int ret = events->ring_fd >= 0 ? 0 : state_get(store, "events", &events->ring_fd);

	if (events->state_fd >= 0)
		return 0;
	if (ret == 0)
		ret = state_get(store, "event_state", &events->state_fd);
	if (ret == -ENOENT)
		return ret;
	if (ret < 0)
		return fail(f, -ret, "cannot open the events");
	events->lost += lost_now(events) - (events->drops ? drops_lost(events->drops) : 0);
	return add_ring(events, events->ring_fd, f);
}

static int open_drops(struct events *events, struct store *store, struct failure *f)
{
	int ret = drops_open(&store->unit, &events->drops, f);

	return ret < 0 ? ret : add_ring(events, drops_ring(events->drops), f);
}

static int open_events(struct events *events, struct store *store, bool drops, struct failure *f)
{
	int ret = lock_reader(lock_dir(store), DOING, ONE_READER, &events->lock, f);

	if (ret < 0)
		return ret;
	events->start = clock_now();
	ret = events_find(events, store, f);
	if (drops && (ret == 0 || ret == -ENOENT))
		ret = open_drops(events, store, f);
	return ret;
}

int events_open(struct store *store, bool drops, struct events **ret_events, struct failure *f)
{
	struct events *events = calloc(1, sizeof(*events));
	int ret;

	if (!events)
		return fail(f, ENOMEM, "cannot read the events");
	events->lock = events->ring_fd = events->state_fd = -1;
	ret = open_events(events, store, drops, f);
	if (ret < 0) {
		events_close(events);
		return ret;
	}
	*ret_events = events;
	return 0;
}

int events_recover(struct store *store, struct failure *f)
{
	_cleanup_fd_ int lock = -1;
	int ret;

	if (!unit_has(&store->unit, JMP_DROPS))
		return 0;
	ret = lock_reader(lock_dir(store), DOING, ONE_READER, &lock, f);
	if (ret == -EBUSY) {
		failure_clear(f);
		return 0;
	}
	return ret < 0 ? ret : drops_clear(&store->unit, f);
}

void events_close(struct events *events)
{
	if (!events)
		return;
	drops_close(events->drops);
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
	ret = events->drops ? drops_keep(events->drops, f) : 0;
	if (ret < 0)
		return ret;
	ret = ring_buffer__poll(events->ring, wait_ms);
	if (ret >= 0 || ret == -EINTR)
		return ret < 0 ? ret : 0;
	return fail(f, -ret, "cannot read the events");
}
