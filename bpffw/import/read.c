/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as other firewalls write them: masks as addresses, colons in ranges, zeros in front. */
#include <limits.h>

#include "bpffw/import/draft.h"
#include "compiler/lang/names.h"

bool read_number(struct str text, uint64_t max, uint64_t *ret_value)
{
	while (text.len > 1 && text.s[0] == '0' && text.s[1] >= '0' && text.s[1] <= '9') {
		text.s++;
		text.len--;
	}
	return num_parse(text, max, ret_value);
}

static int read_address(struct str text, u128 *ret_addr)
{
	uint32_t v4;

	if (net_parse_ipv4(text, &v4)) {
		*ret_addr = v4;
		return 4;
	}
	return net_parse_ipv6(text, ret_addr) ? 6 : 0;
}

/* The length of a mask written as an address; -1: its ones are not in front. */
static int mask_length(u128 mask, int bits)
{
	for (int len = 0; len <= bits; len++)
		if (net_prefix_mask((unsigned int)bits, (unsigned int)len) == mask)
			return len;
	return -1;
}

int read_prefix(struct str text, struct range *ret_range)
{
	const char *slash = text.len ? memchr(text.s, '/', text.len) : NULL;
	struct str left = text, right;
	u128 addr, mask, all;
	int family, bits, len;
	uint64_t number;

	if (slash)
		left.len = (uint32_t)(slash - text.s);
	family = read_address(left, &addr);
	if (!family)
		return 0;
	bits = len = family == 4 ? 32 : 128;
	if (slash) {
		right = (struct str){ slash + 1, text.len - left.len - 1 };
		if (read_number(right, (uint64_t)bits, &number))
			len = (int)number;
		else if (read_address(right, &mask) == family)
			len = mask_length(mask, bits);
		else
			return 0;
	}
	if (len < 0)
		return 0;
	all = net_prefix_mask((unsigned int)bits, (unsigned int)bits);
	mask = net_prefix_mask((unsigned int)bits, (unsigned int)len);
	*ret_range = (struct range){ addr & mask, (addr & mask) | (all & ~mask) };
	return family;
}

int read_addresses(struct str text, struct range *ret_range)
{
	const char *dash = text.len ? memchr(text.s, '-', text.len) : NULL;
	struct str left = text, right;
	struct range range;
	int family;

	if (!dash)
		return read_prefix(text, ret_range);
	left.len = (uint32_t)(dash - text.s);
	right = (struct str){ dash + 1, text.len - left.len - 1 };
	family = read_address(left, &range.lo);
	if (!family || read_address(right, &range.hi) != family || range.lo > range.hi)
		return 0;
	*ret_range = range;
	return family;
}

bool read_port(struct str text, uint8_t proto, uint64_t *ret_port)
{
	const struct service *service;

	if (read_number(text, UINT16_MAX, ret_port))
		return true;
	service = names_service(text);
	if (!service)
		return false;
	*ret_port = proto == 17 || !service->tcp ? service->udp : service->tcp;
	return *ret_port &&
	       (proto || !service->tcp || !service->udp || service->tcp == service->udp);
}

bool read_protocol(struct str text, uint64_t *ret_proto)
{
	static const struct name_value others[] = {
		{ "ipv6-icmp", 58 },
		{ "ipencap", 4 },
		{ "hopopt", 0 },
		{ "st", 5 },
		{ "comp", 108 },
		{ "ipcomp", 108 },
		{ "mobility-header", 135 },
		{ "mh", 135 },
		{ "ip6", 41 },
		{ "isis", 124 },
		{ NULL, 0 },
	};
	uint16_t value;

	if (read_number(text, 255, ret_proto))
		return true;
	if (!names_value(names_protocols, text, &value) && !names_value(others, text, &value))
		return false;
	*ret_proto = value;
	return true;
}

const char *rate_text(struct arena *arena, uint64_t count, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 1, "s" }, { 60, "min" }, { 3600, "h" }, { 86400, "d" } };

	if (!count || !seconds || count > INT_MAX)
		return NULL;
	for (uint32_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (count * units[i].seconds % seconds == 0)
			return arena_printf(arena, "%lu/%s", count * units[i].seconds / seconds,
					    units[i].name);
	return NULL;
}
