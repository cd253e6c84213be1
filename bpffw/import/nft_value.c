/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of nft rules: single ones, ranges, lists in braces, named sets. */
#include "bpffw/import/nft.h"

#include "compiler/lang/names.h"

/* An anonymous list or a set written into a rule; larger ones are sets of ours. */
#define INLINE_MAX  4096
#define PRINTED_MAX 1000000

static bool not_understood(struct nft *n, const char *what, struct str text)
{
	return item_missing(&n->d, "%s '" STR_FMT "' is not understood", what, STR_ARG(text));
}

/* ---- one element ---- */

static const struct name_value icmp6_names[] = {
	{ "mld-listener-query", 130 },
	{ "mld-listener-report", 131 },
	{ "mld-listener-done", 132 },
	{ "mld-listener-reduction", 132 },
	{ "nd-router-solicit", 133 },
	{ "nd-router-advert", 134 },
	{ "nd-neighbor-solicit", 135 },
	{ "nd-neighbor-advert", 136 },
	{ "nd-redirect", 137 },
	{ "ind-neighbor-solicit", 141 },
	{ "ind-neighbor-advert", 142 },
	{ "mld2-listener-report", 143 },
	{ NULL, 0 },
};

static const struct name_value icmp_names[] = {
	{ "info-request", 15 },
	{ "info-reply", 16 },
	{ NULL, 0 },
};

static const struct name_value icmp_codes[] = {
	{ "net-unreachable", 0 },  { "host-unreachable", 1 },  { "prot-unreachable", 2 },
	{ "port-unreachable", 3 }, { "frag-needed", 4 },       { "net-prohibited", 9 },
	{ "host-prohibited", 10 }, { "admin-prohibited", 13 }, { NULL, 0 },
};

static const struct name_value ether_types[] = {
	{ "ip", 0x0800 },   { "ip6", 0x86dd },    { "arp", 0x0806 }, { "8021q", 0x8100 },
	{ "vlan", 0x8100 }, { "8021ad", 0x88a8 }, { NULL, 0 },
};

/* clang-format off */
static const struct {
	const char *what;
	uint64_t max;
	const struct name_value *names, *others;
} kinds[] = {
	[NFT_PORT]   = { "port", UINT16_MAX, NULL, NULL },
	[NFT_PROTO]  = { "protocol", 255, NULL, NULL },
	[NFT_ICMP]   = { "ICMP type", 255, names_icmp_types, icmp_names },
	[NFT_ICMP6]  = { "ICMPv6 type", 255, names_icmp6_types, icmp6_names },
	[NFT_CODE]   = { "ICMP code", 255, icmp_codes, NULL },
	[NFT_NUMBER] = { "number", UINT16_MAX, NULL, NULL },
	[NFT_DSCP]   = { "DSCP class", 63, names_dscp, NULL },
	[NFT_ETHER]  = { "ethertype", UINT16_MAX, ether_types, NULL },
};
/* clang-format on */

static bool read_one(enum nft_field kind, struct str text, uint64_t *ret_number)
{
	uint16_t named;

	if (kind == NFT_PORT)
		return read_port(text, 0, ret_number);
	if (kind == NFT_PROTO)
		return read_protocol(text, ret_number);
	if ((kinds[kind].names && names_value(kinds[kind].names, text, &named)) ||
	    (kinds[kind].others && names_value(kinds[kind].others, text, &named))) {
		*ret_number = named;
		return true;
	}
	return read_number(text, kinds[kind].max, ret_number);
}

static bool read_address(struct nft *n, enum nft_field kind, struct str text, struct value *value)
{
	struct range range;
	int family = read_addresses(text, &range);

	if (family != (kind == NFT_ADDR4 ? 4 : 6))
		return item_missing(&n->d, "'" STR_FMT "' is no address of this family",
				    STR_ARG(text));
	value_add(&n->d, value, family, range.lo, range.hi);
	return true;
}

static bool read_range(struct nft *n, enum nft_field kind, struct str text, struct value *value)
{
	const char *dash = memchr(text.s, '-', text.len);
	struct str left = text, right;
	uint64_t lo, hi;

	if (read_one(kind, text, &lo)) {
		value_add(&n->d, value, 0, lo, lo);
		return true;
	}
	if (!dash)
		return not_understood(n, kinds[kind].what, text);
	left.len = (uint32_t)(dash - text.s);
	right = (struct str){ dash + 1, text.len - left.len - 1 };
	if (!read_one(kind, left, &lo) || !read_one(kind, right, &hi) || lo > hi)
		return not_understood(n, kinds[kind].what, text);
	value_add(&n->d, value, 0, lo, hi);
	return true;
}

bool nft_element(struct nft *n, enum nft_field kind, struct str text, struct value *ret_value)
{
	uint64_t mac;

	if (!text.len || text.s[0] == '$')
		return not_understood(n, "value", text);
	switch (kind) {
	case NFT_ADDR4:
	case NFT_ADDR6:
		return read_address(n, kind, text, ret_value);
	case NFT_MAC:
		if (!net_parse_mac(text, &mac))
			return not_understood(n, "MAC address", text);
		value_add(&n->d, ret_value, 0, mac, mac);
		return true;
	case NFT_NAME:
		vec_push(n->d.arena, &ret_value->words, text);
		return true;
	default:
		return read_range(n, kind, text, ret_value);
	}
}

/* ---- lists ---- */

/* The elements between two braces, attributes of each skipped. */
static bool read_list(struct nft *n, enum nft_field kind, struct nft_span span, uint32_t max,
		      struct value *ret_value)
{
	bool wanted = true;
	uint32_t count = 0;

	for (uint32_t i = span.first; i < span.last; i++) {
		const struct nft_token *token = &n->tokens.data[i];

		if (token->kind == NFT_NEWLINE || nft_is(token, "{") || nft_is(token, "}"))
			continue;
		if (nft_is(token, ",")) {
			wanted = true;
			continue;
		}
		if (nft_is(token, ":") || nft_is(token, "."))
			return item_missing(&n->d, "a set of pairs where single values are wanted");
		if (!wanted)
			continue;
		wanted = false;
		if (++count > max)
			return item_missing(&n->d, "a list of more than %u elements", max);
		if (!nft_element(n, kind, token->text, ret_value))
			return false;
	}
	return true;
}

struct nft_set *nft_find_set(struct nft *n, struct str name)
{
	uint32_t index;

	return map_find(&n->set_keys, nft_key(n, name), &index) ? &n->sets.data[index] : NULL;
}

const char *nft_duration(struct nft *n, struct str text)
{
	uint64_t seconds;

	if (!num_parse_time(text, true, &seconds))
		return NULL;
	return arena_printf(n->d.arena, "%lus", seconds);
}

/* A set of ours with the elements that are written in the file. */
static bool print_set(struct nft *n, struct nft_set *set, enum nft_field kind)
{
	const char *type = kind == NFT_PORT ? "port" : kind == NFT_MAC ? "mac" : "addr";
	struct buf text = { .arena = n->d.arena };
	const char *timeout = set->timeout ? nft_duration(n, str_of(set->timeout)) : NULL;
	struct value value = { 0 };
	const char *comma = "";

	if (!read_list(n, kind, set->elements, PRINTED_MAX, &value))
		return false;
	set->printed = draft_name(&n->d, set->name);
	buf_printf(&text, "set " STR_FMT " %s", STR_ARG(set->printed), type);
	if (timeout)
		buf_printf(&text, " timeout %s", timeout);
	if (set->size)
		buf_printf(&text, " size %s", set->size);
	for (int i = 0; i < 2; i++) {
		ranges_normalise(&value.r[i]);
		vec_for_each(range, &value.r[i]) {
			buf_puts(&text, *comma ? comma : " { ");
			comma = ", ";
			if (kind == NFT_MAC)
				net_print_mac(&text, (uint64_t)range->lo);
			else if (kind != NFT_PORT)
				net_print_range(&text, i ? 6 : 4, *range);
			else if (range->lo == range->hi)
				buf_printf(&text, "%lu", (uint64_t)range->lo);
			else
				buf_printf(&text, "%lu-%lu", (uint64_t)range->lo,
					   (uint64_t)range->hi);
		}
	}
	buf_puts(&text, *comma ? " }" : "");
	set->draft_name = (int32_t)n->d.sets.len;
	draft_set(&n->d, set->printed, buf_text(&text));
	return true;
}

static bool is_set_of(const struct nft_set *set, enum nft_field kind)
{
	static const char *const types[] = {
		[NFT_ADDR4] = "ipv4_addr", [NFT_ADDR6] = "ipv6_addr", [NFT_PORT] = "inet_service",
		[NFT_MAC] = "ether_addr",  [NFT_NAME] = NULL,
	};
	static const char *const fields[] = {
		[NFT_ADDR4] = "ip ", [NFT_ADDR6] = "ip6 ", [NFT_PORT] = "port",
		[NFT_MAC] = "ether", [NFT_NAME] = NULL,
	};

	if (!types[kind])
		return false;
	return str_is(set->type, types[kind]) ||
	       (memmem(set->type.s, set->type.len, fields[kind], strlen(fields[kind])) &&
		!memmem(set->type.s, set->type.len, " . ", 3));
}

static bool read_named(struct nft *n, enum nft_field kind, struct str name, struct value *ret_value)
{
	struct nft_set *set = nft_find_set(n, name);

	if (!set || set->is_map)
		return item_missing(&n->d, "there is no set '" STR_FMT "' in the file",
				    STR_ARG(name));
	if (!set->type.len || memmem(set->type.s, set->type.len, " . ", 3))
		return item_missing(&n->d, "set '" STR_FMT "' is not of single values",
				    STR_ARG(name));
	if (!is_set_of(set, kind))
		return read_list(n, kind, set->elements, INLINE_MAX, ret_value);
	if (set->draft_name < 0 && !print_set(n, set, kind))
		return false;
	if (set->dynamic || set->has_timeout)
		item_note(&n->d, "set " STR_FMT " holds here what it held when it was listed",
			  STR_ARG(set->printed));
	vec_push(n->d.arena, &ret_value->words, set->printed);
	return true;
}

static uint32_t block_end(const struct nft *n, uint32_t at, uint32_t last)
{
	uint32_t depth = 0;

	for (; at < last; at++) {
		depth += nft_is(&n->tokens.data[at], "{");
		depth -= nft_is(&n->tokens.data[at], "}");
		if (!depth)
			return at + 1;
	}
	return last;
}

bool nft_value(struct nft *n, enum nft_field kind, struct nft_span end, struct value *ret_value)
{
	const struct nft_token *token = &n->tokens.data[n->at];
	struct nft_span list;
	struct str text = token->text;

	if (n->at >= end.last)
		return item_missing(&n->d, "the rule ends where a value is wanted");
	if (nft_is(token, "{")) {
		list = (struct nft_span){ n->at, block_end(n, n->at, end.last) };
		n->at = list.last;
		return read_list(n, kind, list, INLINE_MAX, ret_value);
	}
	n->at++;
	if (token->kind == NFT_WORD && text.len > 1 && text.s[0] == '@')
		return read_named(n, kind, (struct str){ text.s + 1, text.len - 1 }, ret_value);
	if (token->kind == NFT_MARK)
		return not_understood(n, "value", text);
	return nft_element(n, kind, text, ret_value);
}
