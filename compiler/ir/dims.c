// SPDX-License-Identifier: GPL-3.0-or-later
/* Which words of a packet the forest looks at, and a cube's answer to one packet. */
#include "compiler/ir/cube.h"

#include <assert.h>

#define DIM(member, size, high)                                                            \
	{                                                                                  \
		.offset = offsetof(struct pkt, member), .width = (size), .bits = (size)*8, \
		.pair = (high)                                                             \
	}
/* Wider in struct pkt than the values of enum pkt_frag. */
#define DIM_FRAG                                                            \
	{                                                                   \
		.offset = offsetof(struct pkt, frag), .width = 1, .bits = 2 \
	}

static const struct dim fixed4[DIM4_FIXED] = {
	[DIM4_SRC] = DIM(src[1], 4, false),  [DIM4_DST] = DIM(dst[1], 4, false),
	[DIM4_SPORT] = DIM(sport, 2, false), [DIM4_DPORT] = DIM(dport, 2, false),
	[DIM4_PROTO] = DIM(proto, 1, false), [DIM4_FRAG] = DIM_FRAG,
};

static const struct dim fixed6[DIM6_FIXED] = {
	[DIM6_SRC_HI] = DIM(src[0], 8, true), [DIM6_SRC_LO] = DIM(src[1], 8, false),
	[DIM6_DST_HI] = DIM(dst[0], 8, true), [DIM6_DST_LO] = DIM(dst[1], 8, false),
	[DIM6_SPORT] = DIM(sport, 2, false),  [DIM6_DPORT] = DIM(dport, 2, false),
	[DIM6_PROTO] = DIM(proto, 1, false),  [DIM6_FRAG] = DIM_FRAG,
};

static bool has_offset(const struct dims *dims, uint16_t offset)
{
	for (uint32_t i = 0; i < dims->n; i++)
		if (dims->dim[i].offset == offset)
			return true;
	return false;
}

/* What decides the family, or follows from it, cuts nothing inside of a family. */
static bool says_family(const struct clause *row, unsigned int family)
{
	return row->type == TYPE_FAMILY || (row->type == TYPE_ETHER && family != FAMILY_NONE);
}

static uint8_t bits_of(const struct clause *row)
{
	if (row->width < 8 || !row->max)
		return row->width * 8;
	return (uint8_t)(64 - __builtin_clzll(row->max));
}

static void add_rows(struct dims *dims, unsigned int family, bool frame)
{
	for (const struct clause *row = clause_matches; row->name; row++) {
		if ((row->layer == LAYER_FRAME) != frame || row->width > 8 || row->later)
			continue;
		if (says_family(row, family) || has_offset(dims, row->offset))
			continue;
		if (dims->n < DIMS_MAX)
			dims->dim[dims->n++] =
				(struct dim){ row->offset, row->width, bits_of(row), false };
	}
}

struct dims dims_of(unsigned int family)
{
	struct dims dims = { 0 };

	if (family == FAMILY_IPV4) {
		memcpy(dims.dim, fixed4, sizeof(fixed4));
		dims.n = DIM4_FIXED;
	} else if (family == FAMILY_IPV6) {
		memcpy(dims.dim, fixed6, sizeof(fixed6));
		dims.n = DIM6_FIXED;
	}
	add_rows(&dims, family, true);
	if (family != FAMILY_NONE)
		add_rows(&dims, family, false);
	return dims;
}

uint64_t dim_value(const struct dim *dim, const struct pkt *pkt)
{
	const unsigned char *at = (const unsigned char *)pkt + dim->offset;
	uint64_t value = 0;

	assert(dim->width <= sizeof(value));
	memcpy(&value, at, dim->width); /* little endian hosts only, as the BPF target */
	return value;
}

static u128 test_value(const struct test *test, const struct pkt *pkt)
{
	struct dim high = { test->offset, test->width, 64, false };

	if (test->width <= 8)
		return dim_value(&high, pkt);
	high.width = 8;
	return (u128)dim_value(&high, pkt) << 64 |
	       dim_value(&(struct dim){ test->offset + 8, 8, 64, false }, pkt);
}

bool cube_has(const struct cubes *cubes, const struct cube *cube, const struct pkt *pkt)
{
	for (uint32_t i = 0; i < cubes->dims.n; i++) {
		uint64_t value = dim_value(&cubes->dims.dim[i], pkt);

		if (value < cube->box[i].lo || value > cube->box[i].hi)
			return false;
	}
	for (uint32_t i = 0; i < cube->n_tests; i++) {
		uint32_t index = cubes->test_lists.data[cube->first_test + i];
		const struct test *test = &cubes->tests.data[index];

		if (!ranges_contain(&test->values, test_value(test, pkt)))
			return false;
	}
	return true;
}
