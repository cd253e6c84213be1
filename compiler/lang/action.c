/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs and actions, limit clauses and options: one row each. */
#include "compiler/lang/clause.h"

#define ALIASES(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* clang-format off */
const struct clause clause_options[] = {
	{
		.name = "rate", .help = "packets, bits or bytes a second, minute or hour",
		.example = "allow icmp type echo-request rate 10/s",
		.kind = CLAUSE_LIMIT, .syntax = SYNTAX_WORD, .part = PART_RATE,
	},
	{
		.name = "burst", .help = "how much may come at once: packets, or bytes (64kB)",
		.example = "rate-limit 10/s burst 20 per src udp dport 53",
		.kind = CLAUSE_LIMIT, .syntax = SYNTAX_WORD, .part = PART_BURST,
	},
	{
		.name = "per",
		.help = "one bucket for each: src, dst, sport, dport; src/24/56 for prefixes",
		.example = "rate-limit 10/s per src,dport udp dport 53",
		.kind = CLAUSE_LIMIT, .syntax = SYNTAX_WORDS, .part = PART_PER,
	},
	{
		.name = "exceed",
		.help = "above the rate: drop, count, allow, syncookie, blacklist for T",
		.example = "rate-limit 10/s udp dport 53 exceed count",
		.kind = CLAUSE_LIMIT, .syntax = SYNTAX_ACTION, .part = PART_EXCEED,
	},
	{
		.name = "log", .help = "report each match, or one every T",
		.example = "drop src 192.0.2.0/24 log every 1s",
		.kind = CLAUSE_OPTION, .syntax = SYNTAX_LOG, .part = PART_LOG,
	},
	{
		.name = "name", .help = "a name of the rule for commands and counters",
		.example = "allow tcp dport 22 name ssh",
		.kind = CLAUSE_OPTION, .syntax = SYNTAX_TEXT, .part = PART_NAME,
	},
	{
		.name = "comment", .help = "a remark, shown by list",
		.example = "drop src 192.0.2.9 comment \"bad host\"",
		.kind = CLAUSE_OPTION, .syntax = SYNTAX_TEXT, .part = PART_COMMENT,
	},
	{
		.name = "when", .help = "days and hours: \"mon-fri 22:00-06:00\"",
		.example = "allow tcp dport 873 when \"mon-fri 22:00-06:00\"",
		.kind = CLAUSE_OPTION, .syntax = SYNTAX_TEXT, .part = PART_WHEN,
	},
	{
		.name = "until", .help = "the rule matches until then: 2036-12-31T18:00Z",
		.example = "allow tcp dport 22 until 2036-12-31",
		.kind = CLAUSE_OPTION, .syntax = SYNTAX_WORD, .part = PART_UNTIL,
	},
	{
		.name = "disabled", .help = "the rule is kept but not used",
		.example = "drop src 192.0.2.9 disabled",
		.kind = CLAUSE_OPTION, .syntax = SYNTAX_NONE, .part = PART_DISABLED,
	},
	{ .name = NULL },
};

const struct action actions[] = {
	{
		.name = "allow", .help = "let the packet in", .example = "allow tcp dport 22",
		.verb = VERB_ALLOW, .is_verb = true, .is_exceed = true, .terminal = true,
		.rate_clauses = true,
		.aliases = ALIASES("accept", "pass"),
	},
	{
		.name = "drop", .help = "drop the packet", .example = "drop src 192.0.2.0/24",
		.verb = VERB_DROP, .is_verb = true, .is_exceed = true, .terminal = true,
		.aliases = ALIASES("deny", "block"),
	},
	{
		.name = "count", .help = "count the packet and go on",
		.example = "count udp dport 1900",
		.verb = VERB_COUNT, .is_verb = true, .is_exceed = true,
	},
	{
		.name = "log", .help = "report the packet and go on", .example = "log tcp dport 23",
		.verb = VERB_LOG, .syntax = ACTION_LOG, .is_verb = true,
	},
	{
		.name = "jump", .help = "go through a chain, then on",
		.example = "jump from-wan on wan0",
		.verb = VERB_JUMP, .syntax = ACTION_CHAIN, .is_verb = true, .uncounted = true,
	},
	{
		.name = "return", .help = "leave the chain", .example = "return src 192.0.2.0/24",
		.verb = VERB_RETURN, .is_verb = true, .uncounted = true,
	},
	{
		.name = "blacklist", .help = "drop the packet and ban its source for a time",
		.example = "blacklist for 10m tcp dport 23",
		.verb = VERB_BLACKLIST, .syntax = ACTION_BLACKLIST, .is_verb = true,
		.is_exceed = true,
		.terminal = true,
	},
	{
		.name = "syncookie", .help = "answer connection attempts with SYN cookies",
		.example = "syncookie tcp syn dport 443",
		.verb = VERB_SYNCOOKIE, .is_verb = true, .is_exceed = true,
		.needs_proto = PROTO_TCP,
	},
	{
		.name = "rate-limit", .help = "act on what comes above a rate",
		.example = "rate-limit 500/s burst 1000 per src udp dport 53",
		.verb = VERB_RATE_LIMIT, .syntax = ACTION_RATE, .is_verb = true, .limits = true,
		.rate_clauses = true,
	},
	{
		.name = "syn-limit", .help = "act on TCP connection attempts above a rate",
		.example = "syn-limit 6/m burst 6 per src tcp dport 22",
		.verb = VERB_SYN_LIMIT, .syntax = ACTION_RATE, .is_verb = true, .limits = true,
		.rate_clauses = true, .needs_proto = PROTO_TCP, .implies = "syn",
	},
	{
		.name = "conn-limit", .help = "act on more connections at a time than N",
		.example = "conn-limit 20 per src tcp dport 443",
		.verb = VERB_CONN_LIMIT, .syntax = ACTION_NUMBER, .is_verb = true, .limits = true,
		.rate_clauses = true, .needs_proto = PROTO_TCP, .implies = "syn",
	},
	{
		.name = "scan-limit", .help = "act on sources that try more than N ports within T",
		.example = "scan-limit 20 within 10s per src",
		.verb = VERB_SCAN_LIMIT, .syntax = ACTION_SCAN, .is_verb = true, .limits = true,
		.rate_clauses = true, .later = "scan-limit",
	},
	{ .name = NULL },
};
/* clang-format on */

/* The first letter decides nearly always, so a walk over the table is as fast as a hash. */
static bool is_called(struct str word, const char *name, const char *const *aliases)
{
	if (name[0] == word.s[0] && str_is(word, name))
		return true;
	for (; aliases && *aliases; aliases++)
		if ((*aliases)[0] == word.s[0] && str_is(word, *aliases))
			return true;
	return false;
}

const struct clause *clause_find(struct str word)
{
	return clause_find_proto(word, 0);
}

const struct clause *clause_find_proto(struct str word, uint8_t proto)
{
	if (!word.len)
		return NULL;
	for (const struct clause *row = clause_matches; row->name; row++)
		if (is_called(word, row->name, row->aliases) && (!proto || row->proto & proto))
			return row;
	for (const struct clause *row = clause_options; row->name && !proto; row++)
		if (is_called(word, row->name, row->aliases))
			return row;
	return NULL;
}

const struct action *action_find(struct str word)
{
	for (const struct action *row = actions; row->name && word.len; row++)
		if (is_called(word, row->name, row->aliases))
			return row;
	return NULL;
}

const struct action *action_of(enum verb verb)
{
	const struct action *row = actions;

	while (row->verb != verb)
		row++;
	return row;
}
