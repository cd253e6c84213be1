/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lookup of `established` against one in a kernel hash map with as many flows, in turn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <bpf/bpf.h>

#include "tests/bench/measure/flows.h"
#include "tests/bench/measure/measure.h"

#define RUNS  200000
#define FRAME 128

#define LIST_MAX 262144

static const char *const programs[] = { "nothing", "flow", "kernel" };
#define N_PROGRAMS (sizeof(programs) / sizeof(*programs))

static int map_of(const struct flow_bench *b, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(b->object, name);

	must(map != NULL, name);
	return bpf_map__fd(map);
}

static void *memory_of(const struct flow_bench *b, const char *name, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_of(b, name), 0);

	must(at != MAP_FAILED, name);
	return at;
}

void flow_bench_load(const char *path, int flows, struct flow_bench *b)
{
	struct bpf_program *program;
	struct failure f = { 0 };

	must(!flow_table_open(flows, &b->table, &f), f.what);
	b->object = bpf_object__open(path);
	must(b->object != NULL, path);
	/* As the chain that the driver jumps to in turn with them. */
	bpf_object__for_each_program(program, b->object)
		bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	must(!bpf_map__reuse_fd(bpf_object__find_map_by_name(b->object, "flows"), flows), "flows");
	must(!bpf_object__load(b->object), "load the programs");
	b->list = memory_of(b, ".bss.list", sizeof(*b->list) * LIST_MAX);
	b->control = memory_of(b, ".data.control", sizeof(*b->control));
}

int flow_bench_program(const struct flow_bench *b, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(b->object, name);

	must(program != NULL, name);
	return bpf_program__fd(program);
}

static int new_table(void)
{
	const struct compiled compiled = { .flows = FLOWS_DEFAULT };
	struct failure f = { 0 };
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int flows = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_flows", 4, sizeof(struct flow_row),
				   flows_entries(&compiled), &opts);

	must(flows >= 0, "the flow table");
	must(!flows_fill(-1, flows, &compiled, &f), f.what);
	return flows;
}

static void add_kernel(const struct flow_bench *b, const struct listed *l)
{
	uint64_t value = 1;
	struct key4 key4 = { (uint32_t)l->remote[1], (uint32_t)l->local[1], l->ports, 6 };
	struct key6 key6 = {
		{ l->remote[0], l->remote[1] }, { l->local[0], l->local[1] }, l->ports, 6
	};

	if (l->family == FAMILY_IPV4)
		bpf_map_update_elem(map_of(b, "kernel4"), &key4, &value, BPF_ANY);
	else
		bpf_map_update_elem(map_of(b, "kernel6"), &key6, &value, BPF_ANY);
}

static void add_flow(struct flow_bench *b, const struct listed *l)
{
	const struct flow_header *h = flow_table_header(&b->table);
	struct flow_key key = { .remote = { l->remote[0], l->remote[1] },
				.local = { l->local[0], l->local[1] },
				.rport = (uint16_t)(l->ports >> 16),
				.lport = (uint16_t)l->ports,
				.proto = 6,
				.family = (uint8_t)l->family };
	struct flow_id id = flow_hash(h, &key);
	struct flow_stats stats = { 0 };

	flow_confirm(b->table.entries, &stats, h, &id, FLOW_OPEN, b->table.now);
}

void flow_bench_add(struct flow_bench *b, const struct listed *l)
{
	add_flow(b, l);
	add_kernel(b, l);
}

/* Addresses and ports that packets may have. */
struct listed flow_bench_draw(struct flow_bench *b, uint32_t family)
{
	struct listed l = { .family = family,
			    .ports = (uint32_t)rng_next(&b->random) | 0x00010001u };

	l.remote[1] = rng_next(&b->random);
	l.local[1] = rng_next(&b->random);
	if (family == FAMILY_IPV6) {
		l.remote[0] = rng_next(&b->random) >> 3 | (uint64_t)1 << 61;
		l.local[0] = rng_next(&b->random) >> 3 | (uint64_t)1 << 61;
		return l;
	}
	l.remote[1] = 0x0b000000u | (l.remote[1] & 0xffffff);
	l.local[1] = 0xc6120000u | (l.local[1] & 0xffff);
	return l;
}

static double run(struct flow_bench *b, const char *program, uint64_t *ret_found)
{
	uint8_t frame[FRAME] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = RUNS);

	b->control->next = b->control->found = 0;
	must(!bpf_prog_test_run_opts(flow_bench_program(b, program), &opts), program);
	*ret_found = b->control->found;
	return opts.duration;
}

/* @hit: the flows that are asked for are there */
static void measure(struct flow_bench *b, const char *name, uint32_t family, bool hit,
		    unsigned int rounds)
{
	double ns[N_PROGRAMS][ROUNDS_MAX];
	uint64_t found;

	for (uint32_t i = 0; i < BENCH_FLOWS; i++) {
		struct listed there = flow_bench_draw(b, family);

		flow_bench_add(b, &there);
		b->list[i] = hit ? there : flow_bench_draw(b, family);
	}
	b->control->n = BENCH_FLOWS;
	for (unsigned int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < N_PROGRAMS; i++) {
			ns[i][round] = run(b, programs[i], &found);
			must(!i || found == (hit ? RUNS : 0), "every flow is found, or none");
		}
	}
	for (size_t i = 0; i < N_PROGRAMS; i++) {
		printf("{\"name\":\"%s/%s\",\"ns\":[", name, programs[i]);
		for (unsigned int round = 0; round < rounds; round++)
			printf("%s%.0f", round ? "," : "", ns[i][round]);
		printf("]}\n");
	}
}

int flows_main(const char *object, unsigned int rounds)
{
	static const struct {
		const char *name;
		uint32_t family;
		bool hit;
	} cases[] = {
		{ "ipv4 hit", FAMILY_IPV4, true },
		{ "ipv4 miss", FAMILY_IPV4, false },
		{ "ipv6 hit", FAMILY_IPV6, true },
		{ "ipv6 miss", FAMILY_IPV6, false },
	};

	pin_to_cpu(0);
	setpriority(PRIO_PROCESS, 0, -20);
	rounds = rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct flow_bench b = { .random = i << 32 };

		flow_bench_load(object, new_table(), &b);
		measure(&b, cases[i].name, cases[i].family, cases[i].hit, rounds);
		bpf_object__close(b.object);
		flow_table_close(&b.table);
	}
	return 0;
}
