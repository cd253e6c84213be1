/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One nft rule while it is read, and what then becomes of it. */
#ifndef BPFFW_IMPORT_NFT_RULE_H
#define BPFFW_IMPORT_NFT_RULE_H

#include "bpffw/import/nft.h"

enum nft_verdict {
	VERDICT_NONE,
	VERDICT_ACCEPT,
	VERDICT_DROP,
	VERDICT_RETURN,
	VERDICT_JUMP,
	VERDICT_GOTO
};

struct alternative {
	struct draft_rule rule;
	enum nft_verdict verdict;
	struct str target;
};

struct nft_rule {
	struct nft *n;
	struct nft_span span;
	VEC(struct alternative) list;
	enum nft_verdict verdict;
	struct str target;
	bool counter, log, is_map;
	struct str log_prefix;
	struct str rate; /* "10/second" */
	bool over;
	uint64_t burst;
	bool per_source, has_meter, states_new;
	uint8_t per_mask;
	uint64_t connections;
	struct str ban_set, ban_time;
	bool never, needless;
};

/* The next token, NFT_END at the end of the rule. */
static inline const struct nft_token *peek(const struct nft_rule *r)
{
	static const struct nft_token end = { .kind = NFT_END };

	return r->n->at < r->span.last ? &r->n->tokens.data[r->n->at] : &end;
}

static inline bool take_if(struct nft_rule *r, const char *text)
{
	if (!nft_is(peek(r), text))
		return false;
	r->n->at++;
	return true;
}

static inline struct str take_text(struct nft_rule *r)
{
	struct str text = peek(r)->text;

	if (peek(r)->kind != NFT_END)
		r->n->at++;
	return text;
}

/* Why the item is not translated. Return: false. */
static inline bool nft_missing(const struct nft_rule *r, const char *why)
{
	return item_missing(&r->n->d, "%s", why);
}

/* Into all alternatives. */
void nft_put_families(struct nft_rule *r, uint8_t families);
bool nft_put_number(struct nft_rule *r, enum field field, bool negated, u128 lo, u128 hi);

/* Statements; their word is read. */
bool nft_read_log(struct nft_rule *r);
bool nft_read_reject(struct nft_rule *r);
bool nft_read_counter(struct nft_rule *r);
bool nft_read_comment(struct nft_rule *r);

/* The rules of ours that one alternative becomes. */
bool nft_emit(struct nft_rule *r, struct alternative *alternative);

#endif
