/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walker in an interpreter that lets it read the blob and nothing behind it: verdicts and
 * counters, random rules against eval and the lookup in user space, what is fallen back to.
 */
#include "compiler/ir/forest.h"
#include "tests/random.h"
#include "tests/unit/interpret.h"
#include "tests/unit/ruleset.h"

#define HEAD    "interface eth0\ndefault drop\n"
#define ROUNDS  150u
#define PACKETS 300u

static const struct compile_options forest_only = { .wanted = CLASSIFIER_FOREST };

static bool run_compile(struct diags *ds, struct ruleset *rs, struct compile_options options,
			struct machine *m)
{
	static struct compiled compiled;

	for (uint32_t i = 0; i < rs->rules.len; i++)
		rs->rules.data[i].slot = SLOT_RULES + i;
	if (!compile_with(ds, rs, options, &compiled))
		return false;
	m->compiled = &compiled;
	m->n_counters = SLOT_RULES + rs->rules.len;
	m->counters = arena_new_array(rs->arena, struct counter, m->n_counters);
	return true;
}

#define MANY  "1,3,5,7,9,11,13,15,17,19,21-30,40"
#define NETS  "192.0.2.1,192.0.2.3,192.0.2.5,198.51.100.0/24,203.0.113.7-255.255.255.255"
#define NETS6 "2001:db8::1,2001:db8::3-2001:db8:0:1::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

/* clang-format off */
static const struct {
	const char *name, *rules, *packet;
	bool allow;
} verdicts[] = {
	{ "no rule", "", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "everything", "allow", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "everything is IP", "allow", "ether 0x88cc", false },
	{ "not IP", "allow ether 0x88cc", "ether 0x88cc", true },
	{ "another ethertype", "allow ether 0x88cc", "ether 0x88cd", false },
	{ "exact", "allow tcp dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "port 0", "allow tcp dport 0", "tcp 192.0.2.1:1 > 192.0.2.2:0", true },
	{ "below the range", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:21", false },
	{ "first of it", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "last of it", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:25", true },
	{ "above it", "allow tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:26", false },
	{ "up to the top", "allow tcp dport 1024-", "tcp 192.0.2.1:1 > 192.0.2.2:65535", true },
	{ "same port, UDP", "allow tcp dport 22", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "a port of no fragment", "allow tcp dport 0", "tcp 192.0.2.1 > 192.0.2.2 frag later", false },
	{ "protocol of a fragment", "allow tcp", "tcp 192.0.2.1 > 192.0.2.2 frag later", true },
	{ "lowest address", "allow src 0.0.0.0/1", "tcp 0.0.0.0:1 > 192.0.2.2:22", true },
	{ "highest address", "allow src 255.255.255.255", "tcp 255.255.255.255:1 > 192.0.2.2:22", true },
	{ "behind a prefix", "allow src 192.0.2.0/25", "tcp 192.0.2.128:1 > 192.0.3.2:22", false },
	{ "IPv6 over 64", "allow src 2001:db8::/112", "tcp [2001:db8::ffff]:1 > [2001:db8::2]:22", true },
	{ "behind it, IPv6", "allow src 2001:db8::/112", "tcp [2001:db8::1:0]:1 > [2001:db8::2]:22", false },
	{ "IPv6 under 64", "allow dst 2001:db8::/33", "tcp [2001:db8::1]:1 > [2001:db8:7fff::1]:22", true },
	{ "IPv6 range", "allow src 2001:db8::ffff-2001:db8:0:1::1", "tcp [2001:db8:0:1::1]:1 > [2001:db8::2]:22", true },
	{ "behind that", "allow src 2001:db8::ffff-2001:db8:0:1::1", "tcp [2001:db8:0:1::2]:1 > [2001:db8::2]:22", false },
	{ "bounds, first", "allow src " NETS " tcp dport " MANY, "tcp 192.0.2.1:1 > 192.0.2.2:1", true },
	{ "bounds, between", "allow src " NETS " tcp dport " MANY, "tcp 192.0.2.2:1 > 192.0.2.2:1", false },
	{ "bounds, last", "allow src " NETS " tcp dport " MANY, "tcp 255.255.255.255:1 > 192.0.2.2:40", true },
	{ "bounds, above", "allow src " NETS " tcp dport " MANY, "tcp 255.255.255.255:1 > 192.0.2.2:65535", false },
	{ "bounds, IPv6", "allow src " NETS6 " tcp dport " MANY, "tcp [2001:db8:0:1::]:1 > [2001:db8::2]:40", true },
	{ "bounds, behind it", "allow src " NETS6 " tcp dport " MANY, "tcp [2001:db8:0:1::1]:1 > [2001:db8::2]:40", false },
	{ "bounds, all ones", "allow src " NETS6 " tcp dport " MANY, "tcp [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1 > [2001:db8::2]:40", true },
	{ "bitmap", "allow src " NETS " icmp type 8,13,15,17,30-40", "icmp 192.0.2.3 > 192.0.2.2 type 8", true },
	{ "not in the bitmap", "allow src " NETS " icmp type 8,13,15,17,30-40", "icmp 192.0.2.3 > 192.0.2.2 type 9", false },
	{ "negated", "allow tcp not dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:23", true },
	{ "negated, hit", "allow tcp not dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "two negated", "allow tcp not sport 1 not dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:23", false },
	{ "mac", "allow smac 02:00:00:00:00:01", "tcp 192.0.2.1:1 > 192.0.2.2:22 smac 02:00:00:00:00:01", true },
	{ "mac, high bit", "allow smac 02:00:00:00:00:01", "tcp 192.0.2.1:1 > 192.0.2.2:22 smac 82:00:00:00:00:01", false },
	{ "the first of two", "drop tcp dport 22\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "the second of two", "drop tcp dport 22\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:23", true },
	{ "return", "chain c { return src 192.0.2.1\nallow tcp }\njump c", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "behind a return", "chain c { return src 192.0.2.1\ndrop tcp }\njump c\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "entered again", "chain c { return src 192.0.2.1\nallow tcp }\njump c\njump c dst 192.0.2.2", "tcp 192.0.2.3:1 > 192.0.2.2:22", true },
	{ "return jumps over an allow", "chain c { return src 192.0.2.1\ndrop tcp }\njump c\nallow tcp\ndrop", "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
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
		if (!run_compile(loaded.ds, loaded.rs, forest_only, &m)) {
			print_diags(loaded.ds);
			fail_msg("%s", verdicts[i].name);
		}
		m.pkt = read_packet(&loaded, verdicts[i].packet);
		verdict = machine_run(&m);
		if (m.fault || verdict != (verdicts[i].allow ? XDP_PASS : XDP_DROP))
			fail_msg("%s: verdict %u, %s", verdicts[i].name, verdict,
				 m.fault ? m.fault : "");
		arena_free(loaded.arena);
	}
}

/* Three non-terminal places are met, one of them a return; a probe counts nothing. */
static void test_counters(void **state)
{
	struct loaded loaded = load_text(HEAD "chain c { count tcp dport 22\nreturn\n}\n"
					      "count tcp\njump c tcp\nallow tcp dport 22",
					 NULL);
	struct machine m = { 0 };
	struct counter *rules;

	assert_true(run_compile(loaded.ds, loaded.rs, forest_only, &m));
	rules = m.counters + SLOT_RULES;
	m.pkt = read_packet(&loaded, "tcp 192.0.2.1:1 > 192.0.2.2:22");
	m.pkt.frame_len = 1000;
	assert_int_equal(machine_run(&m), XDP_PASS);
	m.pkt.from = 0;
	m.pkt.dport = 23;
	assert_int_equal(machine_run(&m), XDP_DROP);
	for (uint32_t i = 0; i < loaded.rs->rules.len; i++) {
		const char *text = loaded.rs->rules.data[i].text;
		uint32_t wanted = strcmp(text, "count tcp") == 0 ? 2
				  : strstr(text, "dport 22")     ? 1
								 : 0;

		if (rules[i].packets != wanted || rules[i].bytes != 1000 * wanted)
			fail_msg("%s: %llu packets", text, rules[i].packets);
	}
	assert_int_equal(m.counters[SLOT_DEFAULT_DROP].packets, 1);
	assert_int_equal(m.counters[SLOT_FALLTHROUGH].packets, 0);
	m.pkt.probe = 1;
	m.pkt.from = 0;
	assert_int_equal(machine_run(&m), ANSWER(ANSWER_RULE, 0));
	m.pkt.from = 1;
	assert_int_equal(machine_run(&m), ANSWER(ANSWER_DEFAULT, 0));
	assert_int_equal(m.counters[SLOT_DEFAULT_DROP].packets, 1);
	arena_free(loaded.arena);
}

/* Counter slots that follow from the place, and others: a disabled rule has a slot and no place. */
static void test_slots(void **state)
{
	static const struct {
		const char *name, *rules;
		uint32_t rule; /* which counts */
	} cases[] = {
		{ "in order", "drop tcp dport 1\ndrop tcp dport 2\nallow tcp dport 22", 2 },
		{ "with a gap", "drop tcp dport 1\ndrop tcp dport 2 disabled\nallow tcp dport 22",
		  2 },
		{ "the first only", "allow tcp dport 22", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		struct machine m = { 0 };
		struct loaded loaded;

		snprintf(text, sizeof(text), HEAD "%s", cases[i].rules);
		loaded = load_text(text, NULL);
		assert_true(run_compile(loaded.ds, loaded.rs, forest_only, &m));
		m.pkt = read_packet(&loaded, "tcp 192.0.2.1:1 > 192.0.2.2:22");
		assert_int_equal(machine_run(&m), XDP_PASS);
		for (uint32_t k = 0; k < m.n_counters; k++)
			if (m.counters[k].packets != (k == SLOT_RULES + cases[i].rule))
				fail_msg("%s: slot %u", cases[i].name, k);
		arena_free(loaded.arena);
	}
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
		if (!run_compile(made.ds, made.rs, forest_only, &m)) {
			print_diags(made.ds);
			fail_msg("round %u:\n%.*s", round, STR_ARG(made.text));
		}
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

static const char *repeated(struct arena *arena, const char *format, uint32_t n)
{
	struct buf text = { .arena = arena };

	buf_puts(&text, HEAD);
	for (uint32_t i = 0; i < n; i++) {
		buf_printf(&text, format, i);
		buf_puts(&text, "\n");
	}
	return buf_text(&text);
}

/* Which classifier the rules get, and whether W220 tells of a fallback. */
static void test_choice(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct {
		const char *name, *text;
		enum classifier classifier;
		bool warns;
	} cases[] = {
		{ "few", repeated(arena, "allow tcp dport %u", 4), CLASSIFIER_STRAIGHT, false },
		{ "many", repeated(arena, "allow tcp dport %u", 40), CLASSIFIER_FOREST, false },
		{ "counts that one packet meets", repeated(arena, "count tcp sport 0-%u", 300),
		  CLASSIFIER_STRAIGHT, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded loaded = load_text(cases[i].text, NULL);
		struct machine m = { 0 };
		uint32_t warnings = 0;

		assert_true(run_compile(loaded.ds, loaded.rs, (struct compile_options){ 0 }, &m));
		vec_for_each(d, &loaded.ds->list)
			warnings += d->code == W220;
		if (m.compiled->classifier != cases[i].classifier || warnings != cases[i].warns)
			fail_msg("%s: classifier %u, %u warnings", cases[i].name,
				 m.compiled->classifier, warnings);
		assert_true((m.compiled->forest != NULL) ==
			    (cases[i].classifier == CLASSIFIER_FOREST));
		arena_free(loaded.arena);
	}
}

/* Indexes are checked: whatever lies in the blob, the map must reach as far as a leaf can. */
static void test_room(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct loaded loaded = load_text(repeated(arena, "allow tcp dport %u", 33), NULL);
	struct machine m = { 0 };
	const struct forest *forest;

	assert_true(run_compile(loaded.ds, loaded.rs, forest_only, &m));
	forest = m.compiled->forest;
	vec_for_each(group, &forest->groups)
		assert_true(m.compiled->blob_room >=
			    forest->records4.offset + (forest->records4.n + group->leaf_max) *
							      sizeof(struct forest_record4));
	assert_true(m.compiled->blob_room <= m.compiled->blob_size + 4096);
	arena_free(loaded.arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_counters),
		cmocka_unit_test(test_slots),    cmocka_unit_test(test_random),
		cmocka_unit_test(test_choice),   cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
