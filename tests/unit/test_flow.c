// SPDX-License-Identifier: GPL-3.0-or-later
/* bpf/flow.h and flow_packet.h run natively: states, times, places, and what packets mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/flow_packet.h"

#define ROWS 1024

struct world {
	struct flow_row table[1 + ROWS];
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
	struct flow_header *h = (struct flow_header *)w->table;

	assert_non_null(w);
	h->seed[0] = 0x0706050403020100;
	h->seed[1] = 0x0f0e0d0c0b0a0908;
	h->mask = ROWS - 1;
	memcpy(h->timeout, seconds, sizeof(seconds));
	w->now = 1000;
	return w;
}

static const struct flow_header *header(const struct world *w)
{
	return (const struct flow_header *)w->table;
}

static struct flow_id id_of(const struct world *w, __u32 remote, __u8 proto)
{
	struct flow_key key = { .remote = { 0, remote },
				.local = { 0, 0xc6336401 },
				.rport = 40000,
				.lport = 80,
				.proto = proto,
				.family = FAMILY_IPV4 };

	return flow_hash(header(w), &key);
}

static void out(struct world *w, __u32 remote, __u32 event, __u32 number)
{
	struct flow_id id = id_of(w, remote, WIRE_PROTO_TCP);

	flow_outgoing(w->table, &w->stats, header(w), &id, event, number, w->now);
}

static __u32 in(struct world *w, __u32 remote, __u32 event, __u32 ack)
{
	struct flow_id id = id_of(w, remote, WIRE_PROTO_TCP);

	return flow_incoming(w->table, header(w), &id, event, ack, w->now);
}

/* FLOW_FREE: there is none. */
static __u32 state(struct world *w, __u32 remote, __u32 *ret_left)
{
	struct flow_id id = id_of(w, remote, WIRE_PROTO_TCP);
	__u64 word = 0;

	if (!flow_find(w->table, header(w), &id, w->now, &word))
		return FLOW_FREE;
	if (ret_left)
		*ret_left = flow_left(word, w->now);
	return flow_state(word);
}

/* What happens to one flow, from its beginning; numbers are ours + 1 in a SYN-ACK and in an ACK. */
#define STEPS 6
static const struct {
	const char *name;
	struct {
		__u32 event, number;
	} step[STEPS];
	__u32 state;
	__u32 answer; /* to an ACK behind these steps */
} lives[] = {
	/* clang-format off */
	{ "nothing", { { 0 } }, FLOW_FREE, FLOW_UNKNOWN },
	{ "our SYN", { { FLOW_OUT_SYN, 1 } }, FLOW_SYN_SENT, FLOW_KNOWN },
	{ "connect", { { FLOW_OUT_SYN, 1 }, { FLOW_IN_SYN_ACK, 1 }, { FLOW_OUT_ACK, 1 } }, FLOW_OPEN, FLOW_KNOWN },
	{ "our SYN-ACK", { { FLOW_OUT_SYN_ACK, 77 } }, FLOW_SYN_ACKED, FLOW_UNKNOWN },
	{ "the ACK for it", { { FLOW_OUT_SYN_ACK, 77 }, { FLOW_IN_ACK, 77 } }, FLOW_OPEN, FLOW_KNOWN },
	{ "a forged ACK", { { FLOW_OUT_SYN_ACK, 77 }, { FLOW_IN_ACK, 78 } }, FLOW_SYN_ACKED, FLOW_UNKNOWN },
	{ "an RST with that number", { { FLOW_OUT_SYN_ACK, 77 }, { FLOW_IN_RST, 77 } }, FLOW_SYN_ACKED, FLOW_UNKNOWN },
	{ "the stack's answer to a forged ACK", { { FLOW_OUT_SYN_ACK, 77 }, { FLOW_OUT_ACK, 1 } }, FLOW_SYN_ACKED, FLOW_UNKNOWN },
	{ "the last of two SYN-ACKs counts", { { FLOW_OUT_SYN_ACK, 77 }, { FLOW_OUT_SYN_ACK, 99 }, { FLOW_IN_ACK, 77 } }, FLOW_SYN_ACKED, FLOW_UNKNOWN },
	{ "data behind our SYN-ACK", { { FLOW_OUT_SYN_ACK, 77 }, { FLOW_OUT_DATA, 1 } }, FLOW_OPEN, FLOW_KNOWN },
	{ "our RST makes none", { { FLOW_OUT_RST, 1 } }, FLOW_FREE, FLOW_UNKNOWN },
	{ "our RST ends one", { { FLOW_OUT_DATA, 1 }, { FLOW_OUT_RST, 1 } }, FLOW_CLOSED, FLOW_ENDING },
	{ "our RST to a forged SYN-ACK", { { FLOW_OUT_SYN, 1 }, { FLOW_IN_SYN_ACK, 9 }, { FLOW_OUT_RST, 1 } }, FLOW_SYN_SENT, FLOW_KNOWN },
	{ "data of an old connection", { { FLOW_OUT_DATA, 1 } }, FLOW_OPEN, FLOW_KNOWN },
	{ "a bare ACK of an old connection", { { FLOW_OUT_ACK, 1 } }, FLOW_FORWARDED, FLOW_KNOWN },
	{ "the same, answered", { { FLOW_OUT_ACK, 1 }, { FLOW_IN_ACK, 5 } }, FLOW_SYN_SENT, FLOW_KNOWN },
	{ "an RST does not confirm", { { FLOW_OUT_PASSED_SYN, 1 }, { FLOW_IN_RST, 1 } }, FLOW_FORWARDED, FLOW_KNOWN },
	{ "forwarded connect", { { FLOW_OUT_PASSED_SYN, 1 }, { FLOW_IN_SYN_ACK, 1 }, { FLOW_OUT_ACK, 1 } }, FLOW_OPEN, FLOW_KNOWN },
	{ "blind RST", { { FLOW_OUT_DATA, 1 }, { FLOW_IN_RST, 1 } }, FLOW_RESET, FLOW_ENDING },
	{ "blind FIN", { { FLOW_OUT_DATA, 1 }, { FLOW_IN_FIN, 1 } }, FLOW_SHAKEN, FLOW_ENDING },
	{ "undone by what we send", { { FLOW_OUT_DATA, 1 }, { FLOW_IN_RST, 1 }, { FLOW_OUT_ACK, 1 } }, FLOW_OPEN, FLOW_KNOWN },
	{ "closed by both", { { FLOW_OUT_DATA, 1 }, { FLOW_OUT_FIN, 1 }, { FLOW_IN_FIN, 1 }, { FLOW_OUT_ACK, 1 } }, FLOW_CLOSED, FLOW_ENDING },
	{ "a SYN opens it again", { { FLOW_OUT_DATA, 1 }, { FLOW_OUT_FIN, 1 }, { FLOW_OUT_SYN, 1 } }, FLOW_SYN_SENT, FLOW_KNOWN },
	{ "a SYN-ACK for a closed one", { { FLOW_OUT_DATA, 1 }, { FLOW_OUT_FIN, 1 }, { FLOW_OUT_SYN_ACK, 9 } }, FLOW_SYN_ACKED, FLOW_UNKNOWN },
	{ "a SYN-ACK behind a RST", { { FLOW_OUT_DATA, 1 }, { FLOW_IN_FIN, 1 }, { FLOW_IN_RST, 1 }, { FLOW_OUT_SYN_ACK, 9 } }, FLOW_SYN_ACKED, FLOW_UNKNOWN },
	{ "a SYN-ACK sent again behind a FIN", { { FLOW_OUT_SYN_ACK, 9 }, { FLOW_IN_ACK, 9 }, { FLOW_IN_FIN, 9 }, { FLOW_OUT_SYN_ACK, 9 } }, FLOW_SHAKEN, FLOW_ENDING },
	{ "a SYN-ACK for an open one", { { FLOW_OUT_DATA, 1 }, { FLOW_OUT_SYN_ACK, 9 } }, FLOW_OPEN, FLOW_KNOWN },
	{ "UDP, asked", { { FLOW_OUT_UDP, 0 } }, FLOW_ASKED, FLOW_KNOWN },
	{ "UDP, answered", { { FLOW_OUT_UDP, 0 }, { FLOW_IN_UDP, 0 } }, FLOW_UDP, FLOW_KNOWN },
	{ "echo, answered", { { FLOW_OUT_ECHO, 0 }, { FLOW_IN_ECHO, 0 } }, FLOW_ECHO, FLOW_KNOWN },
	/* clang-format on */
};

static void test_lives(void **unused)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		struct world *w = new_world();
		__u32 got, answer;

		for (size_t k = 0; k < STEPS && lives[i].step[k].event; k++) {
			__u32 event = lives[i].step[k].event, number = lives[i].step[k].number;

			if (event < FLOW_IN_SYN_ACK)
				out(w, 7, event, number);
			else
				in(w, 7, event, number);
		}
		got = state(w, 7, NULL);
		answer = in(w, 7, FLOW_IN_ACK, 12345);
		if (got != lives[i].state || answer != lives[i].answer) {
			print_error("%s: state %u, answer %u\n", lives[i].name, got, answer);
			failed++;
		}
		free(w);
	}
	assert_int_equal(failed, 0);
}

/* Only the ACK that promotes says that a handshake was completed, and it says so once. */
static void test_completed(void **unused)
{
	struct world *w = new_world();

	out(w, 7, FLOW_OUT_SYN_ACK, 77);
	assert_int_equal(in(w, 7, FLOW_IN_ACK, 77), FLOW_COMPLETED);
	assert_int_equal(in(w, 7, FLOW_IN_ACK, 77), FLOW_KNOWN);
	assert_int_equal(in(w, 8, FLOW_IN_ACK, 77), FLOW_UNKNOWN);
	free(w);
}

static void test_times(void **unused)
{
	struct world *w = new_world();
	__u32 left = 0;

	/* A forged RST shortens the time, a second one does not begin it anew. */
	out(w, 7, FLOW_OUT_DATA, 1);
	in(w, 7, FLOW_IN_RST, 1);
	assert_int_equal(state(w, 7, &left), FLOW_RESET);
	assert_int_equal(left, 120);
	w->now += 100;
	in(w, 7, FLOW_IN_RST, 1);
	in(w, 7, FLOW_IN_FIN, 1);
	in(w, 7, FLOW_IN_ACK, 1);
	state(w, 7, &left);
	assert_int_equal(left, 20);
	w->now += 19;
	assert_int_equal(in(w, 7, FLOW_IN_ACK, 1), FLOW_ENDING);
	w->now += 1;
	assert_int_equal(in(w, 7, FLOW_IN_ACK, 1), FLOW_LAPSED);
	/* One that was never confirmed leaves no trace. */
	out(w, 11, FLOW_OUT_PASSED_SYN, 1);
	w->now += 120;
	assert_int_equal(in(w, 11, FLOW_IN_ACK, 1), FLOW_UNKNOWN);

	/* It never lengthens it either. */
	out(w, 8, FLOW_OUT_SYN, 1);
	w->now += 60;
	in(w, 8, FLOW_IN_RST, 1);
	state(w, 8, &left);
	assert_int_equal(left, 60);

	/* What comes in keeps UDP alive, but no TCP. */
	out(w, 9, FLOW_OUT_UDP, 0);
	in(w, 9, FLOW_IN_UDP, 0);
	w->now += 150;
	in(w, 9, FLOW_IN_UDP, 0);
	state(w, 9, &left);
	assert_int_equal(left, 180);
	out(w, 10, FLOW_OUT_DATA, 0);
	w->now += 400000;
	in(w, 10, FLOW_IN_ACK, 0);
	state(w, 10, &left);
	assert_int_equal(left, 32000);
	free(w);
}

/* The clock is 28 bits; a flow that began before it wrapped ends in time behind that. */
static void test_clock_wraps(void **unused)
{
	struct world *w = new_world();
	__u32 left = 0;

	w->now = FLOW_TIME_MASK - 10;
	out(w, 7, FLOW_OUT_UDP, 0);
	w->now = 5;
	assert_int_equal(state(w, 7, &left), FLOW_ASKED);
	assert_int_equal(left, 14);
	w->now = 19;
	assert_int_equal(state(w, 7, NULL), FLOW_FREE);
	/* Long ago is not far ahead. */
	w->now = 19 + (1u << 26);
	assert_int_equal(state(w, 7, NULL), FLOW_FREE);
	free(w);
}

/* New flows without end: all confirmed ones stay, and nothing is evicted that was confirmed. */
static void test_flood(void **unused)
{
	struct world *w = new_world();
	__u32 n = ROWS * FLOW_ROW_CELLS / 2, lost = 0;

	for (__u32 i = 0; i < n; i++)
		out(w, i, FLOW_OUT_DATA, 1);
	for (__u32 i = 0; i < 200000; i++)
		out(w, 0x10000000 + i, i & 1 ? FLOW_OUT_UDP : FLOW_OUT_SYN_ACK, i);
	for (__u32 i = 0; i < n; i++)
		lost += state(w, i, NULL) != FLOW_OPEN;
	assert_int_equal(lost, w->stats.evicted_confirmed);
	/* Half full, two choices: one in 65 000 finds no place; of 2048 none. */
	assert_int_equal(lost, 0);
	assert_true(w->stats.evicted_new > 190000);
	free(w);
}

/* Overfilled: what was evicted is counted, each one. */
static void test_evictions(void **unused)
{
	struct world *w = new_world();
	__u32 n = ROWS * FLOW_ROW_CELLS * 2, alive = 0;

	for (__u32 i = 0; i < n; i++)
		out(w, i, FLOW_OUT_DATA, 1);
	for (__u32 i = 0; i < n; i++)
		alive += state(w, i, NULL) == FLOW_OPEN;
	assert_int_equal(w->stats.evicted_confirmed, n - alive);
	/* Full of confirmed flows, a new one is refused and counted. */
	for (__u32 i = 0; i < 1000; i++)
		out(w, 0x10000000 + i, FLOW_OUT_UDP, 0);
	assert_int_equal(w->stats.refused, 1000);
	assert_int_equal(w->stats.evicted_new, 0);
	free(w);
}

/*
 * A flow that ended and comes again (the same ports, as of NTP) may get another cell of its row
 * than the one it had: it is found whatever lies in the old one.
 */
static void test_again(void **unused)
{
	struct world *w = new_world();
	__u32 now = w->now, n = ROWS * FLOW_ROW_CELLS / 4;

	for (__u32 round = 1; round < 50; round++) {
		w->now = now + round * 1000;
		/* In another order each time. */
		for (__u32 i = 0; i < n; i++) {
			__u32 remote = (i * (2 * round + 1)) & (n - 1);

			out(w, remote, FLOW_OUT_UDP, 0);
			if (in(w, remote, FLOW_IN_UDP, 0) != FLOW_KNOWN)
				fail_msg("round %u, flow %u: its answer is of no flow", round,
					 remote);
		}
	}
	assert_int_equal(w->stats.evicted_confirmed, 0);
	free(w);
}

/* The word names its flow: a cell with the tag of one flow and the word of another is neither's. */
static void test_torn_cell(void **unused)
{
	struct world *w = new_world();
	struct flow_id a = id_of(w, 7, WIRE_PROTO_TCP), b = id_of(w, 8, WIRE_PROTO_TCP);
	__u64 word = 0;
	struct flow_cell *cell;

	out(w, 7, FLOW_OUT_DATA, 1);
	cell = flow_find(w->table, header(w), &a, w->now, &word);
	assert_non_null(cell);
	cell->word = flow_word(w->now + 100, FLOW_OPEN, b.check);
	assert_int_equal(in(w, 7, FLOW_IN_ACK, 1), FLOW_UNKNOWN);
	assert_int_equal(in(w, 8, FLOW_IN_ACK, 1), FLOW_UNKNOWN);
	free(w);
}

/* Every field of the key counts. */
static void test_keys(void **unused)
{
	struct world *w = new_world();
	const struct flow_key base = { .remote = { 0, 1 },
				       .local = { 0, 2 },
				       .rport = 3,
				       .lport = 4,
				       .proto = 6,
				       .family = FAMILY_IPV4 };
	struct flow_key other[9];
	struct flow_id id = flow_hash(header(w), &base);

	for (int i = 0; i < 9; i++)
		other[i] = base;
	other[0].remote[1] = 2;
	other[1].local[1] = 3;
	other[2].rport = 4;
	other[3].lport = 3;
	other[4].proto = 17;
	other[5].family = FAMILY_IPV6;
	other[6].remote[1] = 2, other[6].local[1] = 1;
	other[7].rport = 4, other[7].lport = 3;
	other[8].family = FAMILY_IPV6, other[8].remote[0] = 1;
	for (int i = 0; i < 9; i++) {
		struct flow_id got = flow_hash(header(w), &other[i]);

		if (got.tag == id.tag || got.check == id.check)
			fail_msg("key %d is not told from the first", i);
	}
	free(w);
}

/*
 * One buffer of the stack with more bytes than a length field can tell: IPv4 with the length 0,
 * IPv6 too, without and with the jumbo option of older kernels. From a wire all three are
 * malformed.
 */
static void test_big(void **unused)
{
	const struct {
		__u32 offset; /* of TCP */
		__u8 reason;  /* when it comes in */
		__u8 head[14 + 48];
	} cases[] = {
		{ 34,
		  REASON_IP4_HEADER,
		  { [12] = 0x08,
		    [14] = 0x45,
		    [23] = 6,
		    [26] = 192,
		    [29] = 1,
		    [30] = 198,
		    [33] = 2 } },
		{ 54,
		  REASON_TCP_HEADER,
		  { [12] = 0x86,
		    0xdd,
		    [14] = 0x60,
		    [20] = 6,
		    [22] = 0x20,
		    [37] = 1,
		    [38] = 0x20,
		    [53] = 2 } },
		{ 62,
		  REASON_IP6_HEADER,
		  { [12] = 0x86,
		    0xdd,
		    [14] = 0x60,
		    [20] = 0,
		    [22] = 0x20,
		    [37] = 1,
		    [38] = 0x20,
		    [53] = 2,
		    [54] = 6,
		    0,
		    0xc2,
		    4,
		    0,
		    1,
		    0x11,
		    0x70 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__u8 *frame = calloc(1, 128);
		__u8 *tcp = frame + cases[i].offset;
		struct flow_packet seen = { 0 };
		struct pkt pkt;

		assert_non_null(frame);
		memcpy(frame, cases[i].head, cases[i].offset);
		tcp[1] = 80;
		tcp[2] = 0x9c;
		tcp[12] = 0x50;
		tcp[13] = WIRE_TCP_ACK;
		pkt_parse(&pkt, frame, frame + 128, 70000);
		assert_int_equal(pkt.reason, cases[i].reason);
		pkt_parse_own(&pkt, frame, frame + 128, 70000);
		assert_int_equal(pkt.reason, REASON_NONE);
		assert_int_equal(pkt.l4_off, cases[i].offset);
		assert_int_equal(pkt.ip_len, 70000 - 14);
		flow_read_out(&pkt, frame, frame + 128, 0, &seen);
		assert_int_equal(seen.event, FLOW_OUT_DATA);
		assert_int_equal(seen.key.lport, 80);
		free(frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lives),     cmocka_unit_test(test_completed),
		cmocka_unit_test(test_times),     cmocka_unit_test(test_clock_wraps),
		cmocka_unit_test(test_flood),     cmocka_unit_test(test_evictions),
		cmocka_unit_test(test_torn_cell), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_again),     cmocka_unit_test(test_big),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
