/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bit vectors: a search without a branch for each side's row, then the rows word by word. What a
 * word has in common is for a function: the verifier looks at it once, not for each word.
 */
#include "compiler/gen/walker_internal.h"

#include "compiler/gen/epilogue.h"

/* Addresses in the rows: kept by calls, or saved behind the nodes that the trees have reached. */
static const enum reg row_regs[BITS_SIDES_MAX] = { R9, R2, R3, R4, R5 };

static int16_t saved_row(uint32_t side)
{
	return (int16_t)(-8 * (int32_t)(FOREST_GROUPS_MAX + 1 + side));
}

static void keep_room(struct walker *w, uint64_t end)
{
	if (end > w->room)
		w->room = (uint32_t)end;
}

/* To the stack: the address of the row of a side. */
static void emit_row(struct walker *w, const struct tree *tree, uint32_t number)
{
	const struct forest_bits *bits = &tree->group->bits;
	const struct bits_side *side = &bits->side[number];
	const struct dim *dim = &w->forest->dims[forest_family(tree->group->family)].dim[side->dim];
	struct code *c = w->c;

	ldx(c, dim->width, R1, R_PKT, (int16_t)dim->offset);
	if (bits_shift(dim))
		alu(c, BPF_RSH, R1, bits_shift(dim));
	alu32(c, BPF_MOV, R0, 0);
	/* R0 = 8 x the bounds known to be below the value. */
	for (uint32_t step = side->steps; step-- > 0;) {
		ld_map_value(c, R2, MAP_BLOB, side->bounds + 8 * ((1u << step) - 1));
		alu_reg(c, BPF_ADD, R2, R0);
		ldx(c, 8, R3, R2, 0);
		alu_reg(c, BPF_SUB, R3, R1);
		alu(c, BPF_RSH, R3, 63);
		alu(c, BPF_LSH, R3, (int32_t)step + 3);
		alu_reg(c, BPF_ADD, R0, R3);
	}
	alu(c, BPF_MUL, R0, (int32_t)bits->words);
	ld_map_value(c, R2, MAP_BLOB, side->rows);
	alu_reg(c, BPF_ADD, R2, R0);
	stx(c, 8, R_FRAME, saved_row(number), R2);
	keep_room(w, side->rows + ((uint64_t)bits->words * 8 << side->steps));
}

/* R0 = word @at behind the rows' addresses, of all of them. */
static void emit_common(struct code *c, uint32_t n_sides, uint32_t at)
{
	for (uint32_t i = 0; i < n_sides; i++) {
		ldx(c, 8, i ? R1 : R0, row_regs[i], (int16_t)(8 * at));
		if (i)
			alu_reg(c, BPF_AND, R0, R1);
	}
}

static void emit_word(struct walker *w, const struct tree *tree, uint32_t at, label word, label hit)
{
	const struct forest_bits *bits = &tree->group->bits;
	label next = code_label(w->c);
	struct code *c = w->c;

	emit_common(c, bits->n_sides, at);
	jmp64_imm(c, BPF_JEQ, R0, 0, next);
	for (uint32_t i = 1; i < bits->n_sides; i++)
		stx(c, 8, R_FRAME, saved_row(i), row_regs[i]);
	stx(c, 4, R_PKT, offsetof(struct pkt, walk), R8);
	alu_reg(c, BPF_MOV, R1, R0);
	/* R7 rounds are left, each of BITS_UNROLL words. */
	alu32(c, BPF_MOV, R2, bits->words * 64 + 64 * at);
	alu_reg(c, BPF_MOV, R0, R7);
	alu(c, BPF_MUL, R0, 64 * BITS_UNROLL);
	alu_reg(c, BPF_SUB, R2, R0);
	call_function(c, word);
	jmp_imm(c, BPF_JNE, R0, ORDER_NONE, hit);
	for (uint32_t i = 1; i < bits->n_sides; i++)
		ldx(c, 8, row_regs[i], R_FRAME, saved_row(i));
	code_bind(c, next);
}

void bits_emit(struct walker *w, const struct tree *tree, label word)
{
	const struct forest_bits *bits = &tree->group->bits;
	struct code *c = w->c;
	label top = code_label(c), hit = code_label(c), done = code_label(c);

	for (uint32_t i = 0; i < bits->n_sides; i++)
		emit_row(w, tree, i);
	for (uint32_t i = 0; i < bits->n_sides; i++)
		ldx(c, 8, row_regs[i], R_FRAME, saved_row(i));
	alu32(c, BPF_MOV, R7, bits->words / BITS_UNROLL);
	code_bind(c, top);
	for (uint32_t at = 0; at < BITS_UNROLL; at++)
		emit_word(w, tree, at, word, hit);
	for (uint32_t i = 0; i < bits->n_sides; i++)
		alu(c, BPF_ADD, row_regs[i], 8 * BITS_UNROLL);
	alu(c, BPF_SUB, R7, 1);
	jmp64_imm(c, BPF_JNE, R7, 0, top);
	jmp(c, done);
	code_bind(c, hit);
	alu32_reg(c, BPF_MOV, R8, R0);
	code_bind(c, done);
}

/* R1 = the number of the lowest bit of R7. */
static void emit_lowest(struct code *c)
{
	static const struct {
		uint64_t mask;
		int32_t shift;
	} folds[] = { { 0x5555555555555555u, 1 }, { 0x3333333333333333u, 2 } };

	/* How many bits are below it. */
	alu_reg(c, BPF_MOV, R1, R7);
	alu(c, BPF_NEG, R1, 0);
	alu_reg(c, BPF_AND, R1, R7);
	alu(c, BPF_SUB, R1, 1);
	for (uint32_t i = 0; i < sizeof(folds) / sizeof(*folds); i++) {
		ld_imm64(c, R3, folds[i].mask);
		alu_reg(c, BPF_MOV, R2, R1);
		alu(c, BPF_RSH, R2, folds[i].shift);
		alu_reg(c, BPF_AND, R2, R3);
		alu_reg(c, BPF_AND, R1, R3);
		alu_reg(c, BPF_ADD, R1, R2);
	}
	alu_reg(c, BPF_MOV, R2, R1);
	alu(c, BPF_RSH, R2, 4);
	alu_reg(c, BPF_ADD, R1, R2);
	ld_imm64(c, R3, 0x0f0f0f0f0f0f0f0fu);
	alu_reg(c, BPF_AND, R1, R3);
	ld_imm64(c, R3, 0x0101010101010101u);
	alu_reg(c, BPF_MUL, R1, R3);
	alu(c, BPF_RSH, R1, 56);
}

/* R9 = the record of the lowest bit of R7, which is taken away; @first: where R2 lies. */
static void emit_record(struct walker *w, const struct tree *tree, int16_t first, label none)
{
	const struct element element = { tree->layout->size, 0 };
	struct code *c = w->c;

	emit_lowest(c);
	ldx(c, 8, R2, R_FRAME, first);
	alu_reg(c, BPF_ADD, R1, R2);
	alu_reg(c, BPF_MOV, R2, R7);
	alu(c, BPF_SUB, R2, 1);
	alu_reg(c, BPF_AND, R7, R2);
	index_emit(w, R9, R1, tree->records, element, none);
}

void bits_word_emit(struct walker *w, const struct tree *tree)
{
	const int16_t first = -8, rounds = -16;
	struct code *c = w->c;
	label top = code_label(c), next = code_label(c), hit = code_label(c);
	label none = code_label(c);
	struct forest_node root = walker_node(w->forest, tree->group->root);

	alu_reg(c, BPF_MOV, R7, R1);
	alu(c, BPF_ADD, R2, (int32_t)root.add);
	stx(c, 8, R_FRAME, first, R2);
	alu32(c, BPF_MOV, R1, 64);
	stx(c, 8, R_FRAME, rounds, R1);
	slot_emit(c);
	ldx(c, 4, R8, R_PKT, offsetof(struct pkt, walk));
	code_bind(c, top);
	emit_record(w, tree, first, none);
	compare_emit(w, tree);
	jmp64_imm(c, BPF_JSLT, R0, 0, next);
	compare_halves_emit(c, tree, next);
	if (tree->usage.tests) {
		ldx(c, 4, R1, R9, (int16_t)tree->layout->more);
		alu(c, BPF_RSH, R1, 8);
		jmp_imm(c, BPF_JEQ, R1, 0, hit);
		call_function(c, w->tests);
		jmp_imm(c, BPF_JNE, R0, 0, next);
	}
	code_bind(c, hit);
	ldx(c, 4, R0, R9, (int16_t)tree->layout->order);
	exit_program(c);
	code_bind(c, next);
	jmp64_imm(c, BPF_JEQ, R7, 0, none);
	ldx(c, 8, R1, R_FRAME, rounds);
	alu(c, BPF_SUB, R1, 1);
	stx(c, 8, R_FRAME, rounds, R1);
	jmp64_imm(c, BPF_JNE, R1, 0, top);
	code_bind(c, none);
	alu32(c, BPF_MOV, R0, ORDER_NONE);
	exit_program(c);
}
