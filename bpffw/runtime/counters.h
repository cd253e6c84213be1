/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters: a per-CPU array of blocks that only programs write, and a base of as many slots that
 * only user space writes. total(slot) = sum over CPUs - base, so a reset or the reuse of a slot
 * moves the base and never races with a packet.
 *
 * A ruleset that needs more slots gets a larger pair. The totals go along as a negative base,
 * taken once before the commit and once more when no packet can be inside the old generation.
 */
#ifndef BPFFW_COUNTERS_H
#define BPFFW_COUNTERS_H

#include <stdint.h>

#include "bpf/abi.h"
#include "bpffw/runtime/failure.h"
#include "bpffw/runtime/pin.h"

#define COUNTERS_MIN  4096u
#define COUNTERS_STEP 1024u
#define COUNTERS_MAX  (1u << 24)

struct counters {
	int fd, base;
	uint32_t entries; /* slots, whole blocks of them */
};

#define COUNTERS_NONE      ((struct counters){ -1, -1, 0 })
#define _cleanup_counters_ __attribute__((cleanup(counters_close)))
void counters_close(struct counters *counters);

/* Room for the @n_slots of rules and a quarter more, in steps; each costs all CPUs a counter. */
uint32_t counters_size(uint32_t n_slots);

int counters_create(uint32_t entries, struct counters *ret_counters, struct failure *f);
/* From the pins `counters` and `base` in @dir. */
int counters_open(const char *dir, struct counters *ret_counters, struct failure *f);

/* Sum over CPUs of the first @entries slots of a per-CPU array. */
int counters_sum(int fd, uint32_t entries, struct counter *ret_sums, struct failure *f);
/* total = sum - base; @ret_totals has counters->entries places. */
int counters_totals(const struct counters *counters, struct counter *ret_totals, struct failure *f);

/*
 * Zero the slots whose bit is set; NULL: all.
 * @own: what the dispatcher counted itself, SLOT_RULES places, added to the sums
 */
int counters_reset(const struct counters *counters, const struct counter *own,
		   const uint64_t *slots, struct failure *f);

/* Make the totals of @to equal to those of @from, where @to itself has counted nothing. */
int counters_carry(const struct counters *from, const struct counters *to, struct failure *f);

#endif
