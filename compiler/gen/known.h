/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words of which only part is known: what a register holds on many packets at once. A word lies
 * within an interval and has some known bits; every operation keeps all values that are possible.
 */
#ifndef BPFFW_KNOWN_H
#define BPFFW_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

enum known_kind {
	KNOWN_NUMBER,
	/* Pointers: the offset is between lo and hi, which are equal but for the blob. */
	KNOWN_PACKET,
	KNOWN_BLOB,
	KNOWN_SCRATCH,  /* before the CPU is added */
	KNOWN_COUNTERS, /* the map itself */
	KNOWN_JUMPS,
	KNOWN_COUNTER, /* anywhere in a block of counters */
	KNOWN_FRAME,
	KNOWN_NOTHING, /* must not be looked at */
};

struct known {
	enum known_kind kind;
	uint64_t lo, hi;
	uint64_t value, mask; /* mask: unknown bits; they are 0 in value */
	uint64_t from;        /* bitmap of the fields it depends on */
	/* It is no OR of words that depend on one field each: from its being 0 nothing follows for
	 * one field alone. */
	bool mixed;
	/* The same in all copies of one result; 0: of its own. negates: that one's number. */
	uint32_t id, negates;
};

struct known known_value(uint64_t value);
struct known known_between(uint64_t lo, uint64_t hi, uint64_t from);
struct known known_pointer(enum known_kind kind, uint64_t offset);
struct known known_nothing(void);

static inline bool known_is_value(const struct known *word)
{
	return word->kind == KNOWN_NUMBER && word->lo == word->hi;
}

/*
 * @op: BPF_ADD ...; @narrow: on 32 bits; @id: that no result has yet. What cannot be told is any
 * number.
 */
struct known known_alu(uint8_t op, bool narrow, struct known a, struct known b, uint32_t id);

/* @a is a number, and @b may be it. */
bool known_is_within(struct known a, struct known b);
/* What both may be. */
struct known known_either(struct known a, struct known b);

/* @op: BPF_JEQ ... Return: 1 taken, 0 not, -1 it depends. */
int known_compare(uint8_t op, bool narrow, struct known a, struct known b);

#endif
