// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The order is what keeps packets whole: the dispatcher is told last of the slots it jumps through,
 * and first that it shall no longer; the slot the classifier jumps through outlives every packet
 * that may be on its way there.
 */
#include "bpffw/runtime/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpffw/runtime/clock.h"
#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/lock.h"
#include "bpffw/runtime/observe.h"
#include "bpffw/runtime/state.h"
#include "bpffw/runtime/swap.h"

#define RING       (1u << 22) /* bytes: some 30 000 packets */
#define GRACE_NS   5000000000ull
#define DOING      "tracing"
#define ONE_READER "'bpffw trace' and 'bpffw top' run one at a time"

struct trace {
	struct unit unit; /* of it only jmp and config */
	struct tracer tracer;
	struct ring_buffer *ring;
	struct trace_state *state;
	int lock;
	bool set; /* packets come this way */
	void (*each)(void *ctx, const struct traced *traced);
	void *ctx;
};

/* ---- which packets ---- */

static bool is_known_late(const struct ruleset *rs, const struct match *match)
{
	if (asks_flows(match))
		return true;
	vec_for_each(atom, &match->atoms)
		if (atom->kind == ATOM_SET && rs->sets.data[atom->set].runtime)
			return true;
	return false;
}

/* "drop MATCH log", and a default with log: two acts, told apart by their numbers. */
bool trace_filter(struct diags *ds, const struct ruleset *rs, const struct expect *wanted,
		  struct compiled *ret_compiled)
{
	struct ruleset filter = *rs;
	struct rule *rule = arena_new_array(rs->arena, struct rule, 1);
	struct chain *top = arena_new_array(rs->arena, struct chain, 1);

	*rule = (struct rule){ .span = wanted->span,
			       .families = wanted->families,
			       .log = true,
			       .text = "trace",
			       .verb.row = action_find(STR("drop")) };
	vec_for_each(match, &wanted->matches)
		if (!is_known_late(rs, match))
			vec_push(rs->arena, &rule->matches, *match);
	vec_push(rs->arena, &top->rules, 0u);
	filter.rules.data = rule;
	filter.rules.len = filter.rules.cap = 1;
	filter.chains.data = top;
	filter.chains.len = filter.chains.cap = 1;
	filter.fragments = FRAGMENTS_L3;
	filter.default_allow = false;
	filter.default_log = true;
	return compile(ds, &filter, ret_compiled);
}

/* ---- the slots ---- */

static int clear_slots(const struct unit *unit, struct failure *f)
{
	int ret = unit_set_front(unit, JMP_TRACE, false, f);

	if (ret == 0)
		ret = unit_write(unit, JMP_TRACE, -1, f);
	if (ret == 0)
		swap_grace();
	return ret < 0 ? ret : unit_write(unit, JMP_TOLD, -1, f);
}

static int set_slots(struct trace *trace, struct failure *f)
{
	const struct tracer *tracer = &trace->tracer;
	bool filtered = tracer->classify >= 0;
	int ret = clear_slots(&trace->unit, f);

	trace->set = true;
	if (ret == 0 && filtered)
		ret = unit_write(&trace->unit, JMP_TOLD, tracer->told, f);
	if (ret == 0)
		ret = unit_write(&trace->unit, JMP_TRACE,
				 filtered ? tracer->classify : tracer->told, f);
	return ret < 0 ? ret : unit_set_front(&trace->unit, JMP_TRACE, true, f);
}

static const char *lock_dir(struct store *store)
{
	return arena_printf(store->arena, "%s/trace", store->paths.run_dir);
}

int trace_recover(struct store *store, struct failure *f)
{
	_cleanup_fd_ int lock = -1;
	int ret;

	if (!unit_has(&store->unit, JMP_TRACE) && !unit_has(&store->unit, JMP_TOLD))
		return 0;
	ret = lock_reader(lock_dir(store), DOING, ONE_READER, &lock, f);
	if (ret == -EBUSY) {
		failure_clear(f);
		return 0;
	}
	return ret < 0 ? ret : clear_slots(&store->unit, f);
}

/* ---- the reader ---- */

static void move_deadline(struct trace *trace)
{
	__atomic_store_n(&trace->state->deadline, clock_now() + GRACE_NS, __ATOMIC_RELAXED);
}

static int deliver(void *ctx, void *data, size_t size)
{
	struct trace *trace = ctx;

	if (size >= sizeof(struct traced))
		trace->each(trace->ctx, data);
	return 0;
}

static int load(struct trace *trace, struct store *store, struct diags *ds,
		const struct compiled *filter, bool wants_flows, struct failure *f)
{
	_cleanup_fd_ int flows = -1;
	int ret = wants_flows ? state_get(store, "flows", &flows) : 0;

	if (ret < 0)
		return fail(f, -ret, "cannot open the flow table");
	ret = load_tracer(&store->unit, ds, filter, flows, RING, &trace->tracer, f);
	if (ret < 0)
		return ret;
	trace->state = mmap(NULL, sizeof(*trace->state), PROT_READ | PROT_WRITE, MAP_SHARED,
			    trace->tracer.state, 0);
	if (trace->state == MAP_FAILED)
		return fail(f, errno, "cannot map the tracer's state");
	trace->ring = ring_buffer__new(trace->tracer.ring, deliver, trace, NULL);
	return trace->ring ? 0 : fail(f, errno, "cannot read the packets");
}

static int open_trace(struct trace *trace, struct store *store, struct diags *ds,
		      const struct compiled *filter, bool flows, struct failure *f)
{
	int ret = lock_reader(lock_dir(store), DOING, ONE_READER, &trace->lock, f);

	if (ret == 0)
		ret = load(trace, store, ds, filter, flows, f);
	if (ret < 0)
		return ret;
	/* The store may be closed and opened anew in between. */
	trace->unit.jmp = fcntl(store->unit.jmp, F_DUPFD_CLOEXEC, 3);
	trace->unit.config = fcntl(store->unit.config, F_DUPFD_CLOEXEC, 3);
	if (trace->unit.jmp < 0 || trace->unit.config < 0)
		return fail(f, errno, "cannot keep the dispatcher's settings");
	move_deadline(trace);
	return set_slots(trace, f);
}

int trace_open(struct store *store, struct diags *ds, const struct compiled *filter, bool flows,
	       struct trace **ret_trace, struct failure *f)
{
	struct trace *trace = calloc(1, sizeof(*trace));
	int ret;

	if (!trace)
		return fail(f, ENOMEM, "cannot trace");
	*trace = (struct trace){ .unit = UNIT_NONE, .tracer = TRACER_NONE, .lock = -1 };
	trace->state = MAP_FAILED;
	ret = open_trace(trace, store, ds, filter, flows, f);
	if (ret < 0) {
		trace_close(trace);
		return ret;
	}
	*ret_trace = trace;
	return 0;
}

void trace_close(struct trace *trace)
{
	struct failure ignored = { 0 };

	if (!trace)
		return;
	if (trace->set && clear_slots(&trace->unit, &ignored) < 0)
		failure_clear(&ignored);
	ring_buffer__free(trace->ring);
	if (trace->state != MAP_FAILED)
		munmap(trace->state, sizeof(*trace->state));
	tracer_close(&trace->tracer);
	unit_close(&trace->unit);
	fd_cleanup(&trace->lock);
	free(trace);
}

int trace_poll(struct trace *trace, int wait_ms,
	       void (*each)(void *ctx, const struct traced *traced), void *ctx, struct failure *f)
{
	int ret;

	trace->each = each;
	trace->ctx = ctx;
	move_deadline(trace);
	ret = ring_buffer__poll(trace->ring, wait_ms);
	if (ret >= 0 || ret == -EINTR)
		return ret < 0 ? ret : 0;
	return fail(f, -ret, "cannot read the packets");
}

uint64_t trace_lost(const struct trace *trace)
{
	return __atomic_load_n(&trace->state->lost, __ATOMIC_RELAXED);
}

void trace_sample(struct trace *trace, uint64_t every)
{
	__atomic_store_n(&trace->state->sample_mask, every - 1, __ATOMIC_RELAXED);
}
