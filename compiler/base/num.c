/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers and durations. Bounds are checked before each step, so nothing wraps. */
#include "compiler/base/num.h"

int num_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool is_hex(struct str word)
{
	return word.len > 2 && word.s[0] == '0' && (word.s[1] == 'x' || word.s[1] == 'X');
}

static bool parse_digits(struct str digits, unsigned int base, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!digits.len)
		return false;
	for (uint32_t i = 0; i < digits.len; i++) {
		unsigned int digit =
			(unsigned int)num_digit(digits.s[i]); /* none: above any base */

		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return false;
		value = value * base + digit;
	}
	if (value > max)
		return false;
	*ret_value = value;
	return true;
}

bool num_parse(struct str word, uint64_t max, uint64_t *ret_value)
{
	if (is_hex(word))
		return parse_digits((struct str){ word.s + 2, word.len - 2 }, 16, max, ret_value);
	if (word.len > 1 && word.s[0] == '0')
		return false;
	return parse_digits(word, 10, max, ret_value);
}

bool num_is_number(struct str word)
{
	bool hex = is_hex(word);

	for (uint32_t i = hex ? 2 : 0; i < word.len; i++)
		if ((unsigned int)num_digit(word.s[i]) >= (hex ? 16 : 10))
			return false;
	return word.len > 0;
}

static uint64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

bool num_parse_time(struct str word, bool bare, uint64_t *ret_seconds)
{
	uint64_t total = 0, count, unit, above = UINT64_MAX;
	uint32_t at = 0;

	if (bare && num_parse(word, UINT32_MAX, &count) && count) {
		*ret_seconds = count;
		return true;
	}
	while (at < word.len) {
		uint32_t start = at;

		while (at < word.len && word.s[at] >= '0' && word.s[at] <= '9')
			at++;
		if (at == word.len ||
		    !num_parse((struct str){ word.s + start, at - start }, UINT32_MAX, &count))
			return false;
		unit = unit_seconds(word.s[at++]);
		if (!unit || unit >= above)
			return false;
		above = unit;
		total += count * unit;
	}
	/* 136 years: whatever is added to the clock stays far from the end of 64 bits. */
	if (!total || total > UINT32_MAX)
		return false;
	*ret_seconds = total;
	return true;
}
