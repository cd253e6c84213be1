// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The tests of a record, as a global function: the verifier looks at it once. Only the widths,
 * kinds and keys that this forest has are in it.
 *
 * Registers: R6 the packet, R7 rounds left, R8 number of the test, R9 its address; R1 the value
 * (R2 the low half of an address pair).
 */
#include "compiler/gen/walker_internal.h"

#include "compiler/gen/epilogue.h"

/* Fields are below the keys. */
#define FIELDS_MASK 255
_Static_assert(offsetof(struct pkt, key) <= FIELDS_MASK + 1 &&
		       FIELDS_MASK + 16 <= sizeof(struct pkt),
	       "a masked offset ends in the packet");

/* What the tests of this forest have. */
struct census {
	uint32_t widths, kinds, key_sizes, hashed; /* bits */
};

static struct census take_census(const struct forest *forest)
{
	struct census census = { 0 };

	for (uint32_t i = 1; i < forest->tests.n; i++) {
		struct forest_test test;

		memcpy(&test, forest->blob + forest->tests.offset + (size_t)i * sizeof(test),
		       sizeof(test));
		census.widths |= test.width;
		census.kinds |= 1u << test.kind;
		if (test.kind == FOREST_TEST_BOUNDS)
			census.key_sizes |= test.key_size;
		if (test.kind == FOREST_TEST_HASH)
			census.hashed |= test.key_size;
	}
	return census;
}

/* Highest bit of @set that is left when @bit is taken away: it needs no comparison. */
static bool is_last(uint32_t set, uint32_t bit)
{
	return (set & ~((bit << 1) - 1)) == 0;
}

/* R1 (and R2) = the field, by the width of the test at R9. */
static void emit_load(struct walker *w, uint32_t widths)
{
	struct code *c = w->c;
	label loaded = code_label(c);

	ldx(c, 2, R3, R9, offsetof(struct forest_test, offset));
	alu(c, BPF_AND, R3, FIELDS_MASK);
	alu_reg(c, BPF_MOV, R4, R_PKT);
	alu_reg(c, BPF_ADD, R4, R3);
	ldx(c, 1, R5, R9, offsetof(struct forest_test, width));
	for (uint32_t width = 1; width <= 16; width *= 2) {
		label other = code_label(c);

		if (!(widths & width))
			continue;
		if (!is_last(widths, width))
			jmp_imm(c, BPF_JNE, R5, width, other);
		ldx(c, width == 16 ? 8 : (uint8_t)width, R1, R4, 0);
		if (width == 16)
			ldx(c, 8, R2, R4, 8);
		else if (widths & 16)
			alu32(c, BPF_MOV, R2, 0);
		if (!is_last(widths, width))
			jmp(c, loaded);
		code_bind(c, other);
	}
	code_bind(c, loaded);
}

/* R4 = the address of byte R3 of the blob; R3 is lost. */
static void emit_table(struct walker *w, label fail)
{
	const struct forest_region blob = { 0, w->forest->blob_size };
	const struct element byte = { 1, 16 };

	index_emit(w, R4, R3, &blob, byte, fail);
}

static void emit_range(struct walker *w, label fail)
{
	ldx(w->c, 8, R3, R9, offsetof(struct forest_test, lo));
	alu_reg(w->c, BPF_SUB, R1, R3);
	ldx(w->c, 8, R3, R9, offsetof(struct forest_test, span));
	jmp64_reg(w->c, BPF_JGT, R1, R3, fail);
}

static void emit_bitmap(struct walker *w, label fail)
{
	struct code *c = w->c;

	ldx(c, 4, R3, R9, offsetof(struct forest_test, table));
	alu_reg(c, BPF_MOV, R5, R1);
	alu(c, BPF_RSH, R5, 3);
	alu_reg(c, BPF_ADD, R3, R5);
	emit_table(w, fail);
	ldx(c, 1, R3, R4, 0);
	alu(c, BPF_AND, R1, 7);
	alu_reg(c, BPF_RSH, R3, R1);
	alu(c, BPF_AND, R3, 1);
	jmp64_imm(c, BPF_JEQ, R3, 0, fail);
}

/* To @above unless the key at R4 is below the value in R1 (and R2). Uses R3. */
static void emit_below(struct code *c, uint32_t key_size, label above)
{
	label below = code_label(c);

	ldx(c, key_size == 4 ? 4 : 8, R3, R4, 0);
	if (key_size != 16) {
		jmp64_reg(c, BPF_JGE, R3, R1, above);
		code_bind(c, below);
		return;
	}
	jmp64_reg(c, BPF_JGT, R3, R1, above);
	jmp64_reg(c, BPF_JNE, R3, R1, below);
	ldx(c, 8, R3, R4, 8);
	jmp64_reg(c, BPF_JGE, R3, R2, above);
	code_bind(c, below);
}

/*
 * R0 counts the keys below the value, R5 is half of what is left, in keys. The number of steps
 * is the table's; the unrolled ones bound it.
 */
static void emit_search(struct walker *w, uint32_t key_size, label found, label fail)
{
	struct code *c = w->c;

	for (uint32_t step = 0; step < w->forest->steps_max; step++) {
		label above = code_label(c);

		alu_reg(c, BPF_MOV, R3, R0);
		alu_reg(c, BPF_ADD, R3, R5);
		alu(c, BPF_SUB, R3, 1);
		alu(c, BPF_LSH, R3, __builtin_ctz(key_size));
		ldx(c, 4, R4, R9, offsetof(struct forest_test, table));
		alu_reg(c, BPF_ADD, R3, R4);
		emit_table(w, fail);
		emit_below(c, key_size, above);
		alu_reg(c, BPF_ADD, R0, R5);
		code_bind(c, above);
		alu(c, BPF_RSH, R5, 1);
		jmp64_imm(c, BPF_JEQ, R5, 0, found);
	}
}

static void emit_bounds(struct walker *w, uint32_t key_sizes, label fail)
{
	struct code *c = w->c;
	label found = code_label(c);

	ldx(c, 1, R3, R9, offsetof(struct forest_test, steps));
	alu(c, BPF_SUB, R3, 1);
	alu32(c, BPF_MOV, R5, 1);
	alu_reg(c, BPF_LSH, R5, R3);
	alu32(c, BPF_MOV, R0, 0);
	for (uint32_t size = 4; size <= 16; size *= 2) {
		label other = code_label(c);

		if (!(key_sizes & size))
			continue;
		if (!is_last(key_sizes, size)) {
			ldx(c, 1, R3, R9, offsetof(struct forest_test, key_size));
			jmp_imm(c, BPF_JNE, R3, size, other);
		}
		emit_search(w, size, found, fail);
		if (!is_last(key_sizes, size))
			jmp(c, found);
		code_bind(c, other);
	}
	code_bind(c, found);
	ldx(c, 1, R3, R9, offsetof(struct forest_test, starts_inside));
	alu_reg(c, BPF_XOR, R0, R3);
	alu(c, BPF_AND, R0, 1);
	jmp64_imm(c, BPF_JEQ, R0, 0, fail);
}

/* R0 = the offset of the home slot of the address in R1 (and R2). */
static void emit_home(struct code *c, uint32_t key_size)
{
	alu_reg(c, BPF_MOV, R0, R1);
	if (key_size == 16) {
		ld_imm64(c, R4, FOREST_MIX_HIGH);
		alu_reg(c, BPF_MUL, R0, R4);
		alu_reg(c, BPF_ADD, R0, R2);
	}
	ld_imm64(c, R4, FOREST_MIX);
	alu_reg(c, BPF_MUL, R0, R4);
	ldx(c, 1, R3, R9, offsetof(struct forest_test, steps));
	alu32(c, BPF_MOV, R5, 64);
	alu_reg(c, BPF_SUB, R5, R3);
	alu_reg(c, BPF_RSH, R0, R5);
	alu(c, BPF_LSH, R0, __builtin_ctz(key_size));
	ldx(c, 4, R3, R9, offsetof(struct forest_test, table));
	alu_reg(c, BPF_ADD, R0, R3);
}

/* To @found where the address is in the table: a slot that is empty ends the search. */
static void emit_probes(struct walker *w, uint32_t key_size, label found, label fail)
{
	struct code *c = w->c;
	label top = code_label(c), other = code_label(c);

	emit_home(c, key_size);
	alu32(c, BPF_MOV, R5, FOREST_PROBES);
	code_bind(c, top);
	alu_reg(c, BPF_MOV, R3, R0);
	emit_table(w, fail);
	ldx(c, key_size == 4 ? 4 : 8, R3, R4, 0);
	if (key_size == 16) {
		jmp64_reg(c, BPF_JNE, R3, R1, other);
		ldx(c, 8, R4, R4, 8);
		jmp64_reg(c, BPF_JEQ, R4, R2, found);
		code_bind(c, other);
		jmp64_imm(c, BPF_JEQ, R3, -1, fail);
	} else {
		jmp64_reg(c, BPF_JEQ, R3, R1, found);
		jmp_imm(c, BPF_JEQ, R3, UINT32_MAX, fail);
	}
	alu(c, BPF_ADD, R0, (int32_t)key_size);
	alu(c, BPF_SUB, R5, 1);
	jmp64_imm(c, BPF_JNE, R5, 0, top);
	jmp(c, fail);
}

static void emit_hash(struct walker *w, uint32_t hashed, label fail)
{
	struct code *c = w->c;
	label found = code_label(c), other = code_label(c);

	if (hashed == (4 | 16)) {
		ldx(c, 1, R3, R9, offsetof(struct forest_test, key_size));
		jmp_imm(c, BPF_JNE, R3, 4, other);
	}
	if (hashed & 4)
		emit_probes(w, 4, found, fail);
	code_bind(c, other);
	if (hashed & 16)
		emit_probes(w, 16, found, fail);
	code_bind(c, found);
}

static void emit_kinds(struct walker *w, const struct census *census, label fail)
{
	struct code *c = w->c;
	label passed = code_label(c);

	ldx(c, 1, R3, R9, offsetof(struct forest_test, kind));
	for (uint32_t kind = FOREST_TEST_RANGE; kind <= FOREST_TEST_HASH; kind++) {
		bool last = is_last(census->kinds, 1u << kind);
		label other = code_label(c);

		if (!(census->kinds & 1u << kind))
			continue;
		if (!last)
			jmp_imm(c, BPF_JNE, R3, kind, other);
		if (kind == FOREST_TEST_RANGE)
			emit_range(w, fail);
		else if (kind == FOREST_TEST_BITMAP)
			emit_bitmap(w, fail);
		else if (kind == FOREST_TEST_BOUNDS)
			emit_bounds(w, census->key_sizes, fail);
		else
			emit_hash(w, census->hashed, fail);
		if (!last)
			jmp(c, passed);
		code_bind(c, other);
	}
	code_bind(c, passed);
}

void tests_emit(struct walker *w)
{
	struct code *c = w->c;
	struct census census = take_census(w->forest);
	const struct element test = { sizeof(struct forest_test), 0 };
	label top = code_label(c), fail = code_label(c), hold = code_label(c);

	code_function(c, true, 1);
	code_bind(c, w->tests);
	alu32_reg(c, BPF_MOV, R8, R1);
	slot_emit(c);
	alu32(c, BPF_MOV, R7, w->forest->tests_max);
	code_bind(c, top);
	alu_reg(c, BPF_MOV, R1, R8);
	index_emit(w, R9, R1, &w->forest->tests, test, fail);
	emit_load(w, census.widths);
	emit_kinds(w, &census, fail);
	ldx(c, 1, R3, R9, offsetof(struct forest_test, last));
	jmp_imm(c, BPF_JNE, R3, 0, hold);
	alu(c, BPF_ADD, R8, 1);
	alu(c, BPF_SUB, R7, 1);
	jmp64_imm(c, BPF_JNE, R7, 0, top);
	code_bind(c, fail);
	alu32(c, BPF_MOV, R0, 1);
	exit_program(c);
	code_bind(c, hold);
	alu32(c, BPF_MOV, R0, 0);
	exit_program(c);
}
