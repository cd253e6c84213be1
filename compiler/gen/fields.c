// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Every test starts from a fresh load of its field and ends in a word that no branch looks at:
 * the verifier then never learns a range, and all rules share its one state.
 */
#include "compiler/gen/fields.h"

#include <assert.h>
#include <errno.h>

#define INLINE_RANGES 4u

/* How large a mismatch word can be. */
enum shape { SHAPE_BIT, SHAPE_32, SHAPE_64 };

/* The size of the field in one part: an IPv4 address is the low 32 bits. */
static uint8_t part_width(const struct clause *row, uint32_t part)
{
	return row->width == 16 && part == 0 ? 4 : row->width;
}

void gen_init(struct gen *gen, const struct ruleset *rs)
{
	*gen = (struct gen){ .rs = rs, .code = { .arena = rs->arena } };
	gen->of_set = arena_new_array(rs->arena, uint32_t, 2 * (size_t)rs->sets.len);
}

/* R1 = 1 if R1 != 0. */
static void emit_bit(struct code *c, enum shape shape)
{
	if (shape == SHAPE_BIT)
		return;
	if (shape == SHAPE_64) {
		alu_reg(c, BPF_MOV, R2, R1);
		alu(c, BPF_NEG, R1, 0);
		alu_reg(c, BPF_OR, R1, R2);
	} else {
		alu(c, BPF_NEG, R1, 0);
	}
	alu(c, BPF_RSH, R1, 63);
}

static void emit_xor64(struct code *c, enum reg dst, enum reg temp, uint64_t value)
{
	if (value == 0)
		return;
	if (value <= INT32_MAX) {
		alu(c, BPF_XOR, dst, (int32_t)value);
		return;
	}
	ld_imm64(c, temp, value);
	alu_reg(c, BPF_XOR, dst, temp);
}

/* A range that is one value or an aligned power of two: the number of free low bits, else -1. */
static int prefix_bits(struct range r)
{
	u128 differ = r.lo ^ r.hi;

	if ((differ & (differ + 1)) != 0 || (r.lo & differ) != 0)
		return -1;
	return __builtin_popcountll((uint64_t)differ) +
	       __builtin_popcountll((uint64_t)(differ >> 64));
}

static bool is_inline(uint8_t width, struct range r)
{
	if (width == 16)
		return prefix_bits(r) >= 0;
	return width < 8 || r.lo == r.hi;
}

/* An IPv6 prefix; halves lie high first. */
static enum shape emit_prefix128(struct code *c, uint16_t offset, struct range r)
{
	int bits = prefix_bits(r);

	ldx(c, 8, R1, R_PKT, (int16_t)offset);
	emit_xor64(c, R1, R2, (uint64_t)(r.lo >> 64));
	if (bits >= 64) {
		if (bits > 64)
			alu(c, BPF_RSH, R1, bits - 64);
		return SHAPE_64;
	}
	ldx(c, 8, R3, R_PKT, (int16_t)(offset + 8));
	emit_xor64(c, R3, R2, (uint64_t)r.lo);
	if (bits)
		alu(c, BPF_RSH, R3, bits);
	alu_reg(c, BPF_OR, R1, R3);
	return SHAPE_64;
}

/* A range of a field of at most 32 bits, as (span - (uint32_t)(x - lo)) >> 63. */
static enum shape emit_range32(struct code *c, struct range r)
{
	int bits = prefix_bits(r);

	if (bits >= 0) {
		if (r.lo)
			alu32(c, BPF_XOR, R1, (uint32_t)r.lo);
		if (bits)
			alu32(c, BPF_RSH, R1, (uint32_t)bits);
		return SHAPE_32;
	}
	if (r.lo)
		alu32(c, BPF_SUB, R1, (uint32_t)r.lo);
	alu32(c, BPF_MOV, R2, (uint32_t)(r.hi - r.lo));
	alu_reg(c, BPF_SUB, R2, R1);
	alu(c, BPF_RSH, R2, 63);
	alu_reg(c, BPF_MOV, R1, R2);
	return SHAPE_BIT;
}

/* Loads the field; a host-order IPv4 address is the low half of the second word. */
static uint16_t part_offset(const struct clause *row, uint32_t part)
{
	return row->width == 16 && part == 0 ? row->offset + 8 : row->offset;
}

static enum shape emit_range(struct code *c, const struct clause *row, uint32_t part,
			     struct range r)
{
	uint8_t width = part_width(row, part);

	if (width == 16)
		return emit_prefix128(c, row->offset, r);
	ldx(c, width, R1, R_PKT, (int16_t)part_offset(row, part));
	if (width < 8)
		return emit_range32(c, r);
	emit_xor64(c, R1, R2, (uint64_t)r.lo);
	return SHAPE_64;
}

static enum shape emit_list(struct code *c, const struct clause *row, uint32_t part,
			    const ranges *r)
{
	enum shape shape = emit_range(c, row, part, r->data[0]);

	if (r->len == 1)
		return shape;
	emit_bit(c, shape);
	alu_reg(c, BPF_MOV, R4, R1);
	for (uint32_t i = 1; i < r->len; i++) {
		emit_bit(c, emit_range(c, row, part, r->data[i]));
		alu_reg(c, BPF_AND, R4, R1);
	}
	alu_reg(c, BPF_MOV, R1, R4);
	return SHAPE_BIT;
}

/*
 * Tables. With keys lo - 1 (left out for lo == 0) and hi, sorted, x is inside when an odd number
 * of keys is below x (even, when the first range starts at 0). Unused keys are all ones: never
 * below anything.
 */
static bool is_high_only(const ranges *r)
{
	vec_for_each(i, r)
		if ((uint64_t)i->lo != 0 || (uint64_t)i->hi != UINT64_MAX)
			return false;
	return true;
}

static uint32_t blob_alloc(struct gen *gen, uint32_t size)
{
	uint32_t start = (gen->blob.len + 15) & ~15u;
	uint32_t need = start + size;

	if (need > gen->blob.cap) {
		uint32_t cap = gen->blob.cap ? gen->blob.cap : 4096;
		uint8_t *data;

		while (cap < need)
			cap *= 2;
		data = arena_alloc(gen->code.arena, cap);
		if (gen->blob.len)
			memcpy(data, gen->blob.data, gen->blob.len);
		gen->blob.data = data;
		gen->blob.cap = cap;
	}
	gen->blob.len = need;
	return start;
}

static void put_key(uint8_t *at, uint8_t key_size, u128 key, bool high_only)
{
	if (high_only)
		key >>= 64;
	if (key_size == 16) {
		memcpy(at, &(uint64_t){ (uint64_t)(key >> 64) }, 8);
		memcpy(at + 8, &(uint64_t){ (uint64_t)key }, 8);
	} else {
		memcpy(at, &key, key_size); /* little endian hosts only, as the BPF target */
	}
}

static struct table table_build(struct gen *gen, uint8_t width, const ranges *r)
{
	bool high_only = width == 16 && is_high_only(r);
	struct table t = { .key_size = high_only ? 8 : width < 4 ? 4 : width };
	uint8_t *at;

	t.starts_inside = r->data[0].lo == 0;
	t.steps = 1;
	while ((1u << t.steps) - 1 < 2 * r->len)
		t.steps++;
	if (((uint64_t)t.key_size << t.steps) + gen->blob.len > BLOB_MAX) {
		gen->code.error = gen->code.error ? gen->code.error : -E2BIG;
		return t;
	}
	t.offset = blob_alloc(gen, (uint32_t)t.key_size << t.steps);
	at = gen->blob.data + t.offset;
	memset(at, 0xff, (size_t)t.key_size << t.steps);
	vec_for_each(i, r) {
		if (i->lo) {
			put_key(at, t.key_size, i->lo - 1, high_only);
			at += t.key_size;
		}
		put_key(at, t.key_size, i->hi, high_only);
		at += t.key_size;
	}
	return t;
}

static uint32_t table_find(struct gen *gen, uint8_t width, const ranges *r)
{
	struct str key = { (const char *)r->data, r->len * (uint32_t)sizeof(*r->data) };
	struct map *known = &gen->known[width <= 4 ? 0 : width <= 8 ? 1 : 2];
	uint32_t index = gen->tables.len;

	if (map_find(known, key, &index))
		return index;
	map_add(gen->code.arena, known, key, index);
	vec_push(gen->code.arena, &gen->tables, table_build(gen, width, r));
	return index;
}

/* Equal lists share a table; a set is found without a look at its entries. */
static struct table table_of(struct gen *gen, const struct clause *row, const struct values *v,
			     uint32_t part)
{
	uint32_t own = 0;
	uint32_t *known = v->set == UINT32_MAX ? &own : &gen->of_set[2 * v->set + part];

	if (!*known)
		*known = 1 + table_find(gen, part_width(row, part), &v->part[part]);
	return gen->tables.data[*known - 1];
}

/* k = borrow out of k - x (- in): 1 when k < x. Uses R5, R9. */
static void emit_borrow(struct code *c, enum reg k, enum reg x, const enum reg *in)
{
	alu_reg(c, BPF_MOV, R5, k);
	alu(c, BPF_XOR, R5, -1);
	alu_reg(c, BPF_SUB, k, x);
	if (in)
		alu_reg(c, BPF_SUB, k, *in);
	alu_reg(c, BPF_MOV, R9, R5);
	alu_reg(c, BPF_OR, R9, x);
	alu_reg(c, BPF_AND, k, R9);
	alu_reg(c, BPF_AND, R5, x);
	alu_reg(c, BPF_OR, k, R5);
	alu(c, BPF_RSH, k, 63);
}

/* R8 = 1 when the key at R3 + @off is below the field in R1 (and R2). Uses R4, R5, R9. */
static void emit_below(struct code *c, uint8_t key_size, uint32_t off)
{
	enum reg at = R3, low = R4;

	if (off + 8 > INT16_MAX) {
		at = R9;
		alu_reg(c, BPF_MOV, R9, R3);
		alu(c, BPF_ADD, R9, (int32_t)off);
		off = 0;
	}
	if (key_size == 4) {
		ldx(c, 4, R8, at, (int16_t)off);
		alu_reg(c, BPF_SUB, R8, R1);
		alu(c, BPF_RSH, R8, 63);
		return;
	}
	ldx(c, 8, R8, at, (int16_t)off);
	if (key_size == 8) {
		emit_borrow(c, R8, R1, NULL);
		return;
	}
	ldx(c, 8, R4, at, (int16_t)(off + 8));
	emit_borrow(c, R4, R2, NULL);
	emit_borrow(c, R8, R1, &low);
}

static void emit_search(struct gen *gen, const struct clause *row, const struct values *v,
			uint32_t part)
{
	struct table t = table_of(gen, row, v, part);
	struct code *c = &gen->code;
	uint32_t shift = (uint32_t)__builtin_ctz(t.key_size);

	ldx(c, part_width(row, part) == 16 ? 8 : part_width(row, part), R1, R_PKT,
	    (int16_t)part_offset(row, part));
	if (t.key_size == 16)
		ldx(c, 8, R2, R_PKT, (int16_t)(row->offset + 8));
	ld_map_value(c, R3, MAP_BLOB, t.offset);
	for (uint32_t step = t.steps; step-- > 0;) {
		emit_below(c, t.key_size, ((1u << step) - 1) << shift);
		if (step == 0)
			break;
		alu(c, BPF_LSH, R8, (int32_t)(step + shift));
		alu_reg(c, BPF_ADD, R3, R8);
	}
	/* The last step is the lowest bit of the count. */
	alu_reg(c, BPF_MOV, R1, R8);
	if (!t.starts_inside)
		alu(c, BPF_XOR, R1, 1);
}

static bool all_inline(const struct clause *row, uint32_t part, const ranges *r)
{
	if (r->len > INLINE_RANGES)
		return false;
	vec_for_each(i, r)
		if (!is_inline(part_width(row, part), *i))
			return false;
	return true;
}

void test_emit(struct gen *gen, const struct clause *row, const struct values *v, uint32_t part,
	       bool bit)
{
	struct code *c = &gen->code;
	enum shape shape = SHAPE_32;

	if (v->masked) {
		ldx(c, 1, R1, R_PKT, (int16_t)row->offset);
		alu32(c, BPF_AND, R1, v->mask);
		if (v->value)
			alu32(c, BPF_XOR, R1, v->value);
	} else if (all_inline(row, part, &v->part[part])) {
		shape = emit_list(c, row, part, &v->part[part]);
	} else {
		emit_search(gen, row, v, part);
		shape = SHAPE_BIT;
	}
	if (v->negated || bit)
		emit_bit(c, shape);
	if (v->negated)
		alu(c, BPF_XOR, R1, 1);
}
