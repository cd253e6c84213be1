/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the running ruleset makes of a packet that was seen: lists and schedules are asked as
 * `enter` asks them, then the reference walk (ir/eval.h) decides. What limits do is told by their
 * buckets, and not always certain.
 */
#ifndef BPFFW_OBSERVE_H
#define BPFFW_OBSERVE_H

#include "bpffw/runtime/buckets.h"
#include "bpffw/runtime/list.h"
#include "compiler/ir/eval.h"

struct store;

struct observer {
	const struct ruleset *rs;  /* lowered; its rules have the indices of the ruleset's */
	const struct rule *wanted; /* lowered, NULL: every packet */
	struct enter_config config;
	struct lists *lists; /* NULL: none is in use */
	struct buckets *buckets;
};

/* Who decides the packet unless a limit did before. */
struct observed {
	struct eval_result result;
	enum bucket bucket; /* not BUCKET_ROOM: the packet may have been over ... */
	uint32_t over;      /* ... this rule's limit, the first such; or have got its cookie */
};

/*
 * observer_open() - @rs: of the running generation; gets the numbers of its lists
 * @wanted: a description (sema_packet()), NULL: none
 * Reports E191 to @ds when it asks for more than `enter` could.
 */
int observer_open(struct store *store, struct diags *ds, struct ruleset *rs,
		  const struct expect *wanted, struct observer *ret_observer, struct failure *f);
void observer_close(struct observer *observer);

/* What `enter` would find out but flows, which @pkt brings along. @utc: seconds */
void observer_fill(const struct observer *observer, struct pkt *pkt, uint64_t utc);

/*
 * observer_decide() - @pkt: filled
 * @time: of the packet, ns of the kernel's clock
 * @each: as that of eval_watched(), or NULL
 */
struct observed observer_decide(const struct observer *observer, const struct pkt *pkt,
				uint64_t time, void (*each)(void *ctx, uint32_t rule, bool matched),
				void *ctx);

/* Does the description hold? @pkt: filled */
bool observer_wants(const struct observer *observer, const struct pkt *pkt);

/* `established`; only where an enabled rule asks for it flows are recorded. */
bool asks_flows(const struct match *match);
bool rules_ask_flows(const struct ruleset *rs);

/* Does the rule speak of packets of this family and protocol? */
bool observer_concerns(const struct observer *observer, uint32_t rule, const struct pkt *pkt);

#endif
