/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes from files, arguments and the kernel is shown, never obeyed. */
#include "bpffw/ui/text.h"

#include <stdio.h>
#include <time.h>

struct decoded {
	uint32_t code;
	uint32_t bytes; /* 0: not UTF-8 */
};

/* Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
static struct decoded utf8_decode(struct str text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text.s;
	uint32_t code, n;

	if (s[0] < 0x80)
		return (struct decoded){ s[0], 1 };
	if ((s[0] & 0xe0) == 0xc0)
		n = 2, code = s[0] & 0x1f;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3, code = s[0] & 0x0f;
	else if ((s[0] & 0xf8) == 0xf0)
		n = 4, code = s[0] & 0x07;
	else
		return (struct decoded){ 0, 0 };
	if (text.len < n)
		return (struct decoded){ 0, 0 };
	for (uint32_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return (struct decoded){ 0, 0 };
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return (struct decoded){ 0, 0 };
	return (struct decoded){ code, n };
}

struct code_range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t code, const struct code_range *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (code >= r[i].first && code <= r[i].last)
			return true;
	return false;
}

#define IN_RANGES(code, table) in_ranges((code), (table), sizeof(table) / sizeof(*(table)))

/* Control characters, marks without width, and those that turn the direction of what follows. */
static bool is_unsafe(uint32_t code)
{
	static const struct code_range unsafe[] = {
		{ 0, 0x1f },          { 0x7f, 0x9f },        { 0xad, 0xad },     { 0x61c, 0x61c },
		{ 0x180e, 0x180e },   { 0x200b, 0x200f },    { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },    { 0xfff9, 0xfffb }, { 0xe000, 0xf8ff },
		{ 0xe0000, 0xe0fff }, { 0xf0000, 0x10ffff },
	};

	return IN_RANGES(code, unsafe);
}

static unsigned int code_columns(uint32_t code)
{
	static const struct code_range zero[] = {
		{ 0x300, 0x36f },
		{ 0x1ab0, 0x1aff },
		{ 0x20d0, 0x20ff },
		{ 0xfe20, 0xfe2f },
	};
	static const struct code_range wide[] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd },
	};

	if (code < 0x300)
		return 1;
	return IN_RANGES(code, zero) ? 0 : IN_RANGES(code, wide) ? 2 : 1;
}

/* The escape of the first character, or an empty string when it is shown as it is. */
static struct glyph glyph_escape(struct str text, char escape[12])
{
	struct decoded d = utf8_decode(text);
	int len;

	escape[0] = '\0';
	if (d.bytes && !is_unsafe(d.code))
		return (struct glyph){ d.bytes, code_columns(d.code) };
	if (d.bytes > 1)
		len = snprintf(escape, 12, "\\u%04x", (unsigned int)d.code);
	else
		len = snprintf(escape, 12, "\\x%02x", (unsigned char)text.s[0]);
	return (struct glyph){ d.bytes ? d.bytes : 1, (unsigned int)len };
}

struct glyph text_glyph(struct str text)
{
	char escape[12];

	return glyph_escape(text, escape);
}

/* Bytes of @text, from its start, that are shown as they are and take a column each. */
static uint32_t plain_run(struct str text)
{
	uint32_t n = 0;

	while (n < text.len && text.s[n] >= ' ' && text.s[n] <= '~')
		n++;
	return n;
}

static unsigned int escape_into(struct buf *out, struct str text)
{
	unsigned int columns = 0;
	char escape[12];

	while (text.len) {
		uint32_t plain = plain_run(text);
		struct glyph g;

		if (plain) {
			if (out)
				buf_add(out, (struct str){ text.s, plain });
			columns += plain;
			text.s += plain;
			text.len -= plain;
			continue;
		}
		g = glyph_escape(text, escape);
		if (out && escape[0])
			buf_puts(out, escape);
		else if (out)
			buf_add(out, (struct str){ text.s, g.bytes });
		columns += g.columns;
		text.s += g.bytes;
		text.len -= g.bytes;
	}
	return columns;
}

unsigned int text_escape(struct buf *out, struct str text)
{
	return escape_into(out, text);
}

unsigned int text_columns(struct str text)
{
	return escape_into(NULL, text);
}

void text_scaled(struct buf *out, uint64_t value, char kilo)
{
	const char units[] = { kilo, 'M', 'G', 'T', 'P', 'E' };
	uint64_t unit = 1000;
	unsigned int i = 0;

	if (value < 1000) {
		buf_printf(out, "%llu", (unsigned long long)value);
		return;
	}
	while (i + 1 < sizeof(units) && value / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	buf_printf(out, "%llu.%llu%c", (unsigned long long)(value / unit),
		   (unsigned long long)(value % unit / (unit / 10)), units[i]);
}

void text_grouped(struct buf *out, uint64_t value)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_puts(out, " ");
		buf_add(out, (struct str){ &digits[i], 1 });
	}
}

void text_count(struct buf *out, uint64_t n, const char *noun)
{
	text_grouped(out, n);
	if (n != 1 && strcmp(noun, "entry") == 0)
		buf_puts(out, " entries");
	else
		buf_printf(out, " %s%s", noun, n == 1 ? "" : "s");
}

static bool local_time(struct buf *out, const char *format, int64_t when)
{
	time_t t = (time_t)when;
	char text[32];
	struct tm tm;

	if (!when || !localtime_r(&t, &tm) || !strftime(text, sizeof(text), format, &tm)) {
		buf_puts(out, "-");
		return false;
	}
	buf_puts(out, text);
	return true;
}

void text_time(struct buf *out, int64_t when)
{
	local_time(out, "%Y-%m-%d %H:%M:%S", when);
}

void text_time_short(struct buf *out, int64_t when, int64_t now)
{
	time_t then = (time_t)when, today = (time_t)now;
	struct tm a, b;
	bool same = localtime_r(&then, &a) && localtime_r(&today, &b) && a.tm_yday == b.tm_yday &&
		    a.tm_year == b.tm_year;

	local_time(out, same ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", when);
}

void text_tinted(struct buf *out, bool color, enum tint tint, const char *text)
{
	static const char *const codes[] = { "0", "31", "33", "32" };

	if (color && tint != TINT_NONE)
		buf_printf(out, "\033[%sm%s\033[0m", codes[tint], text);
	else
		buf_puts(out, text);
}
