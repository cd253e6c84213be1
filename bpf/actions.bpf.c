// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rules do besides counting and deciding. `classify` jumps here with the act in
 * pkt.act; a probed packet never comes. Loaded only for rulesets that have such a rule.
 */
#include "bpf/act.h"
#include "bpf/connections.h"
#include "bpf/cookie.h"
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

/* By act: two of them, of its matches and of its bans. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_budget);
} budgets SEC(".maps");

/* What no act of the ruleset does is constant, and so is not verified: each way through here
 * multiplies the others. */
static __always_inline __u32 does(const struct act_entry *act, __u32 what)
{
	return config.does & what ? act->does & what : 0;
}

static __always_inline int is(const struct act_entry *act, __u32 over)
{
	return config.overs >> over & 1 && act->over == over;
}

static __always_inline int may_ban(void)
{
	return config.does & (ACT_BAN | ACT_VERIFIED) || config.overs >> OVER_BAN & 1;
}

static __always_inline __u64 packet_time(struct pkt *p)
{
	if (!p->now)
		p->now = bpf_ktime_get_ns();
	return p->now;
}

static __always_inline __u64 bucket_time(struct pkt *p)
{
	return config.clock.tick ? limit_time(&config.clock, bpf_jiffies64()) : packet_time(p);
}

/* @salt: another bucket of the same limit */
static __always_inline int is_over(const struct act_entry *act, struct pkt *p, __u64 salt)
{
	const struct act_limit *limit = &act->limit;
	__u32 at = LIMIT_SEED_ROW;
	struct limit_row *seed = bpf_map_lookup_elem(&limits, &at), *row;
	enum limit_result result;
	__u64 hash;

	if (!seed)
		return 1;
	hash = limit_hash(seed, limit, p) ^ salt;
	at = limit_row(limit, hash);
	row = bpf_map_lookup_elem(&limits, &at);
	if (!row)
		return 1;
	result = limit_take(row, limit, limit_tag(limit, hash), bucket_time(p), p->frame_len,
			    config.units, &p->walk);
	if (result == LIMIT_EVICTED)
		chain_count(SLOT_EVICTED, p);
	return result == LIMIT_OVER;
}

/* Budgets by act: of its log, and of its bans. */
static __noinline int tell(const struct act_entry *act, struct pkt *p, __u8 what)
{
	struct event_note note = {
		.rule = act->rule,
		.ban_seconds = act->ban.seconds,
		.ban_list = act->ban.list,
		.source = act->place == ACT_DEFAULT ? EVENT_DEFAULT : EVENT_RULE,
		.what = what,
		.dropped = what == EVENT_BAN ||
			   (what == EVENT_OVER && (is(act, OVER_DROP) || is(act, OVER_BAN))),
	};
	__u32 index = 2 * p->act + (what == EVENT_BAN);
	struct event_budget *budget = bpf_map_lookup_elem(&budgets, &index);

	p->slot |= SLOT_TOLD;
	if (budget)
		event_tell(budget, what == EVENT_BAN ? 0 : act->log_every, &note, p,
			   packet_time(p));
	return 0;
}

/*
 * A ban without room is lost and counted with the list; the packet is dropped all the same. The
 * config is constant: without a ban nothing of this is verified.
 */
static __noinline int ban(struct pkt *p)
{
	__u32 index = p->act;
	const struct act_entry *act = bpf_map_lookup_elem(&acts, &index);

	if (!may_ban() || !act)
		return 0;
	if (p->family == FAMILY_IPV4)
		list_ban(p, act->ban.list, LIST_ADDR4, 0, p->src[1], act->ban.prefix4,
			 act->ban.seconds);
	else if (p->family == FAMILY_IPV6)
		list_ban(p, act->ban.list, LIST_ADDR6, p->src[0], p->src[1], act->ban.prefix6,
			 act->ban.seconds);
	return tell(act, p, EVENT_BAN);
}

/* Global, as what they call: the verifier walks them once. */
__attribute__((noinline)) int count_connections(__u64 hash, __u64 owner, __u64 tag, __u32 most)
{
	struct conn_span span = conn_span(hash, most);

	return conn_count(&connections, &flows, 0, &span, owner, tag, 0);
}

__attribute__((noinline)) int take_connection(__u64 hash, __u64 tag, __u64 fresh, __u32 most)
{
	struct conn_span span = conn_span(hash, most);

	return conn_take(&connections, &flows, 0, &span, tag, fresh, 0);
}

/* Would it be one connection more than the rule lets? One that is not gets its cell. */
static __noinline int is_one_more(struct pkt *p, __u32 index)
{
	const struct act_entry *act = bpf_map_lookup_elem(&acts, &index);
	struct conn_row *seed = conn_row(&connections, CONN_SEED_ROW);
	const struct flow_header *h = flow_entry(&flows, 0);
	__u64 hash, owner, tag;
	struct flow_key key;
	__u32 until;
	__u32 n;

	if (!(config.does & ACT_CONNECTIONS) || !act || !seed || !h)
		return 0;
	flow_key_of(p, 0, &key);
	tag = flow_hash(h, &key).tag;
	hash = limit_hash((const struct limit_row *)seed, &act->limit, p);
	owner = conn_owner(&act->limit, hash);
	n = count_connections(hash, owner, tag, act->limit.depth);
	if (n % CONN_HAS_CELL >= act->limit.depth)
		return 1;
	if (!p->completed || n & CONN_HAS_CELL)
		return 0;
	until = flow_now(h) + (p->completed == COMPLETED_FLOW ? CONN_MOMENT : CONN_COOKIE);
	if (!take_connection(hash, tag, conn_word(owner, until), act->limit.depth))
		chain_count(SLOT_EVICTED, p);
	return 0;
}

/* Does it bring back a cookie that a rule from here on has sent? */
static __always_inline int is_cookie(const struct pkt *p)
{
	return p->completed == COMPLETED_COOKIE || p->completed == COMPLETED_ANEW;
}

static __noinline int refuse(struct xdp_md *ctx, struct pkt *p)
{
	if (config.does & ACT_CONNECTIONS)
		flow_refuse(ctx, p);
	return 0;
}

/*
 * A SYN may be forged: nothing is counted and nobody banned for it, it only finds the door shut.
 * The packet that completes its handshake is judged again: many may have come in at a time.
 */
static __noinline int is_crowded(struct xdp_md *ctx, struct pkt *p, __u8 over)
{
	__u8 proven = p->completed;
	int more = is_one_more(p, p->act);

	if (over == OVER_COOKIE && is_cookie(p))
		p->completed = COMPLETED_ANSWERED;
	if (!proven)
		return more && over != OVER_COUNT && over != OVER_BAN;
	if (!more || over == OVER_COOKIE)
		return 0;
	if (over != OVER_COUNT && over != OVER_ALLOW)
		refuse(ctx, p);
	return 1;
}

static __always_inline int go_on(struct xdp_md *ctx, struct pkt *p, __u32 next)
{
	if (next == NEXT_ALLOW)
		return XDP_PASS;
	if (next == NEXT_DROP)
		return XDP_DROP;
	p->from = next;
	bpf_tail_call_static(ctx, &gen_jmp, GEN_CLASSIFY);
	chain_decide(SLOT_TOO_MANY_TAILS, p);
	return XDP_DROP;
}

/* A SYN for which the rule wants a cookie. */
static __always_inline int answer(struct xdp_md *ctx, struct pkt *p, const struct act_entry *act)
{
	int verdict = cookie_answer(ctx, p);

	if (verdict == COOKIE_NOT_NEEDED)
		return go_on(ctx, p, act->next);
	return verdict == COOKIE_NO_LISTENER ? XDP_DROP : verdict;
}

/* What is over the limit. */
static __always_inline int over(struct xdp_md *ctx, struct pkt *p, const struct act_entry *act)
{
	/* A connection that was let in over its limit was counted by its SYN. */
	if (is(act, OVER_ALLOW) && does(act, ACT_CONNECTIONS) && p->completed)
		return XDP_PASS;
	chain_decide(act->over_slot, p);
	if (does(act, ACT_LOG))
		tell(act, p, EVENT_OVER);
	if (is(act, OVER_ALLOW))
		return XDP_PASS;
	if (is(act, OVER_COUNT))
		return go_on(ctx, p, act->next);
	if (is(act, OVER_COOKIE))
		return answer(ctx, p, act);
	if (is(act, OVER_BAN))
		ban(p);
	return XDP_DROP;
}

/*
 * Was the connection evidence before? While its listener has no room for it each segment that the
 * client sends again brings the cookie back. It has a bucket of its own with room for one. What
 * the flow table has seen begin, or end before it began, is not asked.
 */
static __noinline int is_again(struct pkt *p, __u32 index)
{
	const struct act_entry *act = bpf_map_lookup_elem(&acts, &index);
	__u32 at = LIMIT_SEED_ROW;
	struct limit_row *seed = bpf_map_lookup_elem(&limits, &at), *row;
	__u64 hash;

	if (!act || !seed)
		return 0;
	hash = limit_hash(seed, &act->limit, p) ^ LIMIT_CONNECTION;
	hash ^= ((__u32)p->sport << 16 | p->dport) * seed->cell[6] ^ p->dst[1] * seed->cell[7];
	at = limit_row(&act->limit, hash);
	row = bpf_map_lookup_elem(&limits, &at);
	return row && limit_try(row, &act->limit, limit_tag(&act->limit, hash), bucket_time(p),
				act->limit.depth << LIMIT_FRACTION_BITS, config.units,
				&p->walk) == LIMIT_OVER;
}

/*
 * A handshake that was completed (cookie.h) is no attempt any more. Where its SYN has not been yet
 * it counts as one; the rule that sent its cookie, or would have, takes it as evidence.
 */
static __always_inline int is_evidence(struct pkt *p, const struct act_entry *act)
{
	int again;

	if (!is(act, OVER_COOKIE))
		return 0;
	again = does(act, ACT_VERIFIED) && p->completed == COMPLETED_COOKIE && is_again(p, p->act);
	if (is_cookie(p))
		p->completed = COMPLETED_ANSWERED;
	return does(act, ACT_VERIFIED) && !again;
}

/* Too many completed handshakes. */
static __always_inline int convict(struct pkt *p, const struct act_entry *act)
{
	chain_decide(act->over_slot, p);
	ban(p);
	return XDP_DROP;
}

static __always_inline int exceeds(struct xdp_md *ctx, struct pkt *p, const struct act_entry *act,
				   int proven)
{
	if (does(act, ACT_CONNECTIONS))
		return is_crowded(ctx, p, act->over);
	return does(act, ACT_LIMIT) && is_over(act, p, proven ? LIMIT_EVIDENCE : 0);
}

SEC("xdp")
int bpffw_actions(struct xdp_md *ctx)
{
	struct pkt *p = chain_pkt();
	__u32 index = p->act;
	const struct act_entry *act = bpf_map_lookup_elem(&acts, &index);
	int proven;

	if (!act) {
		chain_decide(SLOT_FALLTHROUGH, p);
		return XDP_DROP;
	}
	proven = does(act, ACT_SYN) && p->completed && p->completed != COMPLETED_ANSWERED;
	if (proven && !is_evidence(p, act))
		return go_on(ctx, p, act->next);
	if (!proven)
		p->slot = act->slot;
	if (!proven && !(does(act, ACT_CONNECTIONS) && p->completed))
		chain_count(act->slot, p);
	if (exceeds(ctx, p, act, proven))
		return proven ? convict(p, act) : over(ctx, p, act);
	if (proven)
		return go_on(ctx, p, act->next);
	if ((does(act, ACT_LIMIT | ACT_CONNECTIONS | ACT_LOG)) == ACT_LOG)
		tell(act, p,
		     act->next == NEXT_ALLOW  ? EVENT_ALLOW
		     : act->next == NEXT_DROP ? EVENT_DROP
					      : EVENT_MATCH);
	if (does(act, ACT_BAN))
		ban(p);
	if (does(act, ACT_COOKIE))
		return answer(ctx, p, act);
	return go_on(ctx, p, act->next);
}
