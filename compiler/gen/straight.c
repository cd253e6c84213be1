// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Each rule ORs the mismatch words of its matches together and has one conditional jump, since
 * the verifier keeps at most 8192 branches in mind. Chains are laid out where they are jumped to:
 * a jump that does not match sets the bit of its depth in pkt.outside, which is one more word of
 * every rule of the chain, and a `return` that matches sets it too. So nothing has to jump farther
 * than the next epilogue; where the end of a chain is in reach, it is jumped over. What is kept
 * lies in map memory: the verifier follows every stack slot, and takes seconds for a few thousand
 * uses of one.
 */
#include "compiler/gen/straight.h"

#include <netinet/in.h>

#include "compiler/gen/epilogue.h"

/* A conditional jump reaches 32 767 instructions; the longest rule is far below the rest. */
#define EPILOGUE_EVERY 20000u
/* Bits of pkt.outside. */
#define DEPTH_MAX 32u
/* Branches that the verifier keeps in mind, of 8192: two for a count, one for a chain. */
#define COUNTS_MAX 3500u
#define SKIPS_MAX  1000u

/*
 * The verifier looks at no more than a million instructions, and at some of them again: at one in
 * the epilogue for each rule that decides, at the function for each that counts (measured).
 */
#define VERIFIED_MAX      990000u
#define AGAIN_PER_VERDICT 1u
#define AGAIN_PER_COUNT   21u

/* R_FACTS: bits of enum family_bit, then one for each absent layer-4 header, then this one. */
#define FACT_ABSENT_SHIFT 3
#define FACT_LATER        (1u << 7)

struct straight {
	struct gen *gen;
	struct code *c;
	struct diags *ds;
	uint32_t depth;
	uint32_t again; /* instructions verified more than once */
	uint32_t counts;
	uint32_t skips; /* chains that are jumped over when they are not entered */
	bool has_word;  /* R0 holds the words so far */
	label allow, drop;
	label count;        /* the function of count rules */
	label leave;        /* to `actions`, with the act in R9 */
	bool allows, drops; /* the label is jumped to: the kernel refuses unreachable code */
	bool leaves;
	uint32_t last_epilogue;
	VEC(uint32_t) places;
	const struct places *flat; /* the same with their acts; NULL: there is no act */
};

/* What a rule needs before its values are looked at. */
struct need {
	uint8_t families;
	uint8_t layer4; /* proto_bits, one of them; 0: no layer-4 field is read */
	bool not_later; /* reads a layer-4 field that every protocol has */
	bool protos[256];
};

static const uint8_t proto_numbers[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6 };

/* R0 |= R1 */
static void add_word(struct straight *s)
{
	alu_reg(s->c, s->has_word ? BPF_OR : BPF_MOV, R0, R1);
	s->has_word = true;
}

/* R1 = 1 when the byte at @off is not @value, in 64 bits without a branch. */
static void emit_byte_differs(struct code *c, size_t off, uint8_t value)
{
	ldx(c, 1, R1, R_PKT, (int16_t)off);
	alu32(c, BPF_XOR, R1, value);
	alu(c, BPF_NEG, R1, 0);
	alu(c, BPF_RSH, R1, 63);
}

/* R_FACTS; R2 = IPv4, R3 = IPv6, R4 = later fragment stay for the headers. */
static void emit_facts(struct code *c, uint8_t protos)
{
	emit_byte_differs(c, offsetof(struct pkt, family), FAMILY_IPV4);
	alu_reg(c, BPF_MOV, R2, R1);
	alu(c, BPF_XOR, R2, 1);
	emit_byte_differs(c, offsetof(struct pkt, family), FAMILY_IPV6);
	alu_reg(c, BPF_MOV, R3, R1);
	alu(c, BPF_XOR, R3, 1);
	emit_byte_differs(c, offsetof(struct pkt, frag), FRAG_LATER);
	alu_reg(c, BPF_MOV, R4, R1);
	alu(c, BPF_XOR, R4, 1);

	/* FAM_OTHER is neither of the two. */
	alu_reg(c, BPF_MOV, R_FACTS, R3);
	alu(c, BPF_LSH, R_FACTS, 1);
	alu_reg(c, BPF_OR, R_FACTS, R2);
	alu_reg(c, BPF_MOV, R1, R_FACTS);
	alu(c, BPF_SUB, R1, 1);
	alu(c, BPF_RSH, R1, 63);
	alu(c, BPF_LSH, R1, 2);
	alu_reg(c, BPF_OR, R_FACTS, R1);
	alu_reg(c, BPF_MOV, R1, R4);
	alu(c, BPF_LSH, R1, __builtin_ctz(FACT_LATER));
	alu_reg(c, BPF_OR, R_FACTS, R1);

	for (uint32_t i = 0; i < sizeof(proto_numbers); i++) {
		if (!(protos & 1u << i))
			continue;
		emit_byte_differs(c, offsetof(struct pkt, proto), proto_numbers[i]);
		alu_reg(c, BPF_OR, R1, R4);
		if (1u << i == PROTO_ICMP)
			alu_reg(c, BPF_OR, R1, R3);
		if (1u << i == PROTO_ICMP6)
			alu_reg(c, BPF_OR, R1, R2);
		alu(c, BPF_LSH, R1, (int32_t)(FACT_ABSENT_SHIFT + i));
		alu_reg(c, BPF_OR, R_FACTS, R1);
	}
}

static void emit_prologue(struct straight *s)
{
	struct code *c = s->c;
	uint8_t protos = 0;

	vec_for_each(rule, &s->gen->rs->rules)
		vec_for_each(match, &rule->matches)
			protos |= match->row->proto;
	if (s->flat)
		context_emit(c);
	slot_emit(c);
	emit_facts(c, protos);
}

/* Where every decision ends: R1 is its answer, R2 its counter slot. */
static void emit_epilogue(struct straight *s)
{
	struct code *c = s->c;
	label decide = code_label(c);

	code_span(c, (struct span){ 0 });
	if (s->leaves) {
		code_bind(c, s->leave);
		act_emit(c);
		if (s->allows || s->drops)
			jmp(c, decide);
	}
	if (s->allows) {
		code_bind(c, s->allow);
		alu32(c, BPF_MOV, R8, XDP_PASS);
	}
	if (s->allows && s->drops)
		jmp(c, decide);
	if (s->drops) {
		code_bind(c, s->drop);
		alu32(c, BPF_MOV, R8, XDP_DROP);
	}
	code_bind(c, decide);
	verdict_emit(c);
	s->allow = code_label(c);
	s->drop = code_label(c);
	s->leave = code_label(c);
	s->allows = false;
	s->drops = false;
	s->leaves = false;
	s->last_epilogue = c->insns.len;
}

static void emit_epilogue_when_due(struct straight *s)
{
	label over;

	if (s->c->insns.len - s->last_epilogue < EPILOGUE_EVERY ||
	    !(s->allows || s->drops || s->leaves))
		return;
	over = code_label(s->c);
	jmp(s->c, over);
	emit_epilogue(s);
	code_bind(s->c, over);
}

static void emit_decision(struct straight *s, uint32_t answer, uint32_t slot, bool allow)
{
	alu32(s->c, BPF_MOV, R1, answer);
	alu32(s->c, BPF_MOV, R2, slot);
	s->allows |= allow;
	s->drops |= !allow;
	jmp(s->c, allow ? s->allow : s->drop);
}

static void need_protos(struct need *need, const struct values *values)
{
	for (uint32_t i = 0; i < 256; i++)
		need->protos[i] &= values_accept(values, (uint8_t)i);
}

static void need_families(struct need *need, const struct match *match, const struct values *values)
{
	const struct clause *row = match->row;

	if (row->layer != LAYER_FRAME)
		need->families &= FAM_IP;
	for (uint32_t part = 0; part < 1 + (uint32_t)values->by_family; part++)
		if (values_extent(row, values, part) == EXTENT_NOTHING)
			need->families &= values->by_family ? (uint8_t) ~(1u << part) : 0;
	if (row->offset != offsetof(struct pkt, family))
		return;
	if (!values_accept(values, FAMILY_IPV4))
		need->families &= (uint8_t)~FAM_IPV4;
	if (!values_accept(values, FAMILY_IPV6))
		need->families &= (uint8_t)~FAM_IPV6;
	if (!values_accept(values, FAMILY_NONE))
		need->families &= (uint8_t)~FAM_OTHER;
}

/* Return: false when no packet can meet it. */
static bool need_of(const struct rule *rule, const struct values *values, struct need *need)
{
	uint8_t protos = UINT8_MAX;

	*need = (struct need){ .families = rule->families };
	memset(need->protos, true, sizeof(need->protos));
	for (uint32_t i = 0; i < rule->matches.len; i++) {
		const struct match *match = &rule->matches.data[i];

		need_families(need, match, &values[i]);
		if (match->row->offset == offsetof(struct pkt, proto))
			need_protos(need, &values[i]);
		if (match->row->layer != LAYER_L4)
			continue;
		if (match->row->proto)
			protos &= match->row->proto;
		else
			need->not_later = true;
	}
	if (protos == UINT8_MAX)
		return need->families != 0;
	for (uint32_t i = 0; i < sizeof(proto_numbers); i++)
		if (protos & 1u << i && need->protos[proto_numbers[i]])
			need->layer4 |= (uint8_t)(1u << i);
	if (!(need->families & FAM_IPV4))
		need->layer4 &= (uint8_t)~PROTO_ICMP;
	if (!(need->families & FAM_IPV6))
		need->layer4 &= (uint8_t)~PROTO_ICMP6;
	return need->families != 0 && need->layer4 != 0;
}

static void emit_need(struct straight *s, const struct need *need)
{
	uint32_t absent = (uint32_t)need->layer4 << FACT_ABSENT_SHIFT;
	uint32_t wrong = FAM_ALL & ~need->families;
	bool one = (need->layer4 & (need->layer4 - 1)) == 0;

	/* A layer-4 header is never behind anything but IP, ICMP only behind its own IP. */
	if (need->layer4)
		wrong &= FAM_IP;
	else if (need->not_later)
		wrong |= FACT_LATER;
	if (need->layer4 == PROTO_ICMP || need->layer4 == PROTO_ICMP6)
		wrong = 0;
	if (one)
		wrong |= absent;
	if (wrong) {
		alu_reg(s->c, BPF_MOV, R1, R_FACTS);
		alu(s->c, BPF_AND, R1, (int32_t)wrong);
		add_word(s);
	}
	if (one)
		return;
	/* All of several are absent. */
	alu_reg(s->c, BPF_MOV, R1, R_FACTS);
	alu(s->c, BPF_AND, R1, (int32_t)absent);
	alu(s->c, BPF_XOR, R1, (int32_t)absent);
	alu(s->c, BPF_SUB, R1, 1);
	alu(s->c, BPF_RSH, R1, 63);
	add_word(s);
}

/* An address: the words of both families, each cut to the bit that says the packet is of it. */
static void emit_address(struct straight *s, const struct need *need, const struct clause *row,
			 const struct values *values)
{
	bool both = (need->families & FAM_IP) == FAM_IP;

	for (uint32_t part = 0; part < 2; part++) {
		if (!(need->families & 1u << part) ||
		    values_extent(row, values, part) != EXTENT_SOME)
			continue;
		test_emit(s->gen, row, values, part, both);
		if (both) {
			if (part)
				alu(s->c, BPF_LSH, R1, 1);
			alu_reg(s->c, BPF_AND, R1, R_FACTS);
		}
		add_word(s);
	}
}

static void emit_matches(struct straight *s, const struct rule *rule)
{
	struct values *values = arena_new_array(s->c->arena, struct values, rule->matches.len);
	struct need need;

	for (uint32_t i = 0; i < rule->matches.len; i++)
		values[i] = values_of(s->gen->rs, &rule->matches.data[i]);
	if (!need_of(rule, values, &need)) {
		alu32(s->c, BPF_MOV, R1, 1);
		add_word(s);
		return;
	}
	emit_need(s, &need);
	for (uint32_t i = 0; i < rule->matches.len; i++) {
		const struct clause *row = rule->matches.data[i].row;

		if (row->offset == offsetof(struct pkt, family))
			continue;
		if (row->offset == offsetof(struct pkt, proto) && need.layer4)
			continue;
		if (values[i].by_family) {
			emit_address(s, &need, row, &values[i]);
		} else if (values_extent(row, &values[i], 0) == EXTENT_SOME) {
			test_emit(s->gen, row, &values[i], 0, false);
			add_word(s);
		}
	}
}

static uint32_t depth_bit(const struct straight *s)
{
	return 1u << (s->depth - 1);
}

/* R0 = 0 when the rule at this place matches. */
static void emit_mismatch(struct straight *s, const struct rule *rule)
{
	s->has_word = false;
	if (s->depth) {
		ldx(s->c, 4, R1, R_PKT, offsetof(struct pkt, outside));
		alu32(s->c, BPF_AND, R1, depth_bit(s));
		add_word(s);
	}
	emit_matches(s, rule);
	if (!s->has_word)
		alu32(s->c, BPF_MOV, R0, 0);
}

/* R0 |= 1 when the packet comes back from behind this place. */
static void emit_passed(struct code *c, uint32_t place)
{
	ldx(c, 4, R1, R_PKT, offsetof(struct pkt, from));
	alu32(c, BPF_MOV, R2, place);
	alu_reg(c, BPF_SUB, R2, R1);
	alu(c, BPF_RSH, R2, 63);
	alu_reg(c, BPF_OR, R0, R2);
}

/* A probed chain ends here with its answer. */
static void emit_answer(struct code *c, uint32_t answer)
{
	label real = code_label(c);

	ldx(c, 1, R1, R_PKT, offsetof(struct pkt, probe));
	jmp_imm(c, BPF_JEQ, R1, 0, real);
	alu32(c, BPF_MOV, R0, answer);
	exit_program(c);
	code_bind(c, real);
}

/* Leaves for what the rule does. One that goes on comes back with `from` behind it. */
static void emit_leave(struct straight *s, uint32_t answer, uint32_t act)
{
	emit_answer(s->c, answer);
	alu32(s->c, BPF_MOV, R9, act - 1);
	s->leaves = true;
	jmp(s->c, s->leave);
}

static void emit_act_rule(struct straight *s, uint32_t place)
{
	const struct place *flat = &s->flat->list.data[place];
	label next = code_label(s->c);

	if (flat->kind == PLACE_ACT)
		emit_passed(s->c, place);
	jmp64_imm(s->c, BPF_JNE, R0, 0, next);
	emit_leave(s, ANSWER(ANSWER_RULE, place), flat->act);
	code_bind(s->c, next);
}

/* A probed chain answers, unless it was resumed behind this place; any other counts and goes on. */
static void emit_count_rule(struct straight *s, const struct rule *rule, uint32_t place)
{
	struct code *c = s->c;
	label next = code_label(c);

	emit_passed(c, place);
	jmp64_imm(c, BPF_JNE, R0, 0, next);
	emit_answer(c, ANSWER(ANSWER_RULE, place));
	alu_reg(c, BPF_MOV, R1, R_PKT);
	alu32(c, BPF_MOV, R2, rule->slot);
	call_function(c, s->count);
	code_bind(c, next);
}

/*
 * R1 packet, R2 slot. Not in line: the kernel replaces each lookup of a counter by several
 * instructions, and moves the rest of the program each time (0.2 s for 1000 of them).
 */
static void emit_count_function(struct straight *s)
{
	struct code *c = s->c;
	label done = code_label(c);

	code_function(c, false, 2);
	code_bind(c, s->count);
	alu_reg(c, BPF_MOV, R_PKT, R1);
	counter_emit(c, done);
	code_bind(c, done);
	alu32(c, BPF_MOV, R0, 0);
	exit_program(c);
}

static void emit_terminal(struct straight *s, const struct rule *rule, uint32_t place)
{
	label next = code_label(s->c);

	jmp64_imm(s->c, BPF_JNE, R0, 0, next);
	emit_decision(s, ANSWER(ANSWER_RULE, place), rule->slot,
		      rule->verb.row->verb == VERB_ALLOW);
	code_bind(s->c, next);
}

/* R0 = 1 when it is not 0. */
static void emit_normalise(struct code *c)
{
	alu_reg(c, BPF_MOV, R1, R0);
	alu(c, BPF_NEG, R1, 0);
	alu_reg(c, BPF_OR, R0, R1);
	alu(c, BPF_RSH, R0, 63);
}

/* The chain's bit becomes 1 when R0 is 0. */
static void emit_return(struct straight *s)
{
	struct code *c = s->c;

	emit_normalise(c);
	alu(c, BPF_XOR, R0, 1);
	alu(c, BPF_LSH, R0, (int32_t)s->depth - 1);
	ldx(c, 4, R1, R_PKT, offsetof(struct pkt, outside));
	alu_reg(c, BPF_OR, R0, R1);
	stx(c, 4, R_PKT, offsetof(struct pkt, outside), R0);
}

/* The bit of the chain about to be entered becomes 0 when R0 is 0, else 1. */
static void emit_enter(struct straight *s)
{
	struct code *c = s->c;

	emit_normalise(c);
	alu(c, BPF_LSH, R0, (int32_t)s->depth - 1);
	ldx(c, 4, R1, R_PKT, offsetof(struct pkt, outside));
	alu32(c, BPF_AND, R1, ~depth_bit(s));
	alu_reg(c, BPF_OR, R1, R0);
	stx(c, 4, R_PKT, offsetof(struct pkt, outside), R1);
}

static bool too_large(struct straight *s, const struct rule *rule)
{
	if (s->c->error || s->c->insns.len + s->again > VERIFIED_MAX) {
		diag_error(s->ds, rule->span, E191,
			   "from here on the ruleset is too large: the kernel takes a million "
			   "instructions, bpffw %u MB of lists",
			   BLOB_MAX >> 20);
		diag_help(s->ds, "a long list is smaller as one rule with a set: 'src @set'");
		return true;
	}
	if (s->counts > COUNTS_MAX) {
		diag_error(s->ds, rule->span, E191, "more than %u count rules", COUNTS_MAX);
		return true;
	}
	if (s->depth > DEPTH_MAX) {
		diag_error(s->ds, rule->span, E191, "chains are nested more than %u deep",
			   DEPTH_MAX);
		return true;
	}
	return false;
}

static bool emit_chain(struct straight *s, uint32_t chain);

static bool emit_jump(struct straight *s, const struct rule *rule)
{
	label behind = code_label(s->c);
	bool fits;

	s->depth++;
	if (too_large(s, rule))
		return false;
	emit_enter(s);
	if (s->skips++ < SKIPS_MAX)
		jmp64_near(s->c, BPF_JNE, R0, 0, behind);
	fits = emit_chain(s, rule->verb.chain);
	code_bind(s->c, behind);
	s->depth--;
	return fits;
}

/* Return: false when it was reported that the ruleset does not fit. */
static bool emit_place(struct straight *s, uint32_t index)
{
	const struct rule *rule = &s->gen->rs->rules.data[index];
	uint32_t place = s->places.len;

	emit_epilogue_when_due(s);
	code_span(s->c, rule->span);
	vec_push(s->c->arena, &s->places, index);
	emit_mismatch(s, rule);
	if (s->flat && s->flat->list.data[place].act) {
		s->again += AGAIN_PER_VERDICT;
		emit_act_rule(s, place);
		return !too_large(s, rule);
	}
	switch (rule->verb.row->verb) {
	case VERB_COUNT:
		s->counts++;
		s->again += AGAIN_PER_COUNT;
		emit_count_rule(s, rule, place);
		break;
	case VERB_RETURN:
		emit_return(s);
		break;
	case VERB_JUMP:
		if (!emit_jump(s, rule))
			return false;
		break;
	default:
		s->again += AGAIN_PER_VERDICT;
		emit_terminal(s, rule, place);
		break;
	}
	return !too_large(s, rule);
}

static bool emit_chain(struct straight *s, uint32_t chain)
{
	vec_for_each(index, &s->gen->rs->chains.data[chain].rules)
		if (!s->gen->rs->rules.data[*index].disabled && !emit_place(s, *index))
			return false;
	return true;
}

static void emit_fragments(struct straight *s)
{
	enum fragments fragments = s->gen->rs->fragments;
	label next = code_label(s->c);

	if (!fragments_emit(s->c, fragments, next))
		return;
	emit_decision(s, ANSWER(ANSWER_FRAGMENTS, 0), SLOT_FRAGMENTS, fragments == FRAGMENTS_PASS);
	code_bind(s->c, next);
}

bool straight_emit(struct gen *gen, struct diags *ds, const struct places *flat,
		   struct compiled *compiled)
{
	struct straight s = { .gen = gen, .c = &gen->code, .ds = ds, .flat = flat };
	const struct ruleset *rs = gen->rs;

	s.allow = code_label(s.c);
	s.drop = code_label(s.c);
	s.count = code_label(s.c);
	s.leave = code_label(s.c);
	code_function(s.c, false, 1);
	emit_prologue(&s);
	emit_fragments(&s);
	gen->rules_at = s.c->insns.len;
	if (rs->chains.len && !emit_chain(&s, 0))
		return false;
	code_span(s.c, rs->default_span);
	if (flat && flat->default_act)
		emit_leave(&s, ANSWER(ANSWER_DEFAULT, 0), flat->default_act);
	else
		emit_decision(&s, ANSWER(ANSWER_DEFAULT, 0),
			      rs->default_allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP,
			      rs->default_allow);
	emit_epilogue(&s);
	if (s.counts)
		emit_count_function(&s);
	if (code_finish(s.c)) {
		diag_error(ds, rs->default_span, E191,
			   "a rule of this ruleset is too large for a BPF program");
		return false;
	}
	compiled->n_places = s.places.len;
	compiled->rule_of_place = s.places.data;
	return true;
}
