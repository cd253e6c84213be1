/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text for terminals: escaped bytes, column widths, scaled and grouped numbers, colour. */
#ifndef BPFFW_TEXT_H
#define BPFFW_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/str.h"

/*
 * text_escape() - append @text so that no byte of it can act on a terminal: control characters,
 * bytes that are not UTF-8 and characters that reorder text become \x1b or \u202e.
 * Return: columns taken.
 */
unsigned int text_escape(struct buf *out, struct str text);
unsigned int text_columns(struct str text);

/* The next character of @text as text_escape() shows it: bytes consumed, columns it takes. */
struct glyph {
	uint32_t bytes;
	unsigned int columns;
};
struct glyph text_glyph(struct str text);

/* 7700: "7.7k", 12 100 000 000: "12.1G". Rounded down, so a counter never shows too much. */
void text_scaled(struct buf *out, uint64_t value, char kilo);
/* 100002: "100 002". */
void text_grouped(struct buf *out, uint64_t value);
/* "1 rule", "1 412 rules". */
void text_count(struct buf *out, uint64_t n, const char *noun);

/* 2026-11-22 07:03:11 in local time; 0 prints "-". */
void text_time(struct buf *out, int64_t when);
/* 07:03:11 of today, else with its date. */
void text_time_short(struct buf *out, int64_t when, int64_t now);

enum tint { TINT_NONE, TINT_RED, TINT_YELLOW, TINT_GREEN };
void text_tinted(struct buf *out, bool color, enum tint tint, const char *text);

#endif
