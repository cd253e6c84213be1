/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The output of iptables-save and ip6tables-save, one behind the other or alone. Two walks: the
 * first collects tables, chains and who jumps where, so that the second knows for each rule what
 * an ACCEPT means in its chain.
 */
#include "bpffw/import/iptables.h"

#define WORDS_MAX 512

struct line {
	uint32_t number;
	struct str text;
	int32_t chain; /* -1: not understood */
	uint8_t family;
	struct str prefix;
	const char *why; /* of a rule that is not looked at: its table */
};

struct reader {
	struct draft d;
	uint8_t family;
	bool family_told; /* by a comment of the program that wrote it */
	struct str table;
	struct str prefix;
	VEC(struct line) lines;
};

/* The chains that a packet meets on its way in, in that order. */
static const struct {
	const char *table, *chain;
} on_way[] = {
	{ "raw", "PREROUTING" }, { "mangle", "PREROUTING" }, { "mangle", "INPUT" },
	{ "filter", "INPUT" },   { "security", "INPUT" },
};
#define ON_WAY (sizeof(on_way) / sizeof(on_way[0]))
#define FILTER 3

static int base_order(struct str table, struct str chain)
{
	for (uint32_t i = 0; i < ON_WAY; i++)
		if (str_is(table, on_way[i].table) && str_is(chain, on_way[i].chain))
			return (int)i;
	return -1;
}

/* ---- words ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Words of a line: blanks part them, quotes group, a backslash in quotes keeps the next byte. */
static bool split_words(struct arena *arena, struct str text, strs *ret_words)
{
	char *copy = arena_alloc(arena, text.len + 1);
	uint32_t at = 0, to = 0;

	ret_words->len = 0;
	while (at < text.len) {
		uint32_t start = to;
		bool quoted = false;

		while (at < text.len && is_blank(text.s[at]))
			at++;
		if (at >= text.len)
			break;
		for (; at < text.len && (quoted || !is_blank(text.s[at])); at++) {
			if (text.s[at] == '"') {
				quoted = !quoted;
				continue;
			}
			if (text.s[at] == '\\' && quoted && at + 1 < text.len)
				at++;
			copy[to++] = text.s[at];
		}
		if (quoted || ret_words->len == WORDS_MAX)
			return false;
		vec_push(arena, ret_words, ((struct str){ copy + start, to - start }));
	}
	return true;
}

static struct str trim(struct str text)
{
	while (text.len && is_blank(text.s[0])) {
		text.s++;
		text.len--;
	}
	while (text.len && is_blank(text.s[text.len - 1]))
		text.len--;
	return text;
}

static bool next_line(struct str *rest, struct str *ret_line)
{
	const char *end;

	if (!rest->len)
		return false;
	end = memchr(rest->s, '\n', rest->len);
	ret_line->s = rest->s;
	ret_line->len = end ? (uint32_t)(end - rest->s) : rest->len;
	rest->s += ret_line->len + (end ? 1 : 0);
	rest->len -= ret_line->len + (end ? 1 : 0);
	*ret_line = trim(*ret_line);
	return true;
}

static bool contains(struct str text, const char *what)
{
	return text.len && memmem(text.s, text.len, what, strlen(what));
}

/* ---- the first walk ---- */

/* A dump without its head: what only ip6tables says tells. */
static uint8_t guess_family(struct str rest)
{
	struct str line;

	while (next_line(&rest, &line)) {
		if (str_is(line, "COMMIT") || (line.len && line.s[0] == '*'))
			break;
		if (line.len && line.s[0] != '#' &&
		    (contains(line, "icmpv6") || contains(line, "ipv6-icmp") ||
		     contains(line, "icmp6-") || contains(line, " fe80:") ||
		     contains(line, "::/") || contains(line, "-m hl ")))
			return 6;
	}
	return 4;
}

static void read_comment(struct reader *r, struct str line)
{
	if (contains(line, "ip6tables-save"))
		r->family = 6;
	else if (contains(line, "iptables-save"))
		r->family = 4;
	else
		return;
	r->family_told = true;
}

static void start_table(struct reader *r, struct str name, struct str rest)
{
	if (!r->family_told)
		r->family = guess_family(rest);
	r->table = name;
	r->prefix = str_of(arena_printf(r->d.arena, "%u:" STR_FMT ":", r->family, STR_ARG(name)));
}

static uint32_t chain_of(struct reader *r, struct str name)
{
	struct str key = str_of(
		arena_printf(r->d.arena, STR_FMT STR_FMT, STR_ARG(r->prefix), STR_ARG(name)));
	int order = base_order(r->table, name);
	struct draft_chain *chain;
	struct str wanted = name;
	uint32_t index;

	if (draft_find_chain(&r->d, key, &index))
		return index;
	if (order >= 0 && order != FILTER)
		wanted = str_of(arena_printf(r->d.arena, STR_FMT "-" STR_FMT, STR_ARG(r->table),
					     STR_ARG(name)));
	if (r->family == 6)
		wanted = str_of(arena_printf(r->d.arena, STR_FMT "-6", STR_ARG(wanted)));
	index = draft_chain(&r->d, key, wanted);
	chain = &r->d.chains.data[index];
	chain->families = r->family == 4 ? FAM_IPV4 : FAM_IPV6;
	chain->policy_allow = true;
	if (order < 0)
		return index;
	/* A chain without rules that accepts is as good as none; only the filter table must be. */
	chain->order = (uint32_t)order;
	chain->is_base = order == FILTER;
	if (order == FILTER)
		r->d.covered |= chain->families;
	return index;
}

static void declare_chain(struct reader *r, struct str line)
{
	struct str name = { line.s + 1, line.len - 1 }, policy;
	uint32_t len = 0, index;

	while (len < name.len && !is_blank(name.s[len]))
		len++;
	policy = trim((struct str){ name.s + len, name.len - len });
	name.len = len;
	if (!name.len)
		return;
	index = chain_of(r, name);
	if (!str_starts(policy, STR("DROP")) || base_order(r->table, name) < 0)
		return;
	r->d.chains.data[index].policy_allow = false;
	r->d.chains.data[index].is_base = true;
}

static void note_jump(struct reader *r, uint32_t from, const strs *list)
{
	for (uint32_t i = 0; i + 1 < list->len; i++) {
		struct str key;
		uint32_t to;

		if (!str_is(list->data[i], "-j") && !str_is(list->data[i], "-g") &&
		    !str_is(list->data[i], "--jump") && !str_is(list->data[i], "--goto"))
			continue;
		key = str_of(arena_printf(r->d.arena, STR_FMT STR_FMT, STR_ARG(r->prefix),
					  STR_ARG(list->data[i + 1])));
		if (draft_find_chain(&r->d, key, &to))
			vec_push(r->d.arena, &r->d.edges, ((struct draft_edge){ from, to }));
	}
}

/* Whether the chain only logs and drops: a limit may lead to such a one. */
static void note_drop(struct reader *r, uint32_t from, const strs *list)
{
	struct draft_chain *chain = &r->d.chains.data[from];
	bool bare = list->len >= 4 && str_is(list->data[2], "-j");

	if (bare && (str_is(list->data[3], "DROP") || str_is(list->data[3], "REJECT"))) {
		chain->drops = true;
		return;
	}
	for (uint32_t i = 2; i + 1 < list->len; i++)
		if (str_is(list->data[i], "-j") && str_is(list->data[i + 1], "LOG"))
			return;
	chain->does_more |= !chain->drops;
}

/* [12:3456] in front of a rule, by iptables-save -c. */
static struct str skip_counters(struct str line)
{
	const char *end = line.len && line.s[0] == '[' ? memchr(line.s, ']', line.len) : NULL;

	if (!end)
		return line;
	return trim((struct str){ end + 1, (uint32_t)(line.s + line.len - end - 1) });
}

static void keep_line(struct reader *r, uint32_t number, struct str text)
{
	struct line *line = vec_add(r->d.arena, &r->lines);
	static const char *const appends[] = { "-A", "--append" };
	strs list = { 0 };
	struct str rule = skip_counters(text);

	*line = (struct line){ .number = number,
			       .text = rule,
			       .chain = -1,
			       .family = r->family,
			       .prefix = r->prefix };
	if (!split_words(r->d.arena, rule, &list)) {
		line->why = "a quote is open or the line has more than 512 words";
		return;
	}
	if (list.len < 2 ||
	    (!str_is(list.data[0], appends[0]) && !str_is(list.data[0], appends[1]))) {
		line->why = "it is not understood: a rule opens with -A";
		return;
	}
	line->chain = (int32_t)chain_of(r, list.data[1]);
	if (base_order(r->table, list.data[1]) >= 0)
		r->d.chains.data[line->chain].is_base = true;
}

static void collect(struct reader *r, struct str text)
{
	struct str rest = text, line;
	uint32_t number = 0;

	r->table = STR("filter");
	r->family = 4;
	r->prefix = STR("4:filter:");
	while (next_line(&rest, &line)) {
		number++;
		if (!line.len || str_is(line, "COMMIT"))
			continue;
		if (line.s[0] == '#')
			read_comment(r, line);
		else if (line.s[0] == '*')
			start_table(r, trim((struct str){ line.s + 1, line.len - 1 }), rest);
		else if (line.s[0] == ':')
			declare_chain(r, line);
		else
			keep_line(r, number, line);
	}
}

/* ---- the second walk ---- */

static void tell_effect(struct ipt_rule *r)
{
	struct item *item = r->d->item;

	if (item->outcome != IMPORT_MISSING || item->group)
		return;
	if (str_is(r->target, "DROP") || str_is(r->target, "REJECT"))
		item->note = arena_printf(r->d->arena, "%s; WHAT IT DROPS GOES ON", item->note);
	else if (str_is(r->target, "ACCEPT") || str_is(r->target, "RETURN"))
		item->note = arena_printf(r->d->arena, "%s; what it lets pass goes on", item->note);
}

/* Of a rule that was given up before its target was read. */
static void find_target(struct ipt_rule *r)
{
	for (uint32_t i = 0; i + 1 < r->words.len && !r->target.len; i++)
		if (str_is(r->words.data[i], "-j"))
			r->target = r->words.data[i + 1];
}

static const char *ignored_table(struct reader *r, const struct line *line)
{
	static const char *const why[] = { "table nat ignored (bpffw sees packets before NAT; keep "
					   "it in nftables)" };

	if (contains(line->prefix, ":nat:"))
		return why[0];
	return NULL;
}

static void translate(struct reader *r, const struct line *line)
{
	struct draft *d = &r->d;
	struct ipt_rule rule = {
		.d = d,
		.chain = (uint32_t)line->chain,
		.family = line->family,
		.prefix = line->prefix,
		.rule = { .chain = -1, .families = line->family == 4 ? FAM_IPV4 : FAM_IPV6 },
		.at = 2,
	};
	const char *table = ignored_table(r, line);

	item_start(d, line->chain, line->number, line->text);
	if (table) {
		item_missing(d, "%s", table);
		d->item->group = table;
		return;
	}
	if (!d->chains.data[line->chain].on_way)
		return;
	split_words(d->arena, line->text, &rule.words);
	if (iptables_options(&rule))
		iptables_act(&rule);
	item_end(d);
	find_target(&rule);
	tell_effect(&rule);
}

static void tell_policies(struct reader *r)
{
	bool drops = false;

	vec_for_each(chain, &r->d.chains)
		drops |= chain->is_base && chain->is_final && !chain->policy_allow;
	vec_for_each(chain, &r->d.chains) {
		if (!chain->is_base || chain->order != FILTER)
			continue;
		draft_general(&r->d,
			      "policy: *filter INPUT %s (%s) became %s; OUTPUT and FORWARD are not "
			      "covered",
			      chain->policy_allow ? "ACCEPT" : "DROP",
			      chain->families == FAM_IPV4 ? "IPv4" : "IPv6",
			      !chain->policy_allow ? "'default drop'"
			      : drops              ? "a rule at the end"
						   : "'default allow'");
	}
	vec_for_each(chain, &r->d.chains) {
		if (!str_is(chain->key, "4:filter:FORWARD") &&
		    !str_is(chain->key, "6:filter:FORWARD"))
			continue;
		if (chain->items.len || !chain->policy_allow)
			draft_general(&r->d,
				      "if this host forwards packets (a router, containers): "
				      "they meet these rules, too, before they are forwarded");
		break;
	}
	draft_general(&r->d, "essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too "
			     "big) passes and malformed packets are dropped before any rule");
	draft_general(&r->d, "fragments: INPUT sees whole packets; 'option fragments pass' leaves "
			     "the decision to the first one");
}

void import_iptables(struct arena *arena, const struct import_source *source,
		     struct import_result *ret_result)
{
	struct reader r = { .d = draft_start(arena, source) };

	collect(&r, source->text);
	vec_for_each(line, &r.lines) {
		strs list = { 0 };

		if (line->chain < 0 || !split_words(arena, line->text, &list))
			continue;
		r.prefix = line->prefix;
		note_jump(&r, (uint32_t)line->chain, &list);
		note_drop(&r, (uint32_t)line->chain, &list);
	}
	draft_settle(&r.d);
	r.d.fragments = "pass";
	vec_for_each(line, &r.lines) {
		if (line->chain >= 0) {
			translate(&r, line);
			continue;
		}
		item_start(&r.d, -1, line->number, line->text);
		item_missing(&r.d, "%s", line->why);
	}
	tell_policies(&r);
	draft_finish(&r.d, ret_result);
}
