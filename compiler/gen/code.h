/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BPF emission: instructions, labels and relocations. Errors stick: emit on, code_finish() tells.
 *
 * Registers of `classify`. No helper is called while a rule is tested, so all but R_PKT and
 * R_FACTS are free there.
 *	R0	  the mismatch word of the rule: 0 when everything matches
 *	R1 - R5	  temporaries; a test leaves its word in R1
 *	R_PKT	  struct pkt of this CPU
 *	R_FACTS	  enum fact, in straight-line code
 *	R8	  verdict, in the epilogue
 *	R9	  temporary
 */
#ifndef BPFFW_CODE_H
#define BPFFW_CODE_H

#include "compiler/gen/compiled.h"

/* The kernel's bound on the length of a program. */
#define CODE_MAX_INSNS 1000000u

enum reg { R0, R1, R2, R3, R4, R5, R_PKT, R_FACTS, R7 = R_FACTS, R8, R9, R_FRAME };

typedef uint32_t label;

enum fixup_kind {
	FIXUP_JUMP,
	FIXUP_SHORTCUT, /* does nothing when it does not reach */
	FIXUP_CALL,
};

struct fixup {
	enum fixup_kind kind;
	uint32_t insn;
	label to;
};

struct code {
	struct arena *arena;
	VEC(struct bpf_insn) insns;
	VEC(struct reloc) relocs;
	VEC(struct code_line) lines;
	VEC(struct function) functions;
	VEC(uint32_t) labels; /* instruction, UINT32_MAX: not bound yet */
	VEC(struct fixup) fixups;
	int error; /* negative errno, sticky */
};

label code_label(struct code *c);
void code_bind(struct code *c, label l);
/* What follows is a function of its own; the first one is the program. */
void code_function(struct code *c, bool global, uint8_t n_args);
/* What follows comes from @span. */
void code_span(struct code *c, struct span span);

/**
 * code_finish() - resolve the labels.
 * Return: 0; -E2BIG past CODE_MAX_INSNS, -ERANGE when a jump does not fit into 16 bits.
 */
int code_finish(struct code *c);

/* dst = *(size *)(src + off), zero-extended; @size in bytes: 1, 2, 4, 8. */
void ldx(struct code *c, uint8_t size, enum reg dst, enum reg src, int16_t off);
/* *(size *)(dst + off) = src */
void stx(struct code *c, uint8_t size, enum reg dst, int16_t off, enum reg src);

/* dst = dst <op> imm, all 64 bits; imm is sign-extended. @op: BPF_ADD, BPF_MOV ... */
void alu(struct code *c, uint8_t op, enum reg dst, int32_t imm);
void alu_reg(struct code *c, uint8_t op, enum reg dst, enum reg src);
/* The same on 32 bits; the upper half becomes 0. */
void alu32(struct code *c, uint8_t op, enum reg dst, uint32_t imm);
void alu32_reg(struct code *c, uint8_t op, enum reg dst, enum reg src);

void ld_imm64(struct code *c, enum reg dst, uint64_t imm);
/* dst = the map itself (for a helper), or the address of byte @off of its only value. */
void ld_map(struct code *c, enum reg dst, enum map_ref map);
void ld_map_value(struct code *c, enum reg dst, enum map_ref map, uint32_t off);

/**
 * jmp_imm() - emit "if ((uint32_t)dst <op> imm) goto to".
 * @imm: host byte order; all 32 bits count (JMP32, so no sign extension)
 * @to:  from code_label(); bind it exactly once, before or after this call
 * Errors: sticky -E2BIG past CODE_MAX_INSNS. Source: RFC 9669, section 4.3.
 */
void jmp_imm(struct code *c, uint8_t op, enum reg dst, uint32_t imm, label to);
/* The same on all 64 bits; @imm is sign-extended. */
void jmp64_imm(struct code *c, uint8_t op, enum reg dst, int32_t imm, label to);
/* The same as a shortcut only: when @to is out of reach in the end it does nothing. */
void jmp64_near(struct code *c, uint8_t op, enum reg dst, int32_t imm, label to);
/* The same with a register, all 64 bits. */
void jmp64_reg(struct code *c, uint8_t op, enum reg dst, enum reg src, label to);
void jmp(struct code *c, label to);
void call(struct code *c, uint32_t helper);
/* Call the function that begins at @to: arguments in R1 - R5, R6 - R9 are kept. */
void call_function(struct code *c, label to);
void exit_program(struct code *c);

#endif
