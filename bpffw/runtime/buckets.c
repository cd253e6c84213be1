// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The time in a cell only grows, and a packet within its limit moves it. So a cell that now leaves
 * room for the packet at its time did so then; one that leaves none was used up by this packet, by
 * those before it or by those since.
 */
#include "bpffw/runtime/buckets.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpffw/runtime/inside.h"
#include "compiler/ir/limit.h"

struct buckets {
	const struct limit_row *rows;
	size_t size;
	struct act_limit *limits; /* by rule */
};

static bool has_rate(const struct rule *rule)
{
	return rule->limit.present && !rule->limit.number && !rule->disabled;
}

int buckets_open(struct store *store, const struct ruleset *rs, struct buckets **ret_buckets,
		 struct failure *f)
{
	const uint16_t *of_rules = limit_numbers(rs->arena, rs);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct buckets made = { .size = (LIMIT_ROWS * sizeof(struct limit_row) + page - 1) / page *
					page };
	_cleanup_fd_ int fd = -1;
	int ret = state_get(store, "limits", &fd);

	*ret_buckets = NULL;
	if (ret < 0)
		return ret == -ENOENT ? 0 : fail(f, -ret, "cannot open the table of the limits");
	made.rows = mmap(NULL, made.size, PROT_READ, MAP_SHARED, fd, 0);
	if (made.rows == MAP_FAILED)
		return fail(f, errno, "cannot read the table of the limits");
	made.limits = arena_new_array(rs->arena, struct act_limit, rs->rules.len + 1);
	for (uint32_t i = 0; i < rs->rules.len; i++)
		if (has_rate(&rs->rules.data[i]))
			made.limits[i] = limit_act(&rs->rules.data[i], of_rules[i]);
	*ret_buckets = arena_memdup(rs->arena, &made, sizeof(made));
	return 0;
}

void buckets_close(struct buckets *buckets)
{
	if (buckets)
		munmap((void *)buckets->rows, buckets->size);
}

/* Units that the bucket is short of at @time; the cell may be of long ago. */
static uint64_t short_of(uint64_t cell, uint64_t time)
{
	uint64_t ahead = (cell - time) & LIMIT_TIME;

	return ahead > LIMIT_TIME / 2 ? 0 : ahead;
}

static bool is_used_up(const struct buckets *buckets, const struct act_limit *limit,
		       const struct pkt *pkt, uint64_t time)
{
	uint64_t hash = limit_hash(&buckets->rows[LIMIT_SEED_ROW], limit, pkt);
	const struct limit_row *row = &buckets->rows[limit_row(limit, hash)];
	uint64_t tag = limit_tag(limit, hash);
	/* Rounded up, as it sometimes is. */
	uint64_t cost = (limit_amount(limit, pkt->frame_len) >> LIMIT_FRACTION_BITS) + 1;

	for (uint32_t i = 0; i < LIMIT_CELLS; i++) {
		uint64_t cell = *(const volatile __u64 *)&row->cell[i];

		if (!((cell ^ tag) >> LIMIT_TIME_BITS))
			return short_of(cell, time >> limit->shift) + cost > limit->depth;
	}
	return cost > limit->depth;
}

enum bucket bucket_of(const struct buckets *buckets, const struct ruleset *rs, uint32_t rule,
		      const struct pkt *pkt, uint64_t time)
{
	const struct rule *asked = &rs->rules.data[rule];

	if (asked->verb.row->verb == VERB_SYNCOOKIE || asked->limit.number)
		return BUCKET_UNKNOWN;
	if (!has_rate(asked))
		return BUCKET_ROOM;
	if (!buckets)
		return BUCKET_UNKNOWN;
	return is_used_up(buckets, &buckets->limits[rule], pkt, time) ? BUCKET_USED_UP
								      : BUCKET_ROOM;
}
