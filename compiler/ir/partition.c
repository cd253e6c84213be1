/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which cubes share a tree. A wide cube in a tree of narrow ones is copied into most leaves; in a
 * tree of its own kind it is not. Kinds: source and destination narrow or wide, and where both are
 * wide, the ports. Kinds of a few cubes share one tree, since every tree costs every packet.
 */
#include "compiler/ir/forest_internal.h"

#define WIDE_BITS4 15u /* an IPv4 prefix of /16 or shorter */
#define WIDE_BITS6 31u /* an IPv6 prefix of /32 or shorter, by its high half */
#define PORTS_WIDE 4096u
/* A kind with no more cubes than this has no tree of its own. */
#define FEW(n) (4 + (n) / 128)
#define NONE   0xffu

static bool is_wide(const struct cube *cube, uint32_t dim, unsigned int bits)
{
	return (cube->box[dim].hi - cube->box[dim].lo) >> bits != 0;
}

static uint8_t kind_of(const struct cubes *cubes, const struct cube *cube)
{
	bool six = cubes->family == FAMILY_IPV6;
	unsigned int bits = six ? WIDE_BITS6 : WIDE_BITS4;
	uint32_t sport = six ? DIM6_SPORT : DIM4_SPORT, dport = six ? DIM6_DPORT : DIM4_DPORT;
	bool src = is_wide(cube, six ? DIM6_SRC_HI : DIM4_SRC, bits);
	bool dst = is_wide(cube, six ? DIM6_DST_HI : DIM4_DST, bits);

	if (!src || !dst)
		return (uint8_t)(src + 2 * dst);
	return (uint8_t)(3 + (cube->box[sport].hi - cube->box[sport].lo >= PORTS_WIDE) +
			 2 * (cube->box[dport].hi - cube->box[dport].lo >= PORTS_WIDE));
}

uint32_t partition(const struct cubes *cubes, uint8_t *ret_group)
{
	uint32_t n_of[FOREST_GROUPS_MAX] = { 0 }, n = 0;
	uint8_t group_of[FOREST_GROUPS_MAX], few = NONE;

	if (cubes->family == FAMILY_NONE) {
		memset(ret_group, 0, cubes->list.len);
		return 1;
	}
	for (uint32_t i = 0; i < cubes->list.len; i++) {
		ret_group[i] = kind_of(cubes, &cubes->list.data[i]);
		n_of[ret_group[i]]++;
	}
	for (uint32_t kind = 0; kind < FOREST_GROUPS_MAX; kind++) {
		group_of[kind] = NONE;
		if (n_of[kind] > FEW(cubes->list.len))
			group_of[kind] = (uint8_t)n++;
		else if (n_of[kind] && few == NONE)
			few = (uint8_t)n++;
		if (n_of[kind] && n_of[kind] <= FEW(cubes->list.len))
			group_of[kind] = few;
	}
	for (uint32_t i = 0; i < cubes->list.len; i++)
		ret_group[i] = group_of[ret_group[i]];
	return n;
}

/* The bits of a packet's fields that a cube leaves open. */
static uint32_t width_of(const struct cubes *cubes, const struct cube *cube)
{
	uint32_t width = 0;

	for (uint32_t dim = 0; dim < cubes->dims.n; dim++) {
		uint64_t span = cube->box[dim].hi - cube->box[dim].lo;

		width += span ? 64 - (uint32_t)__builtin_clzll(span) : 0;
	}
	return width;
}

#define WIDTHS (64 * DIMS_MAX + 1)

void partition_split(const struct cubes *cubes, uint8_t *group_of, uint32_t group, uint32_t into)
{
	uint32_t n_of[WIDTHS] = { 0 }, n = 0, narrow = 0, width = 0;

	for (uint32_t i = 0; i < cubes->list.len; i++) {
		if (group_of[i] != group)
			continue;
		n_of[width_of(cubes, &cubes->list.data[i])]++;
		n++;
	}
	/* The first width at which half of them, or more, are narrower. */
	while (width < WIDTHS && narrow < (n + 1) / 2)
		narrow += n_of[width++];
	for (uint32_t i = 0; i < cubes->list.len; i++)
		if (group_of[i] == group && width_of(cubes, &cubes->list.data[i]) >= width)
			group_of[i] = (uint8_t)into;
}
