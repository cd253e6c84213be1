/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an nft rule does with what it matches: verdicts, limits, logs. */
#include "bpffw/import/nft_rule.h"
#include "compiler/lang/names.h"

#define TCP 6
/* What nft takes when nothing is said. */
#define BURST_DEFAULT 5

/* ---- limits ---- */

static bool set_rate(struct nft_rule *r, struct draft_rule *rule)
{
	static const struct name_value units[] = {
		{ "second", 1 },
		{ "minute", 60 },
		{ "hour", 3600 },
		{ NULL, 0 },
	};
	const char *slash = r->rate.len ? memchr(r->rate.s, '/', r->rate.len) : NULL;
	struct str left = r->rate, unit;
	uint16_t seconds = 0;
	uint64_t count;

	if (!slash)
		return nft_missing(r, "a rate that is not understood");
	left.len = (uint32_t)(slash - r->rate.s);
	unit = (struct str){ slash + 1, r->rate.len - left.len - 1 };
	if (!read_number(left, 1000000000, &count) || !names_value(units, unit, &seconds))
		return nft_missing(r, "a rate that is not understood");
	rule->rate = rate_text(r->n->d.arena, count, seconds);
	rule->burst = arena_printf(r->n->d.arena, "%lu", r->burst ? r->burst : BURST_DEFAULT);
	return rule->rate || nft_missing(r, "a rate that has no words in bpffw");
}

static bool emit(struct nft_rule *r, struct draft_rule *rule, enum verb verb)
{
	rule->verb = verb;
	return item_rule(&r->n->d, rule);
}

static const struct draft_chain *own_chain(const struct nft_rule *r)
{
	return &r->n->d.chains.data[r->n->d.chain];
}

static bool emit_accept(struct nft_rule *r, struct draft_rule *rule)
{
	const struct draft_chain *chain = own_chain(r);

	if (chain->is_base && !chain->is_final)
		return emit(r, rule, VERB_RETURN);
	if (chain->before_final)
		return nft_missing(
			r, "it accepts for this hook only: another chain decides later, and "
			   "bpffw has no word for that in a chain");
	return emit(r, rule, VERB_ALLOW);
}

static bool emit_return(struct nft_rule *r, struct draft_rule *rule)
{
	if (!own_chain(r)->is_base)
		return emit(r, rule, VERB_RETURN);
	return own_chain(r)->policy_allow ? emit_accept(r, rule) : emit(r, rule, VERB_DROP);
}

static bool emit_jump(struct nft_rule *r, struct draft_rule *rule, struct str target, bool is_goto)
{
	uint32_t chain;

	if (!draft_find_chain(&r->n->d, nft_key(r->n, target), &chain) ||
	    r->n->d.chains.data[chain].is_base)
		return item_missing(&r->n->d, "there is no chain '" STR_FMT "'", STR_ARG(target));
	rule->chain = (int32_t)chain;
	return emit(r, rule, VERB_JUMP) && (!is_goto || emit_return(r, rule));
}

static bool emit_limit(struct nft_rule *r, struct draft_rule *rule)
{
	bool syn = r->states_new && rule->given[FIELD_PROTO][0] &&
		   rule->fields[FIELD_PROTO][0].r[0].len == 1 &&
		   rule->fields[FIELD_PROTO][0].r[0].data[0].lo == TCP &&
		   rule->fields[FIELD_PROTO][0].r[0].data[0].hi == TCP && !rule->flags[0].given &&
		   !rule->flags[1].given;
	bool accepts = r->verdict == VERDICT_ACCEPT && !own_chain(r)->before_final &&
		       (own_chain(r)->is_final || !own_chain(r)->is_base);
	enum verb verb = syn ? VERB_SYN_LIMIT : VERB_RATE_LIMIT;

	if (!set_rate(r, rule))
		return false;
	if (r->has_meter || r->per_source)
		rule->per = r->per_mask == 128 ? "src/32/128" : "src";
	if (r->over && accepts)
		rule->exceed = "allow";
	if (r->over && (r->verdict == VERDICT_DROP || accepts)) {
		item_note(&r->n->d,
			  "the limit became a %s: the same rate, buckets of bpffw's own "
			  "kind",
			  syn ? "syn-limit" : "rate-limit");
		return emit(r, rule, verb);
	}
	if (!r->over && accepts) {
		item_note(&r->n->d, "what is over the limit is dropped; in nft it goes on to the "
				    "next rule");
		return emit(r, rule, VERB_ALLOW);
	}
	return nft_missing(r, "a limit goes with drop or accept in bpffw");
}

static bool emit_log(struct nft_rule *r, struct draft_rule *rule)
{
	item_note(&r->n->d, "it goes to the events of bpffw, not to the kernel log");
	if (r->log_prefix.len && !rule->comment.len)
		rule->comment = r->log_prefix;
	if (r->rate.len && !r->over) {
		struct draft_rule scratch = *rule;

		if (!set_rate(r, &scratch))
			return false;
		rule->every = " every 1s";
		item_note(&r->n->d, "its limit became one event a second at most");
	}
	return emit(r, rule, VERB_LOG);
}

static bool emit_ban(struct nft_rule *r)
{
	struct str name = { r->ban_set.s + 1, r->ban_set.len - 1 };
	struct nft_set *set = r->ban_set.len > 1 ? nft_find_set(r->n, name) : NULL;

	return item_missing(&r->n->d,
			    "set " STR_FMT " is filled by packets%s: write 'blacklist @set "
			    "for T' or a limit with 'exceed blacklist'",
			    STR_ARG(r->ban_set), set ? "" : " and not in the file");
}

bool nft_emit(struct nft_rule *r, struct alternative *alternative)
{
	struct draft_rule *rule = &alternative->rule;
	enum nft_verdict verdict = r->is_map ? alternative->verdict : r->verdict;
	struct str target = r->is_map ? alternative->target : r->target;

	if (r->ban_set.len)
		return emit_ban(r);
	if (r->connections) {
		if (r->verdict != VERDICT_DROP)
			return nft_missing(r, "a limit of connections goes with drop in bpffw");
		rule->rate = arena_printf(r->n->d.arena, "%lu", r->connections);
		rule->per = r->per_mask == 128 ? "src/32/128" : "src";
		item_note(&r->n->d, "it became a conn-limit: it counts what bpffw has seen");
		return emit(r, rule, VERB_CONN_LIMIT);
	}
	if (r->states_new && verdict == VERDICT_DROP && !r->rate.len) {
		rule->established = -1;
		item_note(&r->n->d, "new became 'not established'");
	} else if (r->states_new && !r->rate.len) {
		item_note(&r->n->d, "new is not looked at: what is established was allowed before");
	}
	if (r->log && verdict == VERDICT_NONE)
		return emit_log(r, rule);
	if (r->rate.len)
		return emit_limit(r, rule);
	if (r->log && (verdict == VERDICT_DROP || verdict == VERDICT_ACCEPT)) {
		item_note(&r->n->d, "it goes to the events of bpffw, not to the kernel log");
		rule->log = "";
	} else if (r->log) {
		return nft_missing(r, "a log in front of a jump or return: write a rule 'log'");
	}
	switch (verdict) {
	case VERDICT_ACCEPT:
		return emit_accept(r, rule);
	case VERDICT_DROP:
		return emit(r, rule, VERB_DROP);
	case VERDICT_RETURN:
		return emit_return(r, rule);
	case VERDICT_JUMP:
	case VERDICT_GOTO:
		return emit_jump(r, rule, target, verdict == VERDICT_GOTO);
	default:
		return r->is_map || emit(r, rule, VERB_COUNT);
	}
}

/* ---- statements ---- */

bool nft_read_log(struct nft_rule *r)
{
	static const char *const names[] = { "level", "flags", "group", "snaplen",
					     "queue-threshold" };

	r->log = true;
	for (;;) {
		uint32_t i = 0;

		if (take_if(r, "prefix")) {
			r->log_prefix = take_text(r);
			continue;
		}
		while (i < 5 && !nft_is(peek(r), names[i]))
			i++;
		if (i == 5)
			return true;
		r->n->at++;
		take_text(r);
		while (take_if(r, ","))
			take_text(r);
	}
}

bool nft_read_reject(struct nft_rule *r)
{
	r->verdict = VERDICT_DROP;
	item_note(&r->n->d, "reject became drop (XDP cannot send a reply)");
	if (!take_if(r, "with"))
		return true;
	/* As nft writes it: a reply of one kind is for packets of that kind only. */
	if (nft_is(peek(r), "icmp"))
		nft_put_families(r, FAM_IPV4);
	else if (nft_is(peek(r), "icmpv6"))
		nft_put_families(r, FAM_IPV6);
	else if (nft_is(peek(r), "tcp") && !nft_put_number(r, FIELD_PROTO, false, TCP, TCP))
		return false;
	while (peek(r)->kind == NFT_WORD && !nft_is(peek(r), "comment"))
		r->n->at++;
	return true;
}

bool nft_read_counter(struct nft_rule *r)
{
	r->counter = true;
	if (take_if(r, "name"))
		take_text(r);
	if (take_if(r, "packets"))
		take_text(r);
	if (take_if(r, "bytes"))
		take_text(r);
	return true;
}

bool nft_read_comment(struct nft_rule *r)
{
	struct str text = take_text(r);
	struct buf plain = { .arena = r->n->d.arena };

	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.s[i] < 0x20 || text.s[i] > 0x7e ? '?' : text.s[i];

		buf_add(&plain, (struct str){ &c, 1 });
	}
	vec_for_each(alternative, &r->list)
		alternative->rule.comment = (struct str){ buf_text(&plain), plain.len };
	return true;
}
