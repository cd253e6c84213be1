// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `check --dump=bpf`: the instructions that code.h can emit, with packet fields and maps by name,
 * jump targets as instruction numbers, and the user's line above what comes from it.
 */
#include <assert.h>
#include <stdio.h>

#include "compiler/gen/code.h"

#define TEXT_MAX 160

struct member {
	uint16_t offset;
	const char *name;
};

#define MEMBER(field)                               \
	{                                           \
		offsetof(struct pkt, field), #field \
	}

/* clang-format off */
static const struct member members[] = {
	MEMBER(src[0]), MEMBER(src[1]), MEMBER(dst[0]), MEMBER(dst[1]), MEMBER(smac), MEMBER(dmac),
	MEMBER(ifnum), MEMBER(frame_len), MEMBER(ip_len), MEMBER(from), MEMBER(sport),
	MEMBER(dport), MEMBER(ethertype), MEMBER(vlan), MEMBER(family), MEMBER(proto), MEMBER(ttl),
	MEMBER(dscp), MEMBER(flags), MEMBER(icmp_type), MEMBER(icmp_code), MEMBER(frag),
	MEMBER(established), MEMBER(probe), MEMBER(slot), MEMBER(outside), MEMBER(walk),
};

static const char *const operators[16] = {
	[BPF_ADD >> 4] = "+=", [BPF_SUB >> 4] = "-=", [BPF_MUL >> 4] = "*=", [BPF_OR >> 4] = "|=",
	[BPF_AND >> 4] = "&=", [BPF_LSH >> 4] = "<<=", [BPF_RSH >> 4] = ">>=", [BPF_NEG >> 4] = "= -",
	[BPF_XOR >> 4] = "^=", [BPF_MOV >> 4] = "=",
};

static const char *const comparisons[16] = {
	[BPF_JEQ >> 4] = "==", [BPF_JNE >> 4] = "!=", [BPF_JGT >> 4] = ">", [BPF_JGE >> 4] = ">=",
	[BPF_JLT >> 4] = "<", [BPF_JLE >> 4] = "<=", [BPF_JSET >> 4] = "&",
	[BPF_JSLT >> 4] = "s<",
};
static const char *const map_names[MAP_REFS] = { "scratch", "counters", "blob", "jumps" };
/* clang-format on */

static void print_place(struct buf *out, struct diags *ds, struct span span)
{
	struct position at;

	if (span.source == 0) {
		buf_puts(out, "; entry, exit\n");
		return;
	}
	at = diag_position(ds, span);
	while (at.text.len && (*at.text.s == ' ' || *at.text.s == '\t')) {
		at.text.s++;
		at.text.len--;
	}
	if (at.text.len > TEXT_MAX)
		at.text.len = TEXT_MAX;
	buf_printf(out, "; " STR_FMT " @ " STR_FMT ":%u\n", STR_ARG(at.text),
		   STR_ARG(ds->sources.data[span.source].name), at.line);
}

static void print_memory(struct buf *out, unsigned int base, int off)
{
	if (base == R_PKT)
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
			if (members[i].offset == off) {
				buf_printf(out, "pkt.%s", members[i].name);
				return;
			}
	if (base == R_PKT && off >= (int)offsetof(struct pkt, key)) {
		buf_printf(out, "pkt.key[%d]", (off - (int)offsetof(struct pkt, key)) / 8);
		return;
	}
	buf_printf(out, "[r%u%+d]", base, off);
}

static void print_alu(struct buf *out, const struct bpf_insn *insn)
{
	char letter = BPF_CLASS(insn->code) == BPF_ALU ? 'w' : 'r';
	const char *sign = operators[BPF_OP(insn->code) >> 4];

	assert(sign);
	if (BPF_OP(insn->code) == BPF_NEG)
		buf_printf(out, "%c%u %s%c%u", letter, insn->dst_reg, sign, letter, insn->dst_reg);
	else if (BPF_SRC(insn->code) == BPF_X)
		buf_printf(out, "%c%u %s %c%u", letter, insn->dst_reg, sign, letter, insn->src_reg);
	else
		buf_printf(out, "%c%u %s %#x", letter, insn->dst_reg, sign,
			   (unsigned int)insn->imm);
}

static void print_jump(struct buf *out, const struct bpf_insn *insn, uint32_t at)
{
	char letter = BPF_CLASS(insn->code) == BPF_JMP32 ? 'w' : 'r';
	uint32_t to = at + 1 + (uint32_t)(int32_t)insn->off;
	const char *comparison = comparisons[BPF_OP(insn->code) >> 4];

	switch (BPF_OP(insn->code)) {
	case BPF_EXIT:
		buf_puts(out, "exit");
		break;
	case BPF_CALL:
		if (insn->src_reg == BPF_PSEUDO_CALL)
			buf_printf(out, "call %u", at + 1 + (uint32_t)insn->imm);
		else if (insn->imm == BPF_FUNC_map_lookup_elem)
			buf_puts(out, "r0 = lookup(r1, r2)");
		else
			buf_puts(out, "r0 = cpu()");
		break;
	case BPF_JA:
		buf_printf(out, "goto %u", to);
		break;
	default:
		assert(comparison);
		buf_printf(out, "if %c%u %s ", letter, insn->dst_reg, comparison);
		if (BPF_SRC(insn->code) == BPF_X)
			buf_printf(out, "%c%u", letter, insn->src_reg);
		else
			buf_printf(out, "%#x", (unsigned int)insn->imm);
		buf_printf(out, " goto %u", to);
	}
}

static void print_wide(struct buf *out, const struct bpf_insn *insn, const char *map)
{
	uint64_t imm = (uint64_t)(uint32_t)insn[1].imm << 32 | (uint32_t)insn[0].imm;

	if (insn->src_reg == BPF_PSEUDO_MAP_FD)
		buf_printf(out, "r%u = map %s", insn->dst_reg, map);
	else if (insn->src_reg == BPF_PSEUDO_MAP_VALUE)
		buf_printf(out, "r%u = &%s[%u]", insn->dst_reg, map, (unsigned int)insn[1].imm);
	else
		buf_printf(out, "r%u = %#lx", insn->dst_reg, (unsigned long)imm);
}

static void print_insn(struct buf *out, const struct bpf_insn *insn, uint32_t at, const char *map)
{
	buf_printf(out, "%7u  ", at);
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		print_wide(out, insn, map);
		break;
	case BPF_LDX:
		buf_printf(out, "r%u = ", insn->dst_reg);
		print_memory(out, insn->src_reg, insn->off);
		break;
	case BPF_STX:
		print_memory(out, insn->dst_reg, insn->off);
		buf_printf(out, " = r%u", insn->src_reg);
		break;
	case BPF_ALU:
	case BPF_ALU64:
		print_alu(out, insn);
		break;
	default:
		print_jump(out, insn, at);
		break;
	}
	buf_puts(out, "\n");
}

void compile_disasm(struct buf *out, struct diags *ds, const struct compiled *compiled)
{
	uint32_t line = 0, reloc = 0;

	for (uint32_t i = 0; i < compiled->n_insns; i++) {
		const struct bpf_insn *insn = &compiled->insns[i];
		const char *map = "";

		if (line < compiled->lines.len && compiled->lines.data[line].insn == i)
			print_place(out, ds, compiled->lines.data[line++].span);
		if (reloc < compiled->relocs.len && compiled->relocs.data[reloc].insn == i)
			map = map_names[compiled->relocs.data[reloc++].map];
		print_insn(out, insn, i, map);
		/* The second half of a wide instruction is not one of its own. */
		if (BPF_CLASS(insn->code) == BPF_LD)
			i++;
	}
}
