/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The static part of a list against a kernel LPM trie with the same entries, in turn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include "bpffw/runtime/list.h"
#include "compiler/base/net.h"
#include "tests/bench/measure/measure.h"

#define ADDRESSES 65536u
#define RUNS      200000
#define FRAME     128

struct bench {
	struct arena *arena;
	struct ruleset rs;
	struct bpf_object *object;
	uint32_t *addresses;
	volatile uint64_t *control; /* next, found */
};

static const char *const programs[] = { "nothing", "list", "kernel" };
#define N_PROGRAMS (sizeof(programs) / sizeof(*programs))

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

/* A line is an address or a prefix, as in a list file. */
static void read_list(struct bench *b, const char *path)
{
	struct set *set = &b->rs.builtin[BUILTIN_BLACK];
	FILE *file = fopen(path, "r");
	char line[64];

	must(file != NULL, path);
	*set = (struct set){ .type = TYPE_ADDR, .runtime = true, .number = LIST_BLACK };
	while (fgets(line, sizeof(line), file)) {
		char *slash = strchr(line, '/');
		unsigned int length = slash ? (unsigned int)atoi(slash + 1) : 32;
		struct set_entry entry = { .family = FAMILY_IPV4 };
		struct in_addr addr;

		line[strcspn(line, "/\n")] = 0;
		must(inet_pton(AF_INET, line, &addr) == 1, line);
		entry.range.lo = ntohl(addr.s_addr);
		entry.range.hi = entry.range.lo | (length == 32 ? 0 : UINT32_MAX >> length);
		vec_push(b->arena, &set->entries, entry);
		vec_push(b->arena, &set->members[0], entry.range);
	}
	fclose(file);
	ranges_normalise(&set->members[0]);
}

static void fill_trie(const struct bench *b)
{
	int fd = map_of(b, "trie");
	uint64_t value = 1;

	vec_for_each(entry, &b->rs.builtin[BUILTIN_BLACK].entries) {
		uint32_t span = (uint32_t)(entry->range.hi - entry->range.lo);
		struct {
			uint32_t bits, addr_be;
		} key = { span ? (uint32_t)__builtin_clz(span) : 32,
			  htonl((uint32_t)entry->range.lo) };

		must(!bpf_map_update_elem(fd, &key, &value, BPF_ANY), "fill the trie");
	}
}

static void load(struct bench *b, const char *object)
{
	struct failure f = { 0 };
	uint32_t bytes;
	uint64_t size;
	int base;

	must(!list_base_make(&b->rs, -1, &base, &bytes, &f), f.what);
	size = bytes;
	b->object = bpf_object__open(object);
	must(b->object != NULL, object);
	must(!bpf_map__reuse_fd(bpf_object__find_map_by_name(b->object, "list_base"), base),
	     "the list");
	must(!bpf_map__set_initial_value(bpf_object__find_map_by_name(b->object, ".rodata.list"),
					 &size, sizeof(size)),
	     "its size");
	must(!bpf_object__load(b->object), "load the programs");
	b->addresses = memory_of(b, ".bss.addresses", sizeof(*b->addresses) * ADDRESSES);
	b->control = memory_of(b, ".data.control", 2 * sizeof(uint64_t));
	fill_trie(b);
}

static void choose(const struct bench *b, bool hit)
{
	const struct set *set = &b->rs.builtin[BUILTIN_BLACK];
	uint64_t rng = 7;

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		uint32_t pick = rng_below(&rng, set->entries.len);
		struct range range = set->entries.data[pick].range;
		uint32_t span = (uint32_t)(range.hi - range.lo);

		if (hit) {
			b->addresses[i] = (uint32_t)range.lo + (rng_below(&rng, UINT32_MAX) & span);
			continue;
		}
		do
			b->addresses[i] = (uint32_t)rng_next(&rng);
		while (ranges_contain(&set->members[0], b->addresses[i]));
	}
}

static double run(const struct bench *b, const char *program, uint64_t *ret_found)
{
	uint8_t frame[FRAME] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = RUNS);
	struct bpf_program *of = bpf_object__find_program_by_name(b->object, program);

	must(of != NULL, program);
	b->control[0] = b->control[1] = 0;
	must(!bpf_prog_test_run_opts(bpf_program__fd(of), &opts), program);
	*ret_found = b->control[1];
	return opts.duration;
}

static void measure(const struct bench *b, bool hit, unsigned int rounds)
{
	double ns[N_PROGRAMS][ROUNDS_MAX];
	uint64_t found;

	choose(b, hit);
	for (unsigned int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < N_PROGRAMS; i++) {
			ns[i][round] = run(b, programs[i], &found);
			must(!i || found == (hit ? RUNS : 0), "every address is found, or none");
		}
	}
	for (size_t i = 0; i < N_PROGRAMS; i++) {
		printf("{\"name\":\"%s/%s\",\"ns\":[", hit ? "hit" : "miss", programs[i]);
		for (unsigned int round = 0; round < rounds; round++)
			printf("%s%.0f", round ? "," : "", ns[i][round]);
		printf("]}\n");
	}
}

int lists_main(const char *object, const char *list, unsigned int rounds)
{
	struct bench b = { .arena = arena_new() };

	pin_to_cpu(0);
	setpriority(PRIO_PROCESS, 0, -20);
	rounds = rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX;
	read_list(&b, list);
	load(&b, object);
	measure(&b, true, rounds);
	measure(&b, false, rounds);
	return 0;
}
