// SPDX-License-Identifier: GPL-3.0-or-later
/* bpf/connections.h runs natively: what counts as a connection, and where there is room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/connections.h"

#define FLOW_TABLE 1024

struct world {
	struct flow_row flows[1 + FLOW_TABLE];
	struct conn_row rows[CONN_ROWS];
	struct flow_stats stats;
	__u32 now;
};

static struct world *new_world(void)
{
	static const __u32 seconds[FLOW_STATE_COUNT] = {
#define X(name, alive) [FLOW_##name] = (alive),
		FLOW_STATES(X)
#undef X
	};
	struct world *w = calloc(1, sizeof(*w));
	struct flow_header *h;

	assert_non_null(w);
	h = (struct flow_header *)w->flows;
	h->seed[0] = 0x0706050403020100;
	h->seed[1] = 0x0f0e0d0c0b0a0908;
	h->mask = FLOW_TABLE - 1;
	memcpy(h->timeout, seconds, sizeof(seconds));
	w->now = 1000;
	return w;
}

static struct flow_id id_of(const struct world *w, __u16 port)
{
	struct flow_key key = { .remote = { 0, 0xc0000201 },
				.local = { 0, 0xc6336401 },
				.rport = port,
				.lport = 80,
				.proto = 6,
				.family = FAMILY_IPV4 };

	return flow_hash((const struct flow_header *)w->flows, &key);
}

static void put(struct world *w, __u16 port, __u32 state)
{
	const struct flow_header *h = (const struct flow_header *)w->flows;
	struct flow_id id = id_of(w, port);

	flow_confirm(w->flows, &w->stats, h, &id, state, w->now);
}

static int count(struct world *w, __u64 owner, __u16 port)
{
	struct conn_span span = conn_span(owner << 32, 3);

	return conn_count(w->rows, w->flows, (const struct flow_header *)w->flows, &span, owner,
			  id_of(w, port).tag, w->now);
}

static int take(struct world *w, __u64 owner, __u16 port, __u32 time)
{
	struct conn_span span = conn_span(owner << 32, 3);

	return conn_take(w->rows, w->flows, (const struct flow_header *)w->flows, &span,
			 id_of(w, port).tag, conn_word(owner, w->now + time), w->now);
}

#define OWNER ((__u64)1 << CONN_TIME_BITS)

static void test_states(void **state)
{
	static const struct {
		const char *name;
		__u32 state;
		int count;
	} cases[] = {
		{ "no flow", FLOW_FREE, 0 },
		{ "half open", FLOW_SYN_ACKED, 0 },
		{ "of nobody's answer", FLOW_FORWARDED, 0 },
		{ "sent", FLOW_SYN_SENT, 1 },
		{ "open", FLOW_OPEN, 1 },
		{ "shaken by a packet that anybody may have sent", FLOW_SHAKEN, 1 },
		{ "closed by us", FLOW_CLOSED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct world *w = new_world();

		put(w, 1, cases[i].state);
		assert_int_equal(take(w, OWNER, 1, 0), 1);
		if (count(w, OWNER, 2) != cases[i].count)
			fail_msg("%s: %d", cases[i].name, count(w, OWNER, 2));
		assert_int_equal(count(w, 2 * OWNER, 2), 0);
		assert_int_equal(count(w, OWNER, 1), CONN_HAS_CELL);
		put(w, 2, FLOW_OPEN);
		assert_int_equal(take(w, OWNER, 2, 0), 1);
		assert_int_equal(count(w, OWNER, 2), CONN_HAS_CELL | cases[i].count);
		free(w);
	}
}

static void test_time(void **state)
{
	struct world *w = new_world();

	(void)state;
	put(w, 1, FLOW_OPEN);
	take(w, OWNER, 1, CONN_MOMENT);
	take(w, OWNER, 2, CONN_COOKIE);
	assert_int_equal(count(w, OWNER, 3), 2);
	w->now += CONN_COOKIE - 1;
	assert_int_equal(count(w, OWNER, 3), 2);
	w->now++; /* the cookie's connection never said anything */
	assert_int_equal(count(w, OWNER, 3), 1);
	put(w, 1, FLOW_SHAKEN);
	w->now += 119;
	assert_int_equal(count(w, OWNER, 3), 1);
	w->now++;
	assert_int_equal(count(w, OWNER, 3), 0);
	/* A closed one counts no more, although its moment is not over. */
	put(w, 4, FLOW_CLOSED);
	take(w, OWNER, 4, CONN_MOMENT);
	assert_int_equal(count(w, OWNER, 3), 0);
	free(w);
}

static void test_room(void **state)
{
	struct world *w = new_world();
	int taken = 0;

	(void)state;
	for (__u16 port = 1; port <= 40; port++) {
		put(w, port, FLOW_OPEN);
		taken += take(w, OWNER, port, CONN_MOMENT);
	}
	assert_int_equal(taken, CONN_WINDOW(3) * CONN_CELLS);
	assert_int_equal(count(w, OWNER, 99), taken);
	put(w, 7, FLOW_CLOSED);
	assert_int_equal(take(w, OWNER, 99, CONN_MOMENT), 1);
	assert_int_equal(take(w, OWNER, 98, CONN_MOMENT), 0);
	assert_int_equal(count(w, OWNER, 97), taken);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
