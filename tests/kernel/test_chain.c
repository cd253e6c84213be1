/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `enter`, `probe` and an empty slot decide, and what they count: every setting of `enter`
 * against malformed, spoofed and essential packets of the corpus, with a program behind it that
 * gives an answer of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/kernel/chain.h"
#include "tests/packets/corpus.h"

enum { CLASSIFIED = 77 };

struct chain {
	struct bpf_object *dispatcher;
	struct bpf_object *enter;
	struct bpf_object *probe;
	struct pkt *slot;
};

static struct corpus corpus;

static struct bpf_object *generation(const struct chain *chain, const char *start, const char *end)
{
	struct bpf_object *object = chain_open(start, end);

	chain_share(object, chain->dispatcher, ".data.scratch");
	chain_share(object, chain->dispatcher, "counters");
	if (chain->enter)
		chain_share(object, chain->enter, "gen_jmp");
	return object;
}

#define CONFIG(pass, spoof, vital) \
	((struct enter_config){ .malformed_pass = pass, .antispoof = spoof, .essential = vital })

static struct chain set_up(struct enter_config config)
{
	struct chain chain = { .dispatcher = chain_dispatcher(true) };

	chain.slot = chain_slot(chain.dispatcher);
	chain.enter = generation(&chain, bpf_enter_start, bpf_enter_end);
	chain_must(!bpf_map__set_initial_value(bpf_object__find_map_by_name(chain.enter, ".rodata"),
					       &config, sizeof(config)),
		   "config");
	chain_load(chain.enter, true);
	chain.probe = generation(&chain, bpf_probe_start, bpf_probe_end);
	chain_load(chain.probe, true);
	chain_jump(chain.dispatcher, "jmp", 0, chain_program(chain.enter));
	chain_jump(chain.enter, "gen_jmp", GEN_ENTER, chain_program(chain.enter));
	chain_jump(chain.enter, "gen_jmp", GEN_CLASSIFY, chain_answer(CLASSIFIED, true));
	return chain;
}

static void tear_down(struct chain *chain)
{
	munmap(chain->slot, ABI_CPUS * sizeof(*chain->slot));
	bpf_object__close(chain->probe);
	bpf_object__close(chain->enter);
	bpf_object__close(chain->dispatcher);
}

static const struct corpus_packet *find(const char *name)
{
	for (uint32_t i = 0; i < corpus.n; i++) {
		if (!strcmp(corpus.packets[i].name, name))
			return &corpus.packets[i];
	}
	fail_msg("no packet '%s' in the corpus", name);
	return NULL;
}

static struct counter counted(const struct chain *chain, uint32_t slot)
{
	int cpus = libbpf_num_possible_cpus();
	struct counter_block *values = calloc((size_t)cpus, sizeof(*values));
	struct counter sum = { 0 };
	uint32_t block = 0;

	chain_must(values && !bpf_map_lookup_elem(chain_map(chain->dispatcher, "counters"), &block,
						  values),
		   "counters");
	for (int i = 0; i < cpus; i++) {
		sum.packets += values[i].counter[slot].packets;
		sum.bytes += values[i].counter[slot].bytes;
	}
	free(values);
	return sum;
}

/* All counters but @slot stay 0. */
static void assert_counted(const struct chain *chain, uint32_t slot, uint64_t packets,
			   uint64_t bytes)
{
	for (uint32_t i = 0; i < SLOT_RULES; i++) {
		struct counter counter = counted(chain, i);

		assert_int_equal(counter.packets, i == slot ? packets : 0);
		assert_int_equal(counter.bytes, i == slot ? bytes : 0);
	}
}

static void run(const struct chain *chain, const char *name, uint32_t verdict)
{
	const struct corpus_packet *packet = find(name);
	uint32_t value;

	chain_must(
		!chain_run(chain_program(chain->dispatcher), packet->frame, packet->len, 0, &value),
		"run");
	if (value != verdict)
		fail_msg("%s: %u, not %u", name, value, verdict);
}

struct enter_case {
	const char *packet;
	struct enter_config config;
	uint32_t verdict;
	uint32_t slot; /* 0: nothing is counted */
	uint32_t answer;
};

/* clang-format off */
static const struct enter_case cases[] = {
	{ "ip4-tcp", CONFIG(0, 1, 1), CLASSIFIED, 0, CLASSIFIED },
	{ "ip4-tcp", CONFIG(0, 0, 0), CLASSIFIED, 0, CLASSIFIED },
	{ "ip4-ihl-4", CONFIG(0, 1, 1), XDP_DROP, SLOT_MALFORMED + REASON_IP4_HEADER,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "tcp4-offset-4", CONFIG(0, 0, 0), XDP_DROP, SLOT_MALFORMED + REASON_TCP_HEADER,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "eth-14-bytes-arp", CONFIG(0, 1, 1), XDP_DROP, SLOT_MALFORMED + REASON_ARP_SHORT,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "ip4-ihl-4", CONFIG(1, 1, 1), XDP_PASS, SLOT_MALFORMED + REASON_IP4_HEADER,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "spoof4-land", CONFIG(0, 1, 1), XDP_DROP, SLOT_MALFORMED + REASON_SPOOF_LAND,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "spoof4-source-127.0.0.1", CONFIG(0, 1, 1), XDP_DROP, SLOT_MALFORMED + REASON_SPOOF_SOURCE,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "spoof4-source-127.0.0.1", CONFIG(1, 1, 1), XDP_PASS, SLOT_MALFORMED + REASON_SPOOF_SOURCE,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "spoof4-source-127.0.0.1", CONFIG(0, 0, 1), CLASSIFIED, 0, CLASSIFIED },
	{ "spoof6-land", CONFIG(0, 0, 0), CLASSIFIED, 0, CLASSIFIED },
	{ "arp-request", CONFIG(0, 1, 1), XDP_PASS, SLOT_ESSENTIAL, ANSWER(ANSWER_ESSENTIAL, 0) },
	{ "arp-request", CONFIG(0, 1, 0), CLASSIFIED, 0, CLASSIFIED },
	{ "essential-ns", CONFIG(0, 1, 1), XDP_PASS, SLOT_ESSENTIAL, ANSWER(ANSWER_ESSENTIAL, 0) },
	{ "essential-ns-hops-254", CONFIG(0, 1, 1), CLASSIFIED, 0, CLASSIFIED },
	{ "spoof4-essential-too", CONFIG(0, 1, 1), XDP_DROP, SLOT_MALFORMED + REASON_SPOOF_SOURCE,
	  ANSWER(ANSWER_MALFORMED, 0) },
	{ "spoof4-essential-too", CONFIG(0, 0, 1), XDP_PASS, SLOT_ESSENTIAL,
	  ANSWER(ANSWER_ESSENTIAL, 0) },
};
/* clang-format on */
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void enter_decides(void **state)
{
	for (size_t i = 0; i < CASES; i++) {
		struct chain chain = set_up(cases[i].config);
		uint32_t len = find(cases[i].packet)->len;

		run(&chain, cases[i].packet, cases[i].verdict);
		run(&chain, cases[i].packet, cases[i].verdict);
		assert_counted(&chain, cases[i].slot, cases[i].slot ? 2 : 0,
			       cases[i].slot ? 2 * len : 0);
		tear_down(&chain);
	}
}

/* The same packets asked by the probe: who decides, and nothing is counted. */
static void probe_answers(void **state)
{
	for (size_t i = 0; i < CASES; i++) {
		const struct corpus_packet *packet = find(cases[i].packet);
		struct chain chain = set_up(cases[i].config);
		uint32_t enter = GEN_ENTER, value;
		struct pkt p = { 0 };

		pkt_parse(&p, packet->frame, packet->frame + packet->len, packet->len);
		chain_must(!chain_run(chain_program(chain.probe), &p, sizeof(p), 0, &value), "run");
		assert_int_equal(value, cases[i].answer);
		assert_int_equal(chain.slot->probe, 1);
		chain.slot->probe = 0;
		assert_int_equal(corpus_compare(packet->name, chain.slot, &p), 0);
		/* Resumed, it goes to the rules whatever it is, and not by way of enter. */
		chain_must(!bpf_map_delete_elem(chain_map(chain.enter, "gen_jmp"), &enter),
			   "delete");
		p.from = 5;
		chain_must(!chain_run(chain_program(chain.probe), &p, sizeof(p), 0, &value), "run");
		assert_int_equal(value, CLASSIFIED);
		assert_int_equal(chain.slot->from, 5);
		assert_counted(&chain, 0, 0, 0);
		tear_down(&chain);
	}
}

static void probe_needs_a_whole_packet(void **state)
{
	struct chain chain = set_up(CONFIG(0, 1, 1));
	struct pkt p = { 0 };
	uint32_t value;

	chain_must(!chain_run(chain_program(chain.probe), &p, sizeof(p) - 1, 0, &value), "run");
	assert_int_equal(value, XDP_ABORTED);
	tear_down(&chain);
}

/* `enter` asked again behind a resume: neither malformed nor essential is decided twice. */
static void enter_lets_a_resumed_packet_through(void **state)
{
	static const char *const names[] = { "ip4-ihl-4", "arp-request", "spoof4-land" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct corpus_packet *packet = find(names[i]);
		struct chain chain = set_up(CONFIG(0, 1, 1));
		uint32_t value;

		pkt_parse(chain.slot, packet->frame, packet->frame + packet->len, packet->len);
		chain.slot->from = 1;
		chain_must(!chain_run(chain_program(chain.enter), packet->frame, packet->len, 0,
				      &value),
			   "run");
		assert_int_equal(value, CLASSIFIED);
		tear_down(&chain);
	}
}

static void broken_generation_drops(void **state)
{
	struct chain chain = set_up(CONFIG(0, 1, 1));
	const struct corpus_packet *packet = find("ip4-tcp");
	uint64_t *fail_open = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				   chain_map(chain.dispatcher, ".data.config"), 0);
	uint32_t slot = GEN_CLASSIFY, value;
	struct pkt p = { 0 };

	chain_must(fail_open != MAP_FAILED, "config");
	*fail_open = 1;
	chain_must(!bpf_map_delete_elem(chain_map(chain.enter, "gen_jmp"), &slot), "delete");
	run(&chain, "ip4-tcp", XDP_DROP);
	assert_counted(&chain, SLOT_FALLTHROUGH, 1, packet->len);
	pkt_parse(&p, packet->frame, packet->frame + packet->len, packet->len);
	chain_must(!chain_run(chain_program(chain.probe), &p, sizeof(p), 0, &value), "run");
	assert_int_equal(value, XDP_ABORTED);
	p.from = 1;
	chain_must(!chain_run(chain_program(chain.probe), &p, sizeof(p), 0, &value), "run");
	assert_int_equal(value, XDP_ABORTED);
	assert_counted(&chain, SLOT_FALLTHROUGH, 1, packet->len);
	munmap(fail_open, 4096);
	tear_down(&chain);
}

static void empty_slot_drops_or_passes(void **state)
{
	struct chain chain = set_up(CONFIG(0, 1, 1));
	uint32_t len = find("ip4-tcp")->len, slot = 0;
	uint64_t *fail_open = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
				   chain_map(chain.dispatcher, ".data.config"), 0);

	chain_must(fail_open != MAP_FAILED, "config");
	chain_must(!bpf_map_delete_elem(chain_map(chain.dispatcher, "jmp"), &slot), "delete");
	run(&chain, "ip4-tcp", XDP_DROP);
	assert_counted(&chain, SLOT_NO_RULESET, 1, len);
	*fail_open = 1;
	run(&chain, "ip4-tcp", XDP_PASS);
	assert_counted(&chain, SLOT_NO_RULESET, 2, 2 * len);
	munmap(fail_open, 4096);
	tear_down(&chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enter_decides),
		cmocka_unit_test(probe_answers),
		cmocka_unit_test(probe_needs_a_whole_packet),
		cmocka_unit_test(enter_lets_a_resumed_packet_through),
		cmocka_unit_test(broken_generation_drops),
		cmocka_unit_test(empty_slot_drops_or_passes),
	};

	corpus = corpus_read();
	chain_pin_cpu();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
