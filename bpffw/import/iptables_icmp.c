/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ICMP types as iptables writes them: a number, TYPE/CODE, or a name of either. */
#include "bpffw/import/iptables.h"
#include "compiler/lang/names.h"

#define ICMP  1
#define ICMP6 58

/* Names of iptables that stand for a type and a code. */
static const struct {
	const char *name;
	uint8_t type, code;
} icmp_codes[] = {
	{ "network-unreachable", 3, 0 },
	{ "host-unreachable", 3, 1 },
	{ "protocol-unreachable", 3, 2 },
	{ "port-unreachable", 3, 3 },
	{ "fragmentation-needed", 3, 4 },
	{ "source-route-failed", 3, 5 },
	{ "network-unknown", 3, 6 },
	{ "host-unknown", 3, 7 },
	{ "network-prohibited", 3, 9 },
	{ "host-prohibited", 3, 10 },
	{ "communication-prohibited", 3, 13 },
	{ "ttl-zero-during-transit", 11, 0 },
	{ "ttl-zero-during-reassembly", 11, 1 },
};

static const struct name_value icmp_names[] = {
	{ "pong", 0 },
	{ "ping", 8 },
	{ "ttl-exceeded", 11 },
	{ NULL, 0 },
};

static const struct name_value icmp6_names[] = {
	{ "neighbour-advertisement", 136 },
	{ "ping", 128 },
	{ "pong", 129 },
	{ "ttl-exceeded", 3 },
	{ NULL, 0 },
};

bool iptables_icmp(struct ipt_rule *r, struct str text, bool six)
{
	const char *slash = text.len ? memchr(text.s, '/', text.len) : NULL;
	struct str type = text, code_text;
	uint64_t number, code = 0;
	bool has_code = slash;
	uint16_t named;

	if (str_is(text, "any") || str_is(text, "255/0:255"))
		return r->inverted ? item_missing(r->d, "no type is not any") : true;
	if (slash) {
		type.len = (uint32_t)(slash - text.s);
		code_text = (struct str){ slash + 1, text.len - type.len - 1 };
		if (!read_number(code_text, 255, &code))
			return iptables_not_understood(r, "ICMP code", text);
	}
	if (names_value(six ? names_icmp6_types : names_icmp_types, type, &named) ||
	    names_value(six ? icmp6_names : icmp_names, type, &named)) {
		number = named;
	} else if (!read_number(type, 255, &number)) {
		uint32_t i = 0, n = sizeof(icmp_codes) / sizeof(icmp_codes[0]);

		while (i < n && !str_is(type, icmp_codes[i].name))
			i++;
		if (six || i == n)
			return iptables_not_understood(r, "ICMP type", text);
		number = icmp_codes[i].type;
		code = icmp_codes[i].code;
		has_code = true;
	}
	if (!six && number == 255 && !has_code)
		return true;
	if (has_code && r->inverted)
		return item_missing(r->d, "'not' of a type with a code has no words in bpffw");
	rule_number(r->d, &r->rule, FIELD_TYPE, r->inverted, number, number);
	if (has_code)
		rule_number(r->d, &r->rule, FIELD_CODE, false, code, code);
	return iptables_want_protocol(r, six ? ICMP6 : ICMP);
}
