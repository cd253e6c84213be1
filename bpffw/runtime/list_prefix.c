/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prefixes of run-time entries, and their clock. */
#include <time.h>

#include "bpffw/runtime/list_maps.h"
#include "compiler/base/net.h"

uint8_t list_bits(enum list_kind kind)
{
	static const uint8_t bits[] = {
		[LIST_ADDR4] = 32,
		[LIST_ADDR6] = 128,
		[LIST_PORT] = 16,
		[LIST_MAC] = 48,
	};

	return bits[kind];
}

static enum list_kind kind_of(enum value_type type, uint8_t family)
{
	if (type == TYPE_PORT)
		return LIST_PORT;
	if (type == TYPE_MAC)
		return LIST_MAC;
	return family == FAMILY_IPV6 ? LIST_ADDR6 : LIST_ADDR4;
}

/* The last value of the prefix of @length that starts at @value. */
static u128 prefix_end(unsigned int bits, u128 value, unsigned int length)
{
	u128 all = bits == 128 ? ~(u128)0 : ((u128)1 << bits) - 1;

	return value | (~net_prefix_mask(bits, length) & all);
}

void list_split(struct arena *arena, enum value_type type, uint8_t family, struct range range,
		list_prefixes *prefixes)
{
	enum list_kind kind = kind_of(type, family);
	uint8_t bits = list_bits(kind);
	u128 end = range.lo;

	for (;;) {
		uint8_t length = bits;

		while (length &&
		       !(range.lo & ~net_prefix_mask(bits, length - 1u) & prefix_end(bits, 0, 0)) &&
		       prefix_end(bits, range.lo, length - 1u) <= range.hi)
			length--;
		vec_push(arena, prefixes, ((struct list_prefix){ kind, length, range.lo }));
		end = prefix_end(bits, range.lo, length);
		if (end >= range.hi)
			break;
		range.lo = end + 1;
	}
}

struct range list_range(const struct list_prefix *prefix)
{
	return (struct range){ prefix->value,
			       prefix_end(list_bits(prefix->kind), prefix->value, prefix->length) };
}

void list_print(struct buf *out, const struct list_prefix *prefix)
{
	struct range range = list_range(prefix);

	switch (prefix->kind) {
	case LIST_ADDR4:
		net_print_range(out, FAMILY_IPV4, range);
		break;
	case LIST_ADDR6:
		net_print_range(out, FAMILY_IPV6, range);
		break;
	case LIST_PORT:
		buf_printf(out, "%u", (unsigned int)range.lo);
		if (range.lo != range.hi)
			buf_printf(out, "-%u", (unsigned int)range.hi);
		break;
	case LIST_MAC:
		net_print_mac(out, (uint64_t)range.lo);
		if (range.lo == range.hi)
			break;
		buf_puts(out, "-");
		net_print_mac(out, (uint64_t)range.hi);
		break;
	}
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t list_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t list_wall(uint64_t expiry)
{
	int64_t left;

	if (expiry == LIST_FOREVER)
		return 0;
	left = (int64_t)(expiry - list_now());
	/* Rounded: a second must not be lost at each save. */
	return (int64_t)((clock_ns(CLOCK_REALTIME) + (uint64_t)left + 500000000u) / 1000000000u);
}

uint64_t list_ktime(int64_t seconds)
{
	int64_t left = seconds * 1000000000 - (int64_t)clock_ns(CLOCK_REALTIME);
	int64_t expiry = (int64_t)list_now() + left;

	return left <= 0 || expiry <= 0 ? 1 : (uint64_t)expiry;
}

bool list_is_live(const struct list_value *value, uint64_t now)
{
	return value->expiry > now || value->file > now;
}
