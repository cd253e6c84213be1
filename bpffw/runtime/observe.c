// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/observe.h"

#include <errno.h>

#include "bpffw/runtime/clock.h"
#include "compiler/ir/acts.h"
#include "compiler/ir/facts.h"

/* The description as a rule in no chain: it is lowered along with the others. */
static struct ruleset *with_wanted(struct ruleset *rs, const struct expect *wanted)
{
	struct ruleset *copy = arena_memdup(rs->arena, rs, sizeof(*rs));
	struct rule rule = { .verb.row = action_find(STR("drop")),
			     .span = wanted->span,
			     .families = wanted->families };

	rule.matches.data = wanted->matches.data;
	rule.matches.len = rule.matches.cap = wanted->matches.len;
	copy->rules.data = arena_new_array(rs->arena, struct rule, rs->rules.len + 1);
	if (rs->rules.len)
		memcpy(copy->rules.data, rs->rules.data, rs->rules.len * sizeof(rule));
	copy->rules.data[rs->rules.len] = rule;
	copy->rules.len = copy->rules.cap = rs->rules.len + 1;
	return copy;
}

int observer_open(struct store *store, struct diags *ds, struct ruleset *rs,
		  const struct expect *wanted, struct observer *ret_observer, struct failure *f)
{
	struct observer observer = { 0 };
	int ret = lists_give_numbers(store, rs, f);

	if (ret < 0)
		return ret;
	observer.rs = facts_lower(ds, wanted ? with_wanted(rs, wanted) : rs, &observer.config);
	if (!observer.rs)
		return -EINVAL;
	if (wanted)
		observer.wanted = &observer.rs->rules.data[rs->rules.len];
	if (observer.config.timed)
		observer.config.clock = clock_read();
	ret = lists_get(store, &observer.lists, f);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	ret = buckets_open(store, observer.rs, &observer.buckets, f);
	if (ret < 0)
		lists_put(observer.lists);
	else
		*ret_observer = observer;
	return ret;
}

void observer_close(struct observer *observer)
{
	lists_put(observer->lists);
	buckets_close(observer->buckets);
	*observer = (struct observer){ 0 };
}

static bool is_on(const struct observer *o, uint32_t number, enum list_kind kind, u128 value)
{
	struct list_prefix prefix = { .kind = kind, .value = value };
	struct list_entry entry;

	prefix.length = kind == LIST_ADDR4   ? 32
			: kind == LIST_ADDR6 ? 128
			: kind == LIST_MAC   ? 48
					     : 16;
	return o->lists && (lists_static(o->lists, number, &prefix) ||
			    lists_match(o->lists, number, &prefix, &entry));
}

static bool is_addr_on(const struct observer *o, uint32_t number, const struct pkt *pkt,
		       const __u64 *addr)
{
	if (pkt->family == FAMILY_NONE)
		return false;
	return is_on(o, number, pkt->family == FAMILY_IPV4 ? LIST_ADDR4 : LIST_ADDR6,
		     (u128)addr[0] << 64 | addr[1]);
}

static bool is_listed(const struct observer *o, uint32_t number, enum fact_field field,
		      const struct pkt *pkt)
{
	switch (field) {
	case FACT_SRC:
		return is_addr_on(o, number, pkt, pkt->src);
	case FACT_DST:
		return is_addr_on(o, number, pkt, pkt->dst);
	case FACT_SPORT:
		return is_on(o, number, LIST_PORT, pkt->sport);
	case FACT_DPORT:
		return is_on(o, number, LIST_PORT, pkt->dport);
	case FACT_SMAC:
		return is_on(o, number, LIST_MAC, pkt->smac);
	case FACT_DMAC:
		return is_on(o, number, LIST_MAC, pkt->dmac);
	}
	return false;
}

static bool is_true(const struct observer *o, const struct fact_config *fact, const struct pkt *pkt,
		    uint64_t utc)
{
	if (fact->kind == FACT_UNTIL)
		return utc < fact->until;
	if (fact->kind == FACT_WHEN)
		return schedule_active(&o->config.schedules[fact->schedule],
				       schedule_minute(&o->config.clock, utc));
	for (uint8_t i = 0; i < fact->n_lists; i++)
		if (is_listed(o, fact->lists[i], (enum fact_field)fact->field, pkt))
			return true;
	return false;
}

void observer_fill(const struct observer *o, struct pkt *pkt, uint64_t utc)
{
	pkt->allowlisted = o->config.allowlist && is_addr_on(o, LIST_ALLOW, pkt, pkt->src);
	pkt->blacklisted = o->config.blacklist && is_addr_on(o, LIST_BLACK, pkt, pkt->src);
	for (uint32_t i = 0; i < o->config.n_facts; i++)
		pkt->fact[i] = is_true(o, &o->config.facts[i], pkt, utc);
}

struct watch {
	const struct observer *o;
	const struct pkt *pkt;
	uint64_t time;
	struct observed *ret_observed;
	void (*each)(void *ctx, uint32_t rule, bool matched);
	void *ctx;
};

static void on_rule(void *ctx, uint32_t rule, bool matched)
{
	struct watch *watch = ctx;
	struct observed *observed = watch->ret_observed;
	const struct rule *asked = &watch->o->rs->rules.data[rule];

	if (matched && observed->bucket == BUCKET_ROOM && acts_over(asked) != OVER_COUNT) {
		observed->bucket =
			bucket_of(watch->o->buckets, watch->o->rs, rule, watch->pkt, watch->time);
		observed->over = rule;
	}
	if (watch->each)
		watch->each(watch->ctx, rule, matched);
}

struct observed observer_decide(const struct observer *o, const struct pkt *pkt, uint64_t time,
				void (*each)(void *ctx, uint32_t rule, bool matched), void *ctx)
{
	struct observed observed = { .bucket = BUCKET_ROOM };
	struct watch watch = { o, pkt, time, &observed, each, ctx };

	observed.result = eval_watched(o->rs, pkt, on_rule, &watch);
	return observed;
}

bool observer_wants(const struct observer *o, const struct pkt *pkt)
{
	if (!o->wanted)
		return true;
	vec_for_each(match, &o->wanted->matches)
		if (!eval_match(o->rs, match, pkt))
			return false;
	return true;
}

bool observer_concerns(const struct observer *o, uint32_t rule, const struct pkt *pkt)
{
	const struct rule *r = &o->rs->rules.data[rule];
	uint8_t family = pkt->family == FAMILY_IPV4   ? FAM_IPV4
			 : pkt->family == FAMILY_IPV6 ? FAM_IPV6
						      : FAM_OTHER;

	if (!(r->families & family))
		return false;
	vec_for_each(match, &r->matches)
		if (match->row->offset == offsetof(struct pkt, proto) && match->row->width &&
		    !eval_match(o->rs, match, pkt))
			return false;
	return true;
}

bool asks_flows(const struct match *match)
{
	return match->row->width && match->row->offset == offsetof(struct pkt, established);
}

bool rules_ask_flows(const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules) {
		vec_for_each(match, &rule->matches)
			if (!rule->disabled && asks_flows(match))
				return true;
	}
	return false;
}
