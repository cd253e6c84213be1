/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * THE tables. A row of match.c (matches) or action.c (verbs, actions, limits, options) is all
 * that the parser, checker, printer, completion, help, eval and generator know of a word.
 */
#ifndef BPFFW_CLAUSE_H
#define BPFFW_CLAUSE_H

#include <stddef.h>

#include "bpf/abi.h"
#include "compiler/base/diag.h"
#include "compiler/base/net.h"

/* What follows the keyword. */
enum syntax {
	SYNTAX_NONE,   /* tcp, syn, disabled */
	SYNTAX_NVALUE, /* ["not"|"!="] value, commas, braces */
	SYNTAX_WORD,   /* frag later */
	SYNTAX_WORDS,  /* flags syn,ack; per src,dport */
	SYNTAX_TEXT,   /* name, comment, when */
	SYNTAX_ICMP,   /* ["type" nvalue ["code" nvalue]]: the rows 'type' and 'code' follow */
	SYNTAX_ACTION, /* exceed */
	SYNTAX_LOG,    /* ["every" time] */
};

enum clause_kind { CLAUSE_MATCH, CLAUSE_LIMIT, CLAUSE_OPTION };

/* Which part of a rule a limit or option fills. */
enum part {
	PART_NONE,
	PART_RATE,
	PART_BURST,
	PART_PER,
	PART_EXCEED,
	PART_LOG,
	PART_NAME,
	PART_COMMENT,
	PART_WHEN,
	PART_UNTIL,
	PART_DISABLED,
};

/* What a value word must be; type.c has the row (parse, print, help, candidates). */
enum value_type {
	TYPE_NONE,
	TYPE_ADDR,
	TYPE_PORT,
	TYPE_PROTO,
	TYPE_NUM, /* decimal or hex up to the field's width or .max, ranges */
	TYPE_DSCP,
	TYPE_MAC,
	TYPE_ETHER,
	TYPE_IFACE,
	TYPE_FRAG,
	TYPE_FLAGS, /* SET or SET/MASK, each flag names or 'none' 'all' */
	TYPE_ICMP_TYPE,
	TYPE_ICMP6_TYPE,
	TYPE_FAMILY,
	TYPES
};

/* The header that must be there for the match to say yes, plain or negated. */
enum layer {
	LAYER_FRAME, /* always there */
	LAYER_IP,    /* IPv4 or IPv6 */
	LAYER_L4,    /* frag != FRAG_LATER and the protocol is in .proto */
};

enum proto_bit { PROTO_TCP = 1, PROTO_UDP = 2, PROTO_ICMP = 4, PROTO_ICMP6 = 8 };
enum family_bit { FAM_IPV4 = 1, FAM_IPV6 = 2, FAM_OTHER = 4, FAM_IP = 3, FAM_ALL = 7 };

struct clause {
	const char *name;
	const char *help;    /* one line */
	const char *example; /* a whole rule that parses and compiles (or is E190) */
	enum clause_kind kind;
	enum syntax syntax;
	enum part part; /* limits and options */
	enum value_type type;
	enum layer layer;
	uint8_t proto;         /* proto_bits that carry the field; 0: any */
	uint8_t implies_proto; /* proto_bit added as a match by this clause (syn: tcp) */
	uint8_t gives_proto;   /* proto_bit the clause stands for (tcp: PROTO_TCP) */
	uint8_t families;      /* family_bits the clause leaves, 0: both IP; FAM_OTHER: any frame */
	uint16_t offset;       /* in struct pkt */
	uint8_t width;         /* bytes in struct pkt; 16: an address pair */
	uint64_t max;          /* largest value; 0: from the width */
	/* SYNTAX_NONE matches: the one atom they stand for, field & mask == value. */
	uint8_t implied_mask;
	uint8_t implied_value;
	bool needs_l4_proto;        /* E106 without a protocol in .proto */
	const char *after;          /* only directly after this clause ("icmp" for type) */
	const char *later;          /* E190 until it works: the word to name */
	const char *const *aliases; /* NULL-terminated or NULL */
};

#define FIELD(type, member) \
	.offset = offsetof(struct type, member), .width = sizeof(((struct type *)0)->member)

/* Matches in listing order, ended by a row without a name. */
extern const struct clause clause_matches[];
/* Limits (rate burst per exceed) and options (log name comment when until disabled). */
extern const struct clause clause_options[];

/* By canonical name or alias, over both tables; NULL: unknown. */
const struct clause *clause_find(struct str word);
/* `type` and `code` have a row per ICMP protocol: the one of that name that @proto carries. */
const struct clause *clause_find_proto(struct str word, uint8_t proto);

/* Verbs and the actions after 'exceed'. */
enum verb {
	VERB_ALLOW,
	VERB_DROP,
	VERB_COUNT,
	VERB_LOG,
	VERB_RETURN,
	VERB_JUMP,
	VERB_BLACKLIST,
	VERB_SYNCOOKIE,
	VERB_RATE_LIMIT,
	VERB_SYN_LIMIT,
	VERB_CONN_LIMIT,
	VERB_SCAN_LIMIT,
};

enum action_syntax {
	ACTION_BARE,
	ACTION_CHAIN,     /* jump CHAIN */
	ACTION_BLACKLIST, /* [@set] ["verified"] for T */
	ACTION_RATE,      /* rate-limit RATE */
	ACTION_NUMBER,    /* conn-limit N */
	ACTION_SCAN,      /* scan-limit N within T */
	ACTION_LOG,       /* log [every T] */
};

struct action {
	const char *name;
	const char *help;
	const char *example;
	enum verb verb;
	enum action_syntax syntax;
	bool is_verb;        /* may open a rule */
	bool is_exceed;      /* may follow 'exceed' */
	bool terminal;       /* decides: allow or drop */
	bool uncounted;      /* only leads through chains: has no counter */
	bool limits;         /* takes rate clauses after it */
	bool rate_clauses;   /* may carry rate, burst, per, exceed */
	uint8_t needs_proto; /* proto_bits the rule must be of; 0: any */
	const char *implies; /* the match that the verb stands for as well; NULL: none */
	const char *later;
	const char *const *aliases;
};

extern const struct action actions[];
const struct action *action_find(struct str word);
const struct action *action_of(enum verb verb);

#endif
