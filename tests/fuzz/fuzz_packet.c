/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libFuzzer: any frame, with any part of it linear, reads without touching a byte beyond, the
 * same each time, and consistent with itself. The first two bytes choose the linear part.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/parse.h"

static struct pkt parse_into(uint8_t fill, const uint8_t *data, uint32_t linear, uint32_t len)
{
	uint8_t *frame = malloc(linear);
	struct pkt p;

	memset(&p, fill, sizeof(p));
	memcpy(frame, data, linear);
	pkt_parse(&p, frame, frame + linear, len);
	free(frame);
	return p;
}

static void check(const struct pkt *p, uint32_t len)
{
	assert(p->reason < REASON_COUNT);
	assert(p->frame_len == len);
	assert(!p->ifnum && !p->from && !p->probe && !p->established);
	if (p->reason != REASON_NONE && p->reason < REASON_FIRST_SPOOF)
		return;
	if (p->family == FAMILY_NONE) {
		assert(!p->proto && !p->sport && !p->dport && !p->flags && !p->icmp_type);
		return;
	}
	assert(p->l3_off + p->ip_len <= len);
	assert(p->l4_off <= p->l3_off + p->ip_len);
	if (p->frag == FRAG_LATER)
		assert(!p->sport && !p->dport && !p->flags && !p->icmp_type && !p->icmp_code);
	if (p->frag != FRAG_NO)
		assert(!p->essential);
	if (p->proto == 6 && p->frag != FRAG_LATER)
		assert(p->l4_off + 20u <= p->l3_off + p->ip_len);
	else
		assert(!p->flags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t len, linear;
	struct pkt zeros, ones, whole;

	if (size < 2 || size > 65536)
		return 0;
	len = (uint32_t)size - 2;
	linear = (uint32_t)(data[0] << 8 | data[1]);
	linear = linear > len ? len : linear;
	zeros = parse_into(0, data + 2, linear, len);
	ones = parse_into(0xff, data + 2, linear, len);
	whole = parse_into(0, data + 2, len, len);
	assert(!memcmp(&zeros, &ones, offsetof(struct pkt, walk)));
	assert(whole.reason != REASON_UNREADABLE);
	if (zeros.reason != REASON_UNREADABLE)
		assert(!memcmp(&zeros, &whole, offsetof(struct pkt, walk)));
	check(&zeros, len);
	return 0;
}
