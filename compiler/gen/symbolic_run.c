/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs code on many packets at once: what registers hold is known in part (known.h). */
#include "compiler/gen/symbolic_internal.h"

#include <stdarg.h>

#include "bpf/act.h"

bool refuse(struct symbolic *s, const char *format, ...)
{
	va_list args;

	if (s->proof.why)
		return false;
	va_start(args, format);
	s->proof.why = arena_vprintf(s->arena, format, args);
	va_end(args);
	return false;
}

void free_extents(struct symbolic *s)
{
	for (uint32_t i = 0; i < s->ref.n_fields; i++)
		s->extents[i] = (struct values_asked){ s->ref.universe.range[i].lo,
						       s->ref.universe.range[i].hi };
	s->extents[FIELD_FROM] = (struct values_asked){ 0, UINT32_MAX };
}

static uint64_t most_of(uint32_t size)
{
	return size < 8 ? ((uint64_t)1 << 8 * size) - 1 : UINT64_MAX;
}

/* A part of an address. */
static struct known load_address(const struct symbolic *s, uint32_t field, uint32_t at,
				 uint32_t size)
{
	const struct values_asked *e = &s->extents[field];
	uint64_t from = field_bit(field);

	if (s->ref.family == FAMILY_IPV4 && at == 8 && size == 4)
		return known_between((uint64_t)e->lo, (uint64_t)e->hi, from);
	if (s->ref.family != FAMILY_IPV6 || size != 8 || at % 8)
		return known_between(0, most_of(size), from);
	if (at == 0)
		return known_between((uint64_t)(e->lo >> 64), (uint64_t)(e->hi >> 64), from);
	return known_between((uint64_t)e->lo, (uint64_t)e->hi, from);
}

bool is_head_offset(uint32_t offset)
{
	return offset == offsetof(struct pkt, family) || offset == offsetof(struct pkt, proto) ||
	       offset == offsetof(struct pkt, frag);
}

static struct known load_packet(const struct symbolic *s, uint32_t offset, uint32_t size)
{
	if (offset == offsetof(struct pkt, family) && size == 1)
		return known_value(s->ref.family);
	if (offset == offsetof(struct pkt, proto) && size == 1)
		return known_between(s->head.proto_lo, s->head.proto_hi, 0);
	if (offset == offsetof(struct pkt, frag) && size == 1)
		return known_between(s->head.frag_lo, s->head.frag_hi, 0);
	if (offset == offsetof(struct pkt, probe) && size == 1)
		return known_value(s->probe);
	if (offset == offsetof(struct pkt, from) && size == 4)
		return known_between((uint64_t)s->extents[FIELD_FROM].lo,
				     (uint64_t)s->extents[FIELD_FROM].hi, field_bit(FIELD_FROM));
	for (uint32_t i = 0; i < s->ref.n_fields; i++) {
		const struct prove_field *field = &s->ref.fields[i];

		if (offset < field->offset || offset + size > field->offset + field->width)
			continue;
		if (field->width == 16)
			return load_address(s, i, offset - field->offset, size);
		if (offset == field->offset && size == field->width)
			return known_between((uint64_t)s->extents[i].lo, (uint64_t)s->extents[i].hi,
					     field_bit(i));
		break;
	}
	/* Anything, and so are the packets that it would tell apart. */
	return known_between(0, most_of(size), 0);
}

static struct known load(struct symbolic *s, const struct run *run, struct known base, int16_t off,
			 uint32_t size)
{
	uint64_t at = base.lo + (uint64_t)(int64_t)off, word = 0;

	switch (base.kind) {
	case KNOWN_PACKET:
		if (at + size > sizeof(struct pkt))
			break;
		if (at == offsetof(struct pkt, slot) && run->slot.kind == KNOWN_NUMBER)
			return run->slot;
		return load_packet(s, (uint32_t)at, size);
	case KNOWN_BLOB:
		if (base.lo != base.hi)
			return known_between(0, most_of(size), base.from);
		if (at + size > s->gen->blob.len || at + size < at)
			break;
		memcpy(&word, s->gen->blob.data + at, size);
		return known_between(word, word, base.from);
	case KNOWN_COUNTER:
		return known_between(0, UINT64_MAX, 0);
	case KNOWN_FRAME:
		return known_nothing();
	default:
		break;
	}
	refuse(s, "instruction %u reads what it should not", run->pc - 1);
	return known_nothing();
}

static void store(struct symbolic *s, struct run *run, struct known base, int16_t off,
		  struct known word)
{
	uint64_t at = base.lo + (uint64_t)(int64_t)off;

	if (base.kind == KNOWN_COUNTER || base.kind == KNOWN_FRAME)
		return;
	if (base.kind == KNOWN_PACKET && at == offsetof(struct pkt, slot))
		run->slot = word;
	else if (base.kind == KNOWN_PACKET && at == offsetof(struct pkt, walk))
		run->walk = word;
	else if (base.kind == KNOWN_PACKET && at == offsetof(struct pkt, act))
		run->act = word;
	else
		refuse(s, "instruction %u writes what it should not", run->pc - 1);
}

static uint32_t size_of(const struct bpf_insn *insn)
{
	uint8_t size = BPF_SIZE(insn->code);

	return size == BPF_B ? 1 : size == BPF_H ? 2 : size == BPF_W ? 4 : 8;
}

/* A constant or the address of a map: two instructions. */
static struct known load_wide(struct symbolic *s, const struct bpf_insn *insn, uint32_t at)
{
	uint64_t offset = (uint32_t)insn[1].imm;

	if (!insn->src_reg)
		return known_value(offset << 32 | (uint32_t)insn->imm);
	vec_for_each(reloc, &s->gen->code.relocs) {
		if (reloc->insn != at)
			continue;
		if (reloc->map == MAP_SCRATCH && !offset)
			return known_pointer(KNOWN_SCRATCH, 0);
		if (reloc->map == MAP_BLOB)
			return known_pointer(KNOWN_BLOB, offset);
		if (reloc->map == MAP_COUNTERS)
			return known_pointer(KNOWN_COUNTERS, 0);
		if (reloc->map == MAP_JUMPS)
			return known_pointer(KNOWN_JUMPS, 0);
	}
	refuse(s, "instruction %u loads another map", at);
	return known_nothing();
}

void forget_temporaries(struct run *run)
{
	for (uint32_t reg = R1; reg <= R5; reg++)
		run->regs[reg] = known_nothing();
}

/* What the helpers of classifiers are called with. Return: STOP_EXIT: go on. */
static enum stop call_helper(struct symbolic *s, struct run *run, int helper)
{
	struct known key = run->regs[R2];
	uint64_t slot = run->slot.lo;

	if (helper == BPF_FUNC_get_smp_processor_id) {
		run->regs[R0] = known_between(0, UINT32_MAX, 0);
	} else if (helper == BPF_FUNC_map_lookup_elem && run->regs[R1].kind == KNOWN_COUNTERS &&
		   key.kind == KNOWN_PACKET && key.lo == offsetof(struct pkt, walk) &&
		   known_is_value(&run->slot) && known_is_value(&run->walk) &&
		   run->walk.lo == slot / COUNTER_BLOCK) {
		run->counted = true;
		run->regs[R0] = known_pointer(KNOWN_COUNTER, 0);
	} else if (helper == BPF_FUNC_tail_call && key.kind == KNOWN_JUMPS &&
		   known_is_value(&run->regs[R3]) && run->regs[R3].lo == GEN_ACT) {
		return STOP_ACT;
	} else {
		refuse(s, "instruction %u calls a helper in an odd way", run->pc - 1);
		return STOP_FAULT;
	}
	forget_temporaries(run);
	return STOP_EXIT;
}

static bool call_code(struct run *run, int32_t offset)
{
	if (run->depth == CALLS_MAX)
		return false;
	memcpy(run->kept[run->depth], &run->regs[R_PKT], sizeof(run->kept[0]));
	run->back[run->depth++] = run->pc;
	run->pc += (uint32_t)offset;
	return true;
}

static bool return_from_code(struct run *run)
{
	if (!run->depth)
		return false;
	run->pc = run->back[--run->depth];
	memcpy(&run->regs[R_PKT], run->kept[run->depth], sizeof(run->kept[0]));
	forget_temporaries(run);
	return true;
}

/* Up to the jump that decides a place: unless R0 is 0. */
static bool is_decision(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JNE | BPF_K) && insn->dst_reg == R0 && insn->imm == 0;
}

static enum stop run_jump(struct symbolic *s, struct run *run, const struct bpf_insn *insn,
			  struct known a, struct known b)
{
	uint8_t op = BPF_OP(insn->code);
	int taken = op == BPF_JA ? 1 : known_compare(op, BPF_CLASS(insn->code) == BPF_JMP32, a, b);

	if (taken < 0)
		return STOP_FORK;
	if (taken)
		run->pc += (uint32_t)(int32_t)insn->off;
	return STOP_EXIT;
}

/* Return: STOP_EXIT to go on; at a fork or decision pc is that of the jump. */
static enum stop run_one(struct symbolic *s, struct run *run)
{
	const struct bpf_insn *insn = &s->gen->code.insns.data[run->pc];
	uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
	struct known a = run->regs[insn->dst_reg], b;
	enum stop stop;

	if (is_decision(insn))
		return STOP_DECISION;
	b = BPF_SRC(insn->code) == BPF_X ? run->regs[insn->src_reg]
					 : known_value((uint64_t)(int64_t)insn->imm);
	run->pc++;
	switch (class) {
	case BPF_LD:
		run->regs[insn->dst_reg] = load_wide(s, insn, run->pc++ - 1);
		return STOP_EXIT;
	case BPF_LDX:
		run->regs[insn->dst_reg] =
			load(s, run, run->regs[insn->src_reg], insn->off, size_of(insn));
		run->regs[insn->dst_reg].id = ++run->ids;
		return STOP_EXIT;
	case BPF_STX:
		store(s, run, a, insn->off, run->regs[insn->src_reg]);
		return STOP_EXIT;
	case BPF_ALU:
	case BPF_ALU64:
		run->regs[insn->dst_reg] = known_alu(op, class == BPF_ALU, a, b, ++run->ids);
		return STOP_EXIT;
	default:
		break;
	}
	if (op == BPF_CALL && insn->src_reg == BPF_PSEUDO_CALL)
		return call_code(run, insn->imm) ? STOP_EXIT : STOP_FAULT;
	if (op == BPF_CALL)
		return call_helper(s, run, insn->imm);
	stop = run_jump(s, run, insn, a, b);
	if (stop == STOP_FORK)
		run->pc--;
	return stop;
}

enum stop run_on(struct symbolic *s, struct run *run)
{
	uint32_t n = s->gen->code.insns.len;

	while (!s->proof.why && run->pc < n) {
		const struct bpf_insn *insn = &s->gen->code.insns.data[run->pc];
		enum stop stop;

		if (run->pc == s->next && !run->depth)
			return STOP_NEXT;
		if (++s->proof.steps > s->steps_max) {
			refuse(s, "it is too much code to prove");
			break;
		}
		if (insn->code == (BPF_JMP | BPF_EXIT)) {
			if (!run->depth)
				return STOP_EXIT;
			return_from_code(run);
			continue;
		}
		stop = run_one(s, run);
		if (stop != STOP_EXIT)
			return stop;
	}
	refuse(s, "the code has no end");
	return STOP_FAULT;
}
