/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks of the code of each place whether it is as the rules say. */
#include "compiler/gen/symbolic_internal.h"

#include <stdlib.h>

#define PLACES_PROVEN 16384u

/* Values of one field, for which a run says the same of a place. */
struct question {
	const struct run *start;
	uint32_t place;
	uint32_t field;
	bool matches; /* the rule has these values */
};

static bool ask(struct symbolic *s, const struct question *q, struct values_asked extent,
		bool *ret_told)
{
	struct run run = *q->start;
	struct known *r0 = &run.regs[R0];

	if (q->field < FIELDS_MAX)
		s->extents[q->field] = extent;
	if (run_on(s, &run) != STOP_DECISION)
		return refuse(s, "place %u does not end in its jump", q->place);
	if (r0->kind != KNOWN_NUMBER)
		return refuse(s, "place %u decides by what is no number", q->place);
	*ret_told = q->matches ? r0->hi == 0 && !r0->mixed : r0->lo > 0;
	if (s->soft)
		return true;
	if (q->matches ? r0->lo > 0 : r0->hi == 0)
		return refuse(s, "place %u: the code %s what the rule %s", q->place,
			      q->matches ? "lacks" : "takes", q->matches ? "takes" : "lacks");
	return true;
}

/* The first half ends before the highest bit in which the ends differ is set. */
static u128 middle_of(const struct values_asked *extent, bool pair)
{
	uint64_t high = (uint64_t)((extent->lo ^ extent->hi) >> 64);
	uint64_t low = (uint64_t)(extent->lo ^ extent->hi);

	if (high) {
		unsigned int top = 63 - (unsigned int)__builtin_clzll(high);
		uint64_t at = (uint64_t)(extent->hi >> 64) >> top << top;

		/* Halves stay a box: the low one is whole. */
		return (u128)at << 64 | (pair ? 0 : (uint64_t)extent->lo);
	} else {
		unsigned int top = 63 - (unsigned int)__builtin_clzll(low);

		return (extent->hi >> top) << top;
	}
}

static bool ask_all(struct symbolic *s, const struct question *q, struct values_asked extent)
{
	struct values_asked first = extent, second = extent;
	bool told = false;

	if (!ask(s, q, extent, &told))
		return false;
	if (told)
		return true;
	if (s->soft && (q->field >= FIELDS_MAX || extent.lo == extent.hi))
		return false;
	if (q->field >= FIELDS_MAX || extent.lo == extent.hi)
		return refuse(s, "place %u: the code cannot be understood", q->place);
	second.lo = middle_of(&extent, true);
	first.hi = second.lo - 1;
	return ask_all(s, q, first) && ask_all(s, q, second);
}

/* An IPv6 range as boxes of halves, of which the low one is whole or the high one a number. */
static bool ask_range(struct symbolic *s, const struct question *q, u128 lo, u128 hi)
{
	const u128 low = UINT64_MAX;
	u128 at = lo;

	if (q->field == FIELD_FROM || s->ref.fields[q->field].width < 16 ||
	    s->ref.family != FAMILY_IPV6)
		return ask_all(s, q, (struct values_asked){ lo, hi });
	if (at >> 64 != hi >> 64 && (uint64_t)at) {
		if (!ask_all(s, q, (struct values_asked){ at, at | low }))
			return false;
		at = (at | low) + 1;
	}
	if (at >> 64 != hi >> 64 && (uint64_t)hi != UINT64_MAX) {
		u128 end = hi & ~low;

		if (!ask_all(s, q, (struct values_asked){ at, end - 1 }))
			return false;
		at = end;
	}
	return ask_all(s, q, (struct values_asked){ at, hi });
}

/* The other fields of the rule have one of their values; fields that it does not read, any. */
static void sample_extents(struct symbolic *s, const struct product *product, uint32_t place)
{
	free_extents(s);
	for (uint32_t i = 0; i < s->ref.n_fields; i++)
		if (product->used & field_bit(i))
			s->extents[i] = (struct values_asked){ product->of[i].at[0].lo,
							       product->of[i].at[0].lo };
	s->extents[FIELD_FROM] = (struct values_asked){ 0, place };
}

static bool prove_field(struct symbolic *s, struct question q, const struct product *product,
			struct value_set set, struct range whole)
{
	u128 next = whole.lo;

	for (uint32_t i = 0; i < set.n; i++) {
		q.matches = false;
		free_extents(s);
		if (set.at[i].lo > next && !ask_range(s, &q, next, set.at[i].lo - 1))
			return false;
		q.matches = true;
		sample_extents(s, product, q.place);
		if (!ask_range(s, &q, set.at[i].lo, set.at[i].hi))
			return false;
		next = set.at[i].hi + 1;
		if (set.at[i].hi == whole.hi)
			return true;
	}
	q.matches = false;
	free_extents(s);
	return ask_range(s, &q, next, whole.hi);
}

static bool is_head(const struct symbolic *s, uint32_t field)
{
	return is_head_offset(s->ref.fields[field].offset);
}

static bool has_head(const struct symbolic *s, const struct product *product)
{
	uint32_t proto = reference_field(&s->ref, offsetof(struct pkt, proto));
	uint32_t frag = reference_field(&s->ref, offsetof(struct pkt, frag));

	if (product->empty)
		return false;
	if (product->used & field_bit(proto) && !set_has(product->of[proto], s->head.proto_lo))
		return false;
	return !(product->used & field_bit(frag)) || set_has(product->of[frag], s->head.frag_lo);
}

static bool goes_on(enum place_kind kind)
{
	return kind == PLACE_COUNT || kind == PLACE_ACT;
}

static bool prove_fields(struct symbolic *s, const struct run *start, uint32_t place,
			 const struct product *product)
{
	struct question q = { start, place, FIELDS_MAX, true };

	sample_extents(s, product, place);
	if (!ask_all(s, &q, (struct values_asked){ 0, 0 }))
		return false;
	for (q.field = 0; q.field < s->ref.n_fields; q.field++)
		if (product->used & field_bit(q.field) && !is_head(s, q.field) &&
		    !prove_field(s, q, product, product->of[q.field],
				 s->ref.universe.range[q.field]))
			return false;
	if (goes_on(s->ref.places.data[place].is.kind)) {
		struct range passed = { 0, place }, all = { 0, UINT32_MAX };

		q.field = FIELD_FROM;
		return prove_field(s, q, product, (struct value_set){ &passed, 1 }, all);
	}
	return true;
}

/* For all heads at once; where that does not tell, false, and nothing is refused. */
static bool prove_joined(struct symbolic *s, const struct run *start, uint32_t place,
			 const struct product *product)
{
	struct joined *joined = &s->joined[place];
	struct head head = s->head;
	struct run run = *start;

	if (!joined->done) {
		joined->done = true;
		run.regs[R_FACTS] = joined->facts;
		s->head = joined->head;
		s->soft = true;
		joined->hard = !prove_fields(s, &run, place, product);
		s->soft = false;
		s->head = head;
	}
	/* No code between has changed what this head's facts are. */
	return !joined->hard && known_is_within(start->regs[R_FACTS], joined->facts);
}

/* The decision of @place for the head: @start is where its code begins. */
static bool prove_place(struct symbolic *s, const struct run *start, uint32_t place)
{
	struct question q = { start, place, FIELDS_MAX, false };
	struct product product;

	s->pool.len = 0;
	reference_place(&s->ref, place, &product);
	if (!has_head(s, &product)) {
		free_extents(s);
		return ask_all(s, &q, (struct values_asked){ 0, 0 });
	}
	return prove_joined(s, start, place, &product) ||
	       (!s->proof.why && prove_fields(s, start, place, &product));
}

/* What a run that is no longer on its way to a place ends with. */
struct ending {
	uint32_t answer, slot, act; /* act: + 1; 0: none */
	uint32_t verdict;
	bool goes_on;
	uint64_t facts; /* what R_FACTS still holds where it goes on */
};

static bool went_on(const struct run *run, const struct ending *ending)
{
	const struct known *packet = &run->regs[R_PKT], *facts = &run->regs[R_FACTS];

	return ending->goes_on && packet->kind == KNOWN_PACKET && !packet->lo &&
	       known_is_value(facts) && facts->lo == ending->facts;
}

/* From a fork (a counter was found or not) both ways lead to the same end. */
static bool end_real(struct symbolic *s, struct run run, const struct ending *ending)
{
	for (;;) {
		enum stop stop = run_on(s, &run);
		struct run other = run;

		if (stop == STOP_ACT)
			return ending->act && known_is_value(&run.act) &&
			       run.act.lo == ending->act - 1;
		if (stop != STOP_FORK)
			return run.counted && run.slot.lo == ending->slot && !ending->act &&
			       (stop == STOP_NEXT ? went_on(&run, ending)
						  : stop == STOP_EXIT && !ending->goes_on &&
							    known_is_value(&run.regs[R0]) &&
							    run.regs[R0].lo == ending->verdict);
		other.regs[R0] = known_value(0);
		other.pc += 1u + (uint32_t)(int32_t)s->gen->code.insns.data[run.pc].off;
		run.pc++;
		if (!end_real(s, other, ending))
			return false;
	}
}

/* A probed packet answers, a real one is counted and gets its verdict. */
static bool prove_ending(struct symbolic *s, struct run start, struct ending ending)
{
	struct run run;
	bool good;

	free_extents(s);
	start.regs[R_FACTS] = known_value(ending.facts);
	run = start;
	s->probe = true;
	good = run_on(s, &run) == STOP_EXIT && known_is_value(&run.regs[R0]) &&
	       run.regs[R0].lo == ending.answer;
	s->probe = false;
	if (!good)
		return refuse(s, "the code does not answer %#x where it should", ending.answer);
	if (!end_real(s, start, &ending))
		return refuse(s, "what is behind answer %#x is not as its rule says",
			      ending.answer);
	return true;
}

static bool prove_tail(struct symbolic *s, const struct run *decided, uint32_t place)
{
	const struct place *is = &s->ref.places.data[place].is;
	const struct bpf_insn *insn = &s->gen->code.insns.data[decided->pc];
	struct ending ending = {
		.answer = ANSWER(ANSWER_RULE, place),
		.slot = s->gen->rs->rules.data[is->rule].slot,
		.act = is->act,
		.verdict = is->kind == PLACE_ALLOW ? XDP_PASS : XDP_DROP,
		.goes_on = is->kind == PLACE_COUNT,
	};
	struct run run = *decided;
	bool good;

	if (s->tail_proven[place])
		return true;
	s->tail_proven[place] = true;
	run.pc++;
	run.regs[R0] = known_value(0);
	if (ending.goes_on)
		s->next = run.pc + (uint32_t)(int32_t)insn->off;
	/* Whoever changes facts changes one of these. */
	ending.facts = 0x5a5a5a5a5a5a5a5a;
	good = prove_ending(s, run, ending);
	ending.facts = ~ending.facts;
	good = good && prove_ending(s, run, ending);
	s->next = UINT32_MAX;
	return good;
}

/* `option fragments` decides the head before any rule. */
static bool decided_by_option(const struct symbolic *s)
{
	enum fragments fragments = s->gen->rs->fragments;

	return (fragments == FRAGMENTS_DROP && s->head.frag_lo != FRAG_NO) ||
	       (fragments == FRAGMENTS_PASS && s->head.frag_lo == FRAG_LATER);
}

static bool prove_default(struct symbolic *s, const struct run *run)
{
	bool allow = s->gen->rs->default_allow;
	struct ending ending = { .answer = ANSWER(ANSWER_DEFAULT, 0),
				 .slot = allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP,
				 .verdict = allow ? XDP_PASS : XDP_DROP };

	if (decided_by_option(s)) {
		bool pass = s->gen->rs->fragments == FRAGMENTS_PASS;

		ending.answer = ANSWER(ANSWER_FRAGMENTS, 0);
		ending.slot = SLOT_FRAGMENTS;
		ending.verdict = pass ? XDP_PASS : XDP_DROP;
	}
	return prove_ending(s, *run, ending);
}

static void forget_all(struct run *run)
{
	forget_temporaries(run);
	run->regs[R0] = run->regs[R8] = run->regs[R9] = known_nothing();
}

/* What the code of every place begins with: the packet and R_FACTS, nothing else. */
static bool run_prologue(struct symbolic *s, struct run *ret_start)
{
	struct run run = { 0 };
	bool good;

	forget_all(&run);
	run.regs[R_PKT] = run.regs[R_FACTS] = known_nothing();
	run.regs[R_FRAME] = known_pointer(KNOWN_FRAME, 0);
	run.slot = run.walk = run.act = known_nothing();
	free_extents(s);
	*ret_start = run;
	if (decided_by_option(s))
		return true;
	s->next = s->gen->rules_at;
	good = run_on(s, &run) == STOP_NEXT;
	s->next = UINT32_MAX;
	if (!good)
		return refuse(s, "the code does not come to the rules");
	forget_all(&run);
	*ret_start = run;
	return true;
}

/* All places for one head, one behind the other. */
static bool prove_head(struct symbolic *s)
{
	uint32_t n = decided_by_option(s) ? 0 : s->ref.places.len;
	struct run start, run;

	if (!run_prologue(s, &start))
		return false;
	for (uint32_t place = 0; place < n; place++) {
		const struct bpf_insn *insn;

		free_extents(s);
		run = start;
		if (run_on(s, &run) != STOP_DECISION)
			return refuse(s, "place %u does not end in its jump", place);
		insn = &s->gen->code.insns.data[run.pc];
		if (!prove_place(s, &start, place) || !prove_tail(s, &run, place))
			return false;
		start.regs[R_PKT] = run.regs[R_PKT];
		start.regs[R_FACTS] = run.regs[R_FACTS];
		forget_all(&start);
		start.pc = run.pc + 1 + (uint32_t)(int32_t)insn->off;
	}
	return prove_default(s, &start);
}

/* Adds the head to those of the places whose rules have it. */
static bool join_head(struct symbolic *s)
{
	struct run start;

	if (decided_by_option(s))
		return true;
	if (!run_prologue(s, &start))
		return false;
	for (uint32_t place = 0; place < s->ref.places.len; place++) {
		struct joined *joined = &s->joined[place];
		struct product product;

		s->pool.len = 0;
		reference_place(&s->ref, place, &product);
		if (!has_head(s, &product))
			continue;
		if (!joined->any) {
			*joined = (struct joined){ .any = true,
						   .head = s->head,
						   .facts = start.regs[R_FACTS] };
			continue;
		}
		joined->facts = known_either(joined->facts, start.regs[R_FACTS]);
		if (joined->head.proto_lo > s->head.proto_lo)
			joined->head.proto_lo = s->head.proto_lo;
		if (joined->head.proto_hi < s->head.proto_hi)
			joined->head.proto_hi = s->head.proto_hi;
		if (joined->head.frag_lo > s->head.frag_lo)
			joined->head.frag_lo = s->head.frag_lo;
		if (joined->head.frag_hi < s->head.frag_hi)
			joined->head.frag_hi = s->head.frag_hi;
	}
	return true;
}

static void add_proto(struct symbolic *s, uint32_t first)
{
	for (uint32_t i = 0; i < s->n_protos; i++)
		if (s->protos[i] == first)
			return;
	if (first <= UINT8_MAX && s->n_protos < PROTOS_MAX)
		s->protos[s->n_protos++] = (uint8_t)first;
	else if (first <= UINT8_MAX)
		refuse(s, "the rules tell too many protocols apart");
}

static int by_value(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* Where any rule begins or ends to have a protocol. */
static void find_protos(struct symbolic *s)
{
	static const uint8_t headers[] = { 1, 6, 17, 58 };
	uint32_t proto = reference_field(&s->ref, offsetof(struct pkt, proto));

	s->n_protos = 0;
	add_proto(s, 0);
	for (uint32_t i = 0; i < sizeof(headers); i++) {
		add_proto(s, headers[i]);
		add_proto(s, headers[i] + 1u);
	}
	for (uint32_t place = 0; place < s->ref.places.len; place++) {
		struct product product;

		s->pool.len = 0;
		reference_place(&s->ref, place, &product);
		if (product.empty || !(product.used & field_bit(proto)))
			continue;
		for (uint32_t i = 0; i < product.of[proto].n; i++) {
			add_proto(s, (uint32_t)product.of[proto].at[i].lo);
			add_proto(s, (uint32_t)product.of[proto].at[i].hi + 1);
		}
	}
	qsort(s->protos, s->n_protos, 1, by_value);
}

/* Behind no IP header there is no other. */
static bool each_head(struct symbolic *s, bool (*work)(struct symbolic *s))
{
	s->head = (struct head){ 0, 0, FRAG_NO, FRAG_NO };
	if (s->ref.family == FAMILY_NONE)
		return work(s);
	for (uint32_t i = 0; i < s->n_protos && !s->proof.why; i++)
		for (uint8_t frag = FRAG_NO; frag <= FRAG_LATER; frag++) {
			uint32_t end = i + 1 < s->n_protos ? s->protos[i + 1] : 256;

			s->head = (struct head){ s->protos[i], (uint8_t)(end - 1), frag, frag };
			if (!work(s))
				return false;
		}
	return !s->proof.why;
}

static bool prove_family(struct symbolic *s, unsigned int family)
{
	reference_family(&s->ref, family);
	memset(s->joined, 0, s->ref.places.len * sizeof(*s->joined));
	if (s->ref.n_fields >= FIELD_FROM)
		return refuse(s, "the rules read too many fields");
	find_protos(s);
	return each_head(s, join_head) && each_head(s, prove_head);
}

static bool prove_all(struct symbolic *s)
{
	if (s->ref.places.len > PLACES_PROVEN)
		return refuse(s, "there are more than %u rules", PLACES_PROVEN);
	vec_for_each(place, &s->ref.places)
		if (place->is.kind == PLACE_JUMP || place->is.kind == PLACE_RETURN)
			return refuse(s, "it has chains");
	s->tail_proven = arena_new_array(s->ref.arena, bool, s->ref.places.len + 1);
	s->joined = arena_new_array(s->ref.arena, struct joined, s->ref.places.len + 1);
	return prove_family(s, FAMILY_NONE) && prove_family(s, FAMILY_IPV4) &&
	       prove_family(s, FAMILY_IPV6);
}

struct straight_proof straight_prove(struct arena *arena, const struct gen *gen, uint64_t steps_max)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct symbolic s = {
		.arena = arena,
		.gen = gen,
		.pool = { .arena = scratch },
		.steps_max = steps_max,
		.next = UINT32_MAX,
	};

	reference_init(&s.ref, scratch, &s.pool, gen->rs, PLACES_PROVEN);
	s.proof.holds = prove_all(&s);
	return s.proof;
}
