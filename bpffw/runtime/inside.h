/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an open store holds: for store.c, swap.c, change.c and confirm.c only. */
#ifndef BPFFW_INSIDE_H
#define BPFFW_INSIDE_H

#include "bpffw/runtime/counters.h"
#include "bpffw/runtime/links.h"
#include "bpffw/runtime/record.h"
#include "bpffw/runtime/store.h"
#include "bpffw/runtime/unit.h"

struct store {
	struct arena *arena;
	struct paths paths;
	enum store_mode mode;
	int lock;
	bool has_unit;
	bool damaged_unit; /* there is one, but it cannot be used */
	struct unit unit;
	uint32_t running;
	uint32_t program; /* id in the slot, 0: empty */
	uint32_t newest;  /* highest number ever given (STORE_WRITE) */
};

typedef VEC(uint32_t) numbers;

/* A path below bpffs or the state directory, in the store's arena. */
const char *store_pin(struct store *store, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *store_file(struct store *store, uint32_t number, const char *suffix);

/* Generations with pins, and with a record; ascending. */
numbers store_pinned(struct store *store);
numbers store_recorded(struct store *store);

/* Make the unit if there is none; a damaged one is put aside, its links go over at the commit. */
int store_need_unit(struct store *store, struct failure *f);

/*
 * After a failed change: without a ruleset in its slot the unit goes too, so that a fault while it
 * was made (libbpf takes a failing probe for a kernel without the feature) does not stay.
 */
void store_drop_unit(struct store *store);

/* env->interfaces := the recorded names, then those it has besides. */
void store_number_interfaces(struct env *env, struct arena *arena, const strs *recorded);

#endif
