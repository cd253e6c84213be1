/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One nft rule: expressions from left to right. A verdict map or a list of pairs makes several
 * rules of ours, its alternatives; they exclude each other, so their order means nothing.
 */
#include "bpffw/import/nft_rule.h"

#include "compiler/lang/names.h"

#define TCP   6
#define UDP   17
#define ICMP  1
#define ICMP6 58
/* Of one rule, and of all. */
#define ALTERNATIVES_MAX   1024
#define ALTERNATIVES_TOTAL 200000
#define PARTS_MAX          4
#define CONNECTIONS_MAX    64

/* ---- matches into all alternatives ---- */

static bool put(struct nft_rule *r, enum field field, bool negated, const struct value *value)
{
	vec_for_each(alternative, &r->list)
		if (!rule_match(&r->n->d, &alternative->rule, field, negated, value))
			return nft_missing(r, "it matches one field twice, by different sets");
	return true;
}

bool nft_put_number(struct nft_rule *r, enum field field, bool negated, u128 lo, u128 hi)
{
	struct value value = { 0 };

	value_add(&r->n->d, &value, 0, lo, hi);
	return put(r, field, negated, &value);
}

void nft_put_families(struct nft_rule *r, uint8_t families)
{
	vec_for_each(alternative, &r->list)
		alternative->rule.families &= families;
}

/* ---- what stands left ---- */

struct left {
	const char *words[3];
	enum field field;
	enum nft_field kind;
	uint8_t families; /* it implies, 0: none */
	uint8_t proto;    /* it implies, 0: none */
	uint64_t max;
	uint16_t add; /* to each number: our len of IPv6 has the header */
};

/* clang-format off */
static const struct left lefts[] = {
	{ { "ip", "saddr" }, FIELD_SRC, NFT_ADDR4, FAM_IPV4, 0, 0, 0 },
	{ { "ip", "daddr" }, FIELD_DST, NFT_ADDR4, FAM_IPV4, 0, 0, 0 },
	{ { "ip6", "saddr" }, FIELD_SRC, NFT_ADDR6, FAM_IPV6, 0, 0, 0 },
	{ { "ip6", "daddr" }, FIELD_DST, NFT_ADDR6, FAM_IPV6, 0, 0, 0 },
	{ { "ip", "protocol" }, FIELD_PROTO, NFT_PROTO, FAM_IPV4, 0, 255, 0 },
	{ { "meta", "l4proto" }, FIELD_PROTO, NFT_PROTO, FAM_IP, 0, 255, 0 },
	{ { "l4proto" }, FIELD_PROTO, NFT_PROTO, FAM_IP, 0, 255, 0 },
	{ { "tcp", "sport" }, FIELD_SPORT, NFT_PORT, FAM_IP, TCP, UINT16_MAX, 0 },
	{ { "tcp", "dport" }, FIELD_DPORT, NFT_PORT, FAM_IP, TCP, UINT16_MAX, 0 },
	{ { "udp", "sport" }, FIELD_SPORT, NFT_PORT, FAM_IP, UDP, UINT16_MAX, 0 },
	{ { "udp", "dport" }, FIELD_DPORT, NFT_PORT, FAM_IP, UDP, UINT16_MAX, 0 },
	{ { "th", "sport" }, FIELD_SPORT, NFT_PORT, FAM_IP, 0, UINT16_MAX, 0 },
	{ { "th", "dport" }, FIELD_DPORT, NFT_PORT, FAM_IP, 0, UINT16_MAX, 0 },
	{ { "icmp", "type" }, FIELD_TYPE, NFT_ICMP, FAM_IPV4, ICMP, 255, 0 },
	{ { "icmp", "code" }, FIELD_CODE, NFT_CODE, FAM_IPV4, ICMP, 255, 0 },
	{ { "icmpv6", "type" }, FIELD_TYPE, NFT_ICMP6, FAM_IPV6, ICMP6, 255, 0 },
	{ { "icmpv6", "code" }, FIELD_CODE, NFT_NUMBER, FAM_IPV6, ICMP6, 255, 0 },
	{ { "ip", "ttl" }, FIELD_TTL, NFT_NUMBER, FAM_IPV4, 0, 255, 0 },
	{ { "ip6", "hoplimit" }, FIELD_TTL, NFT_NUMBER, FAM_IPV6, 0, 255, 0 },
	{ { "ip", "dscp" }, FIELD_DSCP, NFT_DSCP, FAM_IPV4, 0, 63, 0 },
	{ { "ip6", "dscp" }, FIELD_DSCP, NFT_DSCP, FAM_IPV6, 0, 63, 0 },
	{ { "ip", "length" }, FIELD_LEN, NFT_NUMBER, FAM_IPV4, 0, UINT16_MAX, 0 },
	{ { "ip6", "length" }, FIELD_LEN, NFT_NUMBER, FAM_IPV6, 0, UINT16_MAX, 40 },
	{ { "ether", "saddr" }, FIELD_SMAC, NFT_MAC, 0, 0, 0, 0 },
	{ { "ether", "daddr" }, FIELD_DMAC, NFT_MAC, 0, 0, 0, 0 },
	{ { "vlan", "id" }, FIELD_VLAN, NFT_NUMBER, 0, 0, 4095, 0 },
	{ { "meta", "iifname" }, FIELD_ON, NFT_NAME, 0, 0, 0, 0 },
	{ { "meta", "iif" }, FIELD_ON, NFT_NAME, 0, 0, 0, 0 },
	{ { "iifname" }, FIELD_ON, NFT_NAME, 0, 0, 0, 0 },
	{ { "iif" }, FIELD_ON, NFT_NAME, 0, 0, 0, 0 },
	{ { NULL }, 0, 0, 0, 0, 0, 0 },
};
/* clang-format on */

/* The row that the next words are; n->at is moved behind it. */
static const struct left *take_left(struct nft_rule *r)
{
	for (const struct left *left = lefts; left->words[0]; left++) {
		uint32_t at = r->n->at, i = 0;

		for (; i < 3 && left->words[i] && at + i < r->span.last &&
		       nft_is(&r->n->tokens.data[at + i], left->words[i]);)
			i++;
		if (i < 3 && left->words[i])
			continue;
		r->n->at += i;
		return left;
	}
	return NULL;
}

static bool put_implied(struct nft_rule *r, const struct left *left)
{
	if (left->families)
		nft_put_families(r, left->families);
	if (!left->proto)
		return true;
	/* As nft writes it: the match of the protocol is part of the match of the port. */
	return nft_put_number(r, FIELD_PROTO, false, left->proto, left->proto);
}

/* lo is no interface of ours: `iif lo` never holds, `iif != lo` always. */
static bool put_interfaces(struct nft_rule *r, bool negated, struct value *value)
{
	struct value kept = { 0 };

	vec_for_each(name, &value->words) {
		if (str_is(*name, "lo"))
			continue;
		if (!r->n->d.source->interfaces.len && !negated)
			draft_interface(&r->n->d, *name);
		vec_push(r->n->d.arena, &kept.words, *name);
	}
	if (kept.words.len)
		return put(r, FIELD_ON, negated, &kept);
	r->needless |= !negated;
	return true;
}

static bool put_value(struct nft_rule *r, const struct left *left, bool negated,
		      struct value *value)
{
	if (left->field == FIELD_ON)
		return put_interfaces(r, negated, value);
	if (left->add)
		vec_for_each(range, &value->r[0]) {
			range->lo += left->add;
			range->hi += left->add;
		}
	if (left->field == FIELD_VLAN &&
	    (negated || value->r[0].len != 1 || !value->r[0].data[0].lo))
		item_note(&r->n->d, "nft matches a VLAN only in tagged frames");
	if (left->field == FIELD_CODE && !r->list.data[0].rule.given[FIELD_TYPE][0])
		return nft_missing(r, "an ICMP code without a type");
	return put(r, left->field, negated, value);
}

/* <, >, <=, >= */
static bool put_comparison(struct nft_rule *r, const struct left *left)
{
	bool below = r->n->tokens.data[r->n->at].text.s[0] == '<';
	bool equal = r->n->tokens.data[r->n->at].text.len == 2;
	struct value value = { 0 };
	uint64_t number, max = left->max;
	struct str text;

	if (peek(r)->text.len == 2 && peek(r)->text.s[1] != '=')
		return nft_missing(r, "a shift has no counterpart in bpffw");
	r->n->at++;
	text = take_text(r);
	if (!max || !read_number(text, max, &number))
		return nft_missing(r, "a comparison of what is no number");
	if ((below && !equal && !number) || (!below && !equal && number == max)) {
		r->never = true;
		return true;
	}
	if (below)
		value_add(&r->n->d, &value, 0, 0, equal ? number : number - 1);
	else
		value_add(&r->n->d, &value, 0, equal ? number : number + 1, max);
	return put_value(r, left, false, &value);
}

static bool read_match(struct nft_rule *r, const struct left *left)
{
	struct value value = { 0 };
	bool negated = false;
	const struct nft_token *op = peek(r);

	if (!put_implied(r, left))
		return false;
	if (op->kind == NFT_MARK && op->text.len && (op->text.s[0] == '<' || op->text.s[0] == '>'))
		return put_comparison(r, left);
	if (take_if(r, "!=") || take_if(r, "ne"))
		negated = true;
	else if (!take_if(r, "=="))
		take_if(r, "eq");
	if (nft_is(peek(r), "&") || nft_is(peek(r), "and"))
		return nft_missing(r, "a mask has no counterpart in bpffw but for TCP flags");
	if (!nft_value(r->n, left->kind, r->span, &value))
		return false;
	return put_value(r, left, negated, &value);
}

/* ---- pairs and verdict maps ---- */

static bool take_verdict(struct nft_rule *r, enum nft_verdict *ret_verdict, struct str *ret_target)
{
	static const struct {
		const char *word;
		enum nft_verdict verdict;
	} verdicts[] = {
		{ "accept", VERDICT_ACCEPT }, { "drop", VERDICT_DROP },
		{ "return", VERDICT_RETURN }, { "continue", VERDICT_NONE },
		{ "jump", VERDICT_JUMP },     { "goto", VERDICT_GOTO },
	};

	for (uint32_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (!take_if(r, verdicts[i].word))
			continue;
		*ret_verdict = verdicts[i].verdict;
		if (*ret_verdict >= VERDICT_JUMP)
			*ret_target = take_text(r);
		return true;
	}
	return false;
}

static uint32_t block_end(const struct nft *n, struct nft_span span)
{
	uint32_t depth = 0, at = span.first;

	for (; at < span.last; at++) {
		depth += nft_is(&n->tokens.data[at], "{");
		depth -= nft_is(&n->tokens.data[at], "}");
		if (!depth)
			return at + 1;
	}
	return span.last;
}

/* "{ ... }" here, or "@name". */
static bool take_elements(struct nft_rule *r, bool is_map, struct nft_span *ret_span)
{
	struct str name = peek(r)->text;
	struct nft_set *set;

	if (nft_is(peek(r), "{")) {
		ret_span->first = r->n->at;
		ret_span->last = block_end(r->n, (struct nft_span){ r->n->at, r->span.last });
		r->n->at = ret_span->last;
		return true;
	}
	if (peek(r)->kind != NFT_WORD || name.len < 2 || name.s[0] != '@')
		return nft_missing(r, "a list or a set is wanted");
	r->n->at++;
	set = nft_find_set(r->n, (struct str){ name.s + 1, name.len - 1 });
	if (!set || set->is_map != is_map)
		return nft_missing(r, "it names a set that is not in the file");
	if (set->dynamic)
		return nft_missing(r, "a set of pairs that packets fill");
	*ret_span = set->elements;
	return true;
}

static bool is_separator(const struct nft_token *token)
{
	return token->kind == NFT_NEWLINE || nft_is(token, ",") || nft_is(token, "{") ||
	       nft_is(token, "}");
}

static bool read_ct_state(struct nft_rule *r, struct alternative *alternative, struct str word);

/* One part of a key into one alternative. */
static bool put_part(struct nft_rule *r, const struct left *left, struct alternative *alternative,
		     struct str text)
{
	struct value value = { 0 };
	struct nft_rule one = *r;
	bool ok;

	if (!left)
		return read_ct_state(r, alternative, text);
	if (str_is(text, "*") || !nft_element(r->n, left->kind, text, &value))
		return nft_missing(r, "an element of a list is not understood");
	one.list.data = alternative;
	one.list.len = one.list.cap = 1;
	ok = put_implied(&one, left) && put_value(&one, left, false, &value);
	if (one.needless)
		alternative->rule.never = true;
	return ok;
}

/* "10.0.0.1 . 22 : accept" */
static bool read_pair(struct nft_rule *r, const struct left *const *parts, uint32_t n_parts,
		      bool is_map, struct alternative *alternative)
{
	for (uint32_t part = 0; part < n_parts; part++) {
		if (part && !take_if(r, "."))
			return nft_missing(r, "an element has too few parts");
		if (peek(r)->kind != NFT_WORD && peek(r)->kind != NFT_STRING)
			return nft_missing(r, "an element of a list is not understood");
		if (!put_part(r, parts[part], alternative, take_text(r)))
			return false;
	}
	while (!is_map && peek(r)->kind != NFT_END && !is_separator(peek(r)) &&
	       !nft_is(peek(r), "."))
		r->n->at++;
	while (is_map && peek(r)->kind != NFT_END && !is_separator(peek(r)) &&
	       !nft_is(peek(r), ":"))
		r->n->at++;
	if (!is_map)
		return true;
	if (!take_if(r, ":") || !take_verdict(r, &alternative->verdict, &alternative->target))
		return nft_missing(r, "a map of other things than verdicts");
	return true;
}

/* Each alternative so far times each element. */
static bool multiply(struct nft_rule *r, const struct left *const *parts, uint32_t n_parts,
		     bool is_map)
{
	struct nft_span span, kept = r->span;
	struct alternative base = r->list.data[0];
	uint32_t back;

	if (r->list.len != 1)
		return nft_missing(r, "two lists of pairs in one rule");
	if (!take_elements(r, is_map, &span))
		return false;
	back = r->n->at;
	r->list.len = 0;
	r->span = span;
	for (r->n->at = span.first; r->n->at < span.last;) {
		if (is_separator(peek(r))) {
			r->n->at++;
			continue;
		}
		if (r->list.len == ALTERNATIVES_MAX || ++r->n->n_alternatives > ALTERNATIVES_TOTAL)
			return nft_missing(r, "a list of more pairs than bpffw can spell out");
		vec_push(r->n->d.arena, &r->list, base);
		if (!read_pair(r, parts, n_parts, is_map, &r->list.data[r->list.len - 1]))
			return false;
		if (r->list.data[r->list.len - 1].rule.never)
			r->list.len--;
	}
	r->span = kept;
	r->n->at = back;
	r->is_map |= is_map;
	if (!r->list.len) {
		r->never = true;
		vec_push(r->n->d.arena, &r->list, base);
	}
	return true;
}

/* What follows the first field: " . FIELD", vmap, or a plain match. */
static bool read_field(struct nft_rule *r, const struct left *first)
{
	const struct left *parts[PARTS_MAX] = { first };
	uint32_t n_parts = 1;

	while (take_if(r, ".")) {
		if (n_parts == PARTS_MAX || !(parts[n_parts++] = take_left(r)))
			return nft_missing(r, "a pair with a field that bpffw does not know");
	}
	if (take_if(r, "vmap"))
		return multiply(r, parts, n_parts, true);
	if (n_parts == 1)
		return read_match(r, first);
	if (nft_is(peek(r), "!="))
		return nft_missing(r, "'not' of a list of pairs has no words in bpffw");
	take_if(r, "==");
	return multiply(r, parts, n_parts, false);
}

/* ---- states ---- */

enum { STATE_NEW = 1, STATE_ESTABLISHED = 2, STATE_RELATED = 4, STATE_OTHER = 8 };

static uint32_t state_bit(struct str word)
{
	static const struct name_value states[] = {
		{ "new", STATE_NEW },         { "established", STATE_ESTABLISHED },
		{ "related", STATE_RELATED }, { "invalid", STATE_OTHER },
		{ "untracked", STATE_OTHER }, { NULL, 0 },
	};
	uint16_t bit;

	return names_value(states, word, &bit) ? bit : 0;
}

static bool put_state(struct nft_rule *r, struct alternative *alternative, uint32_t bits)
{
	struct draft *d = &r->n->d;

	if (!(bits & (STATE_NEW | STATE_ESTABLISHED)))
		return nft_missing(r,
				   "bpffw has no conntrack: it drops malformed packets before any "
				   "rule and knows no other such state");
	if (!(bits & STATE_NEW)) {
		alternative->rule.established = 1;
		item_note(d, "the state became 'established': answers to what this host sent, by "
			     "bpffw's own table of flows");
	} else if (bits & STATE_ESTABLISHED) {
		item_note(d, "the states are not looked at: they are all but invalid");
	} else {
		r->states_new = true;
	}
	return true;
}

static bool read_ct_state(struct nft_rule *r, struct alternative *alternative, struct str word)
{
	uint32_t bit = state_bit(word);

	if (!bit)
		return nft_missing(r, "a connection state that is not known");
	/* A map: what is new or invalid has its own verdict, and is no match of ours. */
	if (bit == STATE_NEW)
		return nft_missing(r, "a map with a verdict for new connections");
	if (bit == STATE_OTHER) {
		item_note(&r->n->d, "invalid is left out: bpffw has no conntrack");
		alternative->rule.never = true;
		return true;
	}
	/* established covers the related ones that bpffw knows: ICMP errors. */
	if (bit == STATE_RELATED) {
		alternative->rule.never = true;
		return true;
	}
	return put_state(r, alternative, bit);
}

static bool read_state(struct nft_rule *r)
{
	const struct left *none[1] = { NULL };
	bool negated;
	uint32_t bits = 0;

	if (take_if(r, "vmap"))
		return multiply(r, none, 1, true);
	negated = take_if(r, "!=");
	take_if(r, "==");
	for (;;) {
		uint32_t bit = state_bit(peek(r)->text);

		if (!bit && !nft_is(peek(r), "{") && !nft_is(peek(r), "}") &&
		    !nft_is(peek(r), ",") && !nft_is(peek(r), "|"))
			break;
		bits |= bit;
		r->n->at++;
	}
	if (!bits)
		return nft_missing(r, "a connection state that is not known");
	if (negated)
		bits = (STATE_NEW | STATE_ESTABLISHED | STATE_RELATED | STATE_OTHER) & ~bits;
	return put_state(r, &r->list.data[0], bits);
}

/* ---- TCP flags and fragments ---- */

static bool take_flags(struct nft_rule *r, uint8_t *ret_flags, uint32_t *ret_count)
{
	*ret_flags = 0;
	*ret_count = 0;
	for (;;) {
		uint16_t bit;
		uint64_t number;

		if (take_if(r, "(") || take_if(r, ")") || take_if(r, "|") || take_if(r, ","))
			continue;
		if (peek(r)->kind != NFT_WORD)
			break;
		if (names_value(names_tcp_flags, peek(r)->text, &bit))
			*ret_flags |= (uint8_t)bit;
		else if (read_number(peek(r)->text, 255, &number))
			*ret_flags |= (uint8_t)number;
		else
			break;
		++*ret_count;
		r->n->at++;
	}
	return *ret_count;
}

static void put_flags(struct nft_rule *r, bool negated, uint8_t set, uint8_t mask)
{
	vec_for_each(alternative, &r->list) {
		if (set & ~mask)
			r->never |= !negated;
		else if (mask)
			rule_flags(&alternative->rule, negated, set, mask);
		else
			r->never |= negated;
	}
}

static bool read_flags(struct nft_rule *r)
{
	static const struct left tcp = { .families = FAM_IP, .proto = TCP };
	uint8_t set, mask = 0xff;
	bool negated, equal, none;
	uint32_t count;

	if (!put_implied(r, &tcp))
		return false;
	if (take_if(r, "&") || take_if(r, "and")) {
		if (!take_flags(r, &mask, &count))
			return nft_missing(r, "TCP flags that are not understood");
		negated = take_if(r, "!=");
		if (!negated && !take_if(r, "=="))
			return nft_missing(r, "TCP flags that are not understood");
		if (!take_flags(r, &set, &count))
			return nft_missing(r, "TCP flags that are not understood");
		put_flags(r, negated, set, mask);
		return true;
	}
	none = take_if(r, "!");
	negated = take_if(r, "!=");
	equal = take_if(r, "==");
	if (nft_is(peek(r), "{") || !take_flags(r, &set, &count))
		return nft_missing(r, "TCP flags that are not understood");
	if (take_if(r, "/")) {
		if (!take_flags(r, &mask, &count))
			return nft_missing(r, "TCP flags that are not understood");
		put_flags(r, negated, set, mask);
	} else if (none) {
		put_flags(r, false, 0, set);
	} else if (equal || negated) {
		put_flags(r, negated, set, 0xff);
	} else {
		/* One of these is set: not none of them. */
		put_flags(r, true, 0, set);
	}
	return true;
}

/* ip frag-off & 0x1fff != 0 */
static bool read_fragment(struct nft_rule *r)
{
	uint64_t mask = 0, value = 1;
	bool negated;

	nft_put_families(r, FAM_IPV4);
	if (!take_if(r, "&") || !read_number(take_text(r), UINT16_MAX, &mask))
		return nft_missing(r, "a fragment offset in words that bpffw does not know");
	negated = take_if(r, "!=") || take_if(r, ">");
	if (!negated)
		take_if(r, "==");
	if (!read_number(take_text(r), UINT16_MAX, &value) || value ||
	    (mask != 0x1fff && mask != 0x3fff) || (mask == 0x1fff && !negated))
		return nft_missing(r, "a fragment offset in words that bpffw does not know");
	if (!r->n->has_ingress)
		return nft_missing(r, "the host reassembles before this hook: fragments never come "
				      "there ('drop frag any' drops them)");
	vec_for_each(alternative, &r->list)
		alternative->rule.frag = !negated         ? FRAG_WORD_NO
					 : mask == 0x1fff ? FRAG_WORD_LATER
							  : FRAG_WORD_ANY;
	return true;
}

/* ---- limits ---- */

/* rate [over] 10/second [burst 5 packets] */
static bool read_limit(struct nft_rule *r)
{
	take_if(r, "rate");
	r->over = take_if(r, "over");
	if (!r->over)
		take_if(r, "until");
	r->rate = take_text(r);
	if (nft_is(peek(r), "bytes") || nft_is(peek(r), "kbytes") || nft_is(peek(r), "mbytes"))
		return nft_missing(r, "a limit of bytes is not translated");
	if (str_starts(peek(r)->text, STR("bytes/")) || str_starts(peek(r)->text, STR("kbytes/")) ||
	    str_starts(peek(r)->text, STR("mbytes/")))
		return nft_missing(r, "a limit of bytes is not translated");
	if (take_if(r, "burst")) {
		if (!read_number(take_text(r), 1000000, &r->burst) || !take_if(r, "packets"))
			return nft_missing(r, "a burst that is not understood");
	}
	return true;
}

/* add @name { ip saddr [timeout 10m] [limit rate over 10/minute | ct count over 20] } */
static bool read_dynamic(struct nft_rule *r, bool named)
{
	const struct left *left;
	struct str name = { 0 };

	if (named)
		name = take_text(r);
	if (take_if(r, "size"))
		take_text(r);
	if (!take_if(r, "{"))
		return nft_missing(r, "a set that packets fill, in words that bpffw does not know");
	left = take_left(r);
	if (!left || left->field != FIELD_SRC)
		return nft_missing(r,
				   "a set that packets fill with other things than their source");
	nft_put_families(r, left->families);
	r->per_source = true;
	r->per_mask = left->kind == NFT_ADDR4 ? 32 : 128;
	if ((take_if(r, "&") || take_if(r, "and")))
		return nft_missing(r, "a mask of the key has no counterpart in bpffw");
	if (take_if(r, "timeout"))
		r->ban_time = take_text(r);
	if (take_if(r, "limit")) {
		r->has_meter = true;
		if (!read_limit(r))
			return false;
	} else if (take_if(r, "ct")) {
		if (!take_if(r, "count") || !take_if(r, "over") ||
		    !read_number(take_text(r), CONNECTIONS_MAX, &r->connections) || !r->connections)
			return nft_missing(r, "bpffw limits up to 64 TCP connections of a source");
	} else {
		r->ban_set = name;
	}
	if (take_if(r, "timeout"))
		r->ban_time = take_text(r);
	return take_if(r, "}") ||
	       nft_missing(r, "a set that packets fill, in words that bpffw does not know");
}

/* ---- the words of a rule ---- */

static bool read_family(struct nft_rule *r)
{
	bool negated = take_if(r, "!=");
	uint8_t families = 0;

	take_if(r, "==");
	if (take_if(r, "ipv4") || take_if(r, "ip"))
		families = FAM_IPV4;
	else if (take_if(r, "ipv6") || take_if(r, "ip6"))
		families = FAM_IPV6;
	else
		return nft_missing(r, "an ethertype other than IP is not translated");
	nft_put_families(r, negated ? FAM_IP & ~families : families);
	return true;
}

static bool read_packet_type(struct nft_rule *r)
{
	bool negated = take_if(r, "!=");

	if (!take_if(r, "broadcast"))
		return nft_missing(r, "this packet type is not known to bpffw");
	return nft_put_number(r, FIELD_DMAC, negated, 0xffffffffffff, 0xffffffffffff);
}

static bool take_two(struct nft_rule *r, const char *first, const char *second)
{
	uint32_t at = r->n->at;

	if (take_if(r, first) && take_if(r, second))
		return true;
	r->n->at = at;
	return false;
}

static bool read_expression(struct nft_rule *r)
{
	const struct left *left;
	struct str word = peek(r)->text;

	if (take_verdict(r, &r->verdict, &r->target))
		return true;
	if (take_if(r, "counter"))
		return nft_read_counter(r);
	if (take_if(r, "log"))
		return nft_read_log(r);
	if (take_if(r, "reject"))
		return nft_read_reject(r);
	if (take_if(r, "comment"))
		return nft_read_comment(r);
	if (take_if(r, "limit"))
		return read_limit(r);
	if (take_if(r, "add") || take_if(r, "update") || take_if(r, "meter"))
		return read_dynamic(r, true);
	if (take_two(r, "ct", "state"))
		return read_state(r);
	if (take_two(r, "tcp", "flags"))
		return read_flags(r);
	if (take_two(r, "ip", "frag-off"))
		return read_fragment(r);
	if (take_two(r, "meta", "nfproto") || take_two(r, "meta", "protocol") ||
	    take_two(r, "ether", "type"))
		return read_family(r);
	if (take_two(r, "meta", "pkttype") || take_if(r, "pkttype"))
		return read_packet_type(r);
	left = take_left(r);
	if (left)
		return read_field(r, left);
	return item_missing(&r->n->d, "'" STR_FMT "' has no counterpart in bpffw", STR_ARG(word));
}

static void tell_effect(struct nft_rule *r)
{
	struct item *item = r->n->d.item;
	bool drops = false, accepts = false;

	if (item->outcome != IMPORT_MISSING)
		return;
	for (uint32_t i = r->span.first; i < r->span.last; i++) {
		drops |= nft_is(&r->n->tokens.data[i], "drop") ||
			 nft_is(&r->n->tokens.data[i], "reject");
		accepts |= nft_is(&r->n->tokens.data[i], "accept");
	}
	if (drops)
		item->note = arena_printf(r->n->d.arena, "%s; WHAT IT DROPS GOES ON", item->note);
	else if (accepts)
		item->note =
			arena_printf(r->n->d.arena, "%s; what it lets pass goes on", item->note);
}

static bool read_rule(struct nft_rule *r)
{
	while (r->n->at < r->span.last)
		if (!read_expression(r))
			return false;
	return true;
}

void nft_translate(struct nft *n, const struct nft_rule_source *source)
{
	struct nft_rule r = { .n = n, .span = source->span };
	struct alternative *first;

	/* The room of the rule before: an alternative is large. */
	r.list.data = n->room;
	r.list.cap = n->room_cap;
	first = vec_add(n->d.arena, &r.list);
	first->rule.chain = -1;
	first->rule.families = n->families & FAM_IP;
	n->at = r.span.first;
	if (read_rule(&r)) {
		if (r.needless)
			item_note(&n->d, "not needed: bpffw is on no loopback interface");
		else if (r.never)
			item_note(&n->d, "it can never match");
		else
			vec_for_each(alternative, &r.list)
				if (!nft_emit(&r, alternative))
					break;
	}
	n->room = r.list.data;
	n->room_cap = r.list.cap;
	tell_effect(&r);
}
