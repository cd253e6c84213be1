/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `established` adds to the whole chain, next to one lookup in a kernel hash map of as many
 * flows, in turn: a store whose ruleset does not ask for flows, one whose ruleset does, a program
 * that reads the key from the frame, and one that looks it up as well. Standard input has "NAME
 * hit|miss PLAIN STORE TRACE" lines: 4 or 6 ends the name of the family, the table of STORE is
 * filled, TRACE is written. A trace has TRACE_PACKETS of the BENCH_FLOWS, each once, in random
 * order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "tests/bench/measure/flows.h"
#include "tests/bench/measure/measure.h"

enum { PLAIN, ESTABLISHED, READ_KEY, READ_KERNEL, CANDIDATES };
static const char *const names[CANDIDATES] = { "plain", "established", "nothing", "kernel" };

static void put(uint8_t *at, unsigned int bytes, uint64_t value)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

static void put_tcp(uint8_t *at, uint32_t ports)
{
	put(at, 4, ports);
	put(at + 12, 2, 0x5010); /* ACK */
	put(at + 14, 2, 64240);
}

/* No checksums: the chain verifies none. */
static void put_packet(const struct listed *l, uint8_t *slot)
{
	memset(slot, 0, SLOT_BYTES);
	if (l->family == FAMILY_IPV4) {
		put(slot, 4, 0x45000028);
		put(slot + 8, 2, 0x4006);
		put(slot + 12, 4, l->remote[1]);
		put(slot + 16, 4, l->local[1]);
		put_tcp(slot + 20, l->ports);
		return;
	}
	put(slot, 4, 0x60000000);
	put(slot + 4, 4, 20 << 16 | 6 << 8 | 64);
	put(slot + 8, 8, l->remote[0]);
	put(slot + 16, 8, l->remote[1]);
	put(slot + 24, 8, l->local[0]);
	put(slot + 32, 8, l->local[1]);
	put_tcp(slot + 40, l->ports);
}

static void write_trace(const char *path, struct flow_bench *b, uint32_t family, bool hit)
{
	struct trace_head head = { TRACE_MAGIC, TRACE_PACKETS, family == FAMILY_IPV4 ? 40 : 60,
				   TRACE_CHECKED };
	uint8_t slot[SLOT_BYTES], verdicts[TRACE_CHECKED] = { 0 };
	FILE *to = fopen(path, "w");

	must(to != NULL, path);
	must(fwrite(&head, sizeof(head), 1, to) == 1, path);
	for (uint32_t i = 0; i < BENCH_FLOWS; i++) {
		struct listed there = flow_bench_draw(b, family);

		flow_bench_add(b, &there);
		if (!hit)
			there = flow_bench_draw(b, family);
		put_packet(&there, slot);
		must(i >= TRACE_PACKETS || fwrite(slot, sizeof(slot), 1, to) == 1, path);
	}
	must(fwrite(verdicts, sizeof(verdicts), 1, to) == 1 && !fclose(to), path);
}

static void print(const char *name, const char *candidate, const double *ns, unsigned int rounds)
{
	printf("{\"name\":\"%s/%s\",\"ns\":[", name, candidate);
	for (unsigned int i = 0; i < rounds; i++)
		printf("%s%.2f", i ? "," : "", ns[i]);
	printf("]}\n");
}

static void measure(const char *name, struct driver *drivers, struct flow_bench *b, bool hit,
		    unsigned int rounds)
{
	static double ns[CANDIDATES][ROUNDS_MAX];

	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < CANDIDATES; i++) {
			b->control->found = 0;
			ns[i][round] = driver_time(&drivers[i]) / TRACE_PACKETS;
			must(i < READ_KEY || b->control->found ==
						     (i == READ_KEY || hit ? TRACE_PACKETS : 0),
			     "every flow is found, or none");
		}
	for (unsigned int i = 0; i < CANDIDATES; i++)
		print(name, names[i], ns[i], rounds);
}

static bool measure_line(const char *object, const char *flows, unsigned int rounds)
{
	static char line[13000], name[64], which[8], plain[4096], store[4096], trace[4096];
	struct flow_bench b = { 0 };
	struct driver drivers[CANDIDATES];
	int programs[CANDIDATES];
	uint32_t family;
	bool hit;

	if (!fgets(line, sizeof(line), stdin) ||
	    sscanf(line, "%63s %7s %4095s %4095s %4095s", name, which, plain, store, trace) != 5)
		return false;
	family = name[strlen(name) - 1] == '6' ? FAMILY_IPV6 : FAMILY_IPV4;
	hit = !strcmp(which, "hit");
	flow_bench_load(flows, pinned_open(store, "state/flows"), &b);
	write_trace(trace, &b, family, hit);
	programs[PLAIN] = pinned_dispatcher(plain);
	programs[ESTABLISHED] = pinned_dispatcher(store);
	programs[READ_KEY] = flow_bench_program(&b, "read_key");
	programs[READ_KERNEL] = flow_bench_program(&b, "read_kernel");
	for (unsigned int i = 0; i < CANDIDATES; i++)
		driver_load_before(object, trace, programs[i], &drivers[i]);
	measure(name, drivers, &b, hit, rounds);
	for (unsigned int i = 0; i < CANDIDATES; i++)
		bpf_object__close(drivers[i].object);
	bpf_object__close(b.object);
	flow_table_close(&b.table);
	return true;
}

int established_main(const char *object, const char *flows, unsigned int rounds)
{
	pin_to_cpu(0);
	setpriority(PRIO_PROCESS, 0, -20);
	rounds = rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX;
	while (measure_line(object, flows, rounds))
		;
	return 0;
}
