/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices, the text builder, and a bounded edit distance for "did you mean". */
#include "compiler/base/str.h"

#include <stdio.h>

/* Longer words are names or data, where a suggestion helps nobody. */
#define NEAREST_MAX 40

bool str_starts(struct str text, struct str prefix)
{
	return text.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(text.s, prefix.s, prefix.len) == 0);
}

int str_cmp(struct str a, struct str b)
{
	uint32_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.s, b.s, common) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Room for @more bytes and the closing NUL. */
static void buf_reserve(struct buf *buf, size_t more)
{
	size_t cap = buf->cap ? buf->cap : 64;
	char *grown;

	while (cap < buf->len + more + 1)
		cap *= 2;
	if (cap == buf->cap)
		return;
	grown = arena_alloc(buf->arena, cap);
	if (buf->len)
		memcpy(grown, buf->data, buf->len);
	buf->data = grown;
	buf->cap = (uint32_t)cap;
}

void buf_add(struct buf *buf, struct str text)
{
	buf_reserve(buf, text.len);
	if (text.len)
		memcpy(buf->data + buf->len, text.s, text.len);
	buf->len += text.len;
	buf->data[buf->len] = 0;
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, str_of(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	int len;

	buf_reserve(buf, 0);
	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, format, args);
	va_end(args);
	if (len > 0 && (uint32_t)len >= buf->cap - buf->len) {
		buf_reserve(buf, (size_t)len);
		vsnprintf(buf->data + buf->len, buf->cap - buf->len, format, again);
	}
	va_end(again);
	buf->len += len > 0 ? (uint32_t)len : 0;
}

const char *buf_text(struct buf *buf)
{
	buf_reserve(buf, 0);
	return buf->data;
}

static unsigned char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : (unsigned char)c;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edits of one letter and swaps of neighbours that make @b of @a; the case is free. */
static unsigned int distance(struct str a, struct str b)
{
	unsigned int rows[3][NEAREST_MAX + 1] = { 0 };
	unsigned int *two = rows[0], *one = rows[1], *now = rows[2], *spare;

	for (uint32_t j = 0; j <= b.len; j++)
		one[j] = j;
	for (uint32_t i = 1; i <= a.len; i++) {
		now[0] = i;
		for (uint32_t j = 1; j <= b.len; j++) {
			bool same = fold(a.s[i - 1]) == fold(b.s[j - 1]);

			now[j] = min3(one[j] + 1, now[j - 1] + 1, one[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a.s[i - 1]) == fold(b.s[j - 2]) &&
			    fold(a.s[i - 2]) == fold(b.s[j - 1]) && two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
		spare = two;
		two = one;
		one = now;
		now = spare;
	}
	return one[b.len];
}

void str_nearest_offer(struct str_nearest *nearest, struct str candidate)
{
	struct str word = nearest->word;
	uint32_t longer = word.len > candidate.len ? word.len : candidate.len;
	uint32_t shorter = word.len + candidate.len - longer;
	unsigned int limit = longer / 3 < 3 ? longer / 3 : 3, found;

	if (!shorter || longer > NEAREST_MAX || longer - shorter > limit)
		return;
	found = distance(word, candidate);
	if (!found && !str_eq(word, candidate))
		found = 1; /* only the case differs */
	if (found > limit)
		return;
	/* Of equals the first, but rather a swap (tset, test) than a letter too many (set). */
	if (nearest->best.s && (found > nearest->distance ||
				(found == nearest->distance &&
				 (nearest->best.len == word.len || candidate.len != word.len))))
		return;
	nearest->best = candidate;
	nearest->distance = found;
}
