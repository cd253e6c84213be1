/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Straight-line code in an interpreter: verdicts at the edges of each kind of value test, random
 * rules against eval, what is refused, and the witnesses.
 */
#include "tests/random.h"
#include "tests/unit/interpret.h"
#include "tests/unit/ruleset.h"

#define HEAD    "interface eth0\ndefault drop\n"
#define ROUNDS  200u
#define PACKETS 300u

static const struct compile_options straight_only = { .wanted = CLASSIFIER_STRAIGHT };

static bool run_compile(struct diags *ds, struct ruleset *rs, struct machine *m)
{
	static struct compiled compiled;

	for (uint32_t i = 0; i < rs->rules.len; i++)
		rs->rules.data[i].slot = SLOT_RULES + i;
	if (!compile_with(ds, rs, straight_only, &compiled))
		return false;
	m->compiled = &compiled;
	m->n_counters = SLOT_RULES + rs->rules.len;
	m->counters = arena_new_array(rs->arena, struct counter, m->n_counters);
	return true;
}

/* clang-format off */
static const struct {
	const char *name, *rules, *packet;
	bool allow;
} verdicts[] = {
	{ "no rule", "", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "exact", "allow tcp dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "exact, port 0", "allow tcp dport 0", "tcp 192.0.2.1:1 > 192.0.2.2:0", true },
	{ "below the range", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:21", false },
	{ "first of it", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "last of it", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:25", true },
	{ "above it", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:26", false },
	{ "an open range", "allow tcp dport 1024-", "tcp 192.0.2.1:1 > 192.0.2.2:65535", true },
	{ "same port, UDP", "allow tcp dport 22", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "two protocols", "allow proto tcp,udp dport 53", "udp 192.0.2.1:1 > 192.0.2.2:53", true },
	{ "neither of two", "allow proto tcp,udp dport 0", "proto 47 192.0.2.1 > 192.0.2.2", false },
	{ "negated", "allow tcp not dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:23", true },
	{ "negated, hit", "allow tcp not dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "negated has a port", "allow tcp not dport 22", "tcp 192.0.2.1 > 192.0.2.2 frag later", false },
	{ "a port of no fragment", "allow tcp dport 0", "tcp 192.0.2.1 > 192.0.2.2 frag later", false },
	{ "protocol of a fragment", "allow tcp", "tcp 192.0.2.1 > 192.0.2.2 frag later", true },
	{ "list in line", "allow tcp dport 1,3,5,7", "tcp 192.0.2.1:1 > 192.0.2.2:7", true },
	{ "between its values", "allow tcp dport 1,3,5,7", "tcp 192.0.2.1:1 > 192.0.2.2:6", false },
	{ "table, first", "allow tcp dport 0,2,4,6,8", "tcp 192.0.2.1:1 > 192.0.2.2:0", true },
	{ "table, between", "allow tcp dport 0,2,4,6,8", "tcp 192.0.2.1:1 > 192.0.2.2:1", false },
	{ "table, last", "allow tcp dport 0,2,4,6,8", "tcp 192.0.2.1:1 > 192.0.2.2:8", true },
	{ "table, above", "allow tcp dport 0,2,4,6,8", "tcp 192.0.2.1:1 > 192.0.2.2:65535", false },
	{ "table up to the top", "allow tcp dport 1,3,5,7,9-", "tcp 192.0.2.1:1 > 192.0.2.2:65535", true },
	{ "table negated", "allow tcp dport not 0,2,4,6,8", "tcp 192.0.2.1:1 > 192.0.2.2:1", true },
	{ "prefix, last", "allow src 192.0.2.0/25", "tcp 192.0.2.127:1 > 192.0.3.2:22", true },
	{ "behind it", "allow src 192.0.2.0/25", "tcp 192.0.2.128:1 > 192.0.3.2:22", false },
	{ "all of IPv4", "allow src 0.0.0.0/0", "tcp 192.0.2.1:1 > 192.0.3.2:22", true },
	{ "all of IPv4, IPv6", "allow src 0.0.0.0/0", "tcp [2001:db8::1]:1 > [2001:db8::2]:22", false },
	{ "IPv6 prefix over 64", "allow src 2001:db8::/112", "tcp [2001:db8::ffff]:1 > [2001:db8::2]:22", true },
	{ "behind it, IPv6", "allow src 2001:db8::/112", "tcp [2001:db8::1:0]:1 > [2001:db8::2]:22", false },
	{ "IPv6 prefix under 64", "allow src 2001:db8::/33", "tcp [2001:db8:7fff::1]:1 > [2001:db8::2]:22", true },
	{ "IPv6 range over 64 bits", "allow src 2001:db8::ffff-2001:db8:0:1::1", "tcp [2001:db8:0:1::1]:1 > [2001:db8::2]:22", true },
	{ "behind that", "allow src 2001:db8::ffff-2001:db8:0:1::1", "tcp [2001:db8:0:1::2]:1 > [2001:db8::2]:22", false },
	{ "before that", "allow src 2001:db8::ffff-2001:db8:0:1::1", "tcp [2001:db8::fffe]:1 > [2001:db8::2]:22", false },
	{ "low half is not IPv4", "allow src 192.0.2.1", "tcp [2001:db8::c000:201]:1 > [2001:db8::2]:22", false },
	{ "both families", "allow src 192.0.2.1,2001:db8::1", "tcp [2001:db8::1]:1 > [2001:db8::2]:22", true },
	{ "negated leaves IPv6", "allow not src 192.0.2.1", "tcp [2001:db8::1]:1 > [2001:db8::2]:22", false },
	{ "syn", "allow tcp syn", "tcp 192.0.2.1:1 > 192.0.2.2:22 syn", true },
	{ "syn, but ack", "allow tcp syn", "tcp 192.0.2.1:1 > 192.0.2.2:22 flags syn,ack", false },
	{ "icmp type", "allow icmp type 8", "icmp 192.0.2.1 > 192.0.2.2 type 8", true },
	{ "icmp6 is another", "allow icmp type 8", "icmp6 2001:db8::1 > 2001:db8::2 type 8", false },
	{ "mac", "allow smac 02:00:00:00:00:01", "tcp 192.0.2.1:1 > 192.0.2.2:22 smac 02:00:00:00:00:01", true },
	{ "mac, high bit", "allow smac 02:00:00:00:00:01", "tcp 192.0.2.1:1 > 192.0.2.2:22 smac 82:00:00:00:00:01", false },
	{ "not IP", "allow ether 0x88cc", "ether 0x88cc", true },
	{ "a rule sees IP", "allow", "ether 0x88cc", false },
	{ "chain", "chain c { allow tcp dport 22 }\njump c src 192.0.2.1", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "chain not entered", "chain c { allow tcp dport 22 }\njump c src 192.0.2.9", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "return", "chain c { return src 192.0.2.1\nallow tcp }\njump c", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "behind a return", "chain c { return src 192.0.2.1\ndrop tcp }\njump c\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "entered again", "chain c { return src 192.0.2.1\nallow tcp }\njump c\njump c dst 192.0.2.2", "tcp 192.0.2.3:1 > 192.0.2.2:22", true },
	{ "chain in a chain", "chain d { allow udp }\nchain c { jump d\nallow tcp }\njump c", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "return leaves one", "chain d { return }\nchain c { jump d\nallow tcp }\njump c", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "disabled", "drop tcp disabled\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "fragments drop", "option fragments drop\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:22 frag first", false },
	{ "fragments pass", "option fragments pass\ndrop tcp", "tcp 192.0.2.1 > 192.0.2.2 frag later", true },
	{ "count goes on", "count tcp\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
};
/* clang-format on */

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		char text[1024];
		struct machine m = { 0 };
		struct loaded loaded;
		uint32_t verdict;

		snprintf(text, sizeof(text), HEAD "%s", verdicts[i].rules);
		loaded = load_text(text, NULL);
		assert_true(run_compile(loaded.ds, loaded.rs, &m));
		m.pkt = read_packet(&loaded, verdicts[i].packet);
		verdict = machine_run(&m);
		if (m.fault || verdict != (verdicts[i].allow ? XDP_PASS : XDP_DROP))
			fail_msg("%s: verdict %u, %s", verdicts[i].name, verdict,
				 m.fault ? m.fault : "");
		arena_free(loaded.arena);
	}
}

static void test_counters(void **state)
{
	struct loaded loaded = load_text(HEAD "count tcp\ncount udp\nallow tcp dport 22", NULL);
	struct machine m = { 0 };
	struct counter *rules;

	assert_true(run_compile(loaded.ds, loaded.rs, &m));
	rules = m.counters + SLOT_RULES;
	m.pkt = read_packet(&loaded, "tcp 192.0.2.1:1 > 192.0.2.2:22");
	m.pkt.frame_len = 1000;
	assert_int_equal(machine_run(&m), XDP_PASS);
	m.pkt.dport = 23;
	assert_int_equal(machine_run(&m), XDP_DROP);
	assert_int_equal(rules[0].packets, 2);
	assert_int_equal(rules[0].bytes, 2000);
	assert_int_equal(rules[1].packets, 0);
	assert_int_equal(rules[2].packets, 1);
	assert_int_equal(m.counters[SLOT_DEFAULT_DROP].packets, 1);
	/* A probe counts nothing. */
	m.pkt.probe = 1;
	assert_int_equal(machine_run(&m), ANSWER(ANSWER_RULE, 0));
	m.pkt.from = 1;
	assert_int_equal(machine_run(&m), ANSWER(ANSWER_DEFAULT, 0));
	assert_int_equal(rules[0].packets, 2);
	assert_int_equal(m.counters[SLOT_DEFAULT_DROP].packets, 1);
	arena_free(loaded.arena);
}

static void test_random(void **state)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct random r = { (round + 1) * 0x9e3779b97f4a7c15u };
		struct random_rules made = random_rules(arena, &r);
		struct machine m = { 0 };
		const struct ruleset *rs;
		pools all = { 0 };

		assert_non_null(made.rs);
		assert_true(run_compile(made.ds, made.rs, &m));
		rs = m.compiled->lowered;
		pool_fill(arena, rs, &all);
		for (uint32_t i = 0; i < PACKETS; i++) {
			struct pkt pkt;

			random_packet(&r, rs, &all, &pkt);
			/* These two are the business of another program. */
			pkt.reason = REASON_NONE;
			pkt.essential = 0;
			if (!same_answers(rs, &m, &pkt))
				fail_msg("round %u:\n%.*s", round, STR_ARG(made.text));
		}
	}
}

static const char *nested_chains(struct arena *arena, uint32_t depth, uint32_t jumps)
{
	struct buf text = { .arena = arena };

	buf_puts(&text, HEAD);
	for (uint32_t i = 0; i < depth; i++) {
		buf_printf(&text, "chain c%u {\n", i);
		for (uint32_t k = 0; k < jumps && i + 1 < depth; k++)
			buf_printf(&text, "jump c%u tcp dport %u\n", i + 1, k);
		buf_puts(&text, "allow udp\n}\n");
	}
	buf_puts(&text, "jump c0\n");
	return buf_text(&text);
}

static void test_refused(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct {
		const char *name, *text;
		bool fits;
		enum diag_code code;
	} cases[] = {
		{ "not there yet", HEAD "rate-limit 5/s tcp\nscan-limit 5 within 1m per src", false,
		  E190 },
		{ "32 chains deep", nested_chains(arena, 32, 1), true, DIAG_CODES },
		{ "33 chains deep", nested_chains(arena, 33, 1), false, E191 },
		{ "two to the eighteen ways", nested_chains(arena, 18, 2), false, E191 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded loaded = load_text(cases[i].text, NULL);
		struct machine m = { 0 };
		bool fits = run_compile(loaded.ds, loaded.rs, &m);
		uint32_t n = loaded.ds->n_errors;

		if (fits != cases[i].fits || (n == 0) != cases[i].fits)
			fail_msg("%s: %u errors", cases[i].name, n);
		vec_for_each(d, &loaded.ds->list)
			if (d->severity == SEVERITY_ERROR && d->code != cases[i].code)
				fail_msg("%s: %s", cases[i].name, d->message);
		arena_free(loaded.arena);
	}
}

static void test_places(void **state)
{
	struct loaded loaded = load_text(HEAD "chain c { drop udp\nreturn }\n"
					      "jump c\ndrop tcp disabled\njump c tcp\nallow tcp",
					 NULL);
	struct machine m = { 0 };
	const char *wanted[] = { "jump c",   "drop udp", "return",   "jump c tcp",
				 "drop udp", "return",   "allow tcp" };

	assert_true(run_compile(loaded.ds, loaded.rs, &m));
	assert_int_equal(m.compiled->n_places, eval_places(loaded.rs));
	assert_int_equal(m.compiled->n_places, sizeof(wanted) / sizeof(*wanted));
	for (uint32_t i = 0; i < m.compiled->n_places; i++)
		assert_string_equal(loaded.rs->rules.data[m.compiled->rule_of_place[i]].text,
				    wanted[i]);
	arena_free(loaded.arena);
}

/* Every rule of these is reached, and every witness gets eval's answer. */
static void test_witnesses(void **state)
{
	struct loaded loaded = load_text(
		HEAD "set s addr { 198.51.100.0/24, 2001:db8:7::/48 }\n"
		     "chain c { allow udp dport 53\ncount icmp type 8 }\n"
		     "drop tcp dport 22-25 src 192.0.2.0/24\nallow tcp flags syn,fin/syn,fin\n"
		     "jump c dst 192.0.2.77\nallow src @s not src 198.51.100.7\n"
		     "allow ip6 len 100-200 dscp 1\nallow frag later\nallow ether 0x88cc",
		NULL);
	struct ruleset *rs = loaded.rs;
	struct pkt packets[1000];
	struct machine m = { 0 };
	bool met[32] = { 0 };
	uint32_t n = compile_witnesses(rs, packets, 1000);

	assert_true(run_compile(loaded.ds, rs, &m));
	assert_in_range(n, 100, 1000);
	for (uint32_t i = 0; i < n; i++) {
		struct eval_result result = eval_packet(rs, &packets[i], true);

		if (result.stage == ANSWER_RULE)
			met[result.rule] = true;
		if (result.stage == ANSWER_RULE || result.stage == ANSWER_DEFAULT)
			assert_true(same_answers(rs, &m, &packets[i]));
	}
	for (uint32_t i = 0; i < rs->rules.len; i++)
		if (rs->rules.data[i].verb.row->verb != VERB_JUMP && !met[i])
			fail_msg("no witness meets '%s'", rs->rules.data[i].text);
	assert_int_equal(compile_witnesses(rs, packets, 7), 7);
	assert_int_equal(compile_witnesses(rs, packets, 0), 0);
	arena_free(loaded.arena);
}

static void test_equal_lists_share(void **state)
{
	static const struct {
		const char *name, *rules;
		uint32_t tables; /* of 16 keys of 4 bytes */
	} cases[] = {
		{ "short lists are in line", "allow tcp dport 1,3,5,7", 0 },
		{ "one", "allow tcp dport 1,3,5,7-9,11", 1 },
		{ "the same in another order",
		  "allow tcp dport 1,3,5,7-9,11\n"
		  "drop udp sport 11,7-9,5,3,1",
		  1 },
		{ "negated", "allow tcp dport 1,3,5,7-9,11\ndrop tcp not dport 1,3,5,7-9,11", 1 },
		{ "another", "allow tcp dport 1,3,5,7-9,11\ndrop tcp dport 1,3,5,7-9,12", 2 },
		{ "a set", "set s port { 1, 3, 5, 7-9, 11 }\nallow tcp dport @s\ndrop udp sport @s",
		  1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct machine m = { 0 };
		struct loaded loaded;
		char text[512];

		snprintf(text, sizeof(text), HEAD "%s", cases[i].rules);
		loaded = load_text(text, NULL);
		assert_true(run_compile(loaded.ds, loaded.rs, &m));
		if (m.compiled->blob_size != cases[i].tables * 64)
			fail_msg("%s: %u bytes", cases[i].name, m.compiled->blob_size);
		arena_free(loaded.arena);
	}
}

static void test_disasm(void **state)
{
	struct loaded loaded = load_text(HEAD "  drop tcp dport 22\ncount udp\n", NULL);
	struct machine m = { 0 };
	struct buf out = { .arena = loaded.arena };
	const char *text;

	assert_true(run_compile(loaded.ds, loaded.rs, &m));
	compile_disasm(&out, loaded.ds, m.compiled);
	text = buf_text(&out);
	assert_non_null(strstr(text, "; drop tcp dport 22 @ rules.fw:3\n"));
	assert_non_null(strstr(text, "r1 = pkt.dport\n"));
	assert_non_null(strstr(text, "r1 = map counters\n"));
	assert_non_null(strstr(text, "; count udp @ rules.fw:4\n"));
	arena_free(loaded.arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_witnesses),
		cmocka_unit_test(test_equal_lists_share),
		cmocka_unit_test(test_disasm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
