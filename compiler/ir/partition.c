/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which cubes share a tree. A wide cube in a tree of narrow ones is copied into most leaves; in a
 * tree of its own kind it is not. Kinds: source and destination narrow or wide, and where both are
 * wide, the ports. Kinds of a few cubes share one tree, since every tree costs every packet.
 */
#include "compiler/ir/forest_internal.h"

#define WIDE_BITS4 24u /* an IPv4 prefix shorter than /8 */
#define WIDE_BITS6 48u /* an IPv6 prefix shorter than /16, by its high half */
#define PORTS_WIDE 4096u
#define FEW        4u
#define NONE       0xffu

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
		if (n_of[kind] > FEW)
			group_of[kind] = (uint8_t)n++;
		else if (n_of[kind] && few == NONE)
			few = (uint8_t)n++;
		if (n_of[kind] && n_of[kind] <= FEW)
			group_of[kind] = few;
	}
	for (uint32_t i = 0; i < cubes->list.len; i++)
		ret_group[i] = group_of[ret_group[i]];
	return n;
}
