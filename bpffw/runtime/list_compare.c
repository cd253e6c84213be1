/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/list.h"

static uint32_t count_covered(const ranges *all)
{
	uint32_t covered = 0;

	for (uint32_t i = 0, wide = 0; i < all->len; i++) {
		if (i && all->data[i].hi <= all->data[wide].hi)
			covered++;
		else
			wide = i;
	}
	return covered;
}

static int order_of(const struct range *a, const struct range *b)
{
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->hi > b->hi ? -1 : a->hi < b->hi;
}

static void compare(const ranges *before, const ranges *after, struct list_change *change)
{
	uint32_t i = 0, k = 0;

	while (i < before->len || k < after->len) {
		int order = i == before->len  ? 1
			    : k == after->len ? -1
					      : order_of(&before->data[i], &after->data[k]);

		change->removed += order < 0;
		change->added += order > 0;
		change->kept += order == 0;
		i += order <= 0;
		k += order >= 0;
	}
}

struct list_change list_compare(ranges before[2], ranges after[2])
{
	struct list_change change = { .n4 = after[0].len, .n6 = after[1].len };

	for (int v6 = 0; v6 < 2; v6++) {
		ranges_sort(&before[v6]);
		ranges_sort(&after[v6]);
		change.covered += count_covered(&after[v6]);
		compare(&before[v6], &after[v6], &change);
	}
	return change;
}
