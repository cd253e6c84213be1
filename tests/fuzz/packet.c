/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a frame: the parser stays inside them, and what it calls well formed is consistent.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/abi.h"
#include "bpf/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of its exact size, so that the sanitizer sees one byte too far. */
	uint8_t *frame = malloc(size ? size : 1);
	struct pkt pkt = { 0 };

	if (!frame)
		return 0;
	memcpy(frame, data, size);
	pkt_parse(&pkt, frame, frame + size, (uint32_t)size);
	assert(pkt.reason < REASON_COUNT && pkt.frame_len == size);
	if (pkt.reason == REASON_NONE) {
		assert(size >= 14 && pkt.l3_off <= size && pkt.ip_len <= size);
		assert(!pkt.family || (pkt.l3_off >= 14 && pkt.l3_off + pkt.ip_len <= size));
		assert(!pkt.family || pkt.l4_off > pkt.l3_off);
		assert(pkt.frag != FRAG_LATER ||
		       !(pkt.sport | pkt.dport | pkt.flags | pkt.icmp_type | pkt.icmp_code));
	}
	free(frame);
	return 0;
}
