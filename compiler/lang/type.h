/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a value can be: one row per value_type reads a word into an atom, with an error that names
 * what was wanted, and writes an atom back. Which row applies is in the clause.
 */
#ifndef BPFFW_TYPE_H
#define BPFFW_TYPE_H

#include "compiler/lang/rule.h"

struct type_reader {
	struct diags *ds;
	const struct io *io;      /* services; NULL: only the built-in ones */
	const struct clause *row; /* bounds; NULL: the type's own (set elements) */
	const char *field;        /* "dport", or the set's name: for messages */
	uint8_t protos;           /* proto_bits of the rule: a service must be one port for all */
};

/* Called for each candidate word of a completion. */
typedef void type_offer(void *ctx, const char *word, const char *help);

struct type {
	const char *noun;     /* "an address" */
	const char *plural;   /* "addresses" */
	const char *help;     /* "ADDR, PREFIX, A-B, @set" */
	const char *set_word; /* `set NAME addr`; NULL: there are no sets of this type */
	/* One plain word, no @set, no $define. Reports and returns false, or fills the atom. */
	bool (*parse)(const struct type_reader *reader, const struct word *word,
		      struct atom *ret_atom);
	void (*print)(struct buf *out, const struct atom *atom);
	void (*candidates)(void *ctx, type_offer *offer); /* NULL: none */
};

/* Indexed by enum value_type. */
extern const struct type types[TYPES];

/* TYPE_FLAGS reads all words of a clause at once: `syn,fin/syn,fin` is three words, one atom. */
bool type_parse_flags(const struct type_reader *reader, const words *all, struct atom *ret_atom);

/* The type of `set NAME addr|port|mac`; TYPE_NONE: no such word. */
enum value_type type_of_set(struct str word);

/* The largest value of a clause's field. */
u128 clause_max(const struct clause *row);

#endif
