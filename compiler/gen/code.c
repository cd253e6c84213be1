// SPDX-License-Identifier: GPL-3.0-or-later
/* Instructions are appended; jumps are patched when all labels are known. */
#include "compiler/gen/code.h"

#include <assert.h>
#include <errno.h>

static void emit(struct code *c, struct bpf_insn insn)
{
	if (c->insns.len >= CODE_MAX_INSNS) {
		c->error = c->error ? c->error : -E2BIG;
		return;
	}
	vec_push(c->arena, &c->insns, insn);
}

label code_label(struct code *c)
{
	vec_push(c->arena, &c->labels, UINT32_MAX);
	return c->labels.len - 1;
}

void code_bind(struct code *c, label l)
{
	assert(c->labels.data[l] == UINT32_MAX);
	c->labels.data[l] = c->insns.len;
}

void code_span(struct code *c, struct span span)
{
	uint32_t n = c->lines.len;

	/* Two lines at one instruction are refused by the kernel: the later one counts. */
	if (n && c->lines.data[n - 1].insn == c->insns.len)
		c->lines.data[n - 1].span = span;
	else
		vec_push(c->arena, &c->lines, ((struct code_line){ c->insns.len, span }));
}

void code_function(struct code *c, bool global, uint8_t n_args)
{
	vec_push(c->arena, &c->functions, ((struct function){ c->insns.len, n_args, global }));
	/* The kernel wants a line where a function begins. */
	code_span(c, (struct span){ 0 });
}

static void resolve(struct code *c, const struct fixup *f)
{
	struct bpf_insn *insn = &c->insns.data[f->insn];
	int64_t off = (int64_t)c->labels.data[f->to] - f->insn - 1;

	assert(c->labels.data[f->to] != UINT32_MAX);
	if (f->kind == FIXUP_CALL)
		insn->imm = (int32_t)off;
	else if (off >= INT16_MIN && off <= INT16_MAX)
		insn->off = (int16_t)off;
	else if (f->kind == FIXUP_SHORTCUT)
		*insn = (struct bpf_insn){ .code = BPF_JMP | BPF_JA };
	else
		c->error = -ERANGE;
}

int code_finish(struct code *c)
{
	if (c->error)
		return c->error;
	vec_for_each(f, &c->fixups)
		resolve(c, f);
	return c->error;
}

static uint8_t size_bits(uint8_t size)
{
	switch (size) {
	case 1:
		return BPF_B;
	case 2:
		return BPF_H;
	case 4:
		return BPF_W;
	default:
		assert(size == 8);
		return BPF_DW;
	}
}

void ldx(struct code *c, uint8_t size, enum reg dst, enum reg src, int16_t off)
{
	emit(c, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | size_bits(size),
				   .dst_reg = dst,
				   .src_reg = src,
				   .off = off });
}

void stx(struct code *c, uint8_t size, enum reg dst, int16_t off, enum reg src)
{
	emit(c, (struct bpf_insn){ .code = BPF_STX | BPF_MEM | size_bits(size),
				   .dst_reg = dst,
				   .src_reg = src,
				   .off = off });
}

void alu(struct code *c, uint8_t op, enum reg dst, int32_t imm)
{
	emit(c, (struct bpf_insn){ .code = BPF_ALU64 | BPF_K | op, .dst_reg = dst, .imm = imm });
}

void alu_reg(struct code *c, uint8_t op, enum reg dst, enum reg src)
{
	emit(c,
	     (struct bpf_insn){ .code = BPF_ALU64 | BPF_X | op, .dst_reg = dst, .src_reg = src });
}

void alu32(struct code *c, uint8_t op, enum reg dst, uint32_t imm)
{
	emit(c, (struct bpf_insn){ .code = BPF_ALU | BPF_K | op, .dst_reg = dst, .imm = (int)imm });
}

void alu32_reg(struct code *c, uint8_t op, enum reg dst, enum reg src)
{
	emit(c, (struct bpf_insn){ .code = BPF_ALU | BPF_X | op, .dst_reg = dst, .src_reg = src });
}

/* Two slots; @pseudo says what the halves mean. */
static void emit_wide(struct code *c, enum reg dst, uint8_t pseudo, uint32_t low, uint32_t high)
{
	emit(c, (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW,
				   .dst_reg = dst,
				   .src_reg = pseudo,
				   .imm = (int)low });
	emit(c, (struct bpf_insn){ .imm = (int)high });
}

void ld_imm64(struct code *c, enum reg dst, uint64_t imm)
{
	if (imm <= INT32_MAX)
		alu32(c, BPF_MOV, dst, (uint32_t)imm);
	else
		emit_wide(c, dst, 0, (uint32_t)imm, (uint32_t)(imm >> 32));
}

void ld_map(struct code *c, enum reg dst, enum map_ref map)
{
	vec_push(c->arena, &c->relocs, ((struct reloc){ c->insns.len, map }));
	emit_wide(c, dst, BPF_PSEUDO_MAP_FD, 0, 0);
}

void ld_map_value(struct code *c, enum reg dst, enum map_ref map, uint32_t off)
{
	vec_push(c->arena, &c->relocs, ((struct reloc){ c->insns.len, map }));
	emit_wide(c, dst, BPF_PSEUDO_MAP_VALUE, 0, off);
}

static void emit_fixup(struct code *c, enum fixup_kind kind, struct bpf_insn insn, label to)
{
	vec_push(c->arena, &c->fixups, ((struct fixup){ kind, c->insns.len, to }));
	emit(c, insn);
}

void jmp_imm(struct code *c, uint8_t op, enum reg dst, uint32_t imm, label to)
{
	emit_fixup(c, FIXUP_JUMP,
		   (struct bpf_insn){
			   .code = BPF_JMP32 | BPF_K | op, .dst_reg = dst, .imm = (int)imm },
		   to);
}

static struct bpf_insn jump64(uint8_t op, enum reg dst, int32_t imm)
{
	return (struct bpf_insn){ .code = BPF_JMP | BPF_K | op, .dst_reg = dst, .imm = imm };
}

void jmp64_imm(struct code *c, uint8_t op, enum reg dst, int32_t imm, label to)
{
	emit_fixup(c, FIXUP_JUMP, jump64(op, dst, imm), to);
}

void jmp64_near(struct code *c, uint8_t op, enum reg dst, int32_t imm, label to)
{
	emit_fixup(c, FIXUP_SHORTCUT, jump64(op, dst, imm), to);
}

void jmp64_reg(struct code *c, uint8_t op, enum reg dst, enum reg src, label to)
{
	emit_fixup(
		c, FIXUP_JUMP,
		(struct bpf_insn){ .code = BPF_JMP | BPF_X | op, .dst_reg = dst, .src_reg = src },
		to);
}

void jmp(struct code *c, label to)
{
	emit_fixup(c, FIXUP_JUMP, (struct bpf_insn){ .code = BPF_JMP | BPF_JA }, to);
}

void call_function(struct code *c, label to)
{
	emit_fixup(c, FIXUP_CALL,
		   (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL }, to);
}

void call(struct code *c, uint32_t helper)
{
	emit(c, (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = (int)helper });
}

void exit_program(struct code *c)
{
	emit(c, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}
