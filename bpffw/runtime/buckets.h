/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What limits may have made of a packet that was seen: a look at its bucket in state/limits. */
#ifndef BPFFW_BUCKETS_H
#define BPFFW_BUCKETS_H

#include "bpffw/runtime/pin.h"
#include "compiler/lang/rule.h"

struct store;
struct buckets;

enum bucket {
	BUCKET_ROOM,    /* the packet was within the limit, or no limit is asked */
	BUCKET_USED_UP, /* it was over the limit, or the last one within */
	BUCKET_UNKNOWN, /* connections at a time, and cookies: it cannot be told */
};

/* @rs: of the running generation; must outlive the buckets. *ret_buckets NULL: it has no rates. */
int buckets_open(struct store *store, const struct ruleset *rs, struct buckets **ret_buckets,
		 struct failure *f);
void buckets_close(struct buckets *buckets);

/*
 * bucket_of() - by the bucket as it is now: others of its packets may have come since.
 * @rule: index, its matches hold for @pkt
 * @time: of the packet, ns of the kernel's clock
 */
enum bucket bucket_of(const struct buckets *buckets, const struct ruleset *rs, uint32_t rule,
		      const struct pkt *pkt, uint64_t time);

#endif
