/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/list_rules.h"

static bool is_same(const struct list_prefix *a, const struct list_prefix *b)
{
	return a->kind == b->kind && a->length == b->length && a->value == b->value;
}

static bool has_prefix(const list_prefixes *prefixes, const struct list_prefix *prefix)
{
	vec_for_each(other, prefixes)
		if (is_same(other, prefix))
			return true;
	return false;
}

/* The vectors of @set are those of the original: what is added goes into a copy. */
static void add_members(struct arena *arena, struct set *set, const list_prefixes *prefixes)
{
	for (int part = 0; part < 2; part++) {
		ranges *old = &set->members[part], all = { 0 };

		vec_for_each(range, old)
			vec_push(arena, &all, *range);
		vec_for_each(prefix, prefixes)
			if ((prefix->kind == LIST_ADDR6) == part)
				vec_push(arena, &all, list_range(prefix));
		ranges_normalise(&all);
		*old = all;
	}
}

static int add_live(struct lists *lists, struct arena *arena, struct set *set,
		    const struct list_delta *delta, struct failure *f)
{
	bool changed = delta && str_eq(delta->name, set->name);
	enum value_type type = TYPE_NONE;
	uint32_t number = lists ? lists_number(lists, set->name, &type) : 0;
	list_prefixes prefixes = { 0 };
	list_entries entries = { 0 };
	int ret = 0;

	if (number && lists_counts(lists, number).entries)
		ret = lists_entries(lists, arena, number, &entries, f);
	if (ret < 0)
		return ret;
	vec_for_each(entry, &entries)
		if (!changed || !delta->removed || !has_prefix(delta->prefixes, &entry->prefix))
			vec_push(arena, &prefixes, entry->prefix);
	if (changed && !delta->removed)
		vec_for_each(prefix, delta->prefixes)
			vec_push(arena, &prefixes, *prefix);
	if (prefixes.len)
		add_members(arena, set, &prefixes);
	return 0;
}

int lists_in_rules(struct lists *lists, struct arena *arena, const struct ruleset *rs,
		   const struct list_delta *delta, struct ruleset **ret_rs, struct failure *f)
{
	struct ruleset *copy = arena_memdup(arena, rs, sizeof(*rs));
	int ret = 0;

	copy->sets.data = arena_memdup(arena, rs->sets.data, rs->sets.len * sizeof(*rs->sets.data));
	for (int i = 0; i < 2 && ret == 0; i++)
		ret = add_live(lists, arena, &copy->builtin[i], delta, f);
	for (uint32_t i = 0; i < copy->sets.len && ret == 0; i++)
		ret = add_live(lists, arena, &copy->sets.data[i], delta, f);
	if (ret == 0)
		*ret_rs = copy;
	return ret;
}
