/* SPDX-License-Identifier: GPL-3.0-or-later */
/* W204, W206, W207, W208, W211: see lint.c. */
#include "compiler/ir/lint_shapes.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "compiler/ir/acts.h"
#include "compiler/lang/type.h"

#define FLAG_SYN   0x02
#define LISTED_MAX 100 /* W208 for one ruleset */

static struct match match_of(struct arena *arena, const char *name, unsigned int family, u128 lo,
			     u128 hi)
{
	struct match match = { .row = clause_find(str_of(name)) };

	*vec_add(arena, &match.atoms) =
		(struct atom){ .family = (uint8_t)family, .mask = UINT64_MAX, .lo = lo, .hi = hi };
	return match;
}

static struct match match_implied(struct arena *arena, const char *name)
{
	const struct clause *row = clause_find(str_of(name));
	struct match match = match_of(arena, name, 0, row->implied_value, row->implied_value);

	match.atoms.data[0].mask = row->implied_mask;
	return match;
}

/* A new connection attempt from the session's address to its port, from any client port. */
static struct expect session_packet(struct arena *arena, const struct env *env)
{
	unsigned int family = env->session.family;
	struct expect packet = { .families = family == FAMILY_IPV4 ? FAM_IPV4 : FAM_IPV6 };

	vec_push(arena, &packet.matches, match_implied(arena, "tcp"));
	vec_push(arena, &packet.matches, match_implied(arena, "syn"));
	vec_push(arena, &packet.matches,
		 match_of(arena, "src", family, env->session.addr, env->session.addr));
	vec_push(arena, &packet.matches,
		 match_of(arena, "dst", family, env->session.local, env->session.local));
	vec_push(arena, &packet.matches, match_of(arena, "sport", 0, 1024, UINT16_MAX));
	vec_push(arena, &packet.matches,
		 match_of(arena, "dport", 0, env->session.local_port, env->session.local_port));
	return packet;
}

static const char *address_text(struct arena *arena, unsigned int family, u128 addr, bool brackets)
{
	struct buf out = { .arena = arena };

	if (brackets && family == FAMILY_IPV6)
		buf_puts(&out, "[");
	net_print_ip(&out, family, addr);
	if (brackets && family == FAMILY_IPV6)
		buf_puts(&out, "]");
	return buf_text(&out);
}

void lint_session(struct diags *ds, const struct ruleset *rs, const struct env *env)
{
	unsigned int family = env->session.family;
	const char *decider = rs->default_allow ? "default allow" : "default drop";
	struct span span = rs->default_span;
	struct eval_trace trace;
	struct expect packet;

	if (!family)
		return;
	packet = session_packet(ds->arena, env);
	trace = eval_description(ds->arena, rs, &packet);
	if (trace.allow == TRUTH_YES)
		return;
	if (trace.rule < rs->rules.len) {
		const struct rule *rule = &rs->rules.data[trace.rule];

		span = rule->span;
		decider = rule->name.len ? arena_strndup(ds->arena, rule->name.s, rule->name.len)
					 : rule->text;
	}
	diag_warning(ds, span, W204, "this ssh session (%s:%u -> %s:%u) %s be dropped by '%s'",
		     address_text(ds->arena, family, env->session.addr, true), env->session.port,
		     address_text(ds->arena, family, env->session.local, true),
		     env->session.local_port, trace.allow == TRUTH_NO ? "would" : "might", decider);
	diag_help(ds, "add 'allow tcp dport %u src %s'", env->session.local_port,
		  address_text(ds->arena, family, env->session.addr, false));
}

/* Whoever reaches one of these gets a log-in or a whole machine. */
static const struct {
	uint8_t proto;
	uint16_t port;
	const char *what;
} management[] = {
	{ IPPROTO_TCP, 22, "ssh" },       { IPPROTO_TCP, 23, "telnet" },
	{ IPPROTO_TCP, 2375, "docker" },  { IPPROTO_TCP, 2376, "docker" },
	{ IPPROTO_TCP, 3389, "rdp" },     { IPPROTO_TCP, 5900, "vnc" },
	{ IPPROTO_TCP, 5985, "winrm" },   { IPPROTO_TCP, 5986, "winrm" },
	{ IPPROTO_TCP, 10000, "webmin" }, { IPPROTO_UDP, 161, "snmp" },
	{ IPPROTO_UDP, 623, "ipmi" },
};

struct probe {
	const struct ruleset *rs;
	struct pkt pkt;
	bool *open;                     /* by chain: reached from everywhere */
	VEC(const struct rule *) rules; /* jumps, limits and allows that may take everybody */
	bool *warned;                   /* by index in .rules */
};

/* `src 0.0.0.0/0` is everybody. */
static bool is_everybody(const struct match *match, unsigned int family)
{
	u128 last = family == FAMILY_IPV4 ? UINT32_MAX : ~(u128)0;

	if (match->negated)
		return false;
	vec_for_each(atom, &match->atoms)
		if (atom->kind == ATOM_RANGE && atom->family == family && !atom->lo &&
		    atom->hi == last)
			return true;
	return false;
}

/* The rule says yes to the probe, wherever it comes from and whatever it is sent to. */
static bool takes_everybody(const struct probe *probe, const struct rule *rule)
{
	uint8_t bit = probe->pkt.family == FAMILY_IPV4 ? FAM_IPV4 : FAM_IPV6;

	if (!(rule->families & bit))
		return false;
	vec_for_each(match, &rule->matches)
		if (match->row->offset == offsetof(struct pkt, src) &&
		    !is_everybody(match, probe->pkt.family))
			return false;
	vec_for_each(match, &rule->matches)
		if (match->row->type != TYPE_ADDR &&
		    match->row->offset != offsetof(struct pkt, ttl) &&
		    match->row->offset != offsetof(struct pkt, dscp) &&
		    !eval_match(probe->rs, match, &probe->pkt))
			return false;
	return true;
}

static bool names_source(const struct rule *rule)
{
	vec_for_each(match, &rule->matches)
		if (match->row->offset == offsetof(struct pkt, src) &&
		    !is_everybody(match, FAMILY_IPV4) && !is_everybody(match, FAMILY_IPV6))
			return true;
	return false;
}

/* Deeper chains than 16 are left out. */
static void find_open_chains(struct probe *probe)
{
	memset(probe->open, 0, probe->rs->chains.len);
	probe->open[0] = true;
	for (unsigned int depth = 0; depth < 16 && probe->rs->chains.len > 1; depth++)
		vec_for_each(rule, &probe->rules)
			if ((*rule)->verb.row->verb == VERB_JUMP && probe->open[(*rule)->chain] &&
			    takes_everybody(probe, *rule))
				probe->open[(*rule)->verb.chain] = true;
}

/* Holds down the attempts from one source. */
static bool holds_down(const struct rule *rule)
{
	enum act_over excess = acts_over(rule);

	return rule->limit.present && rule->limit.keys & KEY_SRC && excess != OVER_COUNT &&
	       excess != OVER_ALLOW;
}

/* An allow whose rate is kept does not open a port; a limit that allows the excess does. */
static bool lets_in(const struct rule *rule)
{
	enum act_over excess = acts_over(rule);

	if (!rule->limit.present || excess == OVER_ALLOW)
		return true;
	return rule->verb.row->verb == VERB_ALLOW && excess == OVER_COUNT;
}

static void warn_open(struct diags *ds, struct probe *probe, const char *what)
{
	find_open_chains(probe);
	for (uint32_t i = 0; i < probe->rules.len; i++) {
		const struct rule *rule = probe->rules.data[i];

		if (probe->warned[i] || rule->verb.row->verb == VERB_JUMP ||
		    !probe->open[rule->chain] || !takes_everybody(probe, rule))
			continue;
		if (holds_down(rule))
			return;
		if (!lets_in(rule))
			continue;
		probe->warned[i] = true;
		diag_warning(ds, rule->span, W206, "%s opens port %u (%s) to every address",
			     lint_label(ds->arena, rule), probe->pkt.dport, what);
		diag_help(ds, "name who may: 'src ADDRESS', or put a limit 'per src' before it");
	}
}

void lint_management(struct diags *ds, const struct ruleset *rs)
{
	struct probe probe = { .rs = rs };

	if (rs->default_allow)
		return;
	vec_for_each(rule, &rs->rules) {
		enum verb verb = rule->verb.row->verb;

		if ((verb == VERB_ALLOW || verb == VERB_JUMP || rule->limit.present) &&
		    !rule->disabled && !names_source(rule))
			vec_push(ds->arena, &probe.rules, rule);
	}
	probe.warned = arena_new_array(ds->arena, bool, probe.rules.len + 1);
	probe.open = arena_new_array(ds->arena, bool, rs->chains.len + 1);
	for (unsigned int i = 0; i < sizeof(management) / sizeof(management[0]); i++)
		for (unsigned int family = FAMILY_IPV4; family <= FAMILY_IPV6; family += 2) {
			probe.pkt =
				(struct pkt){ .family = (uint8_t)family,
					      .proto = management[i].proto,
					      .ethertype = family == FAMILY_IPV4 ? 0x0800 : 0x86dd,
					      .ip_len = 60,
					      .sport = 50000,
					      .dport = management[i].port };
			if (probe.pkt.proto == IPPROTO_TCP)
				probe.pkt.flags = FLAG_SYN;
			warn_open(ds, &probe, management[i].what);
		}
}

static bool mentions(struct str text, const char *word)
{
	return text.len && memmem(text.s, text.len, word, strlen(word));
}

static bool is_proxy_set(const struct set *set)
{
	static const char *const hints[] = { "proxy",  "proxies",    "cdn",    "balancer",
					     "fastly", "cloudflare", "akamai", "cloudfront" };

	for (unsigned int i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (mentions(set->name, hints[i]) || mentions(set->comment, hints[i]))
			return true;
	return false;
}

static void warn_proxies(struct diags *ds, const struct ruleset *rs, const struct match *match)
{
	vec_for_each(atom, &match->atoms) {
		const struct set *set;

		if (atom->kind != ATOM_SET)
			continue;
		set = &rs->sets.data[atom->set];
		if (is_proxy_set(set))
			diag_warning(ds, match->span, W207,
				     "'per src' counts the proxies in '@" STR_FMT
				     "', not the clients behind them",
				     STR_ARG(set->name));
	}
}

void lint_proxies(struct diags *ds, const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules) {
		if (rule->disabled || !rule->limit.present || !(rule->limit.keys & KEY_SRC))
			continue;
		vec_for_each(match, &rule->matches)
			if (match->row->offset == offsetof(struct pkt, src) && !match->negated)
				warn_proxies(ds, rs, match);
	}
}

static const struct set_entry *listed_find(const struct set *list, const struct set_entry *entry)
{
	vec_for_each(wide, &list->entries)
		if (wide->family == entry->family && wide->range.lo <= entry->range.lo &&
		    entry->range.hi <= wide->range.hi)
			return wide;
	return NULL;
}

static void print_listed(struct buf *out, const struct set_entry *entry)
{
	struct atom atom = { .family = entry->family,
			     .lo = entry->range.lo,
			     .hi = entry->range.hi };

	types[TYPE_ADDR].print(out, &atom);
}

void lint_lists(struct diags *ds, const struct ruleset *rs)
{
	const struct set *allowed = &rs->builtin[BUILTIN_ALLOW];
	unsigned int n = 0;

	vec_for_each(entry, &rs->builtin[BUILTIN_BLACK].entries) {
		const ranges *known = &allowed->members[entry->family == FAMILY_IPV6];
		struct buf text = { .arena = ds->arena };
		const struct set_entry *by;

		/* Cheap first: of many entries few are on both lists. */
		if (!ranges_contain(known, entry->range.lo))
			continue;
		if (++n > LISTED_MAX)
			return;
		by = listed_find(allowed, entry);
		if (!by)
			continue;
		print_listed(&text, entry);
		diag_warning(ds, entry->span, W208,
			     "%s is on the allowlist%s: the allowlist wins, the entry has no "
			     "effect",
			     buf_text(&text),
			     by->comment.len ? arena_printf(ds->arena, " (" STR_FMT ")",
							    STR_ARG(by->comment))
					     : "");
	}
}

static bool is_one_family(const struct rule *rule)
{
	uint8_t ip = rule->families & FAM_IP;

	return !rule->disabled && (ip == FAM_IPV4 || ip == FAM_IPV6);
}

/* `ip4` and `ip6` say that one family is meant. */
static bool names_family(const struct rule *rule)
{
	vec_for_each(match, &rule->matches)
		if (match->row->type == TYPE_FAMILY)
			return true;
	return false;
}

/* `not dst 224.0.0.0/4` excepts multicast and says nothing about who may come in. */
static bool is_multicast(const struct match *match)
{
	vec_for_each(atom, &match->atoms)
		if (atom->kind != ATOM_RANGE ||
		    (atom->family == FAMILY_IPV4 ? atom->lo >> 28 != 0xe : atom->lo >> 120 != 0xff))
			return false;
	return true;
}

static const struct match *negated_address(const struct rule *rule)
{
	vec_for_each(match, &rule->matches)
		if (match->row->type == TYPE_ADDR && match->negated && !is_multicast(match))
			return match;
	return NULL;
}

static bool has_plain_address(const struct rule *rule)
{
	vec_for_each(match, &rule->matches)
		if (match->row->type == TYPE_ADDR && !match->negated)
			return true;
	return false;
}

static bool is_icmp(const struct rule *rule)
{
	vec_for_each(match, &rule->matches)
		if (match->row->syntax == SYNTAX_ICMP)
			return true;
	return false;
}

/* Addresses, ICMP and its types differ between the families by nature. */
static bool is_family_bound(const struct match *match)
{
	return match->row->type == TYPE_ADDR || match->row->type == TYPE_FAMILY ||
	       match->row->syntax == SYNTAX_ICMP ||
	       match->row->offset == offsetof(struct pkt, icmp_type) ||
	       match->row->offset == offsetof(struct pkt, icmp_code);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* Verb and every clause that is not bound to a family, in any order: equal for counterparts. */
static uint64_t counterpart_key(const struct rule *rule)
{
	uint64_t sum = mix(rule->verb.row->verb, is_icmp(rule));

	vec_for_each(match, &rule->matches) {
		uint64_t hash = mix(match->row->offset, match->negated);

		if (is_family_bound(match))
			continue;
		vec_for_each(atom, &match->atoms) {
			hash = mix(hash, (uint64_t)atom->lo);
			hash = mix(hash, (uint64_t)atom->hi);
			hash = mix(hash, atom->mask);
			hash = mix(hash, (uint64_t)atom->kind << 32 | atom->set);
		}
		sum += hash;
	}
	return sum;
}

static int compare_keys(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct keys {
	uint64_t *data;
	size_t len;
};

static struct keys ipv6_keys(struct arena *arena, const struct ruleset *rs)
{
	struct keys keys = { .data = arena_new_array(arena, uint64_t, rs->rules.len + 1) };

	vec_for_each(rule, &rs->rules)
		if (is_one_family(rule) && rule->families & FAM_IPV6)
			keys.data[keys.len++] = counterpart_key(rule);
	qsort(keys.data, keys.len, sizeof(*keys.data), compare_keys);
	return keys;
}

static bool has_counterpart(const struct keys *keys, const struct rule *rule)
{
	uint64_t key = counterpart_key(rule);

	return keys->len && bsearch(&key, keys->data, keys->len, sizeof(key), compare_keys);
}

/*
 * A drop or limit for IPv4 alone leaves the same thing open over IPv6. An allow for IPv4 addresses
 * is no surprise (IPv6 meets the default), but `allow icmp` forgets half of the pings.
 */
static bool wants_counterpart(const struct rule *rule)
{
	enum verb verb = rule->verb.row->verb;

	if (!is_one_family(rule) || !(rule->families & FAM_IPV4) || names_family(rule))
		return false;
	if (verb == VERB_ALLOW)
		return is_icmp(rule);
	if (!has_plain_address(rule) && !is_icmp(rule))
		return false;
	return verb == VERB_DROP || verb == VERB_BLACKLIST || rule->limit.present;
}

void lint_families(struct diags *ds, const struct ruleset *rs)
{
	struct keys keys = ipv6_keys(ds->arena, rs);
	const struct rule *first = NULL;
	uint32_t n = 0;

	vec_for_each(rule, &rs->rules) {
		if (rule->verb.row->verb == VERB_DROP && is_one_family(rule) &&
		    !names_family(rule) && negated_address(rule)) {
			bool is4 = rule->families & FAM_IPV4;

			diag_warning(ds, negated_address(rule)->span, W211,
				     "%s only: 'not' does not widen the family, %s leaves %s alone",
				     is4 ? "IPv4" : "IPv6", lint_label(ds->arena, rule),
				     is4 ? "IPv6" : "IPv4");
			diag_help(ds,
				  "write '%s' if that is meant, or add a rule for the other family",
				  is4 ? "ip4" : "ip6");
		} else if (wants_counterpart(rule) && !has_counterpart(&keys, rule)) {
			first = first ? first : rule;
			n++;
		}
	}
	if (!n)
		return;
	diag_warning(ds, first->span, W211, "IPv4 only: %u %s no IPv6 counterpart", n,
		     n == 1 ? "rule has" : "rules have");
	lint_once(ds);
	diag_help(ds, "add the same for IPv6, or write 'ip4' where IPv4 alone is meant");
}
