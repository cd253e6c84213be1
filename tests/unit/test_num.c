/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers and durations: the ends of their ranges, and what is not one. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "compiler/base/num.h"

#define BAD UINT64_MAX

static void test_parse(void **state)
{
	static const struct {
		const char *name, *text;
		uint64_t max, want; /* BAD: refused */
	} cases[] = {
		{ "zero", "0", 9, 0 },
		{ "last", "65535", 65535, 65535 },
		{ "one above", "65536", 65535, BAD },
		{ "leading zero", "022", 65535, BAD },
		{ "two zeros", "00", 65535, BAD },
		{ "hex", "0x88cc", 65535, 0x88cc },
		{ "hex, capitals", "0X88CC", 65535, 0x88cc },
		{ "hex, leading zero", "0x01", 65535, 1 },
		{ "hex above", "0x10000", 65535, BAD },
		{ "hex without digits", "0x", 65535, BAD },
		{ "hex digit in decimal", "1a", 65535, BAD },
		{ "no hex digit", "0xg", 65535, BAD },
		{ "empty", "", 65535, BAD },
		{ "sign", "-1", 65535, BAD },
		{ "blank", "1 ", 65535, BAD },
		{ "largest but one", "18446744073709551614", UINT64_MAX, UINT64_MAX - 1 },
		{ "one above 64 bits", "18446744073709551616", UINT64_MAX, BAD },
		{ "ten times 64 bits", "184467440737095516150", UINT64_MAX, BAD },
		{ "hex above 64 bits", "0x10000000000000000", UINT64_MAX, BAD },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t got = BAD;

		if (num_parse(str_of(cases[i].text), cases[i].max, &got) != (got != BAD) ||
		    got != cases[i].want)
			fail_msg("%s: %s is %lu", cases[i].name, cases[i].text, got);
	}
}

static void test_is_number(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} cases[] = {
		{ "0", true },    { "022", true }, { "99999999999999999999999", true },
		{ "0xff", true }, { "0x", false }, { "", false },
		{ "1-2", false }, { "a", false },  { "0xfg", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (num_is_number(str_of(cases[i].text)) != cases[i].want)
			fail_msg("'%s'", cases[i].text);
}

static void test_time(void **state)
{
	static const struct {
		const char *name, *text;
		bool bare;
		uint64_t want;
	} cases[] = {
		{ "second", "1s", false, 1 },
		{ "minute", "5m", false, 300 },
		{ "hour", "2h", false, 7200 },
		{ "day", "2d", false, 172800 },
		{ "week", "1w", false, 604800 },
		{ "two units", "1h30m", false, 5400 },
		{ "all units", "1w2d3h4m5s", false, 788645 },
		{ "more than the next unit", "90m", false, 5400 },
		{ "units rise", "30m1h", false, BAD },
		{ "unit twice", "1m1m", false, BAD },
		{ "zero", "0s", false, BAD },
		{ "zero of several", "0h0m", false, BAD },
		{ "a zero part", "1h0m", false, 3600 },
		{ "leading zero", "05m", false, BAD },
		{ "no unit", "30", false, BAD },
		{ "no unit, bare", "30", true, 30 },
		{ "zero, bare", "0", true, BAD },
		{ "unit without number", "m", false, BAD },
		{ "unknown unit", "5y", false, BAD },
		{ "number behind", "5m3", false, BAD },
		{ "empty", "", false, BAD },
		{ "last", "4294967295s", false, UINT32_MAX },
		{ "one above", "4294967296s", false, BAD },
		{ "weeks above", "4294967295w", false, BAD },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t got = BAD;

		if (num_parse_time(str_of(cases[i].text), cases[i].bare, &got) != (got != BAD) ||
		    got != cases[i].want)
			fail_msg("%s: %s is %lu", cases[i].name, cases[i].text, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_is_number),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
