// SPDX-License-Identifier: GPL-3.0-or-later
/* Scratch slot, `option fragments`, counters, probe answers and verdicts. */
#include "compiler/gen/epilogue.h"

void slot_emit(struct code *c)
{
	call(c, BPF_FUNC_get_smp_processor_id);
	alu32(c, BPF_AND, R0, ABI_CPUS - 1);
	alu(c, BPF_LSH, R0, __builtin_ctz(sizeof(struct pkt)));
	ld_map_value(c, R_PKT, MAP_SCRATCH, 0);
	alu_reg(c, BPF_ADD, R_PKT, R0);
}

bool fragments_emit(struct code *c, enum fragments fragments, label next)
{
	if (fragments == FRAGMENTS_L3)
		return false;
	ldx(c, 1, R1, R_PKT, offsetof(struct pkt, frag));
	if (fragments == FRAGMENTS_DROP)
		jmp_imm(c, BPF_JEQ, R1, FRAG_NO, next);
	else
		jmp_imm(c, BPF_JNE, R1, FRAG_LATER, next);
	return true;
}

/*
 * The key lies in map memory, since the verifier would tell states with different constants on
 * the stack apart.
 */
void counter_emit(struct code *c, label done)
{
	stx(c, 4, R_PKT, offsetof(struct pkt, slot), R2);
	alu(c, BPF_RSH, R2, __builtin_ctz(COUNTER_BLOCK));
	stx(c, 4, R_PKT, offsetof(struct pkt, walk), R2);
	alu_reg(c, BPF_MOV, R2, R_PKT);
	alu(c, BPF_ADD, R2, offsetof(struct pkt, walk));
	ld_map(c, R1, MAP_COUNTERS);
	call(c, BPF_FUNC_map_lookup_elem);
	jmp64_imm(c, BPF_JEQ, R0, 0, done);
	ldx(c, 4, R1, R_PKT, offsetof(struct pkt, slot));
	alu(c, BPF_AND, R1, COUNTER_BLOCK - 1);
	alu(c, BPF_LSH, R1, __builtin_ctz(sizeof(struct counter)));
	alu_reg(c, BPF_ADD, R0, R1);
	ldx(c, 8, R1, R0, offsetof(struct counter, packets));
	alu(c, BPF_ADD, R1, 1);
	stx(c, 8, R0, offsetof(struct counter, packets), R1);
	ldx(c, 8, R1, R0, offsetof(struct counter, bytes));
	ldx(c, 4, R2, R_PKT, offsetof(struct pkt, frame_len));
	alu_reg(c, BPF_ADD, R1, R2);
	stx(c, 8, R0, offsetof(struct counter, bytes), R1);
}

/* Below the walker's nodes. */
#define CONTEXT_OFFSET (-64)

void context_emit(struct code *c)
{
	stx(c, 8, R_FRAME, CONTEXT_OFFSET, R1);
}

void act_emit(struct code *c)
{
	stx(c, 4, R_PKT, offsetof(struct pkt, act), R9);
	ldx(c, 8, R1, R_FRAME, CONTEXT_OFFSET);
	ld_map(c, R2, MAP_JUMPS);
	alu(c, BPF_MOV, R3, GEN_ACT);
	call(c, BPF_FUNC_tail_call);
	alu32(c, BPF_MOV, R1, XDP_ABORTED);
	alu32(c, BPF_MOV, R2, SLOT_TOO_MANY_TAILS);
	alu32(c, BPF_MOV, R8, XDP_DROP);
}

void verdict_emit(struct code *c)
{
	label count = code_label(c), done = code_label(c);

	ldx(c, 1, R3, R_PKT, offsetof(struct pkt, probe));
	jmp_imm(c, BPF_JEQ, R3, 0, count);
	alu_reg(c, BPF_MOV, R0, R1);
	exit_program(c);
	code_bind(c, count);
	counter_emit(c, done);
	code_bind(c, done);
	alu_reg(c, BPF_MOV, R0, R8);
	exit_program(c);
}
