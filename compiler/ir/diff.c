/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pairs the rules of two rulesets in passes from the surest key to the weakest. Each pass hashes
 * the old rules that are still alone and takes, for each new one, the first with an equal key.
 */
#include "compiler/ir/diff.h"

#include "compiler/ir/limit.h"

enum key { KEY_ID, KEY_NAME, KEY_CHAIN_TEXT, KEY_TEXT, KEYS };

/* Buckets of linked old rules; a link is an index + 1, 0 the end. */
struct table {
	uint32_t mask;
	uint32_t *heads;
	uint32_t *nexts;
};

static struct str rule_text(const struct rule *rule)
{
	return str_of(rule->text ? rule->text : "");
}

static struct str chain_name(const struct ruleset *rs, const struct rule *rule)
{
	return rs->chains.data[rule->chain].name;
}

static bool key_present(const struct rule *rule, enum key key)
{
	if (key == KEY_ID)
		return rule->id != ID_NONE;
	return key != KEY_NAME || rule->name.len;
}

static bool key_equal(const struct ruleset *old_rs, const struct rule *old,
		      const struct ruleset *new_rs, const struct rule *new, enum key key)
{
	switch (key) {
	case KEY_ID:
		return old->id == new->id;
	case KEY_NAME:
		return str_eq(old->name, new->name);
	case KEY_CHAIN_TEXT:
		return str_eq(rule_text(old), rule_text(new)) &&
		       str_eq(chain_name(old_rs, old), chain_name(new_rs, new));
	default:
		return str_eq(rule_text(old), rule_text(new));
	}
}

/* FNV-1a. */
static uint32_t hash_add(uint32_t hash, const void *data, uint32_t len)
{
	const unsigned char *bytes = data;

	for (uint32_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

static uint32_t key_hash(const struct ruleset *rs, const struct rule *rule, enum key key)
{
	uint32_t hash = 2166136261u;
	struct str text = key == KEY_NAME ? rule->name : rule_text(rule);

	if (key == KEY_ID)
		return hash_add(hash, &rule->id, sizeof(rule->id));
	hash = hash_add(hash, text.s, text.len);
	if (key == KEY_CHAIN_TEXT)
		hash = hash_add(hash, chain_name(rs, rule).s, chain_name(rs, rule).len);
	return hash;
}

static struct table table_new(struct arena *arena, const struct ruleset *rs, const uint32_t *taken,
			      enum key key)
{
	uint32_t size = 16;
	struct table table;

	while (size < rs->rules.len * 2)
		size *= 2;
	table.mask = size - 1;
	table.heads = arena_new_array(arena, uint32_t, size);
	table.nexts = arena_new_array(arena, uint32_t, rs->rules.len + 1);
	/* Backwards, so that each bucket lists its rules in file order: twins pair up in order. */
	for (uint32_t i = rs->rules.len; i-- > 0;) {
		const struct rule *rule = &rs->rules.data[i];
		uint32_t *head;

		if (taken[i] != DIFF_NONE || !key_present(rule, key))
			continue;
		head = &table.heads[key_hash(rs, rule, key) & table.mask];
		table.nexts[i] = *head;
		*head = i + 1;
	}
	return table;
}

static void pair_by(struct arena *arena, struct diff *diff, const struct ruleset *old_rs,
		    const struct ruleset *new_rs, enum key key)
{
	struct table table = table_new(arena, old_rs, diff->new_of_old, key);

	for (uint32_t i = 0; i < new_rs->rules.len; i++) {
		const struct rule *new = &new_rs->rules.data[i];
		uint32_t *link;

		if (diff->old_of_new[i] != DIFF_NONE || !key_present(new, key))
			continue;
		link = &table.heads[key_hash(new_rs, new, key) & table.mask];
		while (*link &&
		       !key_equal(old_rs, &old_rs->rules.data[*link - 1], new_rs, new, key))
			link = &table.nexts[*link - 1];
		if (!*link)
			continue;
		diff->old_of_new[i] = *link - 1;
		diff->new_of_old[*link - 1] = i;
		*link = table.nexts[*link - 1];
	}
}

/* Index of each rule within its chain. */
static uint32_t *chain_positions(struct arena *arena, const struct ruleset *rs)
{
	uint32_t *positions = arena_new_array(arena, uint32_t, rs->rules.len + 1);

	vec_for_each(chain, &rs->chains)
		for (uint32_t i = 0; i < chain->rules.len; i++)
			positions[chain->rules.data[i]] = i;
	return positions;
}

/*
 * The longest rising sequence of values[0..n): those outside it are marked in @moved (by @rules).
 * tails[k] is the index of the smallest value that ends a rising sequence of k + 1.
 */
static void mark_moved(struct arena *arena, const uint32_t *values, const uint32_t *rules,
		       uint32_t n, bool *moved)
{
	uint32_t *tails = arena_new_array(arena, uint32_t, n + 1);
	uint32_t *before = arena_new_array(arena, uint32_t, n + 1);
	uint32_t longest = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t lo = 0, hi = longest;

		while (lo < hi) {
			uint32_t middle = (lo + hi) / 2;

			if (values[tails[middle]] < values[i])
				lo = middle + 1;
			else
				hi = middle;
		}
		before[i] = lo ? tails[lo - 1] : DIFF_NONE;
		tails[lo] = i;
		if (lo == longest)
			longest++;
		moved[rules[i]] = true;
	}
	for (uint32_t i = longest ? tails[longest - 1] : DIFF_NONE; i != DIFF_NONE; i = before[i])
		moved[rules[i]] = false;
}

static void find_moved(struct arena *arena, struct diff *diff, const struct ruleset *old_rs,
		       const struct ruleset *new_rs)
{
	const uint32_t *positions = chain_positions(arena, old_rs);
	uint32_t *values = arena_new_array(arena, uint32_t, new_rs->rules.len + 1);
	uint32_t *rules = arena_new_array(arena, uint32_t, new_rs->rules.len + 1);

	diff->moved = arena_new_array(arena, bool, new_rs->rules.len + 1);
	vec_for_each(chain, &new_rs->chains) {
		uint32_t n = 0;

		vec_for_each(rule, &chain->rules) {
			uint32_t old = diff->old_of_new[*rule];

			if (old == DIFF_NONE)
				continue;
			if (!str_eq(chain_name(old_rs, &old_rs->rules.data[old]), chain->name)) {
				diff->moved[*rule] = true;
				continue;
			}
			values[n] = positions[old];
			rules[n++] = *rule;
		}
		mark_moved(arena, values, rules, n, diff->moved);
	}
}

static bool rule_changed(const struct rule *old, const struct rule *new)
{
	return !str_eq(rule_text(old), rule_text(new)) || !str_eq(old->name, new->name) ||
	       !str_eq(old->comment, new->comment);
}

static uint32_t *filled(struct arena *arena, uint32_t n)
{
	uint32_t *array = arena_new_array(arena, uint32_t, n + 1);

	memset(array, 0xff, sizeof(*array) * n);
	return array;
}

struct diff diff_rules(struct arena *arena, const struct ruleset *old_rs,
		       const struct ruleset *new_rs)
{
	struct diff diff = { .new_of_old = filled(arena, old_rs->rules.len),
			     .old_of_new = filled(arena, new_rs->rules.len) };

	for (enum key key = 0; key < KEYS; key++)
		pair_by(arena, &diff, old_rs, new_rs, key);
	find_moved(arena, &diff, old_rs, new_rs);
	diff.n_removed = old_rs->rules.len;
	for (uint32_t i = 0; i < new_rs->rules.len; i++) {
		uint32_t old = diff.old_of_new[i];

		if (old == DIFF_NONE) {
			diff.n_added++;
			continue;
		}
		diff.n_removed--;
		if (rule_changed(&old_rs->rules.data[old], &new_rs->rules.data[i]))
			diff.n_changed++;
		else if (diff.moved[i])
			diff.n_moved++;
		else
			diff.n_unchanged++;
	}
	return diff;
}

/* The lowest free slot from *@hint on, which is behind it afterwards. */
static bool slot_take(uint64_t *used, uint32_t n_slots, uint32_t *hint, uint32_t *ret_slot)
{
	for (; *hint < n_slots; ++*hint) {
		uint64_t *word = &used[*hint / 64], bit = 1ull << *hint % 64;

		if (*word & bit)
			continue;
		*word |= bit;
		*ret_slot = (*hint)++;
		return true;
	}
	return false;
}

static uint32_t first_free_id(const struct ruleset *old_rs, const struct ruleset *new_rs)
{
	uint32_t next = new_rs->next_id > 1 ? new_rs->next_id : 1;

	if (old_rs && old_rs->next_id > next)
		next = old_rs->next_id;
	vec_for_each(rule, &new_rs->rules)
		if (rule->id >= next)
			next = rule->id + 1;
	return next;
}

uint32_t diff_slots(const struct ruleset *rs)
{
	uint32_t n = rs->rules.len;

	vec_for_each(rule, &rs->rules)
		n += rule->limit.present;
	return n;
}

/* Behind the slots of all rules, so that those follow each other in a new ruleset. */
static bool inherit_limits(const struct diff *diff, const struct ruleset *old_rs,
			   struct ruleset *new_rs, uint64_t *slots_used, uint32_t n_slots)
{
	uint32_t hint = SLOT_RULES;

	for (uint32_t i = 0; i < new_rs->rules.len; i++) {
		struct rule *rule = &new_rs->rules.data[i];
		const struct rule *old = NULL;

		if (!rule->limit.present)
			continue;
		if (old_rs && diff->old_of_new[i] != DIFF_NONE)
			old = &old_rs->rules.data[diff->old_of_new[i]];
		rule->limit.clock = 0;
		if (old && limit_same(&old->limit, &rule->limit))
			rule->limit.clock = old->limit.clock;
		if (!rule->limit.number)
			rule->limit.clock = limit_clock(&rule->limit, rule->limit.clock);
		if (old && old->over_slot)
			rule->over_slot = old->over_slot;
		else if (!slot_take(slots_used, n_slots, &hint, &rule->over_slot))
			return false;
	}
	return true;
}

bool diff_inherit(struct arena *arena, const struct ruleset *old_rs, struct ruleset *new_rs,
		  uint64_t *slots_used, uint32_t n_slots)
{
	struct diff diff = { 0 };
	uint32_t hint = SLOT_RULES;

	new_rs->next_id = first_free_id(old_rs, new_rs);
	if (old_rs)
		diff = diff_rules(arena, old_rs, new_rs);
	for (uint32_t i = 0; i < new_rs->rules.len; i++) {
		struct rule *rule = &new_rs->rules.data[i];
		const struct rule *old = NULL;

		if (old_rs && diff.old_of_new[i] != DIFF_NONE)
			old = &old_rs->rules.data[diff.old_of_new[i]];
		if (old) {
			rule->slot = old->slot;
			slots_used[old->slot / 64] |= 1ull << old->slot % 64;
			if (old->over_slot)
				slots_used[old->over_slot / 64] |= 1ull << old->over_slot % 64;
		} else if (!slot_take(slots_used, n_slots, &hint, &rule->slot)) {
			return false;
		}
		if (rule->id == ID_NONE)
			rule->id = old ? old->id : new_rs->next_id++;
	}
	return inherit_limits(&diff, old_rs, new_rs, slots_used, n_slots);
}
