/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden --kernel: what eval says of a packet is also asked of the program that the kernel
 * loaded, place by place, and of the witnesses that the compiler makes for the ruleset.
 */
#ifndef GOLDEN_KERNEL_H
#define GOLDEN_KERNEL_H

#include "bpffw/runtime/counters.h"
#include "bpffw/runtime/unit.h"

static bool ask_kernel;
static struct unit kernel_unit = UNIT_NONE;

/* The dispatcher and its maps, once for all cases. Nothing is pinned or attached. */
static bool kernel_setup(void)
{
	struct counters counters = COUNTERS_NONE;
	struct failure f = { 0 };

	if (unit_load(&kernel_unit, &f) < 0 || counters_create(4096, &counters, &f) < 0) {
		printf("cannot load: %s\n", f.what);
		return false;
	}
	kernel_unit.counters = counters.fd;
	kernel_unit.base = counters.base;
	return true;
}

static void kernel_packet(struct test *t, const struct line *line, const struct compiled *compiled,
			  const struct loaded *loaded)
{
	struct pkt pkt;

	if (!packet_of_line(t, line, &pkt))
		return;
	for (uint32_t places = eval_places(compiled->lowered) + 1; places; places--) {
		struct eval_result result = eval_packet(compiled->lowered, &pkt, true);
		uint32_t answer;
		int err = witness_ask(loaded, &pkt, &answer);

		if (err) {
			complain(t, line, "the kernel does not answer: %s", strerror(-err));
			return;
		}
		if (answer != eval_answer(&result)) {
			complain(t, line, "from place %u the kernel answers %#x, eval %#x",
				 pkt.from, answer, eval_answer(&result));
			return;
		}
		if (result.stage != ANSWER_RULE ||
		    compiled->lowered->rules.data[result.rule].verb.row->terminal)
			return;
		pkt.from = result.place + 1;
	}
}

static void check_kernel(struct test *t, const struct compiled *compiled)
{
	struct failure f = { 0 };
	struct state state = { 0 };
	struct loaded loaded;
	uint32_t n;
	int ret = state_open(NULL, t->ds->arena, compiled, &state, &f);

	if (ret == 0)
		ret = load_generation(&kernel_unit, &state, t->ds, compiled, &loaded, &f);
	state_close(&state);
	if (ret < 0) {
		complain(t, NULL, "the kernel refuses it: %s", f.what);
		failure_clear(&f);
		return;
	}
	vec_for_each(line, &t->lines)
		if (str_is(line->word, "packet"))
			kernel_packet(t, line, compiled, &loaded);
	if (witness_run(&loaded, compiled->lowered, compiled, 10000, &n, &f) < 0)
		complain(t, NULL, "%s", f.what);
	failure_clear(&f);
	loaded_close(&loaded);
}

#endif
