/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which cubes share a tree. A wide cube in a tree of narrow ones is copied into most leaves; in a
 * tree of its own kind it is not. Kinds: how wide source and destination are, and where both are
 * wide, the ports. Kinds of a few cubes share one tree, since every tree costs every packet.
 */
#include "compiler/ir/forest_internal.h"

#define WIDE_BITS4      15u /* an IPv4 prefix of /16 or shorter */
#define WIDE_BITS6      31u /* an IPv6 prefix of /32 or shorter, by its high half */
#define PORTS_WIDE_BITS 12u
/* A kind with no more cubes than this has no tree of its own. */
#define FEW(n) (4 + (n) / 128)

enum width { WIDTH_HOST, WIDTH_NET, WIDTH_WIDE, WIDTHS };

/* Kinds by the widths of source and destination; of the last one, by ports. */
#define KINDS_ADDRESS (WIDTHS * WIDTHS - 1)
#define KINDS         (KINDS_ADDRESS + 4)

static bool is_wide(const struct cube *cube, uint32_t dim, unsigned int bits)
{
	return (cube->box[dim].hi - cube->box[dim].lo) >> bits != 0;
}

static enum width width4(const struct cube *cube, uint32_t dim)
{
	return is_wide(cube, dim, WIDE_BITS4) ? WIDTH_WIDE : WIDTH_HOST;
}

/* A host has one high half. */
static enum width width6(const struct cube *cube, uint32_t high)
{
	if (is_wide(cube, high, WIDE_BITS6))
		return WIDTH_WIDE;
	return is_wide(cube, high + 1, WIDE_BITS6) ? WIDTH_NET : WIDTH_HOST;
}

static uint8_t kind_of(const struct cubes *cubes, const struct cube *cube)
{
	bool six = cubes->family == FAMILY_IPV6;
	uint32_t sport = six ? DIM6_SPORT : DIM4_SPORT, dport = six ? DIM6_DPORT : DIM4_DPORT;
	enum width src = six ? width6(cube, DIM6_SRC_HI) : width4(cube, DIM4_SRC);
	enum width dst = six ? width6(cube, DIM6_DST_HI) : width4(cube, DIM4_DST);

	if (src != WIDTH_WIDE || dst != WIDTH_WIDE)
		return (uint8_t)(src * WIDTHS + dst);
	return (uint8_t)(KINDS_ADDRESS + is_wide(cube, sport, PORTS_WIDE_BITS) +
			 2 * is_wide(cube, dport, PORTS_WIDE_BITS));
}

/* One kind, and all that are of it by now, become another. */
static void join(uint32_t n_of[KINDS], uint8_t joined[KINDS], uint32_t from, uint32_t into)
{
	n_of[into] += n_of[from];
	n_of[from] = 0;
	for (uint32_t kind = 0; kind < KINDS; kind++)
		if (joined[kind] == from)
			joined[kind] = (uint8_t)into;
}

/* Networks are not told from hosts any more. */
static void join_hosts(uint32_t n_of[KINDS], uint8_t joined[KINDS])
{
	for (uint32_t kind = 0; kind < KINDS_ADDRESS; kind++) {
		uint32_t src = kind / WIDTHS, dst = kind % WIDTHS, into;

		into = (src == WIDTH_NET ? WIDTH_HOST : src) * WIDTHS +
		       (dst == WIDTH_NET ? WIDTH_HOST : dst);
		if (into != kind)
			join(n_of, joined, kind, into);
	}
}

/* All kinds of a few cubes become one. */
static void join_few(uint32_t n_of[KINDS], uint8_t joined[KINDS], uint32_t n)
{
	uint32_t few = KINDS;

	for (uint32_t kind = 0; kind < KINDS; kind++) {
		if (!n_of[kind] || n_of[kind] > FEW(n))
			continue;
		if (few == KINDS) {
			few = kind;
			continue;
		}
		join(n_of, joined, kind, few);
	}
}

uint32_t partition(const struct cubes *cubes, uint8_t *ret_group)
{
	uint32_t n_of[KINDS] = { 0 }, n = 0, large = 0;
	uint8_t joined[KINDS], group_of[KINDS] = { 0 };

	if (cubes->family == FAMILY_NONE) {
		memset(ret_group, 0, cubes->list.len);
		return 1;
	}
	for (uint32_t i = 0; i < cubes->list.len; i++) {
		ret_group[i] = kind_of(cubes, &cubes->list.data[i]);
		n_of[ret_group[i]]++;
	}
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		joined[kind] = (uint8_t)kind;
		large += n_of[kind] > FEW(cubes->list.len);
	}
	if (large >= FOREST_GROUPS_MAX)
		join_hosts(n_of, joined);
	join_few(n_of, joined, cubes->list.len);
	for (uint32_t kind = 0; kind < KINDS; kind++)
		if (n_of[kind])
			group_of[kind] = (uint8_t)n++;
	for (uint32_t i = 0; i < cubes->list.len; i++)
		ret_group[i] = group_of[joined[ret_group[i]]];
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

#define WIDTH_MAX (64 * DIMS_MAX)

void partition_split(const struct cubes *cubes, uint8_t *group_of, uint32_t group, uint32_t into)
{
	uint32_t n_of[WIDTH_MAX + 1] = { 0 }, n = 0, narrow = 0, width = 0;

	for (uint32_t i = 0; i < cubes->list.len; i++) {
		if (group_of[i] != group)
			continue;
		n_of[width_of(cubes, &cubes->list.data[i])]++;
		n++;
	}
	/* The first width at which half of them, or more, are narrower. */
	while (width <= WIDTH_MAX && narrow < (n + 1) / 2)
		narrow += n_of[width++];
	for (uint32_t i = 0; i < cubes->list.len; i++)
		if (group_of[i] == group && width_of(cubes, &cubes->list.data[i]) >= width)
			group_of[i] = (uint8_t)into;
}
