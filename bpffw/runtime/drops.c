// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/drops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/event.h"
#include "bpffw/runtime/clock.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/unit.h"

#define GRACE_NS 5000000000ull

struct drops {
	struct unit unit; /* of it only jmp and config */
	struct watcher watcher;
	struct drops_state *state;
	bool set; /* packets come this way */
};

int drops_clear(const struct unit *unit, struct failure *f)
{
	int ret = unit_set_front(unit, JMP_DROPS, false, f);

	return ret < 0 ? ret : unit_write(unit, JMP_DROPS, -1, f);
}

/* The program may have taken this one for the one that it was loaded for. */
int drops_keep(const struct drops *drops, struct failure *f)
{
	__atomic_store_n(&drops->state->deadline, clock_now() + GRACE_NS, __ATOMIC_RELAXED);
	return unit_set_front(&drops->unit, JMP_DROPS, true, f);
}

static int load(struct drops *drops, const struct unit *unit, struct failure *f)
{
	int ret = load_watcher(unit, &drops->watcher, f);

	if (ret == -EPERM || ret == -EACCES)
		return ret;
	if (ret < 0)
		return fail_help(f, ret,
				 "it needs a kernel that mixes calls and tail calls (x86-64: 5.10, "
				 "arm64: 6.0); rules with 'log' tell without: 'bpffw monitor log'");
	drops->state = mmap(NULL, sizeof(*drops->state), PROT_READ | PROT_WRITE, MAP_SHARED,
			    drops->watcher.state, 0);
	if (drops->state == MAP_FAILED)
		return fail(f, errno, "cannot map the state of the monitor");
	/* The store may be closed and opened anew in between. */
	drops->unit.jmp = fcntl(unit->jmp, F_DUPFD_CLOEXEC, 3);
	drops->unit.config = fcntl(unit->config, F_DUPFD_CLOEXEC, 3);
	if (drops->unit.jmp < 0 || drops->unit.config < 0)
		return fail(f, errno, "cannot keep the dispatcher's settings");
	drops->set = true;
	ret = unit_write(&drops->unit, JMP_DROPS, drops->watcher.program, f);
	return ret < 0 ? ret : drops_keep(drops, f);
}

int drops_open(const struct unit *unit, struct drops **ret_drops, struct failure *f)
{
	struct drops *drops = calloc(1, sizeof(*drops));
	int ret;

	if (!drops)
		return fail(f, ENOMEM, "cannot monitor drops");
	*drops = (struct drops){ .unit = UNIT_NONE, .watcher = WATCHER_NONE };
	drops->state = MAP_FAILED;
	ret = load(drops, unit, f);
	if (ret < 0) {
		drops_close(drops);
		return ret;
	}
	*ret_drops = drops;
	return 0;
}

void drops_close(struct drops *drops)
{
	struct failure ignored = { 0 };

	if (!drops)
		return;
	if (drops->set && drops_clear(&drops->unit, &ignored) < 0)
		failure_clear(&ignored);
	if (drops->state != MAP_FAILED)
		munmap(drops->state, sizeof(*drops->state));
	watcher_close(&drops->watcher);
	unit_close(&drops->unit);
	free(drops);
}

int drops_ring(const struct drops *drops)
{
	return drops->watcher.ring;
}

uint64_t drops_lost(const struct drops *drops)
{
	struct event_state state = { 0 };
	uint32_t zero = 0;

	return bpf_map_lookup_elem(drops->watcher.told, &zero, &state) < 0 ? 0 : state.lost;
}
