/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Emission: labels in reach and out of it, relocations, lines, the bound on the length. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "compiler/gen/code.h"

enum kind { JUMP, NEAR, CALL };

static void fill(struct code *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		alu(c, BPF_MOV, R0, 0);
}

static void emit_kind(struct code *c, enum kind kind, label to)
{
	if (kind == JUMP)
		jmp_imm(c, BPF_JEQ, R1, 0xffffffff, to);
	else if (kind == NEAR)
		jmp64_near(c, BPF_JNE, R1, 0, to);
	else
		call_function(c, to);
}

static void test_labels(void **state)
{
	static const struct {
		const char *name;
		enum kind kind;
		uint32_t before, after; /* instructions between the label and the jump, or behind */
		bool back;
		int error;
		int off, imm;
	} cases[] = {
		{ "to the next one", JUMP, 0, 0, false, 0, 0, -1 },
		{ "forward", JUMP, 0, 5, false, 0, 5, -1 },
		{ "back to itself", JUMP, 0, 0, true, 0, -1, -1 },
		{ "back", JUMP, 5, 0, true, 0, -6, -1 },
		{ "as far as 16 bits go", JUMP, 0, 32767, false, 0, 32767, -1 },
		{ "one farther", JUMP, 0, 32768, false, -ERANGE, 0, -1 },
		{ "as far back", JUMP, 32767, 0, true, 0, -32768, -1 },
		{ "one farther back", JUMP, 32768, 0, true, -ERANGE, 0, -1 },
		{ "shortcut in reach", NEAR, 0, 32767, false, 0, 32767, 0 },
		{ "shortcut out of reach", NEAR, 0, 32768, false, 0, 0, 0 },
		{ "a call goes farther", CALL, 0, 40000, false, 0, 0, 40000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct code c = { .arena = arena };
		label l = code_label(&c);
		const struct bpf_insn *insn;
		uint32_t at;
		int err;

		if (cases[i].back)
			code_bind(&c, l);
		fill(&c, cases[i].before);
		at = c.insns.len;
		emit_kind(&c, cases[i].kind, l);
		fill(&c, cases[i].after);
		if (!cases[i].back)
			code_bind(&c, l);
		exit_program(&c);
		err = code_finish(&c);
		insn = &c.insns.data[at];
		if (err != cases[i].error || insn->off != cases[i].off || insn->imm != cases[i].imm)
			fail_msg("%s: error %d, off %d, imm %d", cases[i].name, err, insn->off,
				 insn->imm);
	}
}

static void test_shortcut_is_nothing(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct code c = { .arena = arena };
	label l = code_label(&c);

	jmp64_near(&c, BPF_JNE, R0, 0, l);
	fill(&c, 32768);
	code_bind(&c, l);
	assert_int_equal(code_finish(&c), 0);
	assert_int_equal(c.insns.data[0].code, BPF_JMP | BPF_JA);
	assert_int_equal(c.insns.data[0].dst_reg, 0);
}

static void test_length(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct code c = { .arena = arena };

	fill(&c, CODE_MAX_INSNS);
	assert_int_equal(code_finish(&c), 0);
	fill(&c, 1);
	assert_int_equal(c.error, -E2BIG);
	/* Emitting on is allowed, and the error stays. */
	jmp(&c, code_label(&c));
	assert_int_equal(code_finish(&c), -E2BIG);
	assert_int_equal(c.insns.len, CODE_MAX_INSNS);
}

static void test_constants(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
		uint32_t slots;
	} cases[] = {
		{ "zero", 0, 1 },
		{ "largest of 31 bits", INT32_MAX, 1 },
		{ "bit 31", 0x80000000, 2 },
		{ "all ones", UINT64_MAX, 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct code c = { .arena = arena };
		uint64_t got;

		ld_imm64(&c, R1, cases[i].value);
		got = (uint32_t)c.insns.data[0].imm;
		if (c.insns.len == 2)
			got |= (uint64_t)(uint32_t)c.insns.data[1].imm << 32;
		if (c.insns.len != cases[i].slots || got != cases[i].value)
			fail_msg("%s: %u slots, %lx", cases[i].name, c.insns.len, (long)got);
	}
}

static void test_maps_and_lines(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct code c = { .arena = arena };

	code_span(&c, (struct span){ 1, 0, 4 });
	code_span(&c, (struct span){ 1, 5, 9 });
	ld_map(&c, R1, MAP_COUNTERS);
	code_span(&c, (struct span){ 1, 10, 14 });
	ld_map_value(&c, R2, MAP_BLOB, 4096);
	assert_int_equal(c.lines.len, 2);
	assert_int_equal(c.lines.data[0].insn, 0);
	assert_int_equal(c.lines.data[0].span.start, 5);
	assert_int_equal(c.lines.data[1].insn, 2);
	assert_int_equal(c.relocs.len, 2);
	assert_int_equal(c.relocs.data[1].insn, 2);
	assert_int_equal(c.relocs.data[1].map, MAP_BLOB);
	assert_int_equal(c.insns.data[2].src_reg, BPF_PSEUDO_MAP_VALUE);
	assert_int_equal(c.insns.data[3].imm, 4096);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),         cmocka_unit_test(test_shortcut_is_nothing),
		cmocka_unit_test(test_length),         cmocka_unit_test(test_constants),
		cmocka_unit_test(test_maps_and_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
