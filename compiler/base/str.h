/* SPDX-License-Identifier: GPL-3.0-or-later */
/* String slices (not NUL-terminated), a text builder, and the nearest known word to a typo. */
#ifndef BPFFW_STR_H
#define BPFFW_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "compiler/base/arena.h"

struct str {
	const char *s;
	uint32_t len;
};

#define STR(literal)  ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_FMT       "%.*s"
#define STR_ARG(text) (int)(text).len, (text).s

static inline struct str str_of(const char *text)
{
	return (struct str){ text, (uint32_t)strlen(text) };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
	return str_eq(a, str_of(text));
}

bool str_starts(struct str text, struct str prefix);

/* Bytewise order, as memcmp; a prefix sorts first. */
int str_cmp(struct str a, struct str b);

/* Text that grows in an arena; buf_text() is NUL-terminated. */
struct buf {
	struct arena *arena;
	char *data;
	uint32_t len;
	uint32_t cap;
};

void buf_add(struct buf *buf, struct str text);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *buf_text(struct buf *buf);

/*
 * Nearest word: start with { .word = typo }, offer every candidate, read best (s == NULL: none
 * near enough: more than a third of the letters, at most 3, differ; a swap of neighbours is one).
 */
struct str_nearest {
	struct str word;
	struct str best;
	unsigned int distance;
};
void str_nearest_offer(struct str_nearest *nearest, struct str candidate);

#endif
