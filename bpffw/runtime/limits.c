// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/limits.h"

#include <errno.h>
#include <sys/random.h>

#include <bpf/bpf.h>

uint32_t limits_wanted(const struct compiled *compiled)
{
	for (uint32_t i = 0; i < compiled->n_acts; i++)
		if (compiled->acts[i].does & ACT_LIMIT)
			return LIMIT_ROWS;
	return 0;
}

/* The multipliers of the hash are odd, so that no bit of a key is lost. */
int limits_fill(int old, int fresh, const struct compiled *compiled, struct failure *f)
{
	const uint32_t key = LIMIT_SEED_ROW;
	struct limit_row seed;

	(void)old, (void)compiled;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return fail(f, errno, "cannot seed the table of the limits");
	for (uint32_t i = 0; i < LIMIT_CELLS; i++)
		seed.cell[i] |= 1;
	if (bpf_map_update_elem(fresh, &key, &seed, BPF_ANY) < 0)
		return fail_bpf(f, errno, "cannot seed the table of the limits");
	return 0;
}
