/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which rules hide which. To ask all pairs of 10 000 rules would take seconds, so every possible
 * coverer is filed under one of its fields: below each aligned block of values of which its
 * addresses or ports are made. A rule it covers has some packet, and that packet's value lies in
 * one of those blocks; so looking up the blocks around one value (at most 129) finds every
 * coverer. Those without such a field are few words wide and stand in a list of their own.
 */
#include "compiler/ir/cover.h"

#include "compiler/ir/values.h"

#define KINDS      4        /* fields to file under */
#define BLOCKS_MAX 64       /* a coverer of more blocks goes to the wide list */
#define WORK_MAX   3000000u /* pairs and their values, about 50 ns each */

static const uint16_t kind_offsets[KINDS] = {
	offsetof(struct pkt, src),
	offsetof(struct pkt, dst),
	offsetof(struct pkt, dport),
	offsetof(struct pkt, sport),
};

/* An aligned block: the values whose first @len bits are those of @prefix. */
struct block {
	u128 prefix;
	uint8_t kind, family, len;
};

struct node {
	struct block block;
	VEC(uint32_t) rules;
	struct node *next;
};

struct site {
	uint32_t n;    /* enabled jumps to the chain */
	uint32_t jump; /* the last of them */
};

struct cover {
	struct arena *arena, *scratch;
	const struct ruleset *rs;
	struct node **heads;
	uint32_t mask;
	bool used[KINDS][2][129]; /* some node has this length; [1]: IPv6 */
	VEC(uint32_t) wide;
	uint32_t *positions; /* of each rule in its chain */
	struct site *sites;  /* by chain */
	uint32_t work;
};

static unsigned int kind_bits(unsigned int kind, uint8_t family)
{
	return kind >= 2 ? 16 : family == FAMILY_IPV4 ? 32 : 128;
}

static uint32_t block_hash(const struct block *block)
{
	uint64_t mixed =
		(uint64_t)(block->prefix >> 64) * 0x9e3779b97f4a7c15ull ^ (uint64_t)block->prefix;

	mixed ^= (uint64_t)(block->kind << 16 | block->family << 8 | block->len) << 40;
	mixed *= 0xff51afd7ed558ccdull;
	return (uint32_t)(mixed >> 32);
}

static struct node *node_find(const struct cover *cover, const struct block *block)
{
	struct node *node = cover->heads[block_hash(block) & cover->mask];

	while (node && !(node->block.prefix == block->prefix && node->block.len == block->len &&
			 node->block.kind == block->kind && node->block.family == block->family))
		node = node->next;
	return node;
}

static void node_add(struct cover *cover, const struct block *block, uint32_t rule)
{
	struct node *node = node_find(cover, block);
	struct node **head = &cover->heads[block_hash(block) & cover->mask];

	if (!node) {
		node = arena_alloc(cover->arena, sizeof(*node));
		node->block = *block;
		node->next = *head;
		*head = node;
		cover->used[block->kind][block->family == FAMILY_IPV6][block->len] = true;
	}
	vec_push(cover->arena, &node->rules, rule);
}

struct blocks {
	struct block list[BLOCKS_MAX];
	uint32_t len;
};

/* Return: false when the blocks do not fit, or one of them is every value. */
static bool add_range(struct blocks *blocks, unsigned int kind, uint8_t family, u128 lo, u128 hi)
{
	unsigned int bits = kind_bits(kind, family);

	for (;;) {
		unsigned int len = bits;
		u128 size = 1;

		/* The largest block that starts at lo and ends at or before hi. */
		while (len > 1 && !(lo & (size * 2 - 1)) && hi - lo >= size * 2 - 1) {
			size *= 2;
			len--;
		}
		if (blocks->len == BLOCKS_MAX || (len == 1 && !lo && hi - lo >= size * 2 - 1))
			return false;
		blocks->list[blocks->len++] = (struct block){ lo, kind, family, len };
		if (hi - lo < size)
			return true;
		lo += size;
	}
}

static bool match_blocks(const struct match *match, unsigned int kind, struct blocks *ret_blocks)
{
	ret_blocks->len = 0;
	if (match->negated || !match->atoms.len)
		return false;
	vec_for_each(atom, &match->atoms)
		if (!add_range(ret_blocks, kind, kind < 2 ? atom->family : 0, atom->lo, atom->hi))
			return false;
	return true;
}

static bool match_kind(const struct match *match, unsigned int *ret_kind)
{
	for (unsigned int kind = 0; kind < KINDS; kind++)
		if (match->row->offset == kind_offsets[kind]) {
			*ret_kind = kind;
			return true;
		}
	return false;
}

/* How many rules the fullest of the blocks holds already. */
static uint32_t blocks_cost(const struct cover *cover, const struct blocks *blocks)
{
	uint32_t cost = 0;

	for (uint32_t i = 0; i < blocks->len; i++) {
		const struct node *node = node_find(cover, &blocks->list[i]);

		if (node && node->rules.len > cost)
			cost = node->rules.len;
	}
	return cost;
}

/* File the coverer under the field that has it compared with the fewest others. */
static void file_rule(struct cover *cover, uint32_t index)
{
	const struct rule *rule = &cover->rs->rules.data[index];
	struct blocks best = { .len = 0 }, blocks;
	uint32_t best_cost = UINT32_MAX;

	vec_for_each(match, &rule->matches) {
		unsigned int kind;
		uint32_t cost;

		if (!match_kind(match, &kind) || !match_blocks(match, kind, &blocks))
			continue;
		cost = blocks_cost(cover, &blocks);
		if (cost < best_cost) {
			best_cost = cost;
			best = blocks;
		}
	}
	if (!best.len)
		vec_push(cover->arena, &cover->wide, index);
	for (uint32_t i = 0; i < best.len; i++)
		node_add(cover, &best.list[i], index);
}

static bool can_cover(const struct rule *rule)
{
	if (rule->disabled || !rule->verb.row->terminal || rule->when.len || rule->has_until)
		return false;
	vec_for_each(match, &rule->matches)
		if (match_may_change(match))
			return false;
	return true;
}

struct cover *cover_new(struct arena *arena, struct arena *scratch, const struct ruleset *rs)
{
	struct cover *cover = arena_alloc(arena, sizeof(*cover));
	uint32_t size = 64;

	while (size < rs->rules.len * 2)
		size *= 2;
	cover->arena = arena;
	cover->scratch = scratch;
	cover->rs = rs;
	cover->mask = size - 1;
	cover->heads = arena_new_array(arena, struct node *, size);
	cover->positions = arena_new_array(arena, uint32_t, rs->rules.len + 1);
	cover->sites = arena_new_array(arena, struct site, rs->chains.len + 1);
	vec_for_each(chain, &rs->chains)
		for (uint32_t i = 0; i < chain->rules.len; i++)
			cover->positions[chain->rules.data[i]] = i;
	for (uint32_t i = 0; i < rs->rules.len; i++) {
		const struct rule *rule = &rs->rules.data[i];

		if (rule->verb.row->verb == VERB_JUMP && !rule->disabled) {
			cover->sites[rule->verb.chain].n++;
			cover->sites[rule->verb.chain].jump = i;
		}
		if (can_cover(rule))
			file_rule(cover, i);
	}
	return cover;
}

/* Every packet that reaches @rule has met @by before. */
static bool comes_before(const struct cover *cover, uint32_t by, uint32_t rule)
{
	const struct rule *rules = cover->rs->rules.data;

	while (rules[by].chain != rules[rule].chain) {
		const struct site *site = &cover->sites[rules[rule].chain];

		if (!rules[rule].chain || site->n != 1)
			return false;
		rule = site->jump;
	}
	return cover->positions[by] < cover->positions[rule];
}

struct space cover_space(struct arena *arena, const struct ruleset *rs, const struct rule *rule)
{
	VEC(struct match) kept = { 0 };

	vec_for_each(match, &rule->matches)
		if (!match_may_change(match))
			vec_push(arena, &kept, *match);
	return space_of(arena, rs, kept.data, kept.len, rule->families, 0);
}

static bool covers(struct cover *cover, const struct space *space, uint32_t by)
{
	const struct rule *rule = &cover->rs->rules.data[by];
	const struct match *unused;

	cover->work++;
	vec_for_each(match, &rule->matches)
		cover->work += match->atoms.len / 4;
	vec_for_each(cell, &space->cells)
		if (cell_rule(space, cell, rule, &unused) != TRUTH_YES)
			return false;
	return space->cells.len > 0;
}

bool cover_pair(struct cover *cover, uint32_t by, uint32_t rule)
{
	struct space space;

	if (!can_cover(&cover->rs->rules.data[by]))
		return false;
	arena_clear(cover->scratch);
	space = cover_space(cover->scratch, cover->rs, &cover->rs->rules.data[rule]);
	return covers(cover, &space, by);
}

struct search {
	struct cover *cover;
	const struct space *space;
	uint32_t rule;
	uint32_t best; /* the first coverer so far, in file order */
};

static void try_rule(struct search *search, uint32_t by)
{
	struct cover *cover = search->cover;

	if (by >= search->best || by == search->rule || cover->work > WORK_MAX)
		return;
	cover->work++;
	if (comes_before(cover, by, search->rule) && covers(cover, search->space, by))
		search->best = by;
}

static void try_blocks(struct search *search, unsigned int kind, const struct cell *cell)
{
	const ranges *values = cell_values(cell, kind_offsets[kind]);
	uint8_t family = cell->family == FAM_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;
	struct block block = { .kind = kind, .family = kind < 2 ? family : 0 };
	unsigned int bits = kind_bits(kind, family);

	if (!values)
		return;
	for (unsigned int len = 1; len <= bits; len++) {
		const struct node *node;

		if (!search->cover->used[kind][block.family == FAMILY_IPV6][len])
			continue;
		block.len = len;
		block.prefix = values->data[0].lo & net_prefix_mask(bits, len);
		node = node_find(search->cover, &block);
		if (node)
			vec_for_each(by, &node->rules)
				try_rule(search, *by);
	}
}

/* What stands before every rule. */
static uint32_t prologue_cover(const struct space *space)
{
	uint32_t by = COVER_ESSENTIAL;

	vec_for_each(cell, &space->cells) {
		if (cell_essential(space, cell) == TRUTH_YES)
			continue;
		if (cell_fragments(space, cell) != TRUTH_YES)
			return COVER_NONE;
		by = COVER_FRAGMENTS;
	}
	return space->cells.len ? by : COVER_NONE;
}

/* Its own matches exclude each other. Not by `on`: an interface of that name may yet appear. */
static bool is_empty(const struct space *space, const struct rule *rule)
{
	vec_for_each(match, &rule->matches)
		if (match->row->type == TYPE_IFACE)
			return false;
	return !space->cells.len;
}

uint32_t cover_find(struct cover *cover, uint32_t rule)
{
	const struct rule *hidden = &cover->rs->rules.data[rule];
	struct search search = { cover, NULL, rule, COVER_NONE };
	struct space space;
	uint32_t prologue;

	if (cover->work > WORK_MAX || hidden->disabled)
		return COVER_NONE;
	arena_clear(cover->scratch);
	space = cover_space(cover->scratch, cover->rs, hidden);
	search.space = &space;
	prologue = is_empty(&space, hidden) ? COVER_NOTHING : prologue_cover(&space);
	if (space.cells.len && prologue == COVER_NONE) {
		vec_for_each(by, &cover->wide)
			try_rule(&search, *by);
		for (unsigned int kind = 0; kind < KINDS; kind++)
			try_blocks(&search, kind, space.cells.data);
	}
	return prologue != COVER_NONE ? prologue : search.best;
}
