/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads go by batches (one system call for thousands of slots), else block by block; the base is
 * mapped into memory. */
#include "bpffw/runtime/counters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define BATCH 16u /* blocks */

static const struct map_shape counters_shape = { BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t),
						 sizeof(struct counter_block), 0 };
static const struct map_shape base_shape = { BPF_MAP_TYPE_ARRAY, sizeof(uint32_t),
					     sizeof(struct counter), 0 };

_Static_assert(COUNTERS_STEP % COUNTER_BLOCK == 0 && COUNTERS_MIN % COUNTER_BLOCK == 0 &&
		       COUNTERS_MAX % COUNTER_BLOCK == 0,
	       "all sizes are whole blocks");

static uint32_t n_blocks(uint32_t entries)
{
	return (entries + COUNTER_BLOCK - 1) / COUNTER_BLOCK;
}

void counters_close(struct counters *counters)
{
	fd_cleanup(&counters->fd);
	fd_cleanup(&counters->base);
	*counters = COUNTERS_NONE;
}

uint32_t counters_size(uint32_t n_slots)
{
	uint64_t size = ((uint64_t)SLOT_RULES + n_slots) * 5 / 4;

	size = (size + COUNTERS_STEP - 1) / COUNTERS_STEP * COUNTERS_STEP;
	if (size < COUNTERS_MIN)
		return COUNTERS_MIN;
	return size < COUNTERS_MAX ? (uint32_t)size : COUNTERS_MAX;
}

int counters_create(uint32_t entries, struct counters *ret_counters, struct failure *f)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	_cleanup_counters_ struct counters made = COUNTERS_NONE;

	made.fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "bpffw_counters", sizeof(uint32_t),
				 sizeof(struct counter_block), n_blocks(entries), NULL);
	if (made.fd < 0)
		return fail_bpf(f, errno, "cannot make a map of %u counters", entries);
	made.base = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_base", sizeof(uint32_t),
				   sizeof(struct counter), entries, &opts);
	if (made.base < 0)
		return fail_bpf(f, errno, "cannot make the base of %u counters", entries);
	*ret_counters = (struct counters){ take_fd(&made.fd), take_fd(&made.base), entries };
	return 0;
}

int counters_open(const char *dir, struct counters *ret_counters, struct failure *f)
{
	_cleanup_counters_ struct counters opened = COUNTERS_NONE;
	uint32_t base_entries = 0;
	char path[4200];

	snprintf(path, sizeof(path), "%s/counters", dir);
	opened.fd = pin_get_map(path, &counters_shape, &opened.entries);
	if (opened.fd < 0)
		return fail(f, -opened.fd, "cannot open the counters %s", path);
	opened.entries *= COUNTER_BLOCK;
	snprintf(path, sizeof(path), "%s/base", dir);
	opened.base = pin_get_map(path, &base_shape, &base_entries);
	if (opened.base < 0)
		return fail(f, -opened.base, "cannot open the counter base %s", path);
	if (base_entries != opened.entries)
		return fail_plain(f, EINVAL, EXIT_SYSTEM, "%s has %u entries, its counters have %u",
				  path, base_entries, opened.entries);
	*ret_counters =
		(struct counters){ take_fd(&opened.fd), take_fd(&opened.base), opened.entries };
	return 0;
}

/* @values: the block of each CPU, one behind the other */
static void sum_cpus(const struct counter_block *values, uint32_t n_slots, int cpus,
		     struct counter *ret_sums)
{
	memset(ret_sums, 0, n_slots * sizeof(*ret_sums));
	for (int cpu = 0; cpu < cpus; cpu++) {
		for (uint32_t i = 0; i < n_slots; i++) {
			ret_sums[i].packets += values[cpu].counter[i].packets;
			ret_sums[i].bytes += values[cpu].counter[i].bytes;
		}
	}
}

/* Of @n blocks from block @first on. */
static void sum_blocks(const struct counter_block *values, uint32_t first, uint32_t n,
		       uint32_t entries, int cpus, struct counter *ret_sums)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = (first + i) * COUNTER_BLOCK;
		uint32_t left = entries > slot ? entries - slot : 0;

		sum_cpus(values + (size_t)i * (size_t)cpus,
			 left < COUNTER_BLOCK ? left : COUNTER_BLOCK, cpus, ret_sums + slot);
	}
}

static int sum_singly(int fd, uint32_t entries, int cpus, struct counter_block *values,
		      struct counter *ret_sums)
{
	for (uint32_t block = 0; block < n_blocks(entries); block++) {
		if (bpf_map_lookup_elem(fd, &block, values) < 0)
			return -errno;
		sum_blocks(values, block, 1, entries, cpus, ret_sums);
	}
	return 0;
}

/* Arrays answer in the order of their blocks, so the keys need no look. */
static int sum_batches(int fd, uint32_t entries, int cpus, struct counter_block *values,
		       struct counter *ret_sums)
{
	uint32_t keys[BATCH], done = 0, token = 0, n;
	int ret;

	while (done < n_blocks(entries)) {
		n = n_blocks(entries) - done < BATCH ? n_blocks(entries) - done : BATCH;
		ret = bpf_map_lookup_batch(fd, done ? &token : NULL, &token, keys, values, &n,
					   NULL);
		if (ret < 0 && errno != ENOENT)
			return -errno;
		if (n == 0)
			return -EIO;
		sum_blocks(values, done, n, entries, cpus, ret_sums);
		done += n;
	}
	return 0;
}

int counters_sum(int fd, uint32_t entries, struct counter *ret_sums, struct failure *f)
{
	int cpus = libbpf_num_possible_cpus(), ret = -ENOMEM;
	struct counter_block *values = NULL;

	if (cpus > 0)
		values = calloc(BATCH * (size_t)cpus, sizeof(*values));
	if (values) {
		ret = sum_batches(fd, entries, cpus, values, ret_sums);
		if (ret < 0)
			ret = sum_singly(fd, entries, cpus, values, ret_sums);
	}
	free(values);
	return ret < 0 ? fail_bpf(f, -ret, "cannot read the counters") : 0;
}

static struct counter *map_base(const struct counters *counters, struct failure *f)
{
	struct counter *base = mmap(NULL, (size_t)counters->entries * sizeof(*base),
				    PROT_READ | PROT_WRITE, MAP_SHARED, counters->base, 0);

	if (base == MAP_FAILED) {
		fail(f, errno, "cannot map the counter base");
		return NULL;
	}
	return base;
}

static void unmap_base(const struct counters *counters, struct counter *base)
{
	munmap(base, (size_t)counters->entries * sizeof(*base));
}

int counters_totals(const struct counters *counters, struct counter *ret_totals, struct failure *f)
{
	int ret = counters_sum(counters->fd, counters->entries, ret_totals, f);
	struct counter *base;

	if (ret < 0)
		return ret;
	base = map_base(counters, f);
	if (!base)
		return -f->err;
	for (uint32_t slot = 0; slot < counters->entries; slot++) {
		ret_totals[slot].packets -= base[slot].packets;
		ret_totals[slot].bytes -= base[slot].bytes;
	}
	unmap_base(counters, base);
	return 0;
}

int counters_reset(const struct counters *counters, const struct counter *own,
		   const uint64_t *slots, struct failure *f)
{
	struct counter *sums = calloc(counters->entries, sizeof(*sums)), *base;
	int ret;

	if (!sums)
		return fail(f, ENOMEM, "cannot reset the counters");
	ret = counters_sum(counters->fd, counters->entries, sums, f);
	base = ret < 0 ? NULL : map_base(counters, f);
	if (!base) {
		free(sums);
		return -f->err;
	}
	for (uint32_t slot = 0; slot < counters->entries; slot++) {
		if (slots && !(slots[slot / 64] >> (slot % 64) & 1))
			continue;
		base[slot] = sums[slot];
		if (slot < SLOT_RULES) {
			base[slot].packets += own[slot].packets;
			base[slot].bytes += own[slot].bytes;
		}
	}
	unmap_base(counters, base);
	free(sums);
	return 0;
}

int counters_carry(const struct counters *from, const struct counters *to, struct failure *f)
{
	struct counter *totals = calloc(from->entries, sizeof(*totals)), *base;
	int ret;

	if (!totals)
		return fail(f, ENOMEM, "cannot carry the counters over");
	ret = counters_totals(from, totals, f);
	base = ret < 0 ? NULL : map_base(to, f);
	if (!base) {
		free(totals);
		return -f->err;
	}
	for (uint32_t slot = 0; slot < from->entries && slot < to->entries; slot++) {
		base[slot].packets = -totals[slot].packets;
		base[slot].bytes = -totals[slot].bytes;
	}
	unmap_base(to, base);
	free(totals);
	return 0;
}
