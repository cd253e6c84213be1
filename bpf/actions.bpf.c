// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rules do besides counting and deciding: limits, bans. `classify` jumps here with the act in
 * pkt.act; a probed packet never comes. Loaded only for rulesets that have such a rule.
 */
#include "bpf/act.h"
#include "bpf/event.h"
#include "bpf/generation.h"
#include "bpf/list.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct act_config config;

/* The loader decides the number of entries. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct act_entry);
} acts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct limit_row);
} limits SEC(".maps");

/* By act, as many. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_budget);
} budgets SEC(".maps");

static __always_inline __u64 packet_time(struct pkt *p)
{
	if (!p->now)
		p->now = bpf_ktime_get_ns();
	return p->now;
}

static __always_inline int is_over(const struct act_entry *act, struct pkt *p)
{
	const struct act_limit *limit = &act->limit;
	__u32 at = LIMIT_SEED_ROW;
	struct limit_row *seed = bpf_map_lookup_elem(&limits, &at), *row;
	enum limit_result result;
	__u64 hash;

	if (!seed)
		return 1;
	hash = limit_hash(seed, limit, p);
	at = limit_row(limit, hash);
	row = bpf_map_lookup_elem(&limits, &at);
	if (!row)
		return 1;
	result = limit_take(row, limit, limit_tag(limit, hash), packet_time(p), p->frame_len,
			    config.units);
	if (result == LIMIT_EVICTED)
		chain_count(SLOT_EVICTED, p);
	return result == LIMIT_OVER;
}

static __always_inline void tell(const struct act_entry *act, struct pkt *p, __u8 what)
{
	struct event event = {
		.rule = act->rule,
		.source = act->place == ACT_DEFAULT ? EVENT_DEFAULT : EVENT_RULE,
		.what = what,
		.dropped = what == EVENT_BAN || (what == EVENT_OVER && act->over != OVER_COUNT),
	};
	__u32 index = p->act;
	struct event_budget *budget = bpf_map_lookup_elem(&budgets, &index);

	if (budget)
		event_tell(budget, act->log_every, &event, p, packet_time(p));
}

/* The config is constant: without a ban nothing of this is verified. */
static __always_inline void ban(const struct act_entry *act, struct pkt *p)
{
	if (!config.bans)
		return;
	if (p->family == FAMILY_IPV4)
		list_ban(p, act->ban.list, LIST_ADDR4, 0, p->src[1], act->ban.prefix4,
			 act->ban.seconds);
	else if (p->family == FAMILY_IPV6)
		list_ban(p, act->ban.list, LIST_ADDR6, p->src[0], p->src[1], act->ban.prefix6,
			 act->ban.seconds);
}

static __always_inline int go_on(struct xdp_md *ctx, struct pkt *p, __u32 next)
{
	if (next == NEXT_ALLOW)
		return XDP_PASS;
	if (next == NEXT_DROP)
		return XDP_DROP;
	p->from = next;
	bpf_tail_call_static(ctx, &gen_jmp, GEN_CLASSIFY);
	chain_count(SLOT_TOO_MANY_TAILS, p);
	return XDP_DROP;
}

SEC("xdp")
int bpffw_actions(struct xdp_md *ctx)
{
	struct pkt *p = chain_pkt();
	__u32 index = p->act;
	const struct act_entry *act = bpf_map_lookup_elem(&acts, &index);

	if (!act) {
		chain_count(SLOT_FALLTHROUGH, p);
		return XDP_DROP;
	}
	chain_count(act->slot, p);
	if (act->does & ACT_LIMIT && is_over(act, p)) {
		chain_count(act->over_slot, p);
		if (act->does & ACT_LOG)
			tell(act, p, act->over == OVER_BAN ? EVENT_BAN : EVENT_OVER);
		if (act->over == OVER_BAN)
			ban(act, p);
		if (act->over != OVER_COUNT)
			return XDP_DROP;
	}
	if (act->does & ACT_BAN)
		ban(act, p);
	if ((act->does & (ACT_LIMIT | ACT_LOG)) == ACT_LOG)
		tell(act, p,
		     act->does & ACT_BAN       ? EVENT_BAN
		     : act->next == NEXT_ALLOW ? EVENT_ALLOW
		     : act->next == NEXT_DROP  ? EVENT_DROP
					       : EVENT_MATCH);
	return go_on(ctx, p, act->next);
}
