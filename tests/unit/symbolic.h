/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs compiled code on many packets at once: every bit is 0, 1 or unknown. Where a branch or an
 * address depends on unknown bits, the run stops and names the fields; the caller halves the
 * packets there and runs both halves. What ends with an answer has it for all of its packets.
 */
#ifndef UNIT_SYMBOLIC_H
#define UNIT_SYMBOLIC_H

#include "compiler/compile.h"

struct bits {
	uint64_t value;
	uint64_t mask; /* unknown bits; they are 0 in value */
	uint32_t from; /* bitmap of the fields it was made of */
};

/* struct pkt, and behind it a stack; a function that is called may write over its caller's. */
#define SYMBOLIC_BYTES (sizeof(struct pkt) + 64)

struct symbolic {
	const struct compiled *compiled;
	uint8_t value[SYMBOLIC_BYTES];
	uint8_t mask[SYMBOLIC_BYTES];
	uint32_t from[SYMBOLIC_BYTES];
	uint32_t split;    /* fields to halve; 0: the run has an answer */
	const char *fault; /* NULL: none */
	uint32_t steps;
};

/* Where the packet lies for the code. */
#define SYMBOLIC_PKT       0x100000000000u
#define SYMBOLIC_STEPS_MAX 200000u

static inline struct bits bits_known(uint64_t value)
{
	return (struct bits){ value, 0, 0 };
}

static inline struct bits bits_add(struct bits a, struct bits b)
{
	uint64_t low = a.value + b.value, high = low + a.mask + b.mask;
	uint64_t mask = (low ^ high) | a.mask | b.mask;

	return (struct bits){ low & ~mask, mask, a.from | b.from };
}

static inline struct bits bits_sub(struct bits a, struct bits b)
{
	uint64_t middle = a.value - b.value;
	uint64_t mask = ((middle + a.mask) ^ (middle - b.mask)) | a.mask | b.mask;

	return (struct bits){ middle & ~mask, mask, a.from | b.from };
}

static inline struct bits bits_and(struct bits a, struct bits b)
{
	uint64_t ones = a.value & b.value;
	uint64_t mask = (a.value | a.mask) & (b.value | b.mask) & ~ones;

	return (struct bits){ ones, mask, a.from | b.from };
}

static inline struct bits bits_or(struct bits a, struct bits b)
{
	uint64_t ones = a.value | b.value;

	return (struct bits){ ones, (a.mask | b.mask) & ~ones, a.from | b.from };
}

static inline struct bits bits_xor(struct bits a, struct bits b)
{
	uint64_t mask = a.mask | b.mask;

	return (struct bits){ (a.value ^ b.value) & ~mask, mask, a.from | b.from };
}

static inline struct bits symbolic_alu(struct symbolic *s, uint8_t op, struct bits a, struct bits b)
{
	struct bits unknown = { 0, UINT64_MAX, a.from | b.from };
	uint64_t shift = b.value & 63;

	switch (op) {
	case BPF_MOV:
		return b;
	case BPF_ADD:
		return bits_add(a, b);
	case BPF_SUB:
		return bits_sub(a, b);
	case BPF_NEG:
		return bits_sub(bits_known(0), a);
	case BPF_AND:
		return bits_and(a, b);
	case BPF_OR:
		return bits_or(a, b);
	case BPF_XOR:
		return bits_xor(a, b);
	case BPF_LSH:
		return b.mask ? unknown
			      : (struct bits){ a.value << shift, a.mask << shift, a.from };
	case BPF_RSH:
		return b.mask ? unknown
			      : (struct bits){ a.value >> shift, a.mask >> shift, a.from };
	case BPF_MUL:
		return a.mask | b.mask ? unknown
				       : (struct bits){ a.value * b.value, 0, unknown.from };
	default:
		s->fault = "unknown operation";
		return unknown;
	}
}

/* Return: 1 yes, 0 no, -1 it depends. */
static inline int symbolic_compare(struct symbolic *s, uint8_t op, struct bits a, struct bits b)
{
	uint64_t a_max = a.value | a.mask, b_max = b.value | b.mask, sign = (uint64_t)1 << 63;
	bool differ = (a.value ^ b.value) & ~a.mask & ~b.mask, known = !(a.mask | b.mask);

	switch (op) {
	case BPF_JEQ:
		return differ ? 0 : known ? 1 : -1;
	case BPF_JNE:
		return differ ? 1 : known ? 0 : -1;
	case BPF_JGT:
		return a.value > b_max ? 1 : a_max <= b.value ? 0 : -1;
	case BPF_JGE:
		return a.value >= b_max ? 1 : a_max < b.value ? 0 : -1;
	case BPF_JLT:
		return a_max < b.value ? 1 : a.value >= b_max ? 0 : -1;
	case BPF_JSLT:
		if ((a.mask | b.mask) & sign)
			return -1;
		a.value ^= sign, a_max ^= sign, b.value ^= sign, b_max ^= sign;
		return a_max < b.value ? 1 : a.value >= b_max ? 0 : -1;
	default:
		s->fault = "unknown comparison";
		return 0;
	}
}

static inline size_t symbolic_size(const struct bpf_insn *insn)
{
	uint8_t size = BPF_SIZE(insn->code);

	return size == BPF_B ? 1 : size == BPF_H ? 2 : size == BPF_W ? 4 : 8;
}

static inline struct bits symbolic_load(struct symbolic *s, uint64_t at, size_t size)
{
	uint64_t blob = (uint64_t)(uintptr_t)s->compiled->blob;
	struct bits word = { 0 };

	if (at >= SYMBOLIC_PKT && at + size <= SYMBOLIC_PKT + SYMBOLIC_BYTES) {
		for (size_t i = 0; i < size; i++) {
			word.value |= (uint64_t)s->value[at - SYMBOLIC_PKT + i] << 8 * i;
			word.mask |= (uint64_t)s->mask[at - SYMBOLIC_PKT + i] << 8 * i;
			word.from |= s->from[at - SYMBOLIC_PKT + i];
		}
	} else if (blob && at >= blob && at + size <= blob + s->compiled->blob_size) {
		memcpy(&word.value, (const void *)(uintptr_t)at, size);
	} else {
		s->fault = "reads outside its maps";
	}
	return word;
}

static inline void symbolic_store(struct symbolic *s, uint64_t at, size_t size, struct bits word)
{
	if (at < SYMBOLIC_PKT || at + size > SYMBOLIC_PKT + SYMBOLIC_BYTES) {
		s->fault = "writes outside its maps";
		return;
	}
	for (size_t i = 0; i < size; i++) {
		s->value[at - SYMBOLIC_PKT + i] = (uint8_t)(word.value >> 8 * i);
		s->mask[at - SYMBOLIC_PKT + i] = (uint8_t)(word.mask >> 8 * i);
		s->from[at - SYMBOLIC_PKT + i] = word.from;
	}
}

static inline void symbolic_move(struct symbolic *s, const struct bpf_insn *insn, struct bits *regs)
{
	bool load = BPF_CLASS(insn->code) == BPF_LDX;
	struct bits base = regs[load ? insn->src_reg : insn->dst_reg];
	uint64_t at = base.value + (uint64_t)(int64_t)insn->off;

	if (base.mask)
		s->split = base.from;
	else if (load)
		regs[insn->dst_reg] = symbolic_load(s, at, symbolic_size(insn));
	else
		symbolic_store(s, at, symbolic_size(insn), regs[insn->src_reg]);
}

static inline struct bits symbolic_wide(struct symbolic *s, const struct bpf_insn *insn,
					uint32_t at)
{
	uint64_t offset = (uint32_t)insn[1].imm;

	if (!insn->src_reg)
		return bits_known(offset << 32 | (uint32_t)insn->imm);
	vec_for_each(reloc, &s->compiled->relocs)
		if (reloc->insn == at && reloc->map == MAP_SCRATCH)
			return bits_known(SYMBOLIC_PKT + offset);
		else if (reloc->insn == at && reloc->map == MAP_BLOB)
			return bits_known((uint64_t)(uintptr_t)s->compiled->blob + offset);
	s->fault = "a map that a probe does not need";
	return bits_known(0);
}

static inline struct bits symbolic_call(struct symbolic *s, uint32_t at, const struct bits *args)
{
	struct bits regs[11] = { [10] = bits_known(SYMBOLIC_PKT + SYMBOLIC_BYTES) };

	memcpy(&regs[1], &args[1], 5 * sizeof(*regs));
	while (!s->fault && !s->split) {
		const struct bpf_insn *insn = &s->compiled->insns[at];
		uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
		struct bits low = bits_known(UINT32_MAX), a = regs[insn->dst_reg];
		struct bits b = BPF_SRC(insn->code) == BPF_X
					? regs[insn->src_reg]
					: bits_known((uint64_t)(int64_t)insn->imm);
		int taken = 1;

		if (at >= s->compiled->n_insns || s->steps++ > SYMBOLIC_STEPS_MAX) {
			s->fault = "runs out of its code";
			break;
		}
		if (class == BPF_ALU || class == BPF_JMP32) {
			a = bits_and(a, low);
			b = bits_and(b, low);
		}
		at++;
		if (class == BPF_LD) {
			regs[insn->dst_reg] = symbolic_wide(s, insn, at++ - 1);
		} else if (class == BPF_LDX || class == BPF_STX) {
			symbolic_move(s, insn, regs);
		} else if (class == BPF_ALU || class == BPF_ALU64) {
			a = symbolic_alu(s, op, a, b);
			regs[insn->dst_reg] = class == BPF_ALU ? bits_and(a, low) : a;
		} else if (op == BPF_EXIT) {
			return regs[0];
		} else if (op == BPF_CALL) {
			/* The only helper before an answer is the number of the CPU. */
			regs[0] = insn->src_reg == BPF_PSEUDO_CALL
					  ? symbolic_call(s, at + (uint32_t)insn->imm, regs)
					  : bits_known(0);
		} else {
			if (op != BPF_JA)
				taken = symbolic_compare(s, op, a, b);
			if (taken < 0)
				s->split = a.from | b.from;
			at += taken > 0 ? (uint32_t)(int32_t)insn->off : 0;
		}
	}
	return bits_known(0);
}

#endif
