/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules as interval products, per family: what the forest is built from. A place is a union of
 * cubes; each cube is a box over the fields plus tests, and a packet is in the cube when it is in
 * the box and passes every test. Fields come from the rows of the match table (offset, width), so
 * a new match takes part by itself.
 *
 * A match with several ranges (list, set, negation, flag mask) makes either several cubes or one
 * cube with a test, never a product: of a rule's matches at most one, the one with the most
 * ranges, is spread over cubes; the others keep their hull in the box and become tests. So does a
 * long list for which there is no room, one that has been spread for many rules, and a byte with
 * many ranges.
 * What a match only implies (its protocol, not a later fragment) is in the box as well. The
 * conditions of the jumps that lead to a place are part of its cubes.
 */
#ifndef BPFFW_CUBE_H
#define BPFFW_CUBE_H

#include "compiler/ir/place.h"

/* One 64-bit word of struct pkt as the forest sees it: key[dim] of the packet. An IPv6 address is
 * two dims, high half first; an IPv4 address is one. */
struct dim {
	uint16_t offset; /* in struct pkt */
	uint8_t width;   /* bytes read there: 1, 2, 4, 8 */
	uint8_t bits;    /* values are below 1 << bits (64: all) */
	bool pair;       /* the high half of a 128-bit field; its low half is the next dim */
};

#define DIMS_MAX PKT_KEYS

/*
 * Dims 0 .. are fixed, so that leaf records can be compared without a table:
 * IPv4: src dst sport dport proto frag; IPv6: src src dst dst sport dport proto frag;
 * FAMILY_NONE: none fixed. Further fields of the match table follow, those of the frame first, in
 * table order, while there is room (IPv6: all but ttl and dscp). The family is no dim, nor the
 * ethertype inside of IP, which the family decides; FAMILY_NONE has no IP fields. What is no dim is
 * compared by tests.
 */
enum dim4 { DIM4_SRC, DIM4_DST, DIM4_SPORT, DIM4_DPORT, DIM4_PROTO, DIM4_FRAG, DIM4_FIXED };
enum dim6 {
	DIM6_SRC_HI,
	DIM6_SRC_LO,
	DIM6_DST_HI,
	DIM6_DST_LO,
	DIM6_SPORT,
	DIM6_DPORT,
	DIM6_PROTO,
	DIM6_FRAG,
	DIM6_FIXED
};

struct dims {
	uint32_t n;
	struct dim dim[DIMS_MAX];
};

struct dims dims_of(unsigned int family);
/* key[i] of a packet: how eval, prover, tests and generated code read dim i. */
uint64_t dim_value(const struct dim *dim, const struct pkt *pkt);

struct interval {
	uint64_t lo;
	uint64_t hi; /* inclusive */
};

/*
 * The value of the field at @offset (an IPv4 address: 4 bytes; width 16: address pair) lies in one
 * of the ranges. Interned: equal tests of one family are one entry. Not every entry need be in use.
 */
struct test {
	uint16_t offset;
	uint8_t width;
	ranges values; /* normalised, at least one */
};

/*
 * The box counts in every dim, fixed or not: whoever compares fewer dims adds tests of his own.
 * Tests say what the box cannot: a field with several ranges, a pair of dims that is no box, a
 * field that is no dim.
 */
struct cube {
	uint32_t place;
	uint32_t first_test; /* into cubes.test_lists */
	uint32_t n_tests;
	struct interval *box; /* dims.n of them */
};

struct cubes {
	struct arena *arena;
	unsigned int family; /* FAMILY_NONE, 4, 6 */
	struct dims dims;
	VEC(struct cube) list;    /* ordered by place */
	VEC(uint32_t) test_lists; /* runs of indices into tests */
	VEC(struct test) tests;
};

/*
 * normalise.c: of jumps and of places that nothing of the family can match there are no cubes.
 * A match is spread only while all places still get one cube each: E191 when even that is more
 * than @max.
 */
bool cubes_normalise(struct arena *arena, struct diags *ds, const struct places *places,
		     unsigned int family, uint32_t max, struct cubes *ret_cubes);

/* clang-format off */
/* simplify.c: each keeps the verdict of every packet; checked by cubes_check() after it runs. */
#define PASSES(X) \
	X('m', merge, "join adjacent cubes of one place") \
	X('s', shadow, "drop cubes that one earlier terminal cube covers")
/* clang-format on */

/* @passes: letters of the passes to run; NULL: all. */
void cubes_simplify(struct cubes *cubes, const struct places *places, const char *passes);

/* Shape, order, bounds: an assertion that stays in release builds. Return: NULL or what is wrong */
const char *cubes_check(const struct cubes *cubes, const struct places *places);

bool cube_has(const struct cubes *cubes, const struct cube *cube, const struct pkt *pkt);

/* A long list of single addresses, but for a few: a hash finds one sooner than a tree. */
#define HOSTS_MIN 1024u
bool values_are_hosts(const ranges *values, uint8_t width);

/* `check --dump=cubes` */
void cubes_print(struct buf *out, const struct cubes *cubes, const struct places *places);

#endif
