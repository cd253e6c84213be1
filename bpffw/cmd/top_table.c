/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/top_table.h"

#include <stdlib.h>

#include "bpffw/cmd/entries.h"
#include "compiler/base/net.h"
#include "compiler/ir/acts.h"

/* What rows of a kind have in common. An IPv6 source is its /64, as in limits. */
struct key {
	uint64_t high, low;
	uint32_t stage, family;
};

static struct key key_of(enum top_by by, const struct pkt *pkt, const struct eval_result *result)
{
	const __u64 *addr = by == TOP_SRC ? pkt->src : pkt->dst;

	if (by == TOP_RULE)
		return (struct key){ .stage = result->stage,
				     .low = result->stage == ANSWER_RULE ? result->rule : 0 };
	return (struct key){ .family = pkt->family,
			     .high = addr[0],
			     .low = pkt->family == FAMILY_IPV6 ? 0 : addr[1] };
}

static struct top_row *row_of(struct top_table *t, const struct key *key)
{
	struct str name = { (const char *)key, sizeof(*key) };
	uint32_t at;

	if (map_find(&t->index, name, &at))
		return &t->rows.data[at];
	if (t->rows.len == TOP_ROWS)
		return &t->others;
	name.s = arena_memdup(t->arena, key, sizeof(*key));
	map_add(t->arena, &t->index, name, t->rows.len);
	return vec_add(t->arena, &t->rows);
}

static void count(struct top_row *row, const struct pkt *pkt, const struct eval_result *result,
		  bool over)
{
	row->packets++;
	row->bytes += pkt->frame_len;
	row->dropped += !result->allow;
	row->last = *pkt;
	row->result = *result;
	row->over = over;
}

void top_add(struct top_table *t, enum top_by by, const struct pkt *pkt,
	     const struct observed *observed, const struct ruleset *rs)
{
	struct eval_result result = observed->result;
	bool over = observed->bucket == BUCKET_USED_UP;
	struct key key;

	if (over) {
		const struct rule *rule = &rs->rules.data[observed->over];

		result = (struct eval_result){ .stage = ANSWER_RULE,
					       .rule = observed->over,
					       .allow = acts_over(rule) == OVER_ALLOW };
	}
	key = key_of(by, pkt, &result);
	count(row_of(t, &key), pkt, &result, over);
	count(&t->all, pkt, &result, over);
}

static uint64_t weight(const struct top_row *row, enum top_sort sort)
{
	return sort == TOP_BITS ? row->bytes : sort == TOP_DROPPED ? row->dropped : row->packets;
}

static int compare(const void *a, const void *b, void *ctx)
{
	enum top_sort sort = *(const enum top_sort *)ctx;
	uint64_t x = weight(a, sort), y = weight(b, sort);

	return (x < y) - (x > y);
}

void top_sort(struct top_table *t, enum top_sort sort)
{
	if (t->rows.len)
		qsort_r(t->rows.data, t->rows.len, sizeof(*t->rows.data), compare, &sort);
}

const char *top_decider(struct arena *arena, const struct ruleset *rs, const struct top_row *row)
{
	if (row->result.stage == ANSWER_RULE)
		return rule_reference(arena, &rs->rules.data[row->result.rule]);
	return eval_stage_word(row->result.stage);
}

const char *top_key(struct arena *arena, enum top_by by, const struct ruleset *rs,
		    const struct top_row *row)
{
	const struct key key = key_of(by, &row->last, &row->result);
	struct buf out = { .arena = arena };

	if (by == TOP_RULE)
		return top_decider(arena, rs, row);
	if (!key.family)
		return "not IP";
	net_print_ip(&out, key.family, (u128)key.high << 64 | key.low);
	if (key.family == FAMILY_IPV6)
		buf_puts(&out, "/64");
	return buf_text(&out);
}

const char *top_state(struct arena *arena, const struct observer *observer,
		      const struct top_row *row)
{
	const struct pkt *pkt = &row->last;
	struct list_prefix prefix = { .kind = LIST_ADDR4, .length = 32, .value = pkt->src[1] };
	struct list_entry entry;

	if (pkt->allowlisted)
		return "allowlisted";
	if (!pkt->blacklisted)
		return row->over ? "over limit" : "-";
	if (pkt->family == FAMILY_IPV6)
		prefix = (struct list_prefix){ .kind = LIST_ADDR6,
					       .length = 128,
					       .value = (u128)pkt->src[0] << 64 | pkt->src[1] };
	if (lists_static(observer->lists, LIST_BLACK, &prefix) ||
	    !lists_match(observer->lists, LIST_BLACK, &prefix, &entry) ||
	    entry.expiry == LIST_FOREVER)
		return "banned";
	return arena_printf(arena, "banned %s", entry_left(arena, entry.expiry));
}
