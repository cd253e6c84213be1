/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "bpffw/runtime/list.h"

/* By family and first value, wider ones first: what covers an entry stands before it. */
static int by_range(const void *left, const void *right)
{
	const struct set_entry *a = left, *b = right;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	if (a->range.hi != b->range.hi)
		return a->range.hi > b->range.hi ? -1 : 1;
	return 0;
}

static struct set_entry *sorted(struct arena *arena, const struct set *set)
{
	uint32_t n = set->entries.len;
	struct set_entry *all = arena_new_array(arena, struct set_entry, n + 1);

	if (n)
		memcpy(all, set->entries.data, n * sizeof(*all));
	qsort(all, n, sizeof(*all), by_range);
	return all;
}

static uint32_t count_covered(const struct set_entry *all, uint32_t n)
{
	uint32_t covered = 0;
	u128 reach = 0;

	for (uint32_t i = 0; i < n; i++) {
		bool same = i && all[i].family == all[i - 1].family;

		if (same && all[i].range.hi <= reach)
			covered++;
		if (!same || all[i].range.hi > reach)
			reach = all[i].range.hi;
	}
	return covered;
}

struct list_change list_compare(struct arena *arena, const struct set *old, const struct set *new)
{
	const struct set_entry *before = sorted(arena, old), *after = sorted(arena, new);
	uint32_t i = 0, k = 0, n_old = old->entries.len, n_new = new->entries.len;
	struct list_change change = { .covered = count_covered(after, n_new) };

	while (i < n_old || k < n_new) {
		int order = i == n_old ? 1 : k == n_new ? -1 : by_range(&before[i], &after[k]);

		change.removed += order < 0;
		change.added += order > 0;
		change.kept += order == 0;
		i += order <= 0;
		k += order >= 0;
	}
	for (k = 0; k < n_new; k++) {
		change.n4 += after[k].family == FAMILY_IPV4;
		change.n6 += after[k].family == FAMILY_IPV6;
	}
	return change;
}
