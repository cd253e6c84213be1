/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses to numbers and back; sets of ranges. */
#include "compiler/base/net.h"

#include <stdlib.h>

bool net_parse_ipv4(struct str word, uint32_t *ret_addr)
{
	uint32_t addr = 0, at = 0;

	for (int part = 0; part < 4; part++) {
		uint32_t value = 0, start;

		if (part && (at == word.len || word.s[at++] != '.'))
			return false;
		start = at;
		while (at < word.len && at - start < 3 && word.s[at] >= '0' && word.s[at] <= '9')
			value = value * 10 + (uint32_t)(word.s[at++] - '0');
		if (at == start || value > 255 || (word.s[start] == '0' && at - start > 1))
			return false;
		addr = addr << 8 | value;
	}
	if (at != word.len)
		return false;
	*ret_addr = addr;
	return true;
}

/* One group of up to four hex digits at *at. */
static bool parse_group(struct str word, uint32_t *at, uint32_t *ret_group)
{
	uint32_t start = *at, group = 0;

	while (*at < word.len && *at - start < 4 && num_digit(word.s[*at]) >= 0)
		group = group << 4 | (uint32_t)num_digit(word.s[(*at)++]);
	*ret_group = group;
	return *at > start;
}

/* Groups up to the end or a "::"; a quad may stand for the last two. Return: how many, -1 bad. */
static int parse_groups(struct str word, uint32_t *at, u128 *addr)
{
	int n = 0;

	while (*at < word.len && n < 8) {
		uint32_t start = *at, group, quad;

		if (!parse_group(word, at, &group))
			return n ? -1 : 0;
		if (*at < word.len && word.s[*at] == '.') {
			if (n > 6 ||
			    !net_parse_ipv4((struct str){ word.s + start, word.len - start },
					    &quad))
				return -1;
			*addr = *addr << 32 | quad;
			*at = word.len;
			return n + 2;
		}
		*addr = *addr << 16 | group;
		n++;
		if (*at == word.len)
			return n;
		if (word.s[*at] != ':')
			return -1;
		if (*at + 1 < word.len && word.s[*at + 1] == ':')
			return n;
		if (n == 8 || *at + 1 == word.len)
			return -1;
		(*at)++;
	}
	return n;
}

bool net_parse_ipv6(struct str word, u128 *ret_addr)
{
	u128 head = 0, tail = 0;
	uint32_t at = 0;
	int n_head, n_tail;

	if (word.len < 2 || word.len > 45)
		return false;
	n_head = parse_groups(word, &at, &head);
	if (n_head < 0)
		return false;
	if (at == word.len) {
		*ret_addr = head;
		return n_head == 8;
	}
	if (word.len - at < 2 || word.s[at] != ':' || word.s[at + 1] != ':')
		return false;
	at += 2;
	n_tail = parse_groups(word, &at, &tail);
	/* "::" stands for at least one group of zeros. */
	if (n_tail < 0 || at != word.len || n_head + n_tail > 7)
		return false;
	*ret_addr = (n_head ? head << (16 * (8 - n_head)) : 0) | tail;
	return true;
}

bool net_parse_mac(struct str word, uint64_t *ret_mac)
{
	uint64_t mac = 0;

	if (word.len != 17)
		return false;
	for (uint32_t i = 0; i < 17; i += 3) {
		int high = num_digit(word.s[i]), low = num_digit(word.s[i + 1]);

		if (high < 0 || low < 0 || (i < 15 && word.s[i + 2] != ':'))
			return false;
		mac = mac << 8 | (uint64_t)(high << 4 | low);
	}
	*ret_mac = mac;
	return true;
}

static char *put_decimal(char *at, uint32_t value)
{
	char digits[10];
	int n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (n)
		*at++ = digits[--n];
	return at;
}

static char *put_hex(char *at, uint32_t value)
{
	int shift = 12;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[value >> shift & 15];
	return at;
}

static char *put_ipv4(char *at, uint32_t addr)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		at = put_decimal(at, addr >> shift & 255);
		if (shift)
			*at++ = '.';
	}
	return at;
}

static uint32_t group_of(u128 addr, int i)
{
	return (uint32_t)(addr >> (16 * (7 - i))) & 0xffff;
}

/* RFC 5952: the longest run of two or more zero groups, the first of equals. */
static int longest_zeros(u128 addr, int *ret_len)
{
	int best = 8, best_len = 1;

	for (int i = 0, run = 0; i < 8; i++) {
		run = group_of(addr, i) ? 0 : run + 1;
		if (run > best_len) {
			best_len = run;
			best = i + 1 - run;
		}
	}
	*ret_len = best_len;
	return best;
}

static char *put_ipv6(char *at, u128 addr)
{
	int zeros_len, zeros = longest_zeros(addr, &zeros_len);

	if (addr >> 32 == 0xffff) {
		for (const char *from = "::ffff:"; *from;)
			*at++ = *from++;
		return put_ipv4(at, (uint32_t)addr);
	}
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			*at++ = ':';
			i += zeros_len - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i)
			*at++ = ':';
		at = put_hex(at, group_of(addr, i));
	}
	return at;
}

void net_print_ip(struct buf *out, unsigned int family, u128 addr)
{
	char text[48], *end;

	end = family == 4 ? put_ipv4(text, (uint32_t)addr) : put_ipv6(text, addr);
	buf_add(out, (struct str){ text, (uint32_t)(end - text) });
}

void net_print_range(struct buf *out, unsigned int family, struct range range)
{
	unsigned int bits = family == 4 ? 32 : 128, len = bits;
	u128 differ = range.lo ^ range.hi;
	char text[8] = "/";

	net_print_ip(out, family, range.lo);
	if (!differ)
		return;
	while (differ) {
		differ >>= 1;
		len--;
	}
	if (range.lo == (range.lo & net_prefix_mask(bits, len)) &&
	    range.hi == (range.lo | (net_prefix_mask(bits, bits) & ~net_prefix_mask(bits, len)))) {
		buf_add(out, (struct str){ text, (uint32_t)(put_decimal(text + 1, len) - text) });
		return;
	}
	buf_puts(out, "-");
	net_print_ip(out, family, range.hi);
}

void net_print_mac(struct buf *out, uint64_t mac)
{
	char text[17];

	for (size_t i = 0; i < 6; i++) {
		uint32_t byte = (uint32_t)(mac >> (8 * (5 - i))) & 255;

		text[3 * i] = "0123456789abcdef"[byte >> 4];
		text[3 * i + 1] = "0123456789abcdef"[byte & 15];
		if (i < 5)
			text[3 * i + 2] = ':';
	}
	buf_add(out, (struct str){ text, sizeof(text) });
}

u128 net_prefix_mask(unsigned int bits, unsigned int len)
{
	u128 all = ~(u128)0 >> (128 - bits);

	return len ? all & ~(all >> (len - 1) >> 1) : 0;
}

static int range_cmp(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->hi > y->hi ? -1 : x->hi < y->hi;
}

/* From so many on, numbers are sorted by their digits. */
#define RADIX_LEAST 4096u
#define RADIX_BITS  11
#define RADIX_SIZE  (1u << RADIX_BITS)
#define RADIX_MASK  (RADIX_SIZE - 1)

static void sort_digit(const uint64_t *from, uint64_t *to, uint32_t n, unsigned int shift)
{
	uint32_t at[RADIX_SIZE] = { 0 }, sum = 0;

	for (uint32_t i = 0; i < n; i++)
		at[from[i] >> shift & RADIX_MASK]++;
	for (uint32_t digit = 0; digit < RADIX_SIZE; digit++) {
		uint32_t count = at[digit];

		at[digit] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < n; i++)
		to[at[from[i] >> shift & RADIX_MASK]++] = from[i];
}

/* A million ranges of 32-bit values: an order of magnitude faster than by comparing them. */
static bool sort_small(ranges *r)
{
	uint64_t *keys = calloc(r->len, 2 * sizeof(*keys)), *from = keys, *to = keys + r->len;
	bool small = keys != NULL;

	for (uint32_t i = 0; i < r->len && small; i++) {
		small = r->data[i].lo <= UINT32_MAX && r->data[i].hi <= UINT32_MAX;
		keys[i] = (uint64_t)r->data[i].lo << 32 | (uint32_t)~r->data[i].hi;
	}
	for (unsigned int shift = 0; shift < 64 && small; shift += RADIX_BITS) {
		uint64_t *sorted = to;

		sort_digit(from, to, r->len, shift);
		to = from;
		from = sorted;
	}
	for (uint32_t i = 0; i < r->len && small; i++)
		r->data[i] = (struct range){ from[i] >> 32, (uint32_t)~from[i] };
	free(keys);
	return small;
}

void ranges_sort(ranges *r)
{
	uint32_t i = 1;

	while (i < r->len && range_cmp(&r->data[i - 1], &r->data[i]) <= 0)
		i++;
	if (i < r->len && (r->len < RADIX_LEAST || !sort_small(r)))
		qsort(r->data, r->len, sizeof(*r->data), range_cmp);
}

void ranges_normalise(ranges *r)
{
	uint32_t n = 0;

	ranges_sort(r);
	for (uint32_t i = 0; i < r->len; i++) {
		struct range *last = n ? &r->data[n - 1] : NULL, *next = &r->data[i];

		/* The wrap of hi + 1 only happens when last reaches to the end of all numbers. */
		if (last && (next->lo <= last->hi || next->lo == last->hi + 1)) {
			if (next->hi > last->hi)
				last->hi = next->hi;
		} else {
			r->data[n++] = *next;
		}
	}
	r->len = n;
}

uint32_t ranges_from(const ranges *r, uint32_t i, u128 value)
{
	uint32_t low = i, high = r->len;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r->data[middle].hi < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool ranges_contain(const ranges *r, u128 value)
{
	uint32_t i = ranges_from(r, 0, value);

	return i < r->len && r->data[i].lo <= value;
}

ranges ranges_complement(struct arena *arena, const ranges *r, u128 max)
{
	ranges out = { 0 };
	u128 from = 0;

	vec_for_each(range, r) {
		if (range->lo > max)
			break;
		if (range->lo > from)
			vec_push(arena, &out, ((struct range){ from, range->lo - 1 }));
		if (range->hi >= max)
			return out;
		from = range->hi + 1;
	}
	vec_push(arena, &out, ((struct range){ from, max }));
	return out;
}
