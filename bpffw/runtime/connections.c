// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/connections.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/act.h"
#include "bpffw/runtime/flows.h"
#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/state.h"
#include "compiler/ir/limit.h"

uint32_t connections_wanted(const struct compiled *compiled)
{
	for (uint32_t i = 0; i < compiled->n_acts; i++)
		if (compiled->acts[i].does & ACT_CONNECTIONS)
			return CONN_ROWS;
	return 0;
}

/* As the seed of the limits: odd multipliers lose no bit of a key. */
int connections_fill(int old, int fresh, const struct compiled *compiled, struct failure *f)
{
	const uint32_t key = CONN_SEED_ROW;
	struct conn_row row = { 0 };
	struct limit_row seed;

	(void)old, (void)compiled;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return fail(f, errno, "cannot seed the table of connections");
	for (uint32_t i = 0; i < LIMIT_CELLS; i++)
		seed.cell[i] |= 1;
	memcpy(&row, &seed, sizeof(seed));
	if (bpf_map_update_elem(fresh, &key, &row, BPF_ANY) < 0)
		return fail_bpf(f, errno, "cannot seed the table of connections");
	return 0;
}

static void count(const struct conn_row *rows, const struct flow_table *flows, uint32_t *counts)
{
	const struct flow_header *h = flow_table_header(flows);

	for (uint32_t row = CONN_TABLE; row < CONN_ROWS; row++)
		for (uint32_t i = 0; i < CONN_CELLS; i++) {
			const struct conn_cell *cell = &rows[row].cell[i];

			if (cell->word &&
			    conn_counts(conn_flow(flows->entries, h, cell->tag, flows->now),
					cell->word, flows->now))
				counts[cell->word >> (64 - LIMIT_NUMBER_BITS)]++;
		}
}

static const uint32_t *by_rule(const struct ruleset *rs, const uint32_t *of_numbers)
{
	const uint16_t *of_rules = limit_numbers(rs->arena, rs);
	uint32_t *counts = arena_new_array(rs->arena, uint32_t, rs->rules.len + 1);

	for (uint32_t i = 0; i < rs->rules.len; i++)
		if (rs->rules.data[i].limit.number)
			counts[i] = of_numbers[of_rules[i]];
	return counts;
}

int connections_count(struct store *store, const struct ruleset *rs, const uint32_t **ret_counts,
		      struct failure *f)
{
	_cleanup_flow_table_ struct flow_table flows = { 0 };
	_cleanup_fd_ int fd = -1, flow_fd = -1;
	const size_t size = sizeof(struct conn_row) * CONN_ROWS;
	uint32_t counts[LIMIT_NUMBERS] = { 0 };
	const struct conn_row *rows;
	int ret = state_get(store, "connections", &fd);

	if (ret == 0)
		ret = state_get(store, "flows", &flow_fd);
	if (ret < 0 && ret != -ENOENT)
		return fail(f, -ret, "cannot open the table of connections");
	if (ret == 0) {
		ret = flow_table_open(flow_fd, &flows, f);
		if (ret < 0)
			return ret;
		rows = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
		if (rows == MAP_FAILED)
			return fail(f, errno, "cannot read the table of connections");
		count(rows, &flows, counts);
		munmap((void *)rows, size);
	}
	*ret_counts = by_rule(rs, counts);
	return 0;
}
