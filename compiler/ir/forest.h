/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decision forest: cubes become a blob, the contents of one single-entry array map that the
 * walker addresses directly. Partition into at most 7 groups by how wide a cube's source,
 * destination and ports are; per group a tree of cuts with small leaves (HiCuts/EffiCuts family;
 * Gupta & McKeown 2000, Vamanan et al. 2010). DESIGN section 2.
 *
 * All numbers in the blob are host order. Regions, in this order, each aligned to 16 bytes:
 *	nodes	 struct forest_node
 *	records	 struct forest_record4 | struct forest_record6 of the leaves
 *	tests	 struct forest_test; entry 0 is unused
 *	tables	 sorted bounds and bitmaps that the tests point to; bounds and rows of bit vectors
 *	actions	 struct forest_action, by place
 */
#ifndef BPFFW_FOREST_H
#define BPFFW_FOREST_H

#include "bpf/act.h"
#include "compiler/ir/cube.h"

#define FOREST_GROUPS_MAX 7 /* per family */
#define FOREST_LEAF       0xff
#define FOREST_LEAF_SOFT  4u
#define FOREST_LEAF_MAX   2048u /* a longer one that will not split further is refused */
#define FOREST_DEPTH_MAX  16u
#define FOREST_CUT_BITS   14u

/*
 * An inner node has (mask + 1) children, stored one behind the other:
 *	child = base + ((((key[dim] + add) >> shift)) & mask)	all in 64 bits, wrapping
 * A window cut has add 0; a threshold t on a dim of b < 64 bits has add = (1 << b) - t, shift b,
 * mask 1. A leaf (dim == FOREST_LEAF) has `mask` records from `add` on, ordered by place. It is
 * its own child, so that a walk may take more steps than it needs: shift is 63, key[DIM_LEAF] is
 * below 1 << 62, and `base` is the leaf itself (or one with the same bytes).
 */
#define DIM_LEAF (FOREST_LEAF % DIMS_MAX)
struct forest_node {
	uint32_t base;
	uint32_t first; /* smallest place anywhere below; PLACE_NONE: an empty leaf */
	uint8_t dim;
	uint8_t shift;
	uint16_t mask;
	uint32_t add;
};
_Static_assert(sizeof(struct forest_node) == 16, "nodes are indexed by a shift");

/*
 * A record matches when, with k = key[]:
 *	(uint32_t)(k[DIM4_SRC] - src) <= src_span, the same for dst, sport, dport (16 bits), and
 *	k[PROTO] == proto if has_proto, k[FRAG] is no later fragment if not_later, all tests hold.
 * Every other shape of these fields (and every other field) is a test. FAMILY_NONE uses records of
 * IPv4 that are wide open, with tests. `allow` and `drop` repeat the action of a place that does
 * nothing but decide.
 */
#define FOREST_RECORD_TAIL                                                                     \
	union {                                                                                \
		uint32_t order; /* place << 8 and the bits below */                            \
		struct {                                                                       \
			uint32_t has_proto : 1, not_later : 1, drop : 1, allow : 1, spare : 4, \
				place : 24;                                                    \
		};                                                                             \
	};                                                                                     \
	union {                                                                                \
		uint32_t more;                                                                 \
		struct {                                                                       \
			uint32_t proto : 8, test : 24;                                         \
		};                                                                             \
	}
/* test: first of a run in `tests`, closed by .last; 0: none. */
#define ORDER_PROTO     1u
#define ORDER_NOT_LATER 2u /* FRAG_LATER */
#define ORDER_DROP      4u
#define ORDER_ALLOW     8u
#define ORDER_PLACE     8          /* shift */
#define ORDER_NONE      UINT32_MAX /* of no record */

struct forest_record4 {
	uint32_t src, src_span;
	uint32_t dst, dst_span;
	uint16_t sport, sport_span;
	uint16_t dport, dport_span;
	FOREST_RECORD_TAIL;
};
_Static_assert(sizeof(struct forest_record4) == 32, "half a cache line");

/* The same with 64-bit halves: a box of (high, low) intervals per address. */
struct forest_record6 {
	uint64_t src_hi, src_hi_span, src_lo, src_lo_span;
	uint64_t dst_hi, dst_hi_span, dst_lo, dst_lo_span;
	uint16_t sport, sport_span;
	uint16_t dport, dport_span;
	FOREST_RECORD_TAIL;
};
_Static_assert(sizeof(struct forest_record6) == 80, "layout");

enum forest_test_kind {
	FOREST_TEST_RANGE,  /* value - lo <= span, 64 bits */
	FOREST_TEST_BITMAP, /* one-byte field: bit `value` of the 32 bytes at `table` */
	FOREST_TEST_BOUNDS, /* parity of the number of keys below it, in the array at `table` */
	FOREST_TEST_HASH,   /* one of the keys at `table` */
};

#define FOREST_MIX      0x9e3779b97f4a7c15u
#define FOREST_MIX_HIGH 0xff51afd7ed558ccdu

/*
 * HASH: addresses, each in a slot of its own. A key lies in its home slot (forest_home()) or less
 * than FOREST_PROBES slots behind it, with none that is empty between. Of an empty slot the first
 * word is all ones, and of no key. There are (1 << steps) + FOREST_PROBES slots of key_size.
 */
#define FOREST_PROBES 64u

static inline uint32_t forest_home(u128 key, uint8_t key_size, uint8_t steps)
{
	uint64_t mixed = (uint64_t)key;

	if (key_size == 16)
		mixed += (uint64_t)(key >> 64) * FOREST_MIX_HIGH;
	return (uint32_t)(mixed * FOREST_MIX >> (64 - steps));
}

/*
 * BOUNDS: (1 << steps) keys of key_size (4, 8 or 16 bytes: high half first), sorted, for each range
 * lo - 1 (left out when it starts at 0) and hi; the value is inside when an odd number of keys is
 * below it (an even number, when starts_inside). The rest, at least one key, is all ones: never
 * below anything. So a search reads keys[(1 << steps) / 2 - 1] first and never the last key.
 */
struct forest_test {
	uint16_t offset; /* in struct pkt */
	uint8_t width;   /* 1, 2, 4, 8; 16: address pair */
	uint8_t kind;
	uint8_t key_size;
	uint8_t steps;
	uint8_t last; /* of its run */
	uint8_t starts_inside;
	uint32_t table; /* offset in the blob */
	uint32_t pad2;
	uint64_t lo;
	uint64_t span;
};
_Static_assert(sizeof(struct forest_test) == 32, "tests are indexed by a shift");

/*
 * By place. next: FOREST_ALLOW, FOREST_DROP; FOREST_ACT + the number of an act, which tells what
 * follows; else where classification resumes (then slot 0 means that nothing is counted: a return).
 */
#define FOREST_ALLOW NEXT_ALLOW
#define FOREST_DROP  NEXT_DROP
#define FOREST_ACT   0x80000000u
struct forest_action {
	uint32_t slot;
	uint32_t next;
};

struct forest_region {
	uint32_t offset; /* in the blob */
	uint32_t n;
};

/*
 * Bit vectors (Lakshman & Stiliadis 1998), for a group whose rules overlap too much for a tree. Its
 * root is a leaf with all of its records. A side is one of the fixed dims: of its (1 << steps)
 * bounds, sorted, the last value of each span of the dim, the number of those below
 * key[dim] >> bits_shift() is a row. Bit i of the row, in 64-bit words, says that record i has some
 * value of that span; spans are wider than the rules' own bounds where these are many. So the
 * records that may have the packet are the bits that the rows of all sides have in common, the
 * lowest place first; each is then compared as in a leaf. The bounds not needed are BITS_NO_BOUND.
 */
#define BITS_SIDES_MAX   5u
#define BITS_STEPS_MAX   8u
#define BITS_RECORDS_MAX 32768u
#define BITS_UNROLL      4u /* words of a row are a multiple of it */
#define BITS_NO_BOUND    ((uint64_t)INT64_MAX)

struct forest_bits {
	uint32_t n_sides; /* 0: the group is a tree */
	uint32_t words;   /* of a row */
	uint32_t misses;  /* for the cost: records that a packet compares in vain, at most */
	struct bits_side {
		uint8_t dim;
		uint8_t steps;
		uint32_t bounds; /* offset in the blob */
		uint32_t rows;   /* offset in the blob: (1 << steps) of them */
	} side[BITS_SIDES_MAX];
};

/* Differences of what is compared fit into a signed word. */
static inline uint8_t bits_shift(const struct dim *dim)
{
	return dim->width == 8;
}

/* One tree; the walker visits a family's groups in this order, smallest `first` first, and stops
 * when the place found so far is below a group's `first`. */
struct forest_group {
	unsigned int family;
	uint32_t root;     /* index into nodes */
	uint32_t first;    /* = nodes[root].first */
	uint32_t depth;    /* inner nodes on the longest way to a leaf */
	uint32_t leaf_max; /* records in the largest leaf */
	struct forest_bits bits;
};

struct forest {
	unsigned char *blob;
	uint32_t blob_size;
	struct forest_region nodes, records4, records6, tests, tables, actions;
	VEC(struct forest_group) groups; /* FAMILY_NONE, then IPv4, then IPv6 */
	struct dims dims[3];             /* of FAMILY_NONE, IPv4, IPv6: index forest_family() */
	uint32_t dims_used[3];           /* bitmap: the nodes and records read key[i] */
	uint32_t n_places;
	const struct act_entry *acts; /* from acts_make(), part of what is proven */
	uint32_t n_acts;
	uint32_t default_act; /* the number of the default's act + 1; 0: it has none */
	uint32_t resumes_max; /* most count and return places that one packet can meet */
	uint32_t tests_max;   /* longest run of tests */
	uint32_t steps_max;   /* most steps of a BOUNDS test */
	/* statistics for `check --dump=stats` and -v */
	uint32_t n_cubes[3];
	uint32_t cost_ns; /* worst case of a walk, from depth and leaf sizes */
};

static inline unsigned int forest_family(unsigned int family)
{
	return family == FAMILY_IPV4 ? 1 : family == FAMILY_IPV6 ? 2 : 0;
}

/*
 * forest_build() - @cubes of the three families (index forest_family()), simplified or not.
 * Return: NULL, or why it cannot be a forest ("a leaf of 80 rules will not split", "70 count rules
 * can meet in one packet"): the caller then falls back to straight-line code.
 */
const char *forest_build(struct arena *arena, const struct places *places,
			 const struct cubes cubes[3], struct forest *ret_forest);

/* The walker in user space, over the blob bytes: the lowest matching place >= from, PLACE_NONE. */
uint32_t forest_lookup(const struct forest *forest, const struct pkt *pkt, uint32_t from);

/* `check --dump=forest` (nodes, leaves) and --dump=stats. */
void forest_print(struct buf *out, const struct forest *forest);
void forest_print_stats(struct buf *out, const struct forest *forest);

#endif
