/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lookup of `established` against one in a kernel hash map with as many flows, in turn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/flows.h"
#include "tests/bench/measure/measure.h"

#define FLOWS 100000u
#define RUNS  200000
#define FRAME 128

/* As in flows.bpf.c. */
struct listed {
	uint64_t remote[2], local[2];
	uint32_t ports, family;
};
struct key4 {
	uint32_t remote, local, ports, proto;
};
struct key6 {
	uint64_t remote[2], local[2];
	uint32_t ports, proto;
};
struct control {
	uint64_t next, n, found;
};
#define LIST_MAX 262144

static const char *const programs[] = { "nothing", "flow", "kernel" };
#define N_PROGRAMS (sizeof(programs) / sizeof(*programs))

struct bench {
	struct bpf_object *object;
	struct listed *list;
	volatile struct control *control;
	struct flow_table table;
	uint64_t random;
};

static uint64_t draw(struct bench *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

static int map_of(const struct bench *b, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(b->object, name);

	must(map != NULL, name);
	return bpf_map__fd(map);
}

static void *memory_of(const struct bench *b, const char *name, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_of(b, name), 0);

	must(at != MAP_FAILED, name);
	return at;
}

static void load(const char *path, struct bench *b)
{
	const struct compiled compiled = { .flows = FLOWS_DEFAULT };
	struct failure f = { 0 };
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int flows = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_flows", 4, sizeof(struct flow_row),
				   flows_entries(&compiled), &opts);

	must(flows >= 0, "the flow table");
	must(!flows_fill(-1, flows, &compiled, &f), f.what);
	must(!flow_table_open(flows, &b->table, &f), f.what);
	b->object = bpf_object__open(path);
	must(b->object != NULL, path);
	must(!bpf_map__reuse_fd(bpf_object__find_map_by_name(b->object, "flows"), flows), "flows");
	must(!bpf_object__load(b->object), "load the programs");
	b->list = memory_of(b, ".bss.list", sizeof(*b->list) * LIST_MAX);
	b->control = memory_of(b, ".data.control", sizeof(*b->control));
}

static void add_kernel(const struct bench *b, const struct listed *l)
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

static void add_flow(struct bench *b, const struct listed *l)
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

static struct listed draw_flow(struct bench *b, uint32_t family)
{
	struct listed l = { .family = family, .ports = (uint32_t)draw(b) };

	l.remote[1] = draw(b);
	l.local[1] = draw(b);
	if (family == FAMILY_IPV6) {
		l.remote[0] = draw(b);
		l.local[0] = draw(b);
		return l;
	}
	l.remote[1] &= UINT32_MAX;
	l.local[1] &= UINT32_MAX;
	return l;
}

static double run(struct bench *b, const char *program, uint64_t *ret_found)
{
	uint8_t frame[FRAME] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = RUNS);
	struct bpf_program *of = bpf_object__find_program_by_name(b->object, program);

	must(of != NULL, program);
	b->control->next = b->control->found = 0;
	must(!bpf_prog_test_run_opts(bpf_program__fd(of), &opts), program);
	*ret_found = b->control->found;
	return opts.duration;
}

/* @hit: the flows that are asked for are there */
static void measure(struct bench *b, const char *name, uint32_t family, bool hit,
		    unsigned int rounds)
{
	double ns[N_PROGRAMS][ROUNDS_MAX];
	uint64_t found;

	for (uint32_t i = 0; i < FLOWS; i++) {
		struct listed there = draw_flow(b, family);

		add_flow(b, &there);
		add_kernel(b, &there);
		b->list[i] = hit ? there : draw_flow(b, family);
	}
	b->control->n = FLOWS;
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
		struct bench b = { .random = 88172645463325252u + i };

		load(object, &b);
		measure(&b, cases[i].name, cases[i].family, cases[i].hit, rounds);
		bpf_object__close(b.object);
		flow_table_close(&b.table);
	}
	return 0;
}
