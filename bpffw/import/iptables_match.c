/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of an iptables rule: one row each, with a reader that narrows the draft rule. */
#include "bpffw/import/iptables.h"

#include "compiler/lang/names.h"

#define TCP 6
#define UDP 17

typedef bool read_option(struct ipt_rule *r, struct str value);

/* ---- pieces ---- */

/* The next part of a list; false at its end. */
static bool next_part(struct str *list, char separator, struct str *ret_part)
{
	const char *end;

	if (!list->s)
		return false;
	end = list->len ? memchr(list->s, separator, list->len) : NULL;
	if (!end) {
		*ret_part = *list;
		list->s = NULL;
		return true;
	}
	*ret_part = (struct str){ list->s, (uint32_t)(end - list->s) };
	*list = (struct str){ end + 1, list->len - ret_part->len - 1 };
	return true;
}

bool iptables_not_understood(struct ipt_rule *r, const char *what, struct str value)
{
	return item_missing(r->d, "%s '" STR_FMT "' is not understood", what, STR_ARG(value));
}

static bool put(struct ipt_rule *r, enum field field, const struct value *value)
{
	if (rule_match(r->d, &r->rule, field, r->inverted, value))
		return true;
	return item_missing(r->d, "it matches the same field twice, by different sets");
}

/* A:B, A:, :B, A */
static bool read_span(struct str text, uint64_t max, uint8_t proto, bool ports,
		      struct range *ret_range)
{
	const char *colon = text.len ? memchr(text.s, ':', text.len) : NULL;
	struct str left = text, right = text;
	uint64_t lo = 0, hi = max;

	if (colon) {
		left.len = (uint32_t)(colon - text.s);
		right = (struct str){ colon + 1, text.len - left.len - 1 };
	}
	if ((left.len || !colon) &&
	    !(ports ? read_port(left, proto, &lo) : read_number(left, max, &lo)))
		return false;
	if (!colon)
		hi = lo;
	else if (right.len &&
		 !(ports ? read_port(right, proto, &hi) : read_number(right, max, &hi)))
		return false;
	*ret_range = (struct range){ lo, hi };
	return lo <= hi;
}

static bool read_spans(struct ipt_rule *r, struct str list, uint64_t max, bool ports,
		       struct value *ret_value)
{
	const ranges *protos = &r->rule.fields[FIELD_PROTO][0].r[0];
	uint8_t proto = protos->len == 1 ? (uint8_t)protos->data[0].lo : 0;
	struct str part;

	while (next_part(&list, ',', &part)) {
		struct range range;

		if (!read_span(part, max, proto, ports, &range))
			return iptables_not_understood(r, ports ? "port" : "number", part);
		value_add(r->d, ret_value, 0, range.lo, range.hi);
	}
	return true;
}

static bool number_option(struct ipt_rule *r, enum field field, struct str text, uint64_t max)
{
	struct value value = { 0 };

	return read_spans(r, text, max, false, &value) && put(r, field, &value);
}

bool iptables_want_protocol(struct ipt_rule *r, uint8_t proto)
{
	bool inverted = r->inverted, ok;

	if (r->rule.given[FIELD_PROTO][0])
		return true;
	r->inverted = false;
	ok = rule_number(r->d, &r->rule, FIELD_PROTO, false, proto, proto);
	r->inverted = inverted;
	return ok;
}

/* ---- addresses, interfaces, protocols ---- */

static bool read_address_list(struct ipt_rule *r, enum field field, struct str list)
{
	struct value value = { 0 };
	struct str part;

	while (next_part(&list, ',', &part)) {
		struct range range;
		int family = read_addresses(part, &range);

		if (!family)
			return item_missing(r->d,
					    "'" STR_FMT "' is no address with a mask that a prefix "
					    "can say (host names are not looked up)",
					    STR_ARG(part));
		if (family != r->family)
			return item_missing(r->d, "'" STR_FMT "' is of the other address family",
					    STR_ARG(part));
		value_add(r->d, &value, family, range.lo, range.hi);
	}
	return put(r, field, &value);
}

static bool option_source(struct ipt_rule *r, struct str value)
{
	return read_address_list(r, FIELD_SRC, value);
}

static bool option_destination(struct ipt_rule *r, struct str value)
{
	return read_address_list(r, FIELD_DST, value);
}

/* bpffw is on no loopback interface: `-i lo` never holds for it, `! -i lo` always. */
static bool option_in(struct ipt_rule *r, struct str name)
{
	struct value value = { 0 };

	if (str_is(name, "lo")) {
		r->needless |= !r->inverted;
		return true;
	}
	if (str_is(name, "+")) {
		r->rule.never |= r->inverted;
		return true;
	}
	if (name.len && name.s[name.len - 1] == '+')
		name = str_of(arena_printf(r->d->arena, "%.*s*", (int)name.len - 1, name.s));
	if (!name.len)
		return iptables_not_understood(r, "interface", name);
	if (!r->d->source->interfaces.len && !r->inverted)
		draft_interface(r->d, name);
	vec_push(r->d->arena, &value.words, name);
	return put(r, FIELD_ON, &value);
}

static bool option_out(struct ipt_rule *r, struct str value)
{
	return item_missing(r->d, "a packet that comes in has no output interface");
}

static bool option_protocol(struct ipt_rule *r, struct str text)
{
	struct value value = { 0 };
	uint64_t proto;

	if (str_is(text, "all") || str_is(text, "0")) {
		r->rule.never |= r->inverted;
		return true;
	}
	if (!read_protocol(text, &proto))
		return iptables_not_understood(r, "protocol", text);
	value_add(r->d, &value, 0, proto, proto);
	return put(r, FIELD_PROTO, &value);
}

/* INPUT sees whole packets only. */
static bool option_fragment(struct ipt_rule *r, struct str value)
{
	const struct draft_chain *chain = &r->d->chains.data[r->chain];

	if (r->inverted)
		return true;
	if (chain->before_final || (chain->is_base && !chain->is_final))
		return item_missing(r->d, "whether this chain sees fragments depends on conntrack");
	r->rule.never = true;
	item_note(r->d, "the host reassembles before INPUT: -f never matches there ('drop frag "
			"any' drops fragments)");
	return true;
}

/* ---- ports, flags, ICMP ---- */

static bool ports_option(struct ipt_rule *r, enum field field, struct str text)
{
	struct value value = { 0 };

	return read_spans(r, text, UINT16_MAX, true, &value) && put(r, field, &value);
}

static bool option_sport(struct ipt_rule *r, struct str value)
{
	return ports_option(r, FIELD_SPORT, value);
}

static bool option_dport(struct ipt_rule *r, struct str value)
{
	return ports_option(r, FIELD_DPORT, value);
}

static bool option_ports(struct ipt_rule *r, struct str value)
{
	if (r->has_ports)
		return item_missing(r->d, "--ports twice");
	r->has_ports = true;
	r->ports_negated = r->inverted;
	return read_spans(r, value, UINT16_MAX, true, &r->ports);
}

static bool read_flags(struct str list, uint8_t *ret_flags)
{
	static const struct name_value flags[] = {
		{ "FIN", 1 },  { "SYN", 2 },  { "RST", 4 },  { "PSH", 8 }, { "ACK", 16 },
		{ "URG", 32 }, { "ALL", 63 }, { "NONE", 0 }, { NULL, 0 },
	};
	struct str part;

	*ret_flags = 0;
	while (next_part(&list, ',', &part)) {
		uint16_t bit;

		if (!names_value(flags, part, &bit))
			return false;
		*ret_flags |= (uint8_t)bit;
	}
	return true;
}

static bool option_flags(struct ipt_rule *r, struct str value)
{
	struct str wanted = r->at < r->words.len ? r->words.data[r->at++] : (struct str){ 0 };
	uint8_t mask, set;

	if (!read_flags(value, &mask) || !read_flags(wanted, &set) ||
	    !iptables_want_protocol(r, TCP))
		return iptables_not_understood(r, "TCP flag", value);
	if (set & ~mask)
		r->rule.never |= !r->inverted;
	else if (mask)
		rule_flags(&r->rule, r->inverted, set, mask);
	else
		r->rule.never |= r->inverted;
	return true;
}

static bool option_syn(struct ipt_rule *r, struct str value)
{
	rule_flags(&r->rule, r->inverted, 0x02, 0x17);
	return iptables_want_protocol(r, TCP);
}

static bool option_icmp(struct ipt_rule *r, struct str value)
{
	return iptables_icmp(r, value, false);
}

static bool option_icmp6(struct ipt_rule *r, struct str value)
{
	return iptables_icmp(r, value, true);
}

/* ---- header fields ---- */

static bool option_length(struct ipt_rule *r, struct str value)
{
	return number_option(r, FIELD_LEN, value, UINT16_MAX);
}

static bool option_ttl(struct ipt_rule *r, struct str value)
{
	return number_option(r, FIELD_TTL, value, 255);
}

static bool option_ttl_below(struct ipt_rule *r, struct str value)
{
	uint64_t number;

	if (!read_number(value, 255, &number))
		return iptables_not_understood(r, "TTL", value);
	if (!number) {
		r->rule.never = true;
		return true;
	}
	return rule_number(r->d, &r->rule, FIELD_TTL, r->inverted, 0, number - 1);
}

static bool option_ttl_above(struct ipt_rule *r, struct str value)
{
	uint64_t number;

	if (!read_number(value, 255, &number))
		return iptables_not_understood(r, "TTL", value);
	if (number == 255) {
		r->rule.never = true;
		return true;
	}
	return rule_number(r->d, &r->rule, FIELD_TTL, r->inverted, number + 1, 255);
}

static bool option_dscp(struct ipt_rule *r, struct str value)
{
	return number_option(r, FIELD_DSCP, value, 63);
}

static bool option_dscp_class(struct ipt_rule *r, struct str value)
{
	char *lower = arena_strndup(r->d->arena, value.s, value.len);
	uint16_t number;

	for (char *c = lower; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (!names_value(names_dscp, str_of(lower), &number))
		return iptables_not_understood(r, "DSCP class", value);
	return rule_number(r->d, &r->rule, FIELD_DSCP, r->inverted, number, number);
}

static bool option_mac(struct ipt_rule *r, struct str value)
{
	uint64_t mac;

	if (!net_parse_mac(value, &mac))
		return iptables_not_understood(r, "MAC address", value);
	return rule_number(r->d, &r->rule, FIELD_SMAC, r->inverted, mac, mac);
}

/* ---- kinds of addresses ---- */

static bool put_prefixes(struct ipt_rule *r, bool inverted, const char *const *texts)
{
	struct value value = { 0 };
	bool kept = r->inverted, ok;

	for (; *texts; texts++) {
		struct range range;
		int family = read_prefix(str_of(*texts), &range);

		value_add(r->d, &value, family, range.lo, range.hi);
	}
	r->inverted = inverted;
	ok = put(r, FIELD_DST, &value);
	r->inverted = kept;
	return ok;
}

static bool option_dst_type(struct ipt_rule *r, struct str type)
{
	static const char *const multicast4[] = { "224.0.0.0/4", NULL };
	static const char *const multicast6[] = { "ff00::/8", NULL };
	static const char *const broadcast[] = { "255.255.255.255", NULL };
	static const char *const both[] = { "224.0.0.0/4", "255.255.255.255", NULL };

	if (str_is(type, "MULTICAST"))
		return put_prefixes(r, r->inverted, r->family == 4 ? multicast4 : multicast6);
	if (str_is(type, "BROADCAST") && r->family == 4) {
		item_note(r->d, "broadcast became 255.255.255.255: the broadcast address of a "
				"subnet is not known here");
		return put_prefixes(r, r->inverted, broadcast);
	}
	if (str_is(type, "LOCAL")) {
		item_note(r->d, "local became: neither multicast nor broadcast");
		return put_prefixes(r, !r->inverted, r->family == 4 ? both : multicast6);
	}
	return item_missing(r->d, "destination type " STR_FMT " needs the routing table",
			    STR_ARG(type));
}

static bool option_src_type(struct ipt_rule *r, struct str type)
{
	return item_missing(r->d, "source type " STR_FMT " needs the routing table", STR_ARG(type));
}

static bool option_packet_type(struct ipt_rule *r, struct str type)
{
	struct value value = { 0 };

	if (str_is(type, "broadcast")) {
		value_add(r->d, &value, 0, 0xffffffffffff, 0xffffffffffff);
		return put(r, FIELD_DMAC, &value);
	}
	return item_missing(r->d, "packet type " STR_FMT " is not known to bpffw", STR_ARG(type));
}

static bool option_set(struct ipt_rule *r, struct str set)
{
	struct str direction = r->at < r->words.len ? r->words.data[r->at++] : (struct str){ 0 };
	struct str key = str_of(arena_printf(r->d->arena, "@" STR_FMT, STR_ARG(set)));
	struct value value = { 0 };
	struct str name;
	uint32_t index;
	bool known = map_find(&r->d->chain_keys, key, &index);

	if (!str_is(direction, "src") && !str_is(direction, "dst"))
		return item_missing(r->d, "a set of more than addresses ('" STR_FMT "')",
				    STR_ARG(direction));
	name = known ? r->d->sets.data[index].name : draft_name(r->d, set);
	if (!known) {
		map_add(r->d->arena, &r->d->chain_keys, key, r->d->sets.len);
		draft_set(r->d, name,
			  arena_printf(r->d->arena, "set " STR_FMT " addr", STR_ARG(name)));
	}
	item_note(r->d,
		  "set " STR_FMT
		  " is empty here: 'ipset save' has what it holds, 'bpffw set " STR_FMT
		  " load FILE' fills it",
		  STR_ARG(name), STR_ARG(name));
	vec_push(r->d->arena, &value.words, name);
	return put(r, str_is(direction, "src") ? FIELD_SRC : FIELD_DST, &value);
}

/* ---- states and limits: read here, used by the target ---- */

static bool option_state(struct ipt_rule *r, struct str list)
{
	static const struct name_value states[] = {
		{ "NEW", STATE_NEW },
		{ "ESTABLISHED", STATE_ESTABLISHED },
		{ "RELATED", STATE_RELATED },
		{ "INVALID", STATE_INVALID },
		{ "UNTRACKED", STATE_UNTRACKED },
		{ "SNAT", STATE_OTHER },
		{ "DNAT", STATE_OTHER },
		{ NULL, 0 },
	};
	uint32_t bits = 0;
	struct str part;

	while (next_part(&list, ',', &part)) {
		uint16_t bit;

		if (!names_value(states, part, &bit))
			return iptables_not_understood(r, "state", part);
		bits |= bit;
	}
	if (r->has_states || bits & STATE_OTHER)
		return item_missing(r->d, "bpffw has no such connection state");
	r->has_states = true;
	r->states = r->inverted ? STATE_ALL & ~bits : bits;
	return true;
}

static bool option_limit(struct ipt_rule *r, struct str value)
{
	if (r->inverted || r->limit.len)
		return item_missing(r->d, "a limit that is negated or given twice");
	r->limit = value;
	return true;
}

static bool option_limit_burst(struct ipt_rule *r, struct str value)
{
	return read_number(value, 1000000, &r->burst) || iptables_not_understood(r, "burst", value);
}

static bool option_recent_set(struct ipt_rule *r, struct str value)
{
	r->recent.set = true;
	return true;
}

static bool option_recent_check(struct ipt_rule *r, struct str value)
{
	r->recent.check = true;
	return !r->inverted || item_missing(r->d, "'not' of -m recent has no words in bpffw");
}

static bool option_seconds(struct ipt_rule *r, struct str value)
{
	return read_number(value, 86400 * 7, &r->recent.seconds) ||
	       iptables_not_understood(r, "time", value);
}

static bool option_hits(struct ipt_rule *r, struct str value)
{
	return read_number(value, 65535, &r->recent.hits) ||
	       iptables_not_understood(r, "number", value);
}

static bool option_hash_above(struct ipt_rule *r, struct str value)
{
	r->hash.rate = value;
	r->hash.above = !r->inverted;
	r->hash.upto = r->inverted;
	return true;
}

static bool option_hash_upto(struct ipt_rule *r, struct str value)
{
	r->hash.rate = value;
	r->hash.upto = !r->inverted;
	r->hash.above = r->inverted;
	return true;
}

static bool option_hash_mode(struct ipt_rule *r, struct str list)
{
	struct str part;

	r->hash.mode = true;
	while (next_part(&list, ',', &part)) {
		if (str_is(part, "srcip"))
			r->hash.src = true;
		else if (str_is(part, "dstip"))
			r->hash.dst = true;
		else if (str_is(part, "srcport"))
			r->hash.sport = true;
		else if (str_is(part, "dstport"))
			r->hash.dport = true;
		else
			return iptables_not_understood(r, "mode", part);
	}
	return true;
}

static bool option_hash_burst(struct ipt_rule *r, struct str value)
{
	return read_number(value, 1000000, &r->hash.burst) ||
	       iptables_not_understood(r, "burst", value);
}

static bool option_hash_mask(struct ipt_rule *r, struct str value)
{
	return read_number(value, 128, &r->hash.src_mask) ||
	       iptables_not_understood(r, "mask", value);
}

static bool option_connections(struct ipt_rule *r, struct str value)
{
	r->connections_upto |= r->inverted;
	return read_number(value, UINT32_MAX, &r->connections) ||
	       iptables_not_understood(r, "number", value);
}

static bool option_connections_upto(struct ipt_rule *r, struct str value)
{
	r->connections_upto = !r->inverted;
	return read_number(value, UINT32_MAX, &r->connections) ||
	       iptables_not_understood(r, "number", value);
}

static bool option_connections_mask(struct ipt_rule *r, struct str value)
{
	return read_number(value, 128, &r->connections_mask) ||
	       iptables_not_understood(r, "mask", value);
}

static bool option_connections_daddr(struct ipt_rule *r, struct str value)
{
	r->connections_daddr = true;
	return true;
}

/* ---- the rest ---- */

static bool option_target(struct ipt_rule *r, struct str value)
{
	r->target = value;
	return true;
}

static bool option_goto(struct ipt_rule *r, struct str value)
{
	r->is_goto = true;
	return option_target(r, value);
}

static bool option_comment(struct ipt_rule *r, struct str value)
{
	struct buf text = { .arena = r->d->arena };

	for (uint32_t i = 0; i < value.len; i++) {
		char c = value.s[i] < 0x20 || value.s[i] > 0x7e ? '?' : value.s[i];

		buf_add(&text, (struct str){ &c, 1 });
	}
	r->rule.comment = (struct str){ buf_text(&text), text.len };
	return true;
}

static bool option_log_prefix(struct ipt_rule *r, struct str value)
{
	r->log_prefix = value;
	return true;
}

static bool option_ignored(struct ipt_rule *r, struct str value)
{
	return true;
}

static bool option_routing_type(struct ipt_rule *r, struct str value)
{
	return item_missing(r->d, "%s",
			    str_is(value, "0") && !r->inverted
				    ? "bpffw drops routing header type 0 before any rule"
				    : "routing headers have no match in bpffw");
}

/* Modules that only carry options read above, or that say nothing by themselves. */
static bool option_module(struct ipt_rule *r, struct str name)
{
	static const char *const known[] = {
		"tcp",       "udp",    "icmp",      "icmp6",    "icmpv6",    "state",
		"conntrack", "limit",  "multiport", "comment",  "iprange",   "mac",
		"set",       "recent", "hashlimit", "addrtype", "connlimit", "length",
		"ttl",       "hl",     "dscp",      "pkttype",  "rt",
	};

	for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_is(name, known[i]))
			return true;
	return item_missing(r->d, "bpffw has no match like -m " STR_FMT, STR_ARG(name));
}

/* clang-format off */
static const struct {
	const char *name;
	read_option *read;
	bool has_value;
} options[] = {
	{ "-s", option_source, true }, { "--source", option_source, true },
	{ "--src", option_source, true },
	{ "-d", option_destination, true }, { "--destination", option_destination, true },
	{ "--dst", option_destination, true },
	{ "--src-range", option_source, true }, { "--dst-range", option_destination, true },
	{ "-i", option_in, true }, { "--in-interface", option_in, true },
	{ "-o", option_out, true }, { "--out-interface", option_out, true },
	{ "-p", option_protocol, true }, { "--protocol", option_protocol, true },
	{ "--proto", option_protocol, true },
	{ "-f", option_fragment, false }, { "--fragment", option_fragment, false },
	{ "-m", option_module, true }, { "--match", option_module, true },
	{ "-j", option_target, true }, { "--jump", option_target, true },
	{ "-g", option_goto, true }, { "--goto", option_goto, true },
	{ "--sport", option_sport, true }, { "--source-port", option_sport, true },
	{ "--sports", option_sport, true }, { "--source-ports", option_sport, true },
	{ "--dport", option_dport, true }, { "--destination-port", option_dport, true },
	{ "--dports", option_dport, true }, { "--destination-ports", option_dport, true },
	{ "--ports", option_ports, true },
	{ "--tcp-flags", option_flags, true }, { "--syn", option_syn, false },
	{ "--icmp-type", option_icmp, true }, { "--icmpv6-type", option_icmp6, true },
	{ "--length", option_length, true },
	{ "--ttl-eq", option_ttl, true }, { "--ttl", option_ttl, true },
	{ "--ttl-lt", option_ttl_below, true }, { "--ttl-gt", option_ttl_above, true },
	{ "--hl-eq", option_ttl, true }, { "--hl-lt", option_ttl_below, true },
	{ "--hl-gt", option_ttl_above, true },
	{ "--dscp", option_dscp, true }, { "--dscp-class", option_dscp_class, true },
	{ "--mac-source", option_mac, true },
	{ "--dst-type", option_dst_type, true }, { "--src-type", option_src_type, true },
	{ "--pkt-type", option_packet_type, true },
	{ "--match-set", option_set, true },
	{ "--ctstate", option_state, true }, { "--state", option_state, true },
	{ "--limit", option_limit, true }, { "--limit-burst", option_limit_burst, true },
	{ "--set", option_recent_set, false }, { "--update", option_recent_check, false },
	{ "--rcheck", option_recent_check, false },
	{ "--seconds", option_seconds, true }, { "--hitcount", option_hits, true },
	{ "--name", option_ignored, true }, { "--mask", option_ignored, true },
	{ "--rsource", option_ignored, false },
	{ "--hashlimit-above", option_hash_above, true },
	{ "--hashlimit-upto", option_hash_upto, true }, { "--hashlimit", option_hash_upto, true },
	{ "--hashlimit-mode", option_hash_mode, true },
	{ "--hashlimit-burst", option_hash_burst, true },
	{ "--hashlimit-srcmask", option_hash_mask, true },
	{ "--hashlimit-name", option_ignored, true },
	{ "--hashlimit-htable-size", option_ignored, true },
	{ "--hashlimit-htable-max", option_ignored, true },
	{ "--hashlimit-htable-expire", option_ignored, true },
	{ "--hashlimit-htable-gcinterval", option_ignored, true },
	{ "--connlimit-above", option_connections, true },
	{ "--connlimit-upto", option_connections_upto, true },
	{ "--connlimit-mask", option_connections_mask, true },
	{ "--connlimit-saddr", option_ignored, false },
	{ "--connlimit-daddr", option_connections_daddr, false },
	{ "--rt-type", option_routing_type, true },
	{ "--comment", option_comment, true },
	{ "--log-prefix", option_log_prefix, true }, { "--nflog-prefix", option_log_prefix, true },
	{ "--log-level", option_ignored, true }, { "--nflog-group", option_ignored, true },
	{ "--log-tcp-sequence", option_ignored, false },
	{ "--log-tcp-options", option_ignored, false },
	{ "--log-ip-options", option_ignored, false }, { "--log-uid", option_ignored, false },
	{ "--reject-with", option_ignored, true },
};
/* clang-format on */

/* Targets whose own options say nothing about which packets they meet. */
static bool skips_options(struct str target)
{
	static const char *const targets[] = {
		"ACCEPT", "DROP", "RETURN", "REJECT", "LOG", "NFLOG"
	};

	for (uint32_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (str_is(target, targets[i]))
			return false;
	return target.len;
}

static bool read_one(struct ipt_rule *r, struct str word)
{
	uint32_t i = 0, n = sizeof(options) / sizeof(options[0]);
	struct str value = { 0 };
	bool ok;

	while (i < n && !str_is(word, options[i].name))
		i++;
	if (i == n) {
		if (skips_options(r->target)) {
			r->at = r->words.len;
			return true;
		}
		return item_missing(r->d, "option '" STR_FMT "' has no counterpart in bpffw",
				    STR_ARG(word));
	}
	if (options[i].has_value) {
		if (r->at >= r->words.len)
			return item_missing(r->d, "the rule ends behind '" STR_FMT "'",
					    STR_ARG(word));
		value = r->words.data[r->at++];
	}
	ok = options[i].read(r, value);
	r->inverted = false;
	return ok;
}

bool iptables_options(struct ipt_rule *r)
{
	while (r->at < r->words.len) {
		struct str word = r->words.data[r->at++];

		if (str_is(word, "!")) {
			r->inverted = true;
			continue;
		}
		if (!read_one(r, word))
			return false;
	}
	return true;
}
