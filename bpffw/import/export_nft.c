/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ruleset of ours as an nft table of family inet, at the input hook. A rule becomes a line for
 * both families, or one for each where nft names a field by its family.
 */
#include "bpf/abi.h"
#include "bpffw/import/export.h"
#include "compiler/lang/print.h"
#include "compiler/lang/type.h"

/* Sets and chains have this in front, so that none is a word of nft. */
#define PREFIX "fw-"

struct writer {
	const struct ruleset *rs;
	struct buf *out;
	struct arena *arena;
	uint32_t n_meters, n_missing;
	struct buf meters; /* sets that limits need, printed before the chains */
	struct buf chains;
};

/* ---- values ---- */

static void put_bound(struct buf *out, const struct atom *atom, enum value_type type, u128 value)
{
	if (type == TYPE_ADDR)
		net_print_ip(out, atom->family, value);
	else if (type == TYPE_MAC)
		net_print_mac(out, (uint64_t)value);
	else
		buf_printf(out, "%lu", (uint64_t)value);
}

static void put_range(struct buf *out, const struct atom *atom, enum value_type type)
{
	if (type == TYPE_ADDR) {
		net_print_range(out, atom->family, (struct range){ atom->lo, atom->hi });
		return;
	}
	put_bound(out, atom, type, atom->lo);
	if (atom->lo == atom->hi)
		return;
	buf_puts(out, "-");
	put_bound(out, atom, type, atom->hi);
}

/* Without overlaps, which an nft list does not take. */
static void put_list(struct buf *out, const ranges *all, enum value_type type, uint8_t family)
{
	const char *comma = "";

	buf_puts(out, "{ ");
	vec_for_each(range, all) {
		struct atom atom = { .family = family, .lo = range->lo, .hi = range->hi };

		buf_puts(out, comma);
		put_range(out, &atom, type);
		comma = ", ";
	}
	buf_puts(out, " }");
}

/* Return: false: nft has no words for it. */
static bool put_values(struct writer *w, struct buf *out, const char *left,
		       const struct match *match, uint8_t family)
{
	enum value_type type = match->row->type;
	ranges all = { 0 };

	vec_for_each(atom, &match->atoms) {
		if (atom->kind == ATOM_SET && match->atoms.len > 1)
			return false;
		if (atom->kind == ATOM_SET) {
			buf_printf(out, " %s %s@" PREFIX STR_FMT "%s", left,
				   match->negated ? "!= " : "",
				   STR_ARG(w->rs->sets.data[atom->set].name),
				   type != TYPE_ADDR ? ""
				   : family == 4     ? "-4"
						     : "-6");
			return true;
		}
		if (type != TYPE_ADDR || atom->family == family)
			vec_push(w->arena, &all, ((struct range){ atom->lo, atom->hi }));
	}
	ranges_normalise(&all);
	if (!all.len)
		return match->negated;
	buf_printf(out, " %s %s", left, match->negated ? "!= " : "");
	put_list(out, &all, type, family);
	return true;
}

/* ---- matches ---- */

/* clang-format off */
static const struct {
	const char *name, *both, *ip4, *ip6; /* NULL: another way */
} lefts[] = {
	{ "src", NULL, "ip saddr", "ip6 saddr" },
	{ "dst", NULL, "ip daddr", "ip6 daddr" },
	{ "ttl", NULL, "ip ttl", "ip6 hoplimit" },
	{ "dscp", NULL, "ip dscp", "ip6 dscp" },
	{ "type", NULL, "icmp type", "icmpv6 type" },
	{ "code", NULL, "icmp code", "icmpv6 code" },
	{ "sport", "th sport", NULL, NULL },
	{ "dport", "th dport", NULL, NULL },
	{ "proto", "meta l4proto", NULL, NULL },
	{ "tcp", "meta l4proto", NULL, NULL },
	{ "udp", "meta l4proto", NULL, NULL },
	{ "icmp", "meta l4proto", NULL, NULL },
	{ "icmp6", "meta l4proto", NULL, NULL },
	{ "len", "meta length", NULL, NULL },
	{ "smac", "ether saddr", NULL, NULL },
	{ "dmac", "ether daddr", NULL, NULL },
};
/* clang-format on */
#define LEFTS (sizeof(lefts) / sizeof(lefts[0]))

static bool put_flags(struct buf *out, const struct match *match)
{
	const struct atom *atom = &match->atoms.data[0];

	if (match->atoms.len != 1)
		return false;
	buf_printf(out, " tcp flags & 0x%02lx %s 0x%02lx", atom->mask & 0xff,
		   match->negated ? "!=" : "==", (uint64_t)atom->lo);
	return true;
}

static void put_interfaces(struct buf *out, const struct match *match)
{
	const char *comma = "";
	struct str before = { 0 };

	buf_printf(out, " iifname %s{ ", match->negated ? "!= " : "");
	vec_for_each(atom, &match->atoms) {
		/* A glob has one atom for each interface it stands for. */
		if (str_eq(before, atom->text))
			continue;
		buf_printf(out, "%s\"" STR_FMT "\"", comma, STR_ARG(atom->text));
		comma = ", ";
		before = atom->text;
	}
	buf_puts(out, " }");
}

static bool put_match(struct writer *w, struct buf *out, const struct match *match, uint8_t family)
{
	const char *name = match->row->name;

	/* The families of the rule tell. */
	if (match->row->type == TYPE_FAMILY || match->row->type == TYPE_ETHER)
		return true;
	if (match->row->type == TYPE_FLAGS)
		return put_flags(out, match);
	if (strcmp(name, "on") == 0) {
		put_interfaces(out, match);
		return true;
	}
	if (strcmp(name, "established") == 0) {
		buf_printf(out, " ct state %sestablished,related", match->negated ? "!= " : "");
		return true;
	}
	for (uint32_t i = 0; i < LEFTS; i++) {
		const char *left = lefts[i].both;

		if (strcmp(name, lefts[i].name) != 0)
			continue;
		if (!left)
			left = family == 4 ? lefts[i].ip4 : lefts[i].ip6;
		return put_values(w, out, left, match, family);
	}
	return false; /* frag, vlan: not there at the input hook */
}

static bool holds(const struct match *match, u128 value)
{
	vec_for_each(atom, &match->atoms)
		if (atom->lo <= value && value <= atom->hi)
			return !match->negated;
	return match->negated;
}

/* The families of IP that the rule is for; `ether` may name them, too. */
static uint8_t families_of(const struct rule *rule)
{
	uint8_t families = rule->families & FAM_IP;

	vec_for_each(match, &rule->matches) {
		if (match->row->type != TYPE_ETHER)
			continue;
		families &= (holds(match, 0x0800) ? FAM_IPV4 : 0) |
			    (holds(match, 0x86dd) ? FAM_IPV6 : 0);
	}
	return families;
}

static bool is_by_family(const struct rule *rule)
{
	vec_for_each(match, &rule->matches)
		for (uint32_t i = 0; i < LEFTS; i++)
			if (!lefts[i].both && strcmp(match->row->name, lefts[i].name) == 0)
				return true;
	return false;
}

/* ---- what a rule does ---- */

static const char *period_word(uint64_t seconds)
{
	return seconds == 1      ? "second"
	       : seconds == 60   ? "minute"
	       : seconds == 3600 ? "hour"
				 : "day";
}

/* `over` in front of the rate: what exceeds it. Return: false: nft has no words for it. */
static bool put_over(struct writer *w, struct buf *out, const struct rule *rule, uint8_t family)
{
	const struct limit *limit = &rule->limit;
	uint64_t burst = limit->burst ? limit->burst : 5;
	const char *rate;

	if (limit->unit != RATE_PACKETS || (limit->keys & ~(KEY_SRC)) || limit->src4 != 32)
		return false;
	if (!limit->burst && limit->period == 1 && limit->count > burst)
		burst = limit->count;
	rate = arena_printf(w->arena, "limit rate over %lu/%s burst %lu packets", limit->count,
			    period_word(limit->period), burst);
	if (!limit->keys) {
		buf_printf(out, " %s", rate);
		return true;
	}
	if (family == 6 && limit->src6 != 64 && limit->src6 != 128)
		return false;
	w->n_meters++;
	buf_printf(&w->meters,
		   "\tset " PREFIX "limit%u {\n\t\ttype ipv%u_addr; size 65535; flags "
		   "dynamic,timeout; timeout 1h;\n\t}\n",
		   w->n_meters, family);
	buf_printf(out, " update @" PREFIX "limit%u { %s %s }", w->n_meters,
		   family == 4          ? "ip saddr"
		   : limit->src6 == 128 ? "ip6 saddr"
					: "ip6 saddr & ffff:ffff:ffff:ffff::",
		   rate);
	return true;
}

/* The statements behind the matches; @over: the part that is about the excess. */
static bool put_verdict(struct writer *w, struct buf *out, const struct rule *rule, uint8_t family,
			bool over)
{
	enum verb excess = rule->exceed.row ? rule->exceed.row->verb : VERB_DROP;
	enum verb verb = rule->verb.row->verb;

	if (over && verb == VERB_SYN_LIMIT)
		buf_puts(out, " tcp flags & 0x17 == 0x02");
	if (over && !put_over(w, out, rule, family))
		return false;
	buf_puts(out, " counter");
	if (rule->log || verb == VERB_LOG)
		buf_printf(out, " log prefix \"bpffw " STR_FMT " \"", STR_ARG(rule->name));
	if (over)
		verb = excess;
	if (verb == VERB_DROP)
		buf_puts(out, " drop");
	else if (verb == VERB_ALLOW)
		buf_puts(out, " accept");
	else if (verb == VERB_RETURN)
		buf_puts(out, " return");
	else if (verb == VERB_JUMP)
		buf_printf(out, " jump " PREFIX STR_FMT,
			   STR_ARG(w->rs->chains.data[rule->verb.chain].name));
	else if (verb != VERB_COUNT && verb != VERB_LOG)
		return false;
	return true;
}

static bool put_line(struct writer *w, struct buf *out, const struct rule *rule, uint8_t family,
		     bool over)
{
	bool limits = rule->verb.row->limits;

	buf_puts(out, "\t\t");
	if (family)
		buf_printf(out, "meta nfproto ipv%u", family);
	if (rule->verb.row->needs_proto)
		buf_puts(out, " meta l4proto 6");
	vec_for_each(match, &rule->matches)
		if (!put_match(w, out, match, family))
			return false;
	if (!put_verdict(w, out, rule, family, over || limits))
		return false;
	if (rule->name.len)
		buf_printf(out, " comment \"" STR_FMT "\"", STR_ARG(rule->name));
	buf_puts(out, "\n");
	return true;
}

/* All lines of a rule, or none. */
static bool put_lines(struct writer *w, struct buf *lines, const struct rule *rule)
{
	uint8_t families = families_of(rule);
	bool by_family = families != FAM_IP || is_by_family(rule) ||
			 (rule->limit.present && rule->limit.keys);
	bool rated = rule->limit.present && !rule->verb.row->limits;

	if (rule->disabled || rule->has_until || rule->when.len)
		return false;
	for (uint8_t family = by_family ? 4 : 0; family <= 6; family += by_family ? 2 : 7) {
		if (by_family && !(families & (family == 4 ? FAM_IPV4 : FAM_IPV6)))
			continue;
		if (rated && !put_line(w, lines, rule, family, true))
			return false;
		if (!put_line(w, lines, rule, family, false))
			return false;
	}
	return true;
}

static void put_rule(struct writer *w, const struct rule *rule)
{
	struct buf lines = { .arena = w->arena }, text = { .arena = w->arena };
	uint32_t meters = w->meters.len;

	if (put_lines(w, &lines, rule) && lines.len) {
		buf_add(&w->chains, (struct str){ lines.data, lines.len });
		return;
	}
	w->meters.len = meters;
	print_rule(&text, w->rs, rule, PRINT_NAME);
	if (!rule->disabled && !families_of(rule)) {
		buf_printf(&w->chains, "\t\t# only IP comes to this hook: %s\n", buf_text(&text));
		return;
	}
	w->n_missing += !rule->disabled;
	buf_printf(&w->chains, "\t\t# %s: %s\n", rule->disabled ? "disabled" : "not exported",
		   buf_text(&text));
}

/* ---- sets and chains ---- */

static void put_set(struct writer *w, struct str name, const char *suffix, const char *type,
		    const ranges *members, enum value_type value, uint8_t family)
{
	buf_printf(w->out, "\tset " PREFIX STR_FMT "%s {\n\t\ttype %s; flags interval;\n",
		   STR_ARG(name), suffix, type);
	if (members->len) {
		buf_puts(w->out, "\t\telements = ");
		put_list(w->out, members, value, family);
		buf_puts(w->out, "\n");
	}
	buf_puts(w->out, "\t}\n");
}

static void put_addresses(struct writer *w, struct str name, const struct set *set)
{
	put_set(w, name, "-4", "ipv4_addr", &set->members[0], TYPE_ADDR, 4);
	put_set(w, name, "-6", "ipv6_addr", &set->members[1], TYPE_ADDR, 6);
}

static bool in_use(const struct set *list)
{
	return list->members[0].len || list->members[1].len;
}

static void put_sets(struct writer *w)
{
	vec_for_each(set, &w->rs->sets) {
		if (set->type == TYPE_ADDR)
			put_addresses(w, set->name, set);
		else
			put_set(w, set->name, "",
				set->type == TYPE_PORT ? "inet_service" : "ether_addr",
				&set->members[0], set->type, 0);
	}
	if (in_use(&w->rs->builtin[BUILTIN_ALLOW]))
		put_addresses(w, STR("allowlist"), &w->rs->builtin[BUILTIN_ALLOW]);
	if (in_use(&w->rs->builtin[BUILTIN_BLACK]))
		put_addresses(w, STR("blacklist"), &w->rs->builtin[BUILTIN_BLACK]);
}

static void put_list_rules(struct writer *w, const char *name, enum builtin_list list,
			   const char *verdict)
{
	if (!in_use(&w->rs->builtin[list]))
		return;
	buf_printf(&w->chains, "\t\tip saddr @" PREFIX "%s-4 counter %s\n", name, verdict);
	buf_printf(&w->chains, "\t\tip6 saddr @" PREFIX "%s-6 counter %s\n", name, verdict);
}

/* What comes before the rules: other interfaces, essential traffic, the lists. */
static void put_prologue(struct writer *w)
{
	const char *comma = "";

	if (w->rs->interfaces.len) {
		buf_puts(&w->chains, "\t\tiifname != { ");
		vec_for_each(iface, &w->rs->interfaces) {
			buf_printf(&w->chains, "%s\"" STR_FMT "\"", comma, STR_ARG(iface->name));
			comma = ", ";
		}
		buf_puts(&w->chains, " } accept\n");
	}
	if (w->rs->essential)
		buf_puts(&w->chains,
			 "\t\ticmpv6 type 133-137 ip6 hoplimit 255 accept\n"
			 "\t\ticmpv6 type { 130-132, 143 } ip6 hoplimit 1 accept\n"
			 "\t\ticmpv6 type 2 accept\n\t\ticmp type 3 icmp code 4 accept\n"
			 "\t\tmeta nfproto ipv4 udp sport 67 udp dport 68 accept\n"
			 "\t\tmeta nfproto ipv6 udp sport 547 udp dport 546 accept\n");
	put_list_rules(w, "allowlist", BUILTIN_ALLOW, "accept");
	put_list_rules(w, "blacklist", BUILTIN_BLACK, "drop");
}

static void put_chain(struct writer *w, const struct chain *chain)
{
	const char *policy = w->rs->default_allow ? "accept" : "drop";

	if (chain->name.len)
		buf_printf(&w->chains, "\tchain " PREFIX STR_FMT " {\n", STR_ARG(chain->name));
	else
		buf_printf(&w->chains,
			   "\tchain input {\n\t\ttype filter hook input priority filter; policy "
			   "%s;\n",
			   policy);
	if (!chain->name.len)
		put_prologue(w);
	vec_for_each(index, &chain->rules)
		put_rule(w, &w->rs->rules.data[*index]);
	buf_puts(&w->chains, "\t}\n");
}

uint32_t export_nft(struct buf *out, const struct ruleset *rs)
{
	struct writer w = { .rs = rs, .out = out, .arena = out->arena };

	w.meters.arena = w.chains.arena = out->arena;
	/* Chains that jumps name come before the one that jumps. */
	for (uint32_t i = 1; i <= rs->chains.len; i++)
		put_chain(&w, &rs->chains.data[i % rs->chains.len]);
	buf_puts(out, "# made by 'bpffw export nft': the same at the input hook, as far as nft can "
		      "say it\n# the input hook sees whole packets, and not those that this host "
		      "forwards\ntable inet bpffw\ndelete table inet bpffw\ntable inet bpffw {\n");
	put_sets(&w);
	buf_add(out, (struct str){ w.meters.data, w.meters.len });
	buf_add(out, (struct str){ w.chains.data, w.chains.len });
	buf_puts(out, "}\n");
	return w.n_missing;
}
