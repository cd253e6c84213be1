/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intervals and known bits of words; each makes the other one tighter. */
#include "compiler/gen/known.h"

#include <linux/bpf.h>

#include "bpf/abi.h"

static uint64_t low_bits(unsigned int n)
{
	return n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
}

static unsigned int bits_of(uint64_t x)
{
	return x ? 64 - (unsigned int)__builtin_clzll(x) : 0;
}

/* An interval and bits that contradict each other do not occur: both hold what is possible. */
static struct known tighten(struct known w)
{
	uint64_t below;

	w.lo = w.lo > w.value ? w.lo : w.value;
	w.hi = w.hi < (w.value | w.mask) ? w.hi : w.value | w.mask;
	if (w.lo > w.hi)
		w.lo = 0, w.hi = UINT64_MAX;
	below = low_bits(bits_of(w.lo ^ w.hi));
	w.value |= w.lo & ~below & w.mask;
	w.mask &= below;
	return w;
}

static struct known number(uint64_t lo, uint64_t hi, uint64_t value, uint64_t mask)
{
	return tighten((struct known){
		.kind = KNOWN_NUMBER, .lo = lo, .hi = hi, .value = value, .mask = mask });
}

struct known known_value(uint64_t value)
{
	return number(value, value, value, 0);
}

struct known known_between(uint64_t lo, uint64_t hi, uint64_t from)
{
	struct known word = number(lo, hi, 0, UINT64_MAX);

	word.from = from;
	return word;
}

struct known known_pointer(enum known_kind kind, uint64_t offset)
{
	return (struct known){ .kind = kind, .lo = offset, .hi = offset };
}

struct known known_nothing(void)
{
	return (struct known){ .kind = KNOWN_NOTHING };
}

static struct known add(struct known a, struct known b)
{
	uint64_t low = a.value + b.value, high = low + a.mask + b.mask;
	uint64_t mask = (low ^ high) | a.mask | b.mask;

	if (a.hi + b.hi < a.hi)
		return number(0, UINT64_MAX, low & ~mask, mask);
	return number(a.lo + b.lo, a.hi + b.hi, low & ~mask, mask);
}

/* Where the difference wraps always or never, its ends are those of the interval. */
static struct known subtract(struct known a, struct known b)
{
	uint64_t middle = a.value - b.value, low = middle - b.mask, high = middle + a.mask;
	uint64_t mask = (low ^ high) | a.mask | b.mask;

	if (a.lo >= b.hi || a.hi < b.lo)
		return number(a.lo - b.hi, a.hi - b.lo, middle & ~mask, mask);
	return number(0, UINT64_MAX, middle & ~mask, mask);
}

static struct known and (struct known a, struct known b)
{
	uint64_t ones = a.value & b.value;
	uint64_t mask = (a.value | a.mask) & (b.value | b.mask) & ~ones;

	return number(0, a.hi < b.hi ? a.hi : b.hi, ones, mask);
}

/* Of x and -x, unless x is 0, one has the sign. */
static bool has_sign(const struct known *a, const struct known *b)
{
	return a->negates && a->negates == b->id && b->lo > 0;
}

static struct known or (struct known a, struct known b)
{
	uint64_t ones = a.value | b.value;

	if (has_sign(&a, &b) || has_sign(&b, &a))
		ones |= (uint64_t)1 << 63;
	return number(a.lo > b.lo ? a.lo : b.lo, low_bits(bits_of(a.hi | b.hi)), ones,
		      (a.mask | b.mask) & ~ones);
}

static struct known exclusive(struct known a, struct known b)
{
	uint64_t mask = a.mask | b.mask;
	/* 0 is the value for which both are equal. */
	bool differ = a.hi < b.lo || b.hi < a.lo;

	return number(differ, low_bits(bits_of(a.hi | b.hi)), (a.value ^ b.value) & ~mask, mask);
}

static struct known shift_left(struct known a, unsigned int by)
{
	if (bits_of(a.hi) + by > 64)
		return number(0, UINT64_MAX, a.value << by, a.mask << by);
	return number(a.lo << by, a.hi << by, a.value << by, a.mask << by);
}

static struct known shift_right(struct known a, unsigned int by)
{
	return number(a.lo >> by, a.hi >> by, a.value >> by, a.mask >> by);
}

/* The low 32 bits. */
static struct known narrowed(struct known a)
{
	struct known all = number(0, UINT32_MAX, 0, UINT32_MAX), low;

	if (a.lo >> 32 != a.hi >> 32)
		return and(a, all);
	low = number(a.lo & UINT32_MAX, a.hi & UINT32_MAX, a.value & UINT32_MAX,
		     a.mask & UINT32_MAX);
	return low;
}

static struct known compute(uint8_t op, struct known a, struct known b)
{
	struct known zero = known_value(0);

	switch (op) {
	case BPF_MOV:
		return b;
	case BPF_ADD:
		return add(a, b);
	case BPF_SUB:
		return subtract(a, b);
	case BPF_NEG:
		return subtract(zero, a);
	case BPF_AND:
		return and(a, b);
	case BPF_OR:
		return or (a, b);
	case BPF_XOR:
		return exclusive(a, b);
	default:
		break;
	}
	if (op == BPF_LSH && b.lo == b.hi && b.lo < 64)
		return shift_left(a, (unsigned int)b.lo);
	if (op == BPF_RSH && b.lo == b.hi && b.lo < 64)
		return shift_right(a, (unsigned int)b.lo);
	return number(0, UINT64_MAX, 0, UINT64_MAX);
}

static struct known move_pointer(uint8_t op, struct known a, struct known b)
{
	if (op == BPF_MOV)
		return b;
	if (op != BPF_ADD || b.kind != KNOWN_NUMBER)
		return known_nothing();
	/* The CPU's slot, and a counter of a block: whichever it is. */
	if (a.kind == KNOWN_SCRATCH && b.hi < ABI_CPUS * sizeof(struct pkt) &&
	    (b.value | b.mask) % sizeof(struct pkt) == 0)
		return known_pointer(KNOWN_PACKET, 0);
	if (a.kind == KNOWN_SCRATCH)
		return known_nothing();
	if (a.kind == KNOWN_COUNTER)
		return a;
	if (b.lo != b.hi && a.kind != KNOWN_BLOB)
		return known_nothing();
	/* Anywhere in the blob, where it cannot be told. */
	if (a.hi + b.hi < a.hi)
		a.lo = 0, a.hi = UINT64_MAX;
	else
		a.lo += b.lo, a.hi += b.hi;
	a.from |= b.from;
	return a;
}

struct known known_alu(uint8_t op, bool narrow, struct known a, struct known b, uint32_t id)
{
	struct known result;

	if (op == BPF_MOV)
		a = b;
	if (a.kind != KNOWN_NUMBER || b.kind != KNOWN_NUMBER)
		return narrow ? known_nothing() : move_pointer(op, a, b);
	result = narrow ? narrowed(compute(op, narrowed(a), narrowed(b))) : compute(op, a, b);
	result.from = a.from | (op == BPF_NEG ? 0 : b.from);
	result.mixed = a.mixed || b.mixed;
	if (op == BPF_MOV && !narrow)
		return b;
	result.id = id;
	result.negates = op == BPF_NEG && !narrow ? a.id : 0;
	if (op != BPF_OR && op != BPF_MOV)
		result.mixed |= (result.from & (result.from - 1)) != 0;
	return result;
}

bool known_is_within(struct known a, struct known b)
{
	return known_is_value(&a) && b.kind == KNOWN_NUMBER && a.lo >= b.lo && a.lo <= b.hi &&
	       !((a.lo ^ b.value) & ~b.mask);
}

struct known known_either(struct known a, struct known b)
{
	struct known result;

	if (a.kind != KNOWN_NUMBER || b.kind != KNOWN_NUMBER)
		return known_nothing();
	result = number(a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi,
			a.value & b.value & ~(a.mask | b.mask),
			a.mask | b.mask | (a.value ^ b.value));
	result.from = a.from | b.from;
	result.mixed = a.mixed || b.mixed || result.from;
	return result;
}

int known_compare(uint8_t op, bool narrow, struct known a, struct known b)
{
	bool same;

	/* Only what a map lookup found is compared with nothing. */
	if (a.kind != KNOWN_NUMBER || b.kind != KNOWN_NUMBER)
		return -1;
	if (narrow)
		a = narrowed(a), b = narrowed(b);
	same = a.lo == a.hi && b.lo == b.hi && a.lo == b.lo;
	if (op == BPF_JEQ || op == BPF_JNE) {
		bool differ =
			a.hi < b.lo || b.hi < a.lo || ((a.value ^ b.value) & ~a.mask & ~b.mask);

		return same ? op == BPF_JEQ : differ ? op == BPF_JNE : -1;
	}
	return -1;
}
