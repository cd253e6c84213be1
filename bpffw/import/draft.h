/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the readers of the other languages share: chains of items (one item is one rule of the
 * input), rules in a neutral form that prints as canonical text, and the file that all becomes.
 */
#ifndef BPFFW_IMPORT_DRAFT_H
#define BPFFW_IMPORT_DRAFT_H

#include "bpffw/import/import.h"
#include "compiler/base/map.h"
#include "compiler/base/net.h"
#include "compiler/lang/rule.h"

/* ---- a rule ---- */

enum field {
	FIELD_PROTO,
	FIELD_TYPE,
	FIELD_CODE,
	FIELD_SRC,
	FIELD_DST,
	FIELD_SPORT,
	FIELD_DPORT,
	FIELD_LEN,
	FIELD_TTL,
	FIELD_DSCP,
	FIELD_VLAN,
	FIELD_SMAC,
	FIELD_DMAC,
	FIELD_ETHER,
	FIELD_ON,
	FIELDS
};

/* What a field may be: [0] IPv4 addresses or numbers, [1] IPv6 addresses; words are set names,
 * for FIELD_ON interfaces. */
struct value {
	ranges r[2];
	strs words;
};

struct flags_match {
	bool given;
	uint8_t set, mask;
};

struct draft_rule {
	enum verb verb;
	int32_t chain;         /* VERB_JUMP: index into draft.chains */
	uint8_t families;      /* family_bits the rule is for */
	bool given[FIELDS][2]; /* plain, negated */
	struct value fields[FIELDS][2];
	struct flags_match flags[2];
	enum pkt_frag_word { FRAG_WORD_NONE, FRAG_WORD_LATER, FRAG_WORD_ANY, FRAG_WORD_NO } frag;
	int established;    /* 1: established, -1: not, 0: not looked at */
	const char *rate;   /* "10/s", NULL: none; for conn-limit the number */
	const char *burst;  /* "20", NULL: none */
	const char *per;    /* "src,dport", NULL: none */
	const char *exceed; /* "drop", NULL: none */
	const char *log;    /* "" or " every 6s"; NULL: none */
	const char *every;  /* VERB_LOG: " every 6s"; NULL: each */
	struct str comment;
	bool never; /* two clauses of it exclude each other */
};

/* ---- the file ---- */

struct draft_out {
	const char *text;
	int32_t chain; /* where it jumps to, -1: nowhere */
};

struct item {
	uint32_t line;
	enum import_outcome outcome;
	struct str source;
	const char *note;
	const char *group; /* rules in a row with the same one are reported as one line */
	VEC(struct draft_out) outs;
};

struct draft_chain {
	struct str key;  /* how the reader finds it */
	struct str name; /* in the output */
	VEC(struct item) items;
	uint8_t families;
	bool is_base;
	bool policy_allow;
	uint32_t order;    /* of base chains */
	bool is_final;     /* base: no later base chain sees what this one accepts */
	bool before_final; /* reached from a base chain that is not final */
	bool reached;
	bool on_way;           /* some base chain leads here, by jumps of the input */
	bool drops, does_more; /* it drops all that comes; it has rules besides, but for logs */
	bool established_seen; /* a rule before allows all that is established */
	uint32_t state;        /* of the last walk */
	uint64_t places;       /* flattened */
};

struct draft_set {
	struct str name;
	const char *text; /* the statement */
};

/* A jump of the input, translated or not. */
struct draft_edge {
	uint32_t from, to;
};

struct draft {
	struct arena *arena;
	const struct import_source *source;
	VEC(struct draft_chain) chains;
	struct map chain_keys;
	struct map names; /* of chains and sets in the output */
	VEC(struct draft_set) sets;
	VEC(struct item) elsewhere; /* rules of no chain: other tables, what was not understood */
	strs interfaces;
	struct map interface_names;
	const char *fragments; /* the value of `option fragments`, NULL: none */
	uint8_t covered;       /* families that the input speaks of */
	bool needs_established;
	strs general;

	VEC(struct draft_edge) edges;
	uint32_t n_names;  /* given so far: makes the next one unique at once */
	struct item *item; /* under way */
	int32_t chain;     /* ... and its chain, -1: elsewhere */
};

struct draft draft_start(struct arena *arena, const struct import_source *source);

/* The chain of that key, made when absent. */
uint32_t draft_chain(struct draft *d, struct str key, struct str wanted_name);
bool draft_find_chain(const struct draft *d, struct str key, uint32_t *ret_chain);

/* A name for the output that is like @wanted: legal and not yet used. */
struct str draft_name(struct draft *d, struct str wanted);
void draft_set(struct draft *d, struct str name, const char *statement);
/* One for the `interface` line; what is no name is left out. */
void draft_interface(struct draft *d, struct str name);
bool is_interface_name(struct str name);
void draft_general(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Start an item; @chain -1: elsewhere. */
void item_start(struct draft *d, int32_t chain, uint32_t line, struct str source);
/* What differs. Several notes are joined. */
void item_note(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Why it is not in the output; the first reason stays. Return: false. */
bool item_missing(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print @rule into the item, or tell why not. */
bool item_rule(struct draft *d, const struct draft_rule *rule);
/* Drop what a missing item has put out so far. */
void item_end(struct draft *d);

/* Add a match; a second one of the same field narrows the rule. Return: false when it cannot. */
bool rule_match(struct draft *d, struct draft_rule *rule, enum field field, bool negated,
		const struct value *value);
bool rule_number(struct draft *d, struct draft_rule *rule, enum field field, bool negated, u128 lo,
		 u128 hi);
void rule_flags(struct draft_rule *rule, bool negated, uint8_t set, uint8_t mask);
void value_add(struct draft *d, struct value *value, int family, u128 lo, u128 hi);
ranges ranges_both(struct arena *arena, const ranges *a, const ranges *b);

/*
 * draft_settle() - all chains and edges are known, no rule is translated yet: fill is_final,
 * before_final and on_way.
 */
void draft_settle(struct draft *d);
/* Print what is reached, check it with our own parser, and count. */
void draft_finish(struct draft *d, struct import_result *ret_result);

/* ---- reading ---- */

/* "10.0.0.0/8", "10.0.0.1", "2001:db8::/32", masks as addresses too. Return: 4, 6, 0: no. */
int read_prefix(struct str text, struct range *ret_range);
/* The same or A-B. */
int read_addresses(struct str text, struct range *ret_range);
/* A decimal or 0x number up to @max, any zeros in front. */
bool read_number(struct str text, uint64_t max, uint64_t *ret_value);
/* A port by number or built-in service name of @proto (6, 17, 0: either). */
bool read_port(struct str text, uint8_t proto, uint64_t *ret_port);
bool read_protocol(struct str text, uint64_t *ret_proto);
/* "count/period" of @count in @seconds in whole numbers; NULL: cannot be said. */
const char *rate_text(struct arena *arena, uint64_t count, uint64_t seconds);

#endif
