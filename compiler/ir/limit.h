/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rate as the kernel measures it: units of time, and the bits of a packet that are its key. */
#ifndef BPFFW_IR_LIMIT_H
#define BPFFW_IR_LIMIT_H

#include "bpf/limit.h"
#include "compiler/lang/rule.h"

/* What a limit without `burst` has: one second's worth, at least 5 packets or 64 kB. */
uint64_t limit_burst(const struct limit *limit);

/*
 * limit_clock() - the unit of time that suits the rate and the burst.
 * @old: of the same limit before a change (a shift + 1), 0: none. It is kept where it can be, and
 * the buckets with it.
 * Return: a shift + 1
 */
uint8_t limit_clock(const struct limit *limit, uint8_t old);

/* Buckets of @a are those of @b: same keys and kind of unit. */
bool limit_same(const struct limit *a, const struct limit *b);

/*
 * limit_numbers() - by rule: below LIMIT_NUMBERS, of those with a limit unique: compile() refuses
 * more of them. Cells of two limits with one number would be taken for each other's.
 */
const uint16_t *limit_numbers(struct arena *arena, const struct ruleset *rs);

/* Of a rule with a limit; of connections: their number is the depth. @number: from limit_numbers()
 */
struct act_limit limit_act(const struct rule *rule, uint16_t number);

#endif
