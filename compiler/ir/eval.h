/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The reference: resolved rules walked one by one, naively, straight from rule.h. It is what
 * `explain` prints and what the kernel's answer is compared with. It must stay naive: no pass,
 * table or normal form of the compiler may be used here.
 *
 * A *place* is the position of a rule in the flattened list: chains are entered where they are
 * jumped to, a disabled rule has no place, a `jump` and a `return` have one each.
 */
#ifndef BPFFW_EVAL_H
#define BPFFW_EVAL_H

#include "compiler/lang/rule.h"

struct eval_result {
	enum answer_stage stage;
	uint32_t place; /* ANSWER_RULE: its place */
	uint32_t rule;  /* ANSWER_RULE: index into ruleset.rules */
	bool allow;     /* meaningless for a non-terminal answer */
};

/*
 * eval_packet() - who decides this packet, starting at place pkt->from.
 * Non-terminal rules (count, limits) answer too when @stop_at_count is set, as a probed chain does;
 * else they are passed over. From > 0 skips malformed, essential and `option fragments`; it must be
 * one more than a place that answered for this packet before.
 * State is not modelled: no limit is exceeded. The built-in lists are asked by the bytes of @pkt;
 * a lowered ruleset (facts.h) has no other run-time set, `when` or `until`, and in another one
 * sets are as in the file, `when` and `until` hold.
 */
struct eval_result eval_packet(const struct ruleset *rs, const struct pkt *pkt, bool stop_at_count);

/* The same, and what each rule looked at on the way said, in order. Non-terminals are passed over.
 */
struct eval_result eval_watched(const struct ruleset *rs, const struct pkt *pkt,
				void (*each)(void *ctx, uint32_t rule, bool matched), void *ctx);

uint32_t eval_answer(const struct eval_result *result); /* as ANSWER() */
const char *eval_stage_word(enum answer_stage stage);   /* one word, as in JSON's "by" */

/* One match against one packet. */
bool eval_match(const struct ruleset *rs, const struct match *match, const struct pkt *pkt);

/* How many places the flattened list has (saturates at PLACES_MAX). */
uint32_t eval_places(const struct ruleset *rs);

/* Three-valued: a description is the set of all well-formed packets that fit it. */
enum truth { TRUTH_NO, TRUTH_YES, TRUTH_DEPENDS };

struct eval_step {
	uint32_t rule; /* index; a step of the default has UINT32_MAX */
	enum truth truth;
	const char *why;    /* "src 203.0.113.9 is not in 192.0.2.0/24"; NULL on a match */
	struct str depends; /* the field the answer depends on */
};

struct eval_trace {
	VEC(struct eval_step) steps; /* in the order walked */
	enum truth allow;            /* YES allowed, NO dropped, DEPENDS */
	uint32_t rule;               /* decider; UINT32_MAX the default (or DEPENDS: the first) */
	bool is_default;
	enum answer_stage stage; /* of the decider: any but MALFORMED */
	enum truth essential;    /* whether the packets are essential traffic (NO when it is off) */
	enum truth listed[2];    /* whether allowlist and blacklist have the source, by the text */
	VEC(struct str) depends_on;
};

/* @packet from sema_packet(). Never wrongly certain; may say DEPENDS. */
struct eval_trace eval_description(struct arena *arena, const struct ruleset *rs,
				   const struct expect *packet);

/* Every test block of the ruleset; reports E183 for those that do not hold. Return: how many ran */
uint32_t eval_tests(struct diags *ds, const struct ruleset *rs);

#endif
