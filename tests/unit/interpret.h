/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs compiled code without a kernel: the instructions that code.h emits, on one packet slot.
 * Every memory access is checked against the blob itself, not the larger map that masked indexes
 * end in. Straight-line code runs no longer than its length, a walker's loops are bounded.
 */
#ifndef UNIT_INTERPRET_H
#define UNIT_INTERPRET_H

#include <stdio.h>

#include "compiler/compile.h"

#define MACHINE_STACK 64
#define MACHINE_DEPTH 3

struct machine {
	const struct compiled *compiled;
	struct pkt pkt;
	struct counter *counters;
	uint32_t n_counters;
	const char *fault; /* NULL: none */
	uint32_t steps;
	uint32_t depth; /* of calls */
	uint8_t stack[MACHINE_DEPTH][MACHINE_STACK];
};

static inline uint8_t *machine_memory(struct machine *m, uint64_t at, size_t size, bool write)
{
	const struct {
		void *start;
		size_t size;
		bool write;
	} areas[] = {
		{ &m->pkt, sizeof(m->pkt), true },
		{ m->stack[m->depth % MACHINE_DEPTH], MACHINE_STACK, true },
		{ m->counters, sizeof(*m->counters) * m->n_counters, true },
		{ m->compiled->blob, m->compiled->blob_size, false },
	};

	for (size_t i = 0; i < sizeof(areas) / sizeof(*areas); i++) {
		uint64_t start = (uint64_t)(uintptr_t)areas[i].start;

		if (start && at >= start && at + size <= start + areas[i].size &&
		    (areas[i].write || !write))
			return (uint8_t *)(uintptr_t)at;
	}
	m->fault = write ? "writes outside its maps" : "reads outside its maps";
	return (uint8_t *)&m->pkt;
}

static inline size_t machine_size(const struct bpf_insn *insn)
{
	switch (BPF_SIZE(insn->code)) {
	case BPF_B:
		return 1;
	case BPF_H:
		return 2;
	case BPF_W:
		return 4;
	default:
		return 8;
	}
}

static inline uint64_t machine_alu(struct machine *m, uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_LSH:
		return a << (b & 63);
	case BPF_RSH:
		return a >> (b & 63);
	case BPF_NEG:
		return -a;
	case BPF_XOR:
		return a ^ b;
	case BPF_MUL:
		return a * b;
	case BPF_MOV:
		return b;
	default:
		m->fault = "unknown operation";
		return 0;
	}
}

static inline bool machine_compare(struct machine *m, uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JSLT:
		return (int64_t)a < (int64_t)b;
	default:
		m->fault = "unknown comparison";
		return false;
	}
}

static inline uint32_t machine_steps_max(const struct compiled *compiled)
{
	return compiled->classifier == CLASSIFIER_FOREST ? 1u << 20 : 2 * compiled->n_insns;
}

static inline uint64_t machine_wide(struct machine *m, const struct bpf_insn *insn, uint32_t at)
{
	if (!insn->src_reg)
		return (uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn->imm;
	vec_for_each(reloc, &m->compiled->relocs) {
		if (reloc->insn != at)
			continue;
		if (reloc->map == MAP_SCRATCH)
			return (uint64_t)(uintptr_t)&m->pkt + (uint32_t)insn[1].imm;
		if (reloc->map == MAP_BLOB)
			return (uint64_t)(uintptr_t)m->compiled->blob + (uint32_t)insn[1].imm;
		return 0;
	}
	m->fault = "a map without a relocation";
	return 0;
}

static inline uint64_t machine_helper(struct machine *m, int helper, const uint64_t *regs)
{
	uint64_t slot;
	uint32_t block;

	if (helper == BPF_FUNC_get_smp_processor_id)
		return 0;
	memcpy(&block, machine_memory(m, regs[2], sizeof(block), false), sizeof(block));
	slot = (uint64_t)block * COUNTER_BLOCK;
	return slot < m->n_counters ? (uint64_t)(uintptr_t)&m->counters[slot] : 0;
}

static inline void machine_move(struct machine *m, const struct bpf_insn *insn, uint64_t *regs)
{
	bool load = BPF_CLASS(insn->code) == BPF_LDX;
	uint64_t base = regs[load ? insn->src_reg : insn->dst_reg];
	size_t size = machine_size(insn);
	uint8_t *at = machine_memory(m, base + (uint64_t)(int64_t)insn->off, size, !load);

	if (load) {
		regs[insn->dst_reg] = 0;
		memcpy(&regs[insn->dst_reg], at, size);
	} else {
		memcpy(at, &regs[insn->src_reg], size);
	}
}

static inline uint64_t machine_call(struct machine *m, uint32_t at, const uint64_t *arguments);

/* A helper, or the function at @at + imm. No argument register survives. */
static inline void machine_callee(struct machine *m, const struct bpf_insn *insn, uint32_t at,
				  uint64_t *regs)
{
	if (insn->src_reg == BPF_PSEUDO_CALL) {
		if (++m->depth == MACHINE_DEPTH)
			m->fault = "calls too deep";
		regs[0] = machine_call(m, at + (uint32_t)insn->imm, regs);
		m->depth--;
	} else {
		regs[0] = machine_helper(m, insn->imm, regs);
	}
	memset(&regs[1], 0xa5, 5 * sizeof(*regs));
}

/* One function, from @at to its exit. */
static inline uint64_t machine_call(struct machine *m, uint32_t at, const uint64_t *arguments)
{
	uint64_t regs[11] = { 0 };

	regs[10] = (uint64_t)(uintptr_t)&m->stack[m->depth % MACHINE_DEPTH][MACHINE_STACK];
	memcpy(&regs[1], &arguments[1], 5 * sizeof(*regs));
	while (!m->fault) {
		const struct bpf_insn *insn = &m->compiled->insns[at];
		uint8_t class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);
		bool narrow = class == BPF_ALU || class == BPF_JMP32;
		uint64_t a = regs[insn->dst_reg], b;

		if (at >= m->compiled->n_insns || m->steps++ > machine_steps_max(m->compiled)) {
			m->fault = "runs out of its code";
			break;
		}
		b = BPF_SRC(insn->code) == BPF_X ? regs[insn->src_reg]
						 : (uint64_t)(int64_t)insn->imm;
		if (narrow) {
			a = (uint32_t)a;
			b = (uint32_t)b;
		}
		at++;
		if (class == BPF_LD)
			regs[insn->dst_reg] = machine_wide(m, insn, at++ - 1);
		else if (class == BPF_LDX || class == BPF_STX)
			machine_move(m, insn, regs);
		else if (class == BPF_ALU)
			regs[insn->dst_reg] = (uint32_t)machine_alu(m, op, a, b);
		else if (class == BPF_ALU64)
			regs[insn->dst_reg] = machine_alu(m, op, a, b);
		else if (op == BPF_EXIT)
			return regs[0];
		else if (op == BPF_CALL)
			machine_callee(m, insn, at, regs);
		else if (op == BPF_JA || machine_compare(m, op, a, b))
			at += (uint32_t)(int32_t)insn->off;
	}
	return 0;
}

/* `classify` on the packet in m->pkt: an ANSWER() when its probe bit is set, else a verdict. */
static inline uint32_t machine_run(struct machine *m)
{
	uint64_t arguments[11] = { 0 };

	m->steps = 0;
	return (uint32_t)machine_call(m, 0, arguments);
}

/* The code against eval, resumed behind each non-terminal. Return: false: said what differs. */
static inline bool same_answers(const struct ruleset *rs, struct machine *m,
				const struct pkt *packet)
{
	struct pkt pkt = *packet;

	for (;;) {
		struct eval_result result = eval_packet(rs, &pkt, true);
		uint32_t answer;

		m->pkt = pkt;
		m->pkt.probe = 1;
		answer = machine_run(m);
		if (m->fault || answer != eval_answer(&result)) {
			printf("# eval %#x, code %#x, %s\n", eval_answer(&result), answer,
			       m->fault ? m->fault : "");
			return false;
		}
		if (result.stage != ANSWER_RULE || rs->rules.data[result.rule].verb.row->terminal)
			return true;
		pkt.from = result.place + 1;
	}
}

#endif
