/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between symbolic.c (the proof) and symbolic_run.c (the interpreter). */
#ifndef BPFFW_SYMBOLIC_INTERNAL_H
#define BPFFW_SYMBOLIC_INTERNAL_H

#include "compiler/gen/known.h"
#include "compiler/gen/symbolic.h"
#include "compiler/ir/prove_rule.h"

#define CALLS_MAX 2u
/* Protocols that rules tell apart; more are too many heads. */
#define PROTOS_MAX 64u
/* `from` as a field behind those of the match table. */
#define FIELD_FROM (FIELDS_MAX - 1)

/* The values of a field in one run: a box of halves for an IPv6 address. */
struct values_asked {
	u128 lo, hi;
};

static inline uint64_t field_bit(uint32_t field)
{
	return (uint64_t)1 << field;
}

struct head {
	uint8_t proto_lo, proto_hi, frag_lo, frag_hi;
};

struct run {
	struct known regs[11];
	uint32_t pc;
	uint32_t back[CALLS_MAX]; /* where calls return to, with what they keep */
	struct known kept[CALLS_MAX][4];
	uint32_t depth, ids;
	/* What was stored, and what became of the packet. */
	struct known slot, walk, act;
	bool counted;
};

/* Why a run has ended. */
enum stop { STOP_EXIT, STOP_DECISION, STOP_NEXT, STOP_FORK, STOP_ACT, STOP_FAULT };

/* All heads of a family that a rule has, as one: what a place is proven for in one go. */
struct joined {
	bool any, hard; /* hard: it can only be told head by head */
	bool done;
	struct head head;
	struct known facts;
};

struct symbolic {
	struct arena *arena;
	const struct gen *gen;
	struct reference ref;
	struct set_pool pool;
	struct straight_proof proof;
	uint64_t steps_max;
	uint8_t protos[PROTOS_MAX]; /* where ranges of protocols begin */
	uint32_t n_protos;
	bool *tail_proven;     /* by place */
	struct joined *joined; /* by place, of the family */
	bool soft;             /* what cannot be told is no failure */
	/* of the run */
	struct head head;
	struct values_asked extents[FIELDS_MAX];
	bool probe;
	uint32_t next; /* where a run that goes on has passed its place */
};

/* Return: false. */
bool refuse(struct symbolic *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Every field is anything. */
void free_extents(struct symbolic *s);
/* A field of the heads. */
bool is_head_offset(uint32_t offset);
void forget_temporaries(struct run *run);

/* Until something stops it; at a decision or fork pc is that of the jump. */
enum stop run_on(struct symbolic *s, struct run *run);

#endif
