/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_equal [SEED] [ROUNDS]: random rules x random packets, for each classifier and with each
 * pass on and off. The loaded programs must answer as eval does, non-terminal rules included; a
 * sample also goes through the chain as live traffic does, and verdicts and counters must come
 * out as eval says. Each round is a test.
 */
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/counters.h"
#include "bpffw/runtime/unit.h"
#include "compiler/compile.h"
#include "compiler/ir/forest.h"
#include "tests/random.h"

#define PACKETS 1000u /* a round and variant, probed */
#define LIVE    50u   /* as live traffic */

static const struct {
	const char *name;
	struct compile_options options;
} variants[] = {
	{ "straight", { .wanted = CLASSIFIER_STRAIGHT } },
	{ "forest", { .wanted = CLASSIFIER_FOREST } },
	{ "forest without passes", { .wanted = CLASSIFIER_FOREST, .passes = "" } },
	{ "forest, merge only", { .wanted = CLASSIFIER_FOREST, .passes = "m" } },
	{ "forest, shadow only", { .wanted = CLASSIFIER_FOREST, .passes = "s" } },
};
#define VARIANTS (sizeof(variants) / sizeof(*variants))

/* How many answers were compared, and how many of them were a rule's. */
struct tally {
	uint64_t answers, by_rules, forests, vectors, acts, refused;
};

struct round {
	struct arena *arena;
	struct random random;
	struct diags *ds;
	struct str text;
	const struct ruleset *rs;
	struct compiled compiled;
	struct state state;
	struct unit *unit;
	struct counters counters;
	struct loaded loaded;
	struct pkt *slot; /* this CPU's, in the scratch map */
	struct tally *tally;
};

/* Ranges of every field around one another, which a tree cannot part. */
static void put_overlaps(struct random *r, struct buf *out)
{
	bool six = random_chance(r, 50);
	uint32_t n = 80 + random_below(r, 250);

	buf_puts(out, "interface eth0\ndefault drop\n");
	for (uint32_t i = n; i > 0; i--) {
		uint32_t a = random_below(r, 200), b = 700 - i - random_below(r, 20);

		buf_puts(out, random_chance(r, 2)    ? "count "
			      : random_chance(r, 50) ? "allow "
						     : "drop ");
		buf_puts(out, random_chance(r, 70) ? "tcp " : "udp ");
		if (six)
			buf_printf(out, "src 2001:db8::%x-2001:db8:%x::9 dst 2001:%x::-2001:%x::1 ",
				   i, b, i, b);
		else
			buf_printf(out, "src 10.0.%u.%u-10.1.%u.9 dst 10.2.%u.%u-10.3.%u.7 ",
				   i >> 8, i & 255, b & 255, i >> 8, i & 255, a);
		buf_printf(out, "dport %u-%u%s\n", i, 65535 - i - a,
			   random_chance(r, 10) ? " ttl 1,7,64" : "");
	}
}

/* One round in so many has rules that overlap. */
#define OVERLAPS 20u

static bool make_rules(struct round *round, uint64_t seed)
{
	struct random_rules made = random_rules_of(round->arena, &round->random,
						   seed % OVERLAPS ? put_file : put_overlaps);

	round->ds = made.ds;
	round->text = made.text;
	round->rs = made.rs;
	return made.rs != NULL;
}

static bool is_final(const struct round *round, const struct eval_result *result)
{
	return result->stage != ANSWER_RULE ||
	       round->rs->rules.data[result->rule].verb.row->terminal;
}

/* Return: false after telling what differs. */
static bool compare_packet(struct round *round, struct pkt *pkt)
{
	for (;;) {
		struct eval_result result = eval_packet(round->compiled.lowered, pkt, true);
		uint32_t wanted = eval_answer(&result), got = 0;
		int err = witness_ask(&round->loaded, pkt, &got);

		round->tally->answers++;
		round->tally->by_rules += result.stage == ANSWER_RULE;
		if (err || got != wanted) {
			printf("eval %#x, kernel %#x (error %d), from %u, family %u proto %u frag "
			       "%u %u>%u flags %#x icmp %u/%u ethertype %#x ifnum %u\n"
			       "src %#lx %#lx dst %#lx %#lx ttl %u dscp %u len %u vlan %u\n",
			       wanted, got, err, pkt->from, pkt->family, pkt->proto, pkt->frag,
			       pkt->sport, pkt->dport, pkt->flags, pkt->icmp_type, pkt->icmp_code,
			       pkt->ethertype, pkt->ifnum, (long)pkt->src[0], (long)pkt->src[1],
			       (long)pkt->dst[0], (long)pkt->dst[1], pkt->ttl, pkt->dscp,
			       pkt->ip_len, pkt->vlan);
			if (result.stage == ANSWER_RULE)
				printf("rule: %s\n", round->rs->rules.data[result.rule].text);
			return false;
		}
		if (is_final(round, &result))
			return true;
		pkt->from = result.place + 1;
	}
}

static void expect_count(struct counter *wanted, uint32_t slot, const struct pkt *pkt)
{
	wanted[slot].packets++;
	wanted[slot].bytes += pkt->frame_len;
}

/* Which counters the packet must move. Return: whether it is allowed. */
static bool expect_counts(struct round *round, const struct pkt *packet, struct counter *wanted)
{
	struct pkt pkt = *packet;

	for (;;) {
		struct eval_result result = eval_packet(round->compiled.lowered, &pkt, true);

		switch (result.stage) {
		case ANSWER_MALFORMED:
			expect_count(wanted, SLOT_MALFORMED + pkt.reason, &pkt);
			return result.allow;
		case ANSWER_ESSENTIAL:
			expect_count(wanted, SLOT_ESSENTIAL, &pkt);
			return result.allow;
		case ANSWER_ALLOWLIST:
			expect_count(wanted, SLOT_ALLOWLIST, &pkt);
			return result.allow;
		case ANSWER_BLACKLIST:
			expect_count(wanted, SLOT_BLACKLIST, &pkt);
			return result.allow;
		case ANSWER_FRAGMENTS:
			expect_count(wanted, SLOT_FRAGMENTS, &pkt);
			return result.allow;
		case ANSWER_DEFAULT:
			expect_count(wanted, result.allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP,
				     &pkt);
			return result.allow;
		case ANSWER_RULE:
			expect_count(wanted, round->rs->rules.data[result.rule].slot, &pkt);
			if (is_final(round, &result))
				return result.allow;
			pkt.from = result.place + 1;
		}
	}
}

/* As live traffic: the packet in this CPU's slot, then the generation's first program. */
static bool run_live(struct round *round, const struct pkt *pkt, uint32_t *ret_verdict)
{
	uint8_t frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);

	*round->slot = *pkt;
	if (bpf_prog_test_run_opts(round->loaded.enter, &opts))
		return false;
	*ret_verdict = opts.retval;
	return true;
}

static bool compare_live(struct round *round, const pools *all)
{
	uint32_t entries = round->counters.entries;
	struct counter *wanted = arena_new_array(round->arena, struct counter, entries);
	struct counter *got = arena_new_array(round->arena, struct counter, entries);
	struct failure f = { 0 };

	/* What the probed packets have left behind: nothing. */
	for (uint32_t i = 0; i < LIVE; i++) {
		struct pkt pkt;
		uint32_t verdict = UINT32_MAX;
		bool allow;

		random_packet(&round->random, round->compiled.lowered, all, &pkt);
		if (!run_live(round, &pkt, &verdict))
			return false;
		/* Those of the clock are the kernel's own. */
		memcpy(pkt.fact, round->slot->fact, sizeof(pkt.fact));
		allow = expect_counts(round, &pkt, wanted);
		if (verdict != (allow ? XDP_PASS : XDP_DROP)) {
			printf("live: verdict %u, eval says %s\n", verdict,
			       allow ? "pass" : "drop");
			return false;
		}
	}
	if (counters_sum(round->counters.fd, entries, got, &f)) {
		printf("%s\n", f.what);
		return false;
	}
	for (uint32_t i = 0; i < entries; i++)
		if (memcmp(&wanted[i], &got[i], sizeof(*got)) != 0) {
			printf("slot %u: counted %llu packets, %llu bytes, not %llu, %llu\n", i,
			       got[i].packets, got[i].bytes, wanted[i].packets, wanted[i].bytes);
			return false;
		}
	return true;
}

static bool compare_all(struct round *round)
{
	pools all = { 0 };

	pool_fill(round->arena, round->compiled.lowered, &all);
	for (uint32_t i = 0; i < PACKETS; i++) {
		struct pkt pkt;

		random_packet(&round->random, round->compiled.lowered, &all, &pkt);
		/* A probed packet brings it along; a live one is looked up, and has no flow. */
		pkt.established = pkt.frag != FRAG_LATER && random_chance(&round->random, 20);
		if (!compare_packet(round, &pkt))
			return false;
	}
	return compare_live(round, &all);
}

static void print_diags(const struct diags *ds)
{
	vec_for_each(d, &ds->list)
		printf("%s: %s\n", diag_code_name(d->code), d->message);
}

static bool has_vectors(const struct forest *forest)
{
	bool found = false;

	if (!forest)
		return false;
	vec_for_each(group, &forest->groups)
		found |= group->bits.n_sides > 0;
	return found;
}

/* One classifier. Return: false after telling what differs. */
static bool run_variant(struct round *round, struct compile_options options)
{
	_cleanup_counters_ struct counters counters = COUNTERS_NONE;
	struct failure f = { 0 };
	bool same;

	if (!compile_with(round->ds, round->rs, options, &round->compiled)) {
		if (round->ds->list.data[round->ds->list.len - 1].code == E192) {
			round->tally->refused++;
			return true;
		}
		print_diags(round->ds);
		return false;
	}
	round->tally->acts += round->compiled.n_acts;
	round->tally->forests += round->compiled.classifier == CLASSIFIER_FOREST;
	round->tally->vectors += has_vectors(round->compiled.forest);
	if (counters_create(counters_size(2 * round->rs->rules.len), &counters, &f)) {
		printf("%s\n", f.what);
		return false;
	}
	round->unit->counters = counters.fd;
	round->counters = counters;
	if (state_open(NULL, round->arena, &round->compiled, &round->state, &f) ||
	    load_generation(round->unit, &round->state, round->ds, &round->compiled, &round->loaded,
			    &f)) {
		printf("%s\n%s\n", f.what, f.log ? f.log : "");
		failure_clear(&f);
		return false;
	}
	same = compare_all(round);
	loaded_close(&round->loaded);
	state_close(&round->state);
	return same;
}

static bool run_round(struct unit *unit, struct pkt *slot, uint64_t seed, struct tally *tally)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct round round = { .arena = arena,
			       .random = { seed * 0x9e3779b97f4a7c15u | 1 },
			       .unit = unit,
			       .slot = slot,
			       .tally = tally };

	if (!make_rules(&round, seed)) {
		print_diags(round.ds);
		return false;
	}
	for (uint32_t i = 0; i < VARIANTS; i++) {
		if (run_variant(&round, variants[i].options))
			continue;
		printf("%.*s\nclassifier: %s\n", STR_ARG(round.text), variants[i].name);
		return false;
	}
	return true;
}

/* Stay on one CPU, so that the slot is the one that test runs use. */
static struct pkt *pin_cpu(const struct unit *unit)
{
	int cpu = sched_getcpu();
	struct pkt *slots;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		return NULL;
	slots = mmap(NULL, sizeof(*slots) * ABI_CPUS, PROT_READ | PROT_WRITE, MAP_SHARED,
		     unit->scratch, 0);
	return slots == MAP_FAILED ? NULL : &slots[cpu & (ABI_CPUS - 1)];
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 200;
	uint32_t passed = 0, failed = 0;
	struct unit unit = UNIT_NONE;
	struct tally tally = { 0 };
	struct failure f = { 0 };
	struct pkt *slot;

	if (unit_load(&unit, &f)) {
		printf("%s\n", f.what);
		return 1;
	}
	slot = pin_cpu(&unit);
	if (!slot)
		return 1;
	for (uint32_t i = 0; i < rounds && failed < 3; i++) {
		bool same = run_round(&unit, slot, seed + i, &tally);

		passed += same;
		failed += !same;
		if (!same)
			printf("not ok: seed %lu\n", (unsigned long)(seed + i));
	}
	printf("%lu answers compared, %lu of them by rules; %lu forests, %lu with bit "
	       "vectors; %lu acts, %lu times too many limits\n",
	       (unsigned long)tally.answers, (unsigned long)tally.by_rules,
	       (unsigned long)tally.forests, (unsigned long)tally.vectors,
	       (unsigned long)tally.acts, (unsigned long)tally.refused);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
