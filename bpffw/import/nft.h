/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the nft reader: tokens and structure, values and sets, rules. */
#ifndef BPFFW_IMPORT_NFT_H
#define BPFFW_IMPORT_NFT_H

#include "bpffw/import/draft.h"

enum nft_kind { NFT_END, NFT_NEWLINE, NFT_WORD, NFT_STRING, NFT_MARK };

struct nft_token {
	enum nft_kind kind;
	struct str text;
	uint32_t line;
	uint32_t start, end; /* in the source */
};

struct nft_span {
	uint32_t first, last; /* tokens; last is behind */
};

/* A set or map: named, or written in a rule. */
struct nft_set {
	struct str name, type; /* "ipv4_addr . inet_service" */
	bool is_map, dynamic, used, has_timeout;
	struct nft_span elements;
	const char *size, *timeout;
	int32_t draft_name; /* index into draft.sets; -1: not printed */
	struct str printed;
};

struct nft_rule_source {
	int32_t chain; /* -1: outside any */
	struct nft_span span;
	uint32_t line;
	struct str table;
	struct str text;
	uint8_t families;
	const char *why; /* it is not looked at */
};

struct nft {
	struct draft d;
	struct str text;
	VEC(struct nft_token) tokens;
	uint32_t at;
	VEC(struct nft_set) sets;
	struct map set_keys;
	struct map defines;
	VEC(struct nft_span) define_spans;
	VEC(struct nft_rule_source) rules;
	struct str table; /* "inet filter", of the block under way */
	uint8_t families;
	bool dormant, has_ingress;
	uint32_t n_bases;
	uint32_t n_expanded; /* tokens that came out of defines */
	uint32_t n_alternatives;
	uint32_t n_steps;
	void *room; /* for the rule under way */
	uint32_t room_cap;
};

bool nft_is(const struct nft_token *token, const char *text);
struct str nft_key(struct nft *n, struct str name);

void nft_lex(struct nft *n);
/* Tables, chains, sets; collects the rules. */
void nft_structure(struct nft *n);
/*
 * One value, or all of a list, a named set or a define: into @ret_value, for a field of that kind.
 * n->at is at it, and behind it afterwards. Return: false when the item is missing.
 */
enum nft_field {
	NFT_ADDR4,
	NFT_ADDR6,
	NFT_PORT,
	NFT_PROTO,
	NFT_ICMP,
	NFT_ICMP6,
	NFT_CODE,
	NFT_NUMBER,
	NFT_DSCP,
	NFT_MAC,
	NFT_ETHER,
	NFT_NAME, /* of an interface */
};
bool nft_value(struct nft *n, enum nft_field kind, struct nft_span end, struct value *ret_value);
/* One element without list or set: "22", "22-25", "10.0.0.0/8". */
bool nft_element(struct nft *n, enum nft_field kind, struct str text, struct value *ret_value);
struct nft_set *nft_find_set(struct nft *n, struct str name);
/* "10m", "1h30m", "30s" in our writing. */
const char *nft_duration(struct nft *n, struct str text);

/* One rule into the current item. */
void nft_translate(struct nft *n, const struct nft_rule_source *source);

#endif
