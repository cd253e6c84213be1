/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets with the worst locality: each is made to match a rule drawn evenly from all, and no two
 * are equal. Well formed, with correct checksums, and nothing bpffw decides before its rules.
 * Whether an earlier rule takes a packet is worked out for the first TRACE_CHECKED.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/rulegen/rulegen.h"

/* Bytes of layer 4, whatever the protocol. */
#define LAYER4 20u

static void put(uint8_t *at, unsigned int bytes, address value)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static uint32_t sum_words(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static address draw_within(uint64_t *rng, const struct fence *fence)
{
	address span = fence->high - fence->low;
	address at = (address)rng_next(rng) << 64 | rng_next(rng);

	return fence->low + (span + 1 ? at % (span + 1) : at);
}

static bool valid_address(bool ip6, address at)
{
	uint32_t first = (uint32_t)(at >> 24);

	if (ip6)
		return at >> 125 == 1;
	return first > 0 && first < 224 && first != 127;
}

/* An address that a packet can have. A prefix without one matches none anyway. */
static address draw_valid(uint64_t *rng, bool ip6, const struct fence *fence)
{
	address at;

	do
		at = draw_within(rng, fence);
	while (!valid_address(ip6, at));
	return at;
}

static uint16_t draw_port(uint64_t *rng, const struct span16 *ports)
{
	return (uint16_t)(ports->low + rng_below(rng, (uint32_t)(ports->high - ports->low) + 1));
}

static bool decided_before_rules(const struct packet *p)
{
	return p->src == p->dst ||
	       (p->proto == IPPROTO_UDP && (p->dport == 68 || p->dport == 546 || p->sport == 67));
}

static struct packet draw_packet(uint64_t *rng, bool ip6, const struct plain_rule *rule)
{
	struct packet p;

	do {
		p.src = draw_valid(rng, ip6, &rule->src);
		p.dst = draw_valid(rng, ip6, &rule->dst);
		p.sport = draw_port(rng, &rule->sport);
		p.dport = draw_port(rng, &rule->dport);
		p.proto = rule->proto;
		if (!p.proto)
			p.proto = rng_below(rng, 4) ? IPPROTO_TCP : IPPROTO_UDP;
	} while (decided_before_rules(&p));
	return p;
}

static void layer4(uint8_t *at, const struct packet *p, uint64_t *rng, uint32_t pseudo)
{
	unsigned int checksum = 0;

	put(at, 8, rng_next(rng));
	put(at + 8, 8, rng_next(rng));
	put(at + 16, 4, 0);
	switch (p->proto) {
	case IPPROTO_TCP: /* a SYN */
		put(at + 8, 6, 0x5002);
		put(at + 14, 2, 64240);
		checksum = 16;
		break;
	case IPPROTO_UDP:
		put(at + 4, 2, LAYER4);
		checksum = 6;
		break;
	case IPPROTO_ICMP: /* echo request */
		put(at, 2, 0x0800);
		checksum = 2;
		pseudo = 0;
		break;
	case IPPROTO_ICMPV6:
		put(at, 2, 0x8000);
		checksum = 2;
		break;
	default:
		return;
	}
	if (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP) {
		put(at, 2, p->sport);
		put(at + 2, 2, p->dport);
	}
	put(at + checksum, 2, 0);
	put(at + checksum, 2, fold(sum_words(at, LAYER4, pseudo)));
}

static void build(uint8_t *slot, bool ip6, const struct packet *p, uint64_t *rng)
{
	unsigned int addresses = ip6 ? 8 : 12, bytes = ip6 ? 16 : 4;

	memset(slot, 0, SLOT_BYTES);
	put(slot + addresses, bytes, p->src);
	put(slot + addresses + bytes, bytes, p->dst);
	layer4(slot + addresses + 2 * bytes, p, rng,
	       sum_words(slot + addresses, 2 * bytes, p->proto + LAYER4));
	if (ip6) {
		put(slot, 4, 0x60000000);
		put(slot + 4, 2, LAYER4);
		slot[6] = p->proto;
		slot[7] = 64;
		return;
	}
	put(slot, 4, 0x45000000 + 20 + LAYER4);
	put(slot + 4, 4, (rng_next(rng) & 0xffff) << 16 | 0x4000);
	slot[8] = 64;
	slot[9] = p->proto;
	put(slot + 10, 2, fold(sum_words(slot, 20, 0)));
}

static bool within(const struct fence *fence, address at)
{
	return at >= fence->low && at <= fence->high;
}

/* The reference: the first rule that matches decides. */
static uint8_t allowed(const struct rule_list *list, const struct packet *p)
{
	bool has_ports = p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct plain_rule *rule = &list->rules[i];

		if (!within(&rule->src, p->src) || !within(&rule->dst, p->dst) ||
		    (rule->proto && rule->proto != p->proto))
			continue;
		if (!has_ports || (p->sport >= rule->sport.low && p->sport <= rule->sport.high &&
				   p->dport >= rule->dport.low && p->dport <= rule->dport.high))
			return rule->allow;
	}
	return list->default_allow;
}

static uint64_t slot_hash(const uint8_t *slot)
{
	uint64_t hash = 0, word;

	for (unsigned int i = 0; i < SLOT_BYTES; i += 8) {
		memcpy(&word, slot + i, 8);
		hash = rng_mix(hash ^ word);
	}
	return hash | 1;
}

#define SEEN (4 * TRACE_PACKETS)

static bool seen_before(uint64_t *seen, const uint8_t *slot)
{
	uint64_t hash = slot_hash(slot);
	size_t at = hash >> 3 & (SEEN - 1);

	while (seen[at] && seen[at] != hash)
		at = (at + 1) & (SEEN - 1);
	if (seen[at])
		return true;
	seen[at] = hash;
	return false;
}

void trace_write(const struct rule_list *list, uint64_t seed, const char *dir)
{
	struct trace_head head = { TRACE_MAGIC, TRACE_PACKETS, (list->ip6 ? 40 : 20) + LAYER4,
				   TRACE_CHECKED };
	uint64_t *seen = calloc(SEEN, sizeof(*seen)), rng = rng_mix(seed + 99);
	uint8_t slot[SLOT_BYTES], verdicts[TRACE_CHECKED];
	FILE *to = file_create(dir, "trace");

	if (!seen)
		exit(1);
	fwrite(&head, sizeof(head), 1, to);
	for (uint32_t i = 0; i < TRACE_PACKETS; i++) {
		const struct plain_rule *rule = &list->rules[rng_below(&rng, list->n)];
		struct packet p;

		do {
			p = draw_packet(&rng, list->ip6, rule);
			build(slot, list->ip6, &p, &rng);
		} while (seen_before(seen, slot));
		fwrite(slot, sizeof(slot), 1, to);
		if (i < TRACE_CHECKED)
			verdicts[i] = allowed(list, &p);
	}
	fwrite(verdicts, sizeof(verdicts), 1, to);
	file_close(to);
	free(seen);
}
