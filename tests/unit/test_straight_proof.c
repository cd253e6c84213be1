/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The proof of straight-line code: it holds for what the compiler emits, and code that answers a
 * packet wrongly is refused.
 */
#include "tests/unit/ruleset.h"

#include "compiler/gen/straight.h"
#include "compiler/gen/symbolic.h"
#include "tests/random.h"
#include "tests/unit/interpret.h"

#define STEPS_MAX ((uint64_t)50 << 20)

struct emitted {
	struct gen gen;
	struct compiled compiled;
};

static void emit(struct diags *ds, struct ruleset *rs, struct emitted *e)
{
	struct places places = { .rs = rs };

	for (uint32_t i = 0; i < rs->rules.len; i++)
		rs->rules.data[i].slot = SLOT_RULES + i;
	memset(e, 0, sizeof(*e));
	gen_init(&e->gen, rs);
	assert_true(places_flatten(rs->arena, rs, PLACES_MAX, &places));
	assert_true(straight_emit(&e->gen, ds, places.n_acts ? &places : NULL, &e->compiled));
	e->compiled.insns = e->gen.code.insns.data;
	e->compiled.n_insns = e->gen.code.insns.len;
	e->compiled.relocs.data = e->gen.code.relocs.data;
	e->compiled.relocs.len = e->gen.code.relocs.len;
	e->compiled.blob = e->gen.blob.data;
	e->compiled.blob_size = e->gen.blob.len;
	e->compiled.classifier = CLASSIFIER_STRAIGHT;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *rules;
	const char *why; /* NULL: proven */
} cases[] = {
	{ "no rule", "", NULL },
	{ "everything", "allow", NULL },
	{ "nothing", "allow tcp not dport 0-65535", NULL },
	{ "a port", "allow tcp dport 22", NULL },
	{ "ports", "allow udp dport 1,3,5-9,100-200,65535 sport 5-1000", NULL },
	{ "not a port", "allow tcp not dport 22-25", NULL },
	{ "a port of two protocols", "allow proto tcp,udp dport 53", NULL },
	{ "flags", "drop tcp flags syn,fin/syn,fin\nallow tcp syn", NULL },
	{ "addresses", "allow src 192.0.2.0/25,2001:db8::/48 dst 192.0.2.1-192.0.2.9", NULL },
	{ "an IPv6 range", "drop src 2001:db8::ffff-2001:db8:0:1::1\nallow dst 8000::-9000::1", NULL },
	{ "IPv6 hosts", "drop src 2001:db8::1,2001:db8::3,2001:db8::5,2001:db8::7,::9,ffff::1", NULL },
	{ "a set", "set s addr { 192.0.2.1, 192.0.2.3, 198.51.100.0/24, 203.0.113.7, 203.0.113.9, 2001:db8::/32 }\nallow src @s tcp\ndrop not dst @s", NULL },
	{ "ICMP", "allow icmp type 8,13,15,17,30-40\ndrop icmp6 type 1-4", NULL },
	{ "frames", "allow ether 0x88cc\ndrop not vlan 20\nallow smac 02:00:00:00:00:01 ttl 1-7 dscp 46", NULL },
	{ "fragments", "drop frag later\nallow frag first tcp\nallow udp dport 53", NULL },
	{ "fragments dropped", "option fragments drop\nallow udp dport 53", NULL },
	{ "fragments passed", "option fragments pass\nallow udp dport 53", NULL },
	{ "counts", "count tcp\ncount src 10.0.0.0/8\nallow tcp dport 80", NULL },
	{ "protocols", "drop proto gre\nallow not proto tcp,udp\ndrop proto 100-200", NULL },
	{ "lengths", "drop len 1000-1500\nallow on eth0 tcp", NULL },
	{ "a chain", "chain c {\ndrop udp\n}\njump c tcp", "it has chains" },
};
/* clang-format on */

static void test_cases(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct loaded loaded = load_text(
			arena_printf(arena, "interface eth0\ndefault drop\n%s\n", cases[i].rules),
			NULL);
		struct straight_proof proof;
		struct emitted e;

		emit(loaded.ds, loaded.rs, &e);
		proof = straight_prove(arena, &e.gen, STEPS_MAX);
		if (proof.holds != !cases[i].why)
			fail_msg("%s: %s", cases[i].name, proof.why ? proof.why : "holds");
		if (cases[i].why)
			assert_non_null(strstr(proof.why, cases[i].why));
		arena_free(loaded.arena);
	}
}

static bool has_chains(const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules)
		if (rule->verb.row->verb == VERB_JUMP || rule->verb.row->verb == VERB_RETURN)
			return true;
	return false;
}

/* Answers to many packets are as eval says. */
static bool answers(struct arena *arena, struct random *r, struct emitted *e, uint32_t n)
{
	struct machine m = { .compiled = &e->compiled };
	const struct ruleset *rs = e->gen.rs;
	pools all = { 0 };

	pool_fill(arena, rs, &all);
	for (uint32_t i = 0; i < n; i++) {
		struct pkt pkt;

		random_packet(r, rs, &all, &pkt);
		pkt.reason = REASON_NONE;
		pkt.essential = 0;
		/* Behind no IP header there is no other. */
		if (!pkt.family)
			pkt.proto = pkt.frag = 0;
		/* Reads outside of maps and the stack are the verifier's business. */
		if (!same_answers(rs, &m, &pkt))
			return m.fault && strstr(m.fault, "outside");
	}
	return true;
}

#define ROUNDS    250u
#define MUTATIONS 40u
#define PACKETS   400u

/* Something that the instruction reads becomes something else. */
static void mutate(struct random *r, struct emitted *e)
{
	struct bpf_insn *insn = &e->compiled.insns[random_below(r, e->compiled.n_insns)];
	static const uint8_t ops[] = { BPF_ADD, BPF_SUB, BPF_AND, BPF_OR,
				       BPF_XOR, BPF_LSH, BPF_RSH, BPF_MOV };
	uint8_t class = BPF_CLASS(insn->code);
	int32_t step = random_chance(r, 50) ? 1 : -1;

	if (class == BPF_LDX || class == BPF_STX || class == BPF_JMP || class == BPF_JMP32) {
		if (random_chance(r, 60))
			insn->off = (int16_t)(insn->off + step);
		else
			insn->dst_reg = random_below(r, 10) & 15;
	} else if (class != BPF_LD && random_chance(r, 20)) {
		insn->code = (uint8_t)((insn->code & 0x0f) | RANDOM_OF(r, ops));
	} else if (BPF_SRC(insn->code) == BPF_X && class != BPF_LD) {
		insn->src_reg = random_below(r, 10) & 15;
	} else if (random_chance(r, 50)) {
		insn->imm ^= (int32_t)(1u << random_below(r, 32));
	} else {
		insn->imm += step;
	}
}

/* Whatever the proof lets pass answers every packet that is tried as the rules say. */
static void test_random(void **state)
{
	uint32_t proven = 0, unproven = 0, refused = 0, harmless = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct random r = { (round + 1) * 0x9e3779b97f4a7c15u };
		struct random_rules made = random_rules(arena, &r);
		struct straight_proof proof;
		struct bpf_insn *whole;
		struct emitted e;

		if (has_chains(made.rs))
			continue;
		emit(made.ds, made.rs, &e);
		proof = straight_prove(arena, &e.gen, STEPS_MAX);
		/* A rule that contradicts itself, or one too large. */
		if (!proof.holds) {
			assert_true(strstr(proof.why, "cannot be understood") ||
				    strstr(proof.why, "too much code"));
			unproven++;
			continue;
		}
		proven++;
		whole = arena_memdup(arena, e.compiled.insns, e.compiled.n_insns * sizeof(*whole));
		for (uint32_t i = 0; i < MUTATIONS; i++) {
			mutate(&r, &e);
			proof = straight_prove(arena, &e.gen, STEPS_MAX);
			refused += !proof.holds;
			harmless += proof.holds;
			if (proof.holds && !answers(arena, &r, &e, PACKETS))
				fail_msg("round %u: damage is proven\n%.*s", round,
					 STR_ARG(made.text));
			memcpy(e.compiled.insns, whole, e.compiled.n_insns * sizeof(*whole));
		}
	}
	print_message("%u proven, %u not, %u damages refused, %u harmless\n", proven, unproven,
		      refused, harmless);
	assert_true(proven > 10 * unproven && refused > harmless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
