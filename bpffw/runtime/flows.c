// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpffw/runtime/state.h"
#include "bpffw/runtime/ticks.h"

static uint32_t rows_for(uint32_t flows)
{
	uint32_t rows = 1;

	while (rows < FLOW_ROWS(flows))
		rows *= 2;
	return rows;
}

uint32_t flows_entries(const struct compiled *compiled)
{
	return compiled->flows ? 1 + rows_for(compiled->flows) : 0;
}

uint32_t flows_stats_entries(const struct compiled *compiled)
{
	return compiled->flows ? 1 : 0;
}

static uint32_t ticks_per_second(void)
{
	uint64_t tick = ticks_length();

	return tick ? (uint32_t)(1000000000 / tick) : 250;
}

static void make_header(struct flow_header *header, uint32_t entries)
{
	static const uint32_t seconds[FLOW_STATE_COUNT] = {
#define X(name, alive) [FLOW_##name] = (alive),
		FLOW_STATES(X)
#undef X
	};
	uint32_t hz = ticks_per_second();

	header->mask = entries - 2;
	header->shift = 31 - (uint32_t)__builtin_clz(hz);
	for (uint32_t i = 0; i < FLOW_STATE_COUNT; i++)
		header->timeout[i] = (uint32_t)((uint64_t)seconds[i] * hz >> header->shift);
}

int flow_table_open(int map, struct flow_table *ret_table, struct failure *f)
{
	struct flow_table table = { .n = map_entries(map) };
	uint64_t jiffies = 0;
	int ret;

	table.entries = mmap(NULL, (size_t)table.n * sizeof(struct flow_row),
			     PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (table.entries == MAP_FAILED)
		return fail(f, errno, "cannot map the flow table (%u entries)", table.n);
	if (!flow_table_header(&table)->shift)
		make_header(table.entries, table.n);
	ret = ticks_read(&jiffies, f);
	if (ret < 0) {
		flow_table_close(&table);
		return ret;
	}
	/* As flow_now(). */
	table.now = (uint32_t)(jiffies >> flow_table_header(&table)->shift) & FLOW_TIME_MASK;
	*ret_table = table;
	return 0;
}

void flow_table_close(struct flow_table *table)
{
	if (table->entries)
		munmap(table->entries, (size_t)table->n * sizeof(struct flow_row));
	table->entries = NULL;
}

const struct flow_header *flow_table_header(const struct flow_table *table)
{
	return table->entries;
}

static void copy_cell(const struct flow_cell *cell, const struct flow_table *to,
		      struct flow_stats *stats)
{
	const struct flow_header *h = flow_table_header(to);
	struct flow_cell copy = { cell->tag, __atomic_load_n(&cell->word, __ATOMIC_RELAXED) };
	struct flow_id id = { copy.tag, (uint32_t)copy.word };
	struct flow_cell *found;
	__u64 word;

	if (!flow_left(copy.word, to->now))
		return;
	found = flow_find(to->entries, h, &id, to->now, &word);
	if (!found)
		flow_insert(to->entries, stats, h, &id, copy.word, to->now);
	else if (!flow_is_confirmed(word) && flow_is_confirmed(copy.word))
		FLOW_CAS(&found->word, word, copy.word);
}

static int copy_flows(int old, const struct flow_table *to, struct failure *f)
{
	_cleanup_flow_table_ struct flow_table from = { 0 };
	struct flow_stats stats = { 0 };
	int ret = flow_table_open(old, &from, f);

	if (ret < 0)
		return ret;
	memcpy(((struct flow_header *)to->entries)->seed, flow_table_header(&from)->seed,
	       sizeof(flow_table_header(&from)->seed));
	for (uint32_t i = 1; i < from.n; i++) {
		const struct flow_row *row = flow_entry(from.entries, i);

		for (uint32_t k = 0; k < FLOW_ROW_CELLS; k++)
			copy_cell(&row->cell[k], to, &stats);
	}
	return 0;
}

int flows_fill(int old, int fresh, const struct compiled *compiled, struct failure *f)
{
	_cleanup_flow_table_ struct flow_table table = { 0 };
	struct flow_header *header;
	int ret = flow_table_open(fresh, &table, f);

	if (ret < 0)
		return ret;
	header = table.entries;
	if (old >= 0)
		return copy_flows(old, &table, f);
	if (getrandom(header->seed, sizeof(header->seed), 0) != sizeof(header->seed))
		return fail(f, errno, "cannot get a random seed for the flow table");
	return 0;
}

static int read_stats(struct store *store, struct flow_stats *ret_stats, struct failure *f)
{
	int cpus = libbpf_num_possible_cpus(), ret;
	struct flow_stats *each = calloc((size_t)(cpus > 0 ? cpus : 1), sizeof(*each));
	_cleanup_fd_ int map = -1;
	uint32_t key = 0;

	ret = each ? state_get(store, "flow_stats", &map) : -ENOMEM;
	if (ret == 0 && bpf_map_lookup_elem(map, &key, each) < 0)
		ret = -errno;
	for (int i = 0; i < cpus && ret == 0; i++) {
		ret_stats->evicted_new += each[i].evicted_new;
		ret_stats->evicted_confirmed += each[i].evicted_confirmed;
		ret_stats->refused += each[i].refused;
	}
	free(each);
	return ret < 0 ? fail(f, -ret, "cannot read the counts of the flow table") : 0;
}

static void count_cell(const struct flow_cell *cell, uint32_t now, struct flows_count *count)
{
	uint64_t word = __atomic_load_n(&cell->word, __ATOMIC_RELAXED);

	if (!flow_left(word, now))
		return;
	if (flow_is_confirmed(word))
		count->confirmed++;
	else
		count->fresh++;
}

int flows_count(struct store *store, struct flows_count *ret_count, struct failure *f)
{
	_cleanup_flow_table_ struct flow_table table = { 0 };
	struct flows_count count = { 0 };
	_cleanup_fd_ int map = -1;
	int ret = state_get(store, "flows", &map);

	if (ret == -ENOENT)
		return ret;
	if (ret < 0)
		return fail(f, -ret, "cannot open the flow table");
	ret = flow_table_open(map, &table, f);
	if (ret == 0)
		ret = read_stats(store, &count.stats, f);
	for (uint32_t i = 1; i < table.n && ret == 0; i++) {
		const struct flow_row *row = flow_entry(table.entries, i);

		for (uint32_t k = 0; k < FLOW_ROW_CELLS; k++)
			count_cell(&row->cell[k], table.now, &count);
	}
	if (ret < 0)
		return ret;
	*ret_count = count;
	return 0;
}
