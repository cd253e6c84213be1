/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as the language writes them. */
#ifndef BPFFW_NUM_H
#define BPFFW_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/str.h"

typedef unsigned __int128 u128;

int num_digit(char c); /* of hex, either case; -1: none */

/**
 * num_parse() - read a whole word as decimal without leading zeros, or as 0x hex.
 * @max: largest value accepted
 * Return: false when the word is not such a number or is above @max (ret untouched).
 */
bool num_parse(struct str word, uint64_t max, uint64_t *ret_value);

/* The word looks like a number: digits only, or 0x and hex digits. It may still be too large. */
bool num_is_number(struct str word);

/**
 * num_parse_time() - `30s`, `5m`, `1h30m`, `2d`, `1w`; units descending, zero refused.
 * @bare: accept a number without a unit as seconds (command line options)
 */
bool num_parse_time(struct str word, bool bare, uint64_t *ret_seconds);

#endif
