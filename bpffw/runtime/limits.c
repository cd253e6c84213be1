// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/ticks.h"
#include "bpffw/runtime/work.h"
#include "compiler/ir/acts.h"
#include "compiler/ir/limit.h"

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

int limits_clock(const struct compiled *compiled, struct limit_clock *ret_clock, struct failure *f)
{
	uint64_t tick = ticks_length(), jiffies = 0, ns = 0;
	int ret;

	*ret_clock = (struct limit_clock){ 0 };
	if (!limits_wanted(compiled) || !tick)
		return 0;
	for (uint32_t i = 0; i < compiled->n_acts; i++)
		if (compiled->acts[i].does & ACT_LIMIT &&
		    !limit_is_deep(&compiled->acts[i].limit, tick))
			return 0;
	ret = ticks_read_pair(&jiffies, &ns, f);
	if (ret < 0)
		return ret;
	*ret_clock = (struct limit_clock){ .jiffies = jiffies, .ns = ns, .tick = tick };
	return 0;
}

static void units_of(const struct ruleset *rs, struct limit_unit *ret_units)
{
	struct act_entry *acts = arena_new_array(rs->arena, struct act_entry, rs->rules.len + 1);
	const uint16_t *of_rules = limit_numbers(rs->arena, rs);
	uint32_t n = 0;

	vec_for_each(rule, &rs->rules)
		if (rule->limit.present && !rule->limit.number && !rule->disabled)
			acts[n++] = (struct act_entry){
				.does = ACT_LIMIT,
				.limit = limit_act(rule, of_rules[rule - rs->rules.data]),
			};
	acts_units(acts, n, ret_units);
}

int limits_count(struct store *store, const struct ruleset *rs, const uint32_t **ret_counts,
		 struct failure *f)
{
	struct limit_unit *units = arena_new_array(rs->arena, struct limit_unit, LIMIT_NUMBERS);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (LIMIT_ROWS * sizeof(struct limit_row) + page - 1) / page * page;
	_cleanup_fd_ int fd = -1;
	const struct limit_row *rows;
	uint32_t *counts = arena_new_array(rs->arena, uint32_t, rs->rules.len + 1);
	uint32_t by_number[LIMIT_NUMBERS] = { 0 };
	const uint16_t *of_rules = limit_numbers(rs->arena, rs);
	uint64_t now = work_now();
	int ret = state_get(store, "limits", &fd);

	*ret_counts = counts;
	if (ret < 0)
		return ret == -ENOENT ? 0 : fail(f, -ret, "cannot open the table of the limits");
	rows = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (rows == MAP_FAILED)
		return fail(f, errno, "cannot read the table of the limits");
	units_of(rs, units);
	for (uint32_t row = LIMIT_TABLE; row < LIMIT_ROWS; row++)
		for (uint32_t i = 0; i < LIMIT_CELLS; i++) {
			uint64_t cell = rows[row].cell[i];

			if (limit_left(cell, now, units))
				by_number[cell >> (64 - LIMIT_NUMBER_BITS)]++;
		}
	munmap((void *)rows, size);
	for (uint32_t i = 0; i < rs->rules.len; i++)
		counts[i] = rs->rules.data[i].limit.present ? by_number[of_rules[i]] : 0;
	return 0;
}
