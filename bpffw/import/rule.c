/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules in a neutral form: fields hold value ranges, so that two matches of one field are narrowed
 * to what both say. They print as canonical text, or tell why our language has no words for them.
 */
#include "bpf/abi.h"
#include "bpffw/import/draft.h"
#include "compiler/lang/names.h"
#include "compiler/lang/type.h"

#define TCP   6
#define UDP   17
#define ICMP  1
#define ICMP6 58
/* More values in one clause than this make no readable line. */
#define VALUES_MAX 4096

enum { SYN_SET = 0x02, SYN_MASK = 0x17 };

/* clang-format off */
static const struct {
	const char *word;
	enum value_type type;
	u128 max;
} fields[FIELDS] = {
	[FIELD_PROTO] = { "proto", TYPE_PROTO, 255 },
	[FIELD_TYPE]  = { "type", TYPE_ICMP_TYPE, 255 },
	[FIELD_CODE]  = { "code", TYPE_NUM, 255 },
	[FIELD_SRC]   = { "src", TYPE_ADDR, 0 },
	[FIELD_DST]   = { "dst", TYPE_ADDR, 0 },
	[FIELD_SPORT] = { "sport", TYPE_PORT, UINT16_MAX },
	[FIELD_DPORT] = { "dport", TYPE_PORT, UINT16_MAX },
	[FIELD_LEN]   = { "len", TYPE_NUM, UINT16_MAX + 40 },
	[FIELD_TTL]   = { "ttl", TYPE_NUM, 255 },
	[FIELD_DSCP]  = { "dscp", TYPE_DSCP, 63 },
	[FIELD_VLAN]  = { "vlan", TYPE_NUM, 4095 },
	[FIELD_SMAC]  = { "smac", TYPE_MAC, 0xffffffffffff },
	[FIELD_DMAC]  = { "dmac", TYPE_MAC, 0xffffffffffff },
	[FIELD_ETHER] = { "ether", TYPE_ETHER, UINT16_MAX },
	[FIELD_ON]    = { "on", TYPE_IFACE, 0 },
};
/* clang-format on */

/* ---- making them ---- */

void value_add(struct draft *d, struct value *value, int family, u128 lo, u128 hi)
{
	vec_push(d->arena, &value->r[family == 6], ((struct range){ lo, hi }));
}

ranges ranges_both(struct arena *arena, const ranges *a, const ranges *b)
{
	uint32_t i = 0, j = 0;
	ranges both = { 0 };

	while (i < a->len && j < b->len) {
		u128 lo = a->data[i].lo > b->data[j].lo ? a->data[i].lo : b->data[j].lo;
		u128 hi = a->data[i].hi < b->data[j].hi ? a->data[i].hi : b->data[j].hi;

		if (lo <= hi)
			vec_push(arena, &both, ((struct range){ lo, hi }));
		if (a->data[i].hi < b->data[j].hi)
			i++;
		else
			j++;
	}
	return both;
}

static void join(struct draft *d, ranges *into, const ranges *more)
{
	vec_for_each(range, more)
		vec_push(d->arena, into, *range);
	ranges_normalise(into);
}

static bool same_words(const strs *a, const strs *b)
{
	if (a->len != b->len)
		return false;
	for (uint32_t i = 0; i < a->len; i++)
		if (!str_eq(a->data[i], b->data[i]))
			return false;
	return true;
}

static bool is_empty(const struct value *value)
{
	return !value->r[0].len && !value->r[1].len && !value->words.len;
}

bool rule_match(struct draft *d, struct draft_rule *rule, enum field field, bool negated,
		const struct value *value)
{
	struct value *have = &rule->fields[field][negated];
	const struct value empty = { 0 };

	if (!rule->given[field][negated]) {
		*have = empty;
		for (int i = 0; i < 2; i++)
			join(d, &have->r[i], &value->r[i]);
		vec_for_each(word, &value->words)
			vec_push(d->arena, &have->words, *word);
		rule->given[field][negated] = true;
		return true;
	}
	if (negated) {
		for (int i = 0; i < 2; i++)
			join(d, &have->r[i], &value->r[i]);
		vec_for_each(word, &value->words)
			vec_push(d->arena, &have->words, *word);
		return true;
	}
	if (have->words.len || value->words.len)
		return same_words(&have->words, &value->words) && !have->r[0].len &&
		       !have->r[1].len && !value->r[0].len && !value->r[1].len;
	for (int i = 0; i < 2; i++) {
		ranges other = value->r[i];

		ranges_normalise(&other);
		have->r[i] = ranges_both(d->arena, &have->r[i], &other);
	}
	rule->never |= is_empty(have);
	return true;
}

bool rule_number(struct draft *d, struct draft_rule *rule, enum field field, bool negated, u128 lo,
		 u128 hi)
{
	struct value value = { 0 };

	value_add(d, &value, 0, lo, hi);
	return rule_match(d, rule, field, negated, &value);
}

void rule_flags(struct draft_rule *rule, bool negated, uint8_t set, uint8_t mask)
{
	struct flags_match *have = &rule->flags[negated];

	if (have->given && !negated && (have->set ^ set) & have->mask & mask)
		rule->never = true;
	/* Two negated ones are no single one; the printer refuses what is not given twice. */
	if (have->given && negated && (have->set != set || have->mask != mask))
		have->mask = 0;
	else
		*have = (struct flags_match){ true, have->set | set, have->mask | mask };
}

/* ---- what must fit together ---- */

static bool is_one(const struct draft_rule *rule, enum field field, u128 number)
{
	const struct value *value = &rule->fields[field][0];

	return rule->given[field][0] && value->r[0].len == 1 && value->r[0].data[0].lo == number &&
	       value->r[0].data[0].hi == number;
}

/* Plain and negated numbers are one list. */
static void subtract(struct draft *d, struct draft_rule *rule, enum field field)
{
	struct value *plain = &rule->fields[field][0], *negated = &rule->fields[field][1];
	ranges rest;

	if (!rule->given[field][0] || !rule->given[field][1] || plain->words.len ||
	    negated->words.len || fields[field].type == TYPE_ADDR || field == FIELD_ON)
		return;
	rest = ranges_complement(d->arena, &negated->r[0], fields[field].max);
	plain->r[0] = ranges_both(d->arena, &plain->r[0], &rest);
	rule->given[field][1] = false;
	rule->never |= is_empty(plain);
}

static uint8_t families_of(const struct value *value)
{
	if (value->words.len)
		return FAM_IP;
	return (value->r[0].len ? FAM_IPV4 : 0) | (value->r[1].len ? FAM_IPV6 : 0);
}

static bool is_given(const struct draft_rule *rule, enum field field)
{
	return rule->given[field][0] || rule->given[field][1];
}

/* The families that the clauses leave by themselves. */
static uint8_t implied_families(const struct draft_rule *rule)
{
	uint8_t left = FAM_IP;

	for (int field = FIELD_SRC; field <= FIELD_DST; field++)
		for (int negated = 0; negated < 2; negated++)
			if (rule->given[field][negated])
				left &= families_of(&rule->fields[field][negated]);
	for (int negated = 0; negated < 2; negated++) {
		const struct value *proto = &rule->fields[FIELD_PROTO][negated];

		if (!rule->given[FIELD_PROTO][negated] || proto->r[0].len != 1 ||
		    proto->r[0].data[0].lo != proto->r[0].data[0].hi)
			continue;
		if (proto->r[0].data[0].lo == ICMP)
			left &= FAM_IPV4;
		if (proto->r[0].data[0].lo == ICMP6)
			left &= FAM_IPV6;
	}
	return left;
}

/* Addresses of a family that the rule is not for can go. */
static void narrow_addresses(struct draft_rule *rule)
{
	for (int field = FIELD_SRC; field <= FIELD_DST; field++) {
		for (int negated = 0; negated < 2; negated++) {
			struct value *value = &rule->fields[field][negated];

			if (!rule->given[field][negated] || value->words.len)
				continue;
			if (!(rule->families & FAM_IPV4))
				value->r[0].len = 0;
			if (!(rule->families & FAM_IPV6))
				value->r[1].len = 0;
			if (!is_empty(value))
				continue;
			if (negated)
				rule->given[field][1] = false;
			else
				rule->never = true;
		}
	}
}

/* The protocols are some of these two. */
static bool protocols_are(const struct draft_rule *rule, u128 one, u128 other)
{
	const ranges *r = &rule->fields[FIELD_PROTO][0].r[0];

	if (!rule->given[FIELD_PROTO][0])
		return false;
	vec_for_each(range, r)
		for (u128 number = range->lo; number <= range->hi; number++)
			if (number != one && number != other)
				return false;
	return r->len;
}

static const char *check_layer4(const struct draft_rule *rule)
{
	bool ports = is_given(rule, FIELD_SPORT) || is_given(rule, FIELD_DPORT);
	bool flags = rule->flags[0].given || rule->flags[1].given;

	if (ports && !protocols_are(rule, TCP, UDP))
		return "bpffw knows ports of tcp and udp only";
	if (flags && !is_one(rule, FIELD_PROTO, TCP))
		return "TCP flags without tcp";
	if (flags && (!rule->flags[0].given != !rule->flags[0].mask ||
		      !rule->flags[1].given != !rule->flags[1].mask))
		return "two different 'not flags' in one rule";
	if ((is_given(rule, FIELD_TYPE) || is_given(rule, FIELD_CODE)) &&
	    !is_one(rule, FIELD_PROTO, ICMP) && !is_one(rule, FIELD_PROTO, ICMP6))
		return "an ICMP type without icmp";
	if (rule->given[FIELD_CODE][0] && !is_given(rule, FIELD_TYPE))
		return "an ICMP code without a type";
	if (rule->frag == FRAG_WORD_LATER && (ports || flags || is_given(rule, FIELD_TYPE)))
		return "later fragments have no ports, flags or types";
	return NULL;
}

static const char *check_values(const struct draft_rule *rule)
{
	for (int field = 0; field < FIELDS; field++)
		for (int negated = 0; negated < 2; negated++) {
			const struct value *value = &rule->fields[field][negated];

			if (rule->given[field][negated] &&
			    value->r[0].len + value->r[1].len + value->words.len > VALUES_MAX)
				return "more than 4096 values in one list: use a set";
			vec_for_each(word, &value->words)
				if (field == FIELD_ON && rule->given[field][negated] &&
				    !is_interface_name(*word))
					return "it names an interface that can be none";
		}
	return NULL;
}

/* Return: NULL, or why it has no words in our language. */
static const char *settle(struct draft *d, struct draft_rule *rule)
{
	uint8_t left;
	const char *why;

	for (int field = 0; field < FIELDS; field++)
		subtract(d, rule, (enum field)field);
	narrow_addresses(rule);
	left = implied_families(rule);
	if (rule->given[FIELD_PROTO][1] && (rule->families & FAM_IP & ~left) &&
	    !is_given(rule, FIELD_SRC) && !is_given(rule, FIELD_DST))
		return "'not icmp' is of one family in bpffw, the rule is of two";
	rule->families &= left;
	narrow_addresses(rule);
	if (rule->never)
		return NULL;
	if (!rule->families)
		return "it names things of both address families, or a protocol of the other one";
	why = check_layer4(rule);
	return why ? why : check_values(rule);
}

/* ---- printing ---- */

static bool is_word(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("_.:+%*/~-", c))))
			return false;
	}
	return text.len && text.s[0] != '-' && !str_is(text, "not");
}

static void put_quoted(struct buf *out, struct str text)
{
	buf_puts(out, "\"");
	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.s[i] < 0x20 || text.s[i] > 0x7e ? '?' : text.s[i];

		if (c == '"' || c == '\\')
			buf_puts(out, "\\");
		buf_add(out, (struct str){ &c, 1 });
	}
	buf_puts(out, "\"");
}

static void put_ranges(struct buf *out, const ranges *r, enum value_type type, uint8_t family,
		       const char **comma)
{
	vec_for_each(range, r) {
		struct atom atom = {
			.kind = ATOM_RANGE,
			.family = family,
			.mask = UINT64_MAX,
			.lo = range->lo,
			.hi = range->hi,
		};

		buf_puts(out, *comma);
		types[type].print(out, &atom);
		*comma = ",";
	}
}

static void put_value(struct buf *out, const struct value *value, enum value_type type)
{
	const char *comma = "";

	put_ranges(out, &value->r[0], type, type == TYPE_ADDR ? 4 : 0, &comma);
	put_ranges(out, &value->r[1], type, 6, &comma);
	vec_for_each(word, &value->words) {
		buf_puts(out, comma);
		if (type == TYPE_IFACE && !is_word(*word)) {
			put_quoted(out, *word);
		} else {
			buf_puts(out, type == TYPE_IFACE ? "" : "@");
			buf_add(out, *word);
		}
		comma = ",";
	}
}

static void put_field(struct buf *out, const struct draft_rule *rule, enum field field)
{
	bool follows = field == FIELD_TYPE || field == FIELD_CODE;
	enum value_type type = fields[field].type;

	if (field == FIELD_TYPE && is_one(rule, FIELD_PROTO, ICMP6))
		type = TYPE_ICMP6_TYPE;
	for (int negated = 0; negated < 2; negated++) {
		if (!rule->given[field][negated])
			continue;
		if (negated && !follows)
			buf_puts(out, " not");
		buf_printf(out, " %s%s ", fields[field].word, negated && follows ? " not" : "");
		put_value(out, &rule->fields[field][negated], type);
	}
}

static void put_protocol(struct buf *out, const struct draft_rule *rule)
{
	static const struct name_value own[] = {
		{ "tcp", TCP }, { "udp", UDP }, { "icmp", ICMP }, { "icmp6", ICMP6 }, { NULL, 0 },
	};

	for (int negated = 0; negated < 2; negated++) {
		const ranges *r = &rule->fields[FIELD_PROTO][negated].r[0];
		const char *name = NULL;

		if (!rule->given[FIELD_PROTO][negated])
			continue;
		if (r->len == 1 && r->data[0].lo == r->data[0].hi)
			name = names_name(own, (uint64_t)r->data[0].lo);
		buf_puts(out, negated ? " not " : " ");
		buf_puts(out, name ? name : "proto ");
		if (!name)
			put_value(out, &rule->fields[FIELD_PROTO][negated], TYPE_PROTO);
	}
}

static void put_flags(struct buf *out, const struct draft_rule *rule)
{
	for (int negated = 0; negated < 2; negated++) {
		const struct flags_match *flags = &rule->flags[negated];
		struct atom atom = { .mask = flags->mask, .lo = flags->set, .hi = flags->set };

		if (!flags->given)
			continue;
		buf_puts(out, negated ? " not" : "");
		if (flags->set == SYN_SET && flags->mask == SYN_MASK) {
			buf_puts(out, " syn");
			continue;
		}
		buf_puts(out, " flags ");
		types[TYPE_FLAGS].print(out, &atom);
	}
}

/* @known: the families that every packet is of that comes here. */
static void put_matches(struct buf *out, const struct draft_rule *rule, uint8_t known)
{
	static const char *const fragments[] = { "", " frag later", " frag any", " frag no" };

	if (rule->families != known && (rule->families == FAM_IPV4 || rule->families == FAM_IPV6) &&
	    implied_families(rule) & ~rule->families)
		buf_puts(out, rule->families == FAM_IPV4 ? " ip4" : " ip6");
	put_protocol(out, rule);
	put_field(out, rule, FIELD_TYPE);
	put_field(out, rule, FIELD_CODE);
	put_flags(out, rule);
	for (int field = FIELD_SRC; field < FIELDS; field++)
		put_field(out, rule, (enum field)field);
	buf_puts(out, fragments[rule->frag]);
	if (rule->established)
		buf_puts(out, rule->established > 0 ? " established" : " not established");
}

static void put_limit(struct buf *out, const struct draft_rule *rule, bool behind_verb)
{
	if (!rule->rate)
		return;
	buf_printf(out, " %s%s", behind_verb ? "" : "rate ", rule->rate);
	if (rule->burst)
		buf_printf(out, " burst %s", rule->burst);
	if (rule->per)
		buf_printf(out, " per %s", rule->per);
}

/* A chain that is printed as one is reached by jumps that name its family. */
static uint8_t known_families(const struct draft *d)
{
	const struct draft_chain *chain = d->chain < 0 ? NULL : &d->chains.data[d->chain];

	return chain && !(chain->is_base && chain->is_final) ? chain->families : FAM_IP;
}

bool item_rule(struct draft *d, const struct draft_rule *given)
{
	const struct action *verb = action_of(given->verb);
	struct buf out = { .arena = d->arena };
	struct draft_rule rule = *given;
	const char *why = settle(d, &rule);

	if (why)
		return item_missing(d, "%s", why);
	if (rule.never) {
		if (!d->item->note)
			item_note(d, "it can never match");
		return true;
	}
	buf_puts(&out, verb->name);
	if (rule.verb == VERB_JUMP) {
		buf_puts(&out, " ");
		buf_add(&out, d->chains.data[rule.chain].name);
	}
	if (rule.every)
		buf_puts(&out, rule.every);
	if (verb->limits)
		put_limit(&out, &rule, true);
	put_matches(&out, &rule, known_families(d));
	if (!verb->limits)
		put_limit(&out, &rule, false);
	if (rule.exceed)
		buf_printf(&out, " exceed %s", rule.exceed);
	if (rule.log)
		buf_printf(&out, " log%s", rule.log);
	if (rule.comment.len) {
		buf_puts(&out, " comment ");
		put_quoted(&out, rule.comment);
	}
	vec_push(d->arena, &d->item->outs,
		 ((struct draft_out){ buf_text(&out), rule.verb == VERB_JUMP ? rule.chain : -1 }));
	return true;
}
