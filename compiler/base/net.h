/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses as numbers: an IPv4 address is its 32-bit host-order value in a u128, an IPv6 address
 * the 128-bit host-order value, a MAC its 48 bits. Ranges include both ends.
 */
#ifndef BPFFW_NET_H
#define BPFFW_NET_H

#include "compiler/base/num.h"
#include "compiler/base/str.h"
#include "compiler/base/vec.h"

struct range {
	u128 lo;
	u128 hi;
};
typedef VEC(struct range) ranges;

/* Strict dotted quad, no leading zeros; RFC 4291 text for IPv6 (an embedded quad is accepted). */
bool net_parse_ipv4(struct str word, uint32_t *ret_addr);
bool net_parse_ipv6(struct str word, u128 *ret_addr);
bool net_parse_mac(struct str word, uint64_t *ret_mac);

/* RFC 5952 for IPv6. Prints "A", "NET/LEN" when the range is one prefix, else "A-B". */
void net_print_ip(struct buf *out, unsigned int family, u128 addr);
void net_print_range(struct buf *out, unsigned int family, struct range range);
void net_print_mac(struct buf *out, uint64_t mac);

u128 net_prefix_mask(unsigned int bits, unsigned int len); /* of 32 or 128 bits */

/* By first value, wider ones first: what covers a range stands before it. */
void ranges_sort(ranges *r);
/* Sort and merge overlapping and adjacent ranges in place. */
void ranges_normalise(ranges *r);
/* The first range from @i on that ends at or behind @value, or r->len; @r normalised. */
uint32_t ranges_from(const ranges *r, uint32_t i, u128 value);
/* @r normalised. */
bool ranges_contain(const ranges *r, u128 value);
/* The complement within [0, max]; @r normalised, the result is too. */
ranges ranges_complement(struct arena *arena, const ranges *r, u128 max);

#endif
