/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an iptables rule does with what it matches: states, limits and targets. */
#include "bpffw/import/iptables.h"

/* The most that a conn-limit can count. */
#define CONNECTIONS_MAX 64
/* What the limit modules of iptables take when nothing is said. */
#define BURST_DEFAULT 5

static const struct draft_chain *own_chain(const struct ipt_rule *r)
{
	return &r->d->chains.data[r->chain];
}

static bool put_rule(struct ipt_rule *r, enum verb verb)
{
	struct draft_rule *rule = &r->rule;

	rule->verb = verb;
	return item_rule(r->d, rule);
}

/* --ports is source or destination: two rules, where it does no harm that both may match. */
static bool put_verb(struct ipt_rule *r, enum verb verb)
{
	bool terminal = verb == VERB_ALLOW || verb == VERB_DROP || verb == VERB_RETURN;
	struct draft_rule kept = r->rule;

	if (!r->has_ports)
		return put_rule(r, verb);
	if (r->ports_negated) {
		rule_match(r->d, &r->rule, FIELD_SPORT, true, &r->ports);
		rule_match(r->d, &r->rule, FIELD_DPORT, true, &r->ports);
		return put_rule(r, verb);
	}
	if (!terminal || r->rule.rate)
		return item_missing(r->d, "--ports (source or destination) would be two rules, and "
					  "both may match");
	rule_match(r->d, &r->rule, FIELD_SPORT, false, &r->ports);
	if (!put_rule(r, verb))
		return false;
	r->rule = kept;
	rule_match(r->d, &r->rule, FIELD_DPORT, false, &r->ports);
	return put_rule(r, verb);
}

/* ---- what the verdicts of a table are ---- */

static bool put_accept(struct ipt_rule *r)
{
	const struct draft_chain *chain = own_chain(r);

	if (chain->is_base && !chain->is_final)
		return put_verb(r, VERB_RETURN);
	if (chain->before_final)
		return item_missing(r->d, "it accepts for this table only: another one decides "
					  "later, and bpffw has no word for that in a chain");
	return put_verb(r, VERB_ALLOW);
}

static bool put_return(struct ipt_rule *r)
{
	const struct draft_chain *chain = own_chain(r);

	if (!chain->is_base)
		return put_verb(r, VERB_RETURN);
	if (chain->policy_allow)
		return put_accept(r);
	return put_verb(r, VERB_DROP);
}

static bool put_jump(struct ipt_rule *r, uint32_t chain)
{
	if (r->rule.rate)
		return item_missing(r->d,
				    "a limit in front of a chain has no counterpart in bpffw");
	r->rule.chain = (int32_t)chain;
	if (!put_verb(r, VERB_JUMP))
		return false;
	/* Behind a goto the packet goes on where the chain of this rule ends. */
	return !r->is_goto || put_return(r);
}

/* ---- limits ---- */

/* "3/min", "25/second", "10". */
static bool read_rate(struct str text, uint64_t *ret_count, uint64_t *ret_seconds)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = { { "second", 1 }, { "minute", 60 }, { "hour", 3600 }, { "day", 86400 } };
	const char *slash = text.len ? memchr(text.s, '/', text.len) : NULL;
	struct str unit;

	*ret_seconds = 1;
	if (!slash)
		return read_number(text, 1000000000, ret_count) && *ret_count;
	unit = (struct str){ slash + 1, (uint32_t)(text.s + text.len - slash - 1) };
	text.len = (uint32_t)(slash - text.s);
	for (uint32_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (unit.len && str_starts(str_of(units[i].name), unit)) {
			*ret_seconds = units[i].seconds;
			return read_number(text, 1000000000, ret_count) && *ret_count;
		}
	return false;
}

static bool set_rate(struct ipt_rule *r, struct str text, uint64_t burst)
{
	uint64_t count, seconds;

	if (!read_rate(text, &count, &seconds))
		return item_missing(r->d,
				    "rate '" STR_FMT "' is not understood (bpffw limits "
				    "packets here)",
				    STR_ARG(text));
	r->rule.rate = rate_text(r->d->arena, count, seconds);
	r->rule.burst = arena_printf(r->d->arena, "%lu", burst ? burst : BURST_DEFAULT);
	return r->rule.rate || item_missing(r->d, "the rate has no words in bpffw");
}

static bool is_tcp(const struct ipt_rule *r)
{
	const ranges *protos = &r->rule.fields[FIELD_PROTO][0].r[0];

	return protos->len == 1 && protos->data[0].lo == 6 && protos->data[0].hi == 6;
}

static bool is_syn(const struct ipt_rule *r)
{
	const struct flags_match *flags = &r->rule.flags[0];

	return flags->given && flags->set == 0x02 && flags->mask == 0x17;
}

/* Connection attempts are what a limit of new connections is about. */
static enum verb limit_verb(struct ipt_rule *r)
{
	if (!is_tcp(r) || r->rule.flags[1].given ||
	    !(is_syn(r) || (r->has_states && r->states == STATE_NEW && !r->rule.flags[0].given)))
		return VERB_RATE_LIMIT;
	r->rule.flags[0].given = false;
	r->rule.established = 0;
	return VERB_SYN_LIMIT;
}

static const char *verb_word(enum verb verb)
{
	return verb == VERB_SYN_LIMIT ? "syn-limit" : "rate-limit";
}

static bool is_drop(struct str target)
{
	return str_is(target, "DROP") || str_is(target, "REJECT") || str_is(target, "TARPIT");
}

static const char *source_key(struct ipt_rule *r, uint64_t mask)
{
	if (r->family == 4)
		return !mask || mask >= 32 ? "src" : arena_printf(r->d->arena, "src/%lu", mask);
	return mask == 64 ? "src" : arena_printf(r->d->arena, "src/32/%lu", mask ? mask : 128);
}

/* The target is a chain that logs and drops, as ufw has it. */
static bool leads_to_drop(struct ipt_rule *r)
{
	struct str key = str_of(
		arena_printf(r->d->arena, STR_FMT STR_FMT, STR_ARG(r->prefix), STR_ARG(r->target)));
	const struct draft_chain *chain;
	uint32_t index;

	if (!draft_find_chain(r->d, key, &index))
		return false;
	chain = &r->d->chains.data[index];
	if (!chain->drops || chain->does_more)
		return false;
	item_note(r->d, "chain " STR_FMT " drops what comes, and so does the limit",
		  STR_ARG(r->target));
	return true;
}

static bool act_recent(struct ipt_rule *r)
{
	const struct recent *recent = &r->recent;
	enum verb verb;

	if (!recent->seconds || !recent->hits || (!is_drop(r->target) && !leads_to_drop(r)))
		return item_missing(r->d, "-m recent without --seconds, --hitcount and DROP has no "
					  "counterpart in bpffw");
	verb = limit_verb(r);
	r->rule.rate = rate_text(r->d->arena, recent->hits, recent->seconds);
	if (!r->rule.rate)
		return item_missing(r->d, "the rate has no words in bpffw");
	r->rule.burst = arena_printf(r->d->arena, "%lu", recent->hits);
	r->rule.per = source_key(r, r->family == 4 ? 32 : 128);
	item_note(r->d, "-m recent --seconds %lu --hitcount %lu became %s %s burst %s per src",
		  recent->seconds, recent->hits, verb_word(verb), r->rule.rate, r->rule.burst);
	return put_verb(r, verb);
}

static bool hash_key(struct ipt_rule *r)
{
	static const char *const comma[] = { "", "," };
	const struct hashlimit *hash = &r->hash;
	struct buf key = { .arena = r->d->arena };

	if (hash->src)
		buf_puts(&key, source_key(r, hash->src_mask   ? hash->src_mask
					     : r->family == 4 ? 32
							      : 128));
	if (hash->dst)
		buf_printf(&key, "%sdst", comma[key.len > 0]);
	if (hash->sport)
		buf_printf(&key, "%ssport", comma[key.len > 0]);
	if (hash->dport)
		buf_printf(&key, "%sdport", comma[key.len > 0]);
	r->rule.per = key.len ? buf_text(&key) : NULL;
	return true;
}

static bool act_hashlimit(struct ipt_rule *r)
{
	enum verb verb = VERB_ALLOW;

	if (!set_rate(r, r->hash.rate, r->hash.burst))
		return false;
	hash_key(r);
	if (r->hash.above && is_drop(r->target)) {
		verb = limit_verb(r);
		item_note(r->d, "hashlimit became a %s: the same rate, buckets of bpffw's own kind",
			  verb_word(verb));
		return put_verb(r, verb);
	}
	if (r->hash.upto && str_is(r->target, "ACCEPT") && own_chain(r)->is_final) {
		item_note(r->d, "hashlimit became 'rate': what is over it is dropped, in iptables "
				"it goes on to the next rule");
		return put_verb(r, verb);
	}
	return item_missing(r->d, "hashlimit goes with DROP (above) or ACCEPT (upto) in bpffw");
}

static bool act_connections(struct ipt_rule *r)
{
	uint64_t all = r->family == 4 ? 32 : 128;
	uint64_t mask = r->connections_mask ? r->connections_mask : all;

	if (r->connections_upto || r->connections_daddr || !is_drop(r->target) || !is_tcp(r) ||
	    r->connections > CONNECTIONS_MAX || !r->connections)
		return item_missing(r->d, "bpffw limits up to 64 TCP connections of a source, and "
					  "drops what is above");
	if (is_syn(r))
		r->rule.flags[0].given = false;
	r->rule.established = 0;
	r->rule.rate = arena_printf(r->d->arena, "%lu", r->connections);
	r->rule.per = source_key(r, mask);
	item_note(r->d, "connlimit became a conn-limit: it counts what bpffw has seen");
	return put_verb(r, VERB_CONN_LIMIT);
}

static bool act_log(struct ipt_rule *r)
{
	uint64_t count, seconds;

	item_note(r->d, "it goes to the events of bpffw, not to the kernel log");
	if (r->log_prefix.len && !r->rule.comment.len)
		r->rule.comment = r->log_prefix;
	if (r->limit.len) {
		if (!read_rate(r->limit, &count, &seconds))
			return item_missing(r->d, "rate '" STR_FMT "' is not understood",
					    STR_ARG(r->limit));
		r->rule.every = arena_printf(r->d->arena, " every %lus",
					     seconds > count ? seconds / count : 1);
	}
	return put_verb(r, VERB_LOG);
}

static bool act_limit(struct ipt_rule *r)
{
	struct draft_rule plain = r->rule;

	if (!set_rate(r, r->limit, r->burst))
		return false;
	if (str_is(r->target, "ACCEPT") && !own_chain(r)->before_final &&
	    (own_chain(r)->is_final || !own_chain(r)->is_base)) {
		item_note(r->d, "what is over the limit is dropped; in iptables it goes on to the "
				"next rule");
		return put_verb(r, VERB_ALLOW);
	}
	if (str_is(r->target, "RETURN") && !own_chain(r)->is_base) {
		item_note(r->d, "what is over the limit is dropped; in iptables it goes on to the "
				"next rule");
		if (!put_verb(r, limit_verb(r)))
			return false;
		r->rule = plain;
		return put_verb(r, VERB_RETURN);
	}
	return item_missing(r->d, "-m limit goes with ACCEPT, RETURN and LOG in bpffw");
}

/* ---- states ---- */

static bool act_states(struct ipt_rule *r)
{
	uint32_t s = r->states;

	if (!r->has_states)
		return true;
	/* A limit of connection attempts is about new ones by itself. */
	if (s == STATE_NEW && is_tcp(r) && (r->recent.set || r->recent.check || r->hash.above))
		return true;
	if (!(s & (STATE_NEW | STATE_ESTABLISHED)))
		return item_missing(r->d, "bpffw has no conntrack: it drops malformed packets "
					  "before any rule and knows no other such state");
	if (!(s & STATE_NEW)) {
		r->rule.established = 1;
		item_note(r->d, "the state became 'established': answers to what this host sent, "
				"by bpffw's own table of flows");
		return true;
	}
	if (s & STATE_ESTABLISHED) {
		item_note(r->d, "the states are not looked at: they are all but INVALID");
		return true;
	}
	if (is_drop(r->target) && !own_chain(r)->established_seen) {
		r->rule.established = -1;
		item_note(r->d, "NEW became 'not established'");
		return true;
	}
	item_note(r->d, "NEW is not looked at: what is established was allowed before");
	return true;
}

/* Packets that this rule lets pass need no second look at their state in this chain. */
static void note_established(struct ipt_rule *r)
{
	const struct draft_rule *rule = &r->rule;
	bool bare = !rule->flags[0].given && !rule->flags[1].given && !r->has_ports;

	for (int field = 0; field < FIELDS; field++)
		bare &= !rule->given[field][0] && !rule->given[field][1];
	if (bare && rule->established > 0 && rule->verb == VERB_ALLOW)
		r->d->chains.data[r->chain].established_seen = true;
}

/* ---- targets ---- */

static bool act_target(struct ipt_rule *r)
{
	struct str target = r->target, key;
	uint32_t chain;

	if (!target.len)
		return put_verb(r, VERB_COUNT);
	if (str_is(target, "ACCEPT"))
		return put_accept(r);
	if (str_is(target, "RETURN"))
		return put_return(r);
	if (str_is(target, "REJECT"))
		item_note(r->d, "REJECT became drop (XDP cannot send a reply)");
	if (str_is(target, "TARPIT"))
		item_note(r->d, "TARPIT became drop");
	if (is_drop(target))
		return put_verb(r, VERB_DROP);
	key = str_of(
		arena_printf(r->d->arena, STR_FMT STR_FMT, STR_ARG(r->prefix), STR_ARG(target)));
	if (draft_find_chain(r->d, key, &chain))
		return put_jump(r, chain);
	return item_missing(r->d,
			    "target " STR_FMT ": bpffw only decides, it does not mark, "
			    "change or queue packets",
			    STR_ARG(target));
}

void iptables_act(struct ipt_rule *r)
{
	bool log =
		str_is(r->target, "LOG") || str_is(r->target, "NFLOG") || str_is(r->target, "ULOG");

	if (r->needless) {
		item_note(r->d, "not needed: bpffw is on no loopback interface");
		return;
	}
	if (r->recent.set && !r->recent.check) {
		item_note(r->d, "-m recent --set only counts: the line that checks it carries the "
				"limit");
		if (r->target.len && act_states(r))
			act_target(r);
		return;
	}
	if (!act_states(r))
		return;
	if (r->recent.check) {
		act_recent(r);
	} else if (r->hash.rate.len) {
		act_hashlimit(r);
	} else if (r->connections || r->connections_upto) {
		act_connections(r);
	} else if (log) {
		act_log(r);
	} else if (r->limit.len) {
		act_limit(r);
	} else {
		act_target(r);
	}
	note_established(r);
}
