/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses: text to numbers and back, and sets of ranges. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <arpa/inet.h>
#include <stdlib.h>

#include "compiler/base/net.h"

static u128 u128_of(const unsigned char *bytes)
{
	u128 value = 0;

	for (int i = 0; i < 16; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* inet_pton() is the judge of what an address is; it also takes what we do. */
static void test_parse(void **state)
{
	static const char *const words[] = {
		"0.0.0.0",
		"255.255.255.255",
		"192.0.2.1",
		"256.0.0.1",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.",
		".1.2.3",
		"1..2.3",
		"01.2.3.4",
		"1.2.3.00",
		"1.2.3.4 ",
		"",
		"1",
		"a.b.c.d",
		"0000.0.0.1",
		"::",
		"::1",
		"1::",
		"1::2",
		"2001:db8::1",
		"2001:DB8::A",
		":",
		":::",
		"1:::2",
		"1::2::3",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"1:2:3:4::5:6:7:8",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"12345::",
		"g::",
		"1:",
		":1",
		"::ffff:192.0.2.1",
		"::192.0.2.1",
		"1:2:3:4:5:6:192.0.2.1",
		"1:2:3:4:5:6:7:192.0.2.1",
		"1:2:3:4:5:192.0.2.1",
		"::192.0.2.256",
		"::192.0.2",
		"192.0.2.1::",
		"::192.0.2.1:1",
		"1:2:3:4:5:6:7:",
		"fe80::1%eth0",
		"::1/128",
		"0:0:0:0:0:0:0:0",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"0000:0000:0000:0000:0000:ffff:255.255.255.255",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		unsigned char four[4], six[16];
		bool want4 = inet_pton(AF_INET, words[i], four) == 1;
		bool want6 = inet_pton(AF_INET6, words[i], six) == 1;
		uint32_t ip4 = 0;
		u128 ip6 = 0;

		if (net_parse_ipv4(str_of(words[i]), &ip4) != want4 ||
		    net_parse_ipv6(str_of(words[i]), &ip6) != want6)
			fail_msg("'%s': accepted or refused wrongly", words[i]);
		if (want4 &&
		    ip4 != ((uint32_t)four[0] << 24 | four[1] << 16 | four[2] << 8 | four[3]))
			fail_msg("'%s' is %x", words[i], ip4);
		if (want6 && ip6 != u128_of(six))
			fail_msg("'%s' has another value", words[i]);
	}
}

/* RFC 5952, section 4. */
static void test_print_ip(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} cases[] = {
		{ "all zero", "0:0:0:0:0:0:0:0", "::" },
		{ "loopback", "0:0:0:0:0:0:0:1", "::1" },
		{ "lower case", "2001:DB8:0:0:0:0:0:AB", "2001:db8::ab" },
		{ "no leading zeros", "2001:0db8:0001::0001", "2001:db8:1::1" },
		{ "one zero group stays", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "longest run", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },
		{ "first of equals", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "run at the end", "2001:db8:1:0:0:0:0:0", "2001:db8:1::" },
		{ "run at the start", "0:0:1:2:3:4:5:6", "::1:2:3:4:5:6" },
		{ "no run", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
		{ "mapped", "::ffff:c000:201", "::ffff:192.0.2.1" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct buf out = { .arena = arena };
		u128 addr = 0;

		assert_true(net_parse_ipv6(str_of(cases[i].text), &addr));
		net_print_ip(&out, 6, addr);
		if (strcmp(buf_text(&out), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, buf_text(&out));
	}
}

static void test_print_range(void **state)
{
	static const struct {
		const char *name;
		unsigned int family;
		u128 lo, hi;
		const char *want;
	} cases[] = {
		{ "one address", 4, 0xc0000201, 0xc0000201, "192.0.2.1" },
		{ "all of IPv4", 4, 0, 0xffffffff, "0.0.0.0/0" },
		{ "half of IPv4", 4, 0x80000000, 0xffffffff, "128.0.0.0/1" },
		{ "a /24", 4, 0xc0000200, 0xc00002ff, "192.0.2.0/24" },
		{ "a /31", 4, 0xc0000200, 0xc0000201, "192.0.2.0/31" },
		{ "two that are no /31", 4, 0xc0000201, 0xc0000202, "192.0.2.1-192.0.2.2" },
		{ "a /24 without its last", 4, 0xc0000200, 0xc00002fe, "192.0.2.0-192.0.2.254" },
		{ "a /24 without its first", 4, 0xc0000201, 0xc00002ff, "192.0.2.1-192.0.2.255" },
		{ "all of IPv6", 6, 0, ~(u128)0, "::/0" },
		{ "a /127", 6, 0, 1, "::/127" },
		{ "a range of IPv6", 6, 1, 3, "::1-::3" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct buf out = { .arena = arena };

		net_print_range(&out, cases[i].family, (struct range){ cases[i].lo, cases[i].hi });
		if (strcmp(buf_text(&out), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, buf_text(&out));
	}
}

static void test_mac(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{ "02:00:00:aa:bb:cc", true },
		{ "ff:ff:ff:ff:ff:ff", true },
		{ "02:00:00:AA:BB:CC", true },
		{ "2:0:0:a:b:c", false },
		{ "02-00-00-aa-bb-cc", false },
		{ "02:00:00:aa:bb", false },
		{ "02:00:00:aa:bb:cc:dd", false },
		{ "02:00:00:aa:bb:cg", false },
		{ "", false },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = { .arena = arena };
	uint64_t mac = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (net_parse_mac(str_of(cases[i].text), &mac) != cases[i].want)
			fail_msg("'%s'", cases[i].text);
	assert_true(net_parse_mac(STR("02:00:00:AA:bb:0c"), &mac));
	assert_true(mac == 0x020000aabb0c);
	net_print_mac(&out, mac);
	assert_string_equal(buf_text(&out), "02:00:00:aa:bb:0c");
}

static void test_prefix_mask(void **state)
{
	assert_true(net_prefix_mask(32, 0) == 0);
	assert_true(net_prefix_mask(32, 1) == 0x80000000);
	assert_true(net_prefix_mask(32, 31) == 0xfffffffe);
	assert_true(net_prefix_mask(32, 32) == 0xffffffff);
	assert_true(net_prefix_mask(128, 0) == 0);
	assert_true(net_prefix_mask(128, 1) == (u128)1 << 127);
	assert_true(net_prefix_mask(128, 64) == (u128)UINT64_MAX << 64);
	assert_true(net_prefix_mask(128, 128) == ~(u128)0);
}

/* Ranges over 0 to 63 against a bit for each number. */
static uint64_t bits_of(const ranges *r)
{
	uint64_t bits = 0;

	vec_for_each(range, r)
		for (u128 i = range->lo; i <= range->hi; i++)
			bits |= (uint64_t)1 << i;
	return bits;
}

static void check_ranges(struct arena *arena, ranges *r)
{
	uint64_t bits = bits_of(r);
	ranges complement;

	ranges_normalise(r);
	assert_true(bits_of(r) == bits);
	for (uint32_t i = 1; i < r->len; i++)
		assert_true(r->data[i - 1].hi + 1 < r->data[i].lo);
	for (unsigned int i = 0; i < 64; i++)
		assert_true(ranges_contain(r, i) == (bits >> i & 1));
	complement = ranges_complement(arena, r, 63);
	assert_true(bits_of(&complement) == ~bits);
	for (uint32_t i = 1; i < complement.len; i++)
		assert_true(complement.data[i - 1].hi + 1 < complement.data[i].lo);
}

static void test_ranges(void **state)
{
	srand(1);
	for (int round = 0; round < 2000; round++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		ranges r = { 0 };
		int n = rand() % 8;

		for (int i = 0; i < n; i++) {
			u128 lo = (u128)(rand() % 64), hi = lo + (u128)(rand() % 8);

			vec_push(arena, &r, ((struct range){ lo, hi > 63 ? 63 : hi }));
		}
		check_ranges(arena, &r);
	}
}

static void test_ranges_end(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	ranges r = { 0 }, complement;

	vec_push(arena, &r, ((struct range){ 5, ~(u128)0 }));
	vec_push(arena, &r, ((struct range){ 0, 3 }));
	vec_push(arena, &r, ((struct range){ 7, 9 }));
	ranges_normalise(&r);
	assert_int_equal(r.len, 2);
	assert_true(ranges_contain(&r, ~(u128)0));
	assert_false(ranges_contain(&r, 4));
	complement = ranges_complement(arena, &r, ~(u128)0);
	assert_int_equal(complement.len, 1);
	assert_true(complement.data[0].lo == 4 && complement.data[0].hi == 4);
}

/* So many that they are sorted by digits, and as many that cannot be: one bit more. */
static void test_ranges_sort(void **state)
{
	const u128 ends[] = { UINT32_MAX, (u128)1 << 32, ~(u128)0 };

	srand(2);
	for (size_t row = 0; row < sizeof(ends) / sizeof(*ends); row++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		u128 sum = 0, sorted_sum = 0;
		ranges r = { 0 };

		for (uint32_t i = 0; i < 10000; i++) {
			u128 lo = ((u128)rand() << 64 | (u128)rand() << 21 | i) % (ends[row] / 2);

			vec_push(arena, &r, ((struct range){ lo, lo + (u128)(rand() % 3) }));
			vec_push(arena, &r, ((struct range){ lo, ends[row] }));
			sum += 2 * lo + r.data[r.len - 2].hi + ends[row];
		}
		ranges_sort(&r);
		for (uint32_t i = 0; i < r.len; i++) {
			const struct range *last = i ? &r.data[i - 1] : NULL, *one = &r.data[i];

			sorted_sum += one->lo + one->hi;
			if (!last || last->lo < one->lo)
				continue;
			assert_true(last->lo == one->lo && last->hi >= one->hi);
		}
		assert_int_equal(r.len, 20000);
		assert_true(sum == sorted_sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),       cmocka_unit_test(test_print_ip),
		cmocka_unit_test(test_print_range), cmocka_unit_test(test_mac),
		cmocka_unit_test(test_prefix_mask), cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_ranges_end),  cmocka_unit_test(test_ranges_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
