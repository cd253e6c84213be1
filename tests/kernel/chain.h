/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The built-in BPF objects, loaded for a test: shared maps, hand-written programs at the end of
 * the chain, and test runs on CPU 0, whose scratch slot can then be read.
 */
#ifndef TEST_CHAIN_H
#define TEST_CHAIN_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bpf/abi.h"

extern const char bpf_dispatcher_start[], bpf_dispatcher_end[];
extern const char bpf_enter_start[], bpf_enter_end[];
extern const char bpf_probe_start[], bpf_probe_end[];

static inline void chain_must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static inline struct bpf_object *chain_open(const char *start, const char *end)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "test");
	struct bpf_object *object = bpf_object__open_mem(start, (size_t)(end - start), &opts);

	chain_must(object != NULL, "open");
	return object;
}

static inline int chain_map(const struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	chain_must(map != NULL, name);
	return bpf_map__fd(map);
}

static inline void chain_share(struct bpf_object *object, const struct bpf_object *from,
			       const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (map)
		chain_must(!bpf_map__reuse_fd(map, chain_map(from, name)), name);
}

static inline int chain_program(const struct bpf_object *object)
{
	return bpf_program__fd(bpf_object__next_program(object, NULL));
}

static inline void chain_load(struct bpf_object *object, bool frags)
{
	if (frags)
		bpf_program__set_flags(bpf_object__next_program(object, NULL), BPF_F_XDP_HAS_FRAGS);
	chain_must(!bpf_object__load(object), "load");
}

/* The dispatcher; without frags as on a kernel that knows neither them nor their helpers. */
static inline struct bpf_object *chain_dispatcher(bool frags)
{
	struct bpf_object *object = chain_open(bpf_dispatcher_start, bpf_dispatcher_end);
	uint8_t multi_buffer = frags;

	chain_must(!bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".rodata"),
					       &multi_buffer, sizeof(multi_buffer)),
		   "multi_buffer");
	chain_load(object, frags);
	return object;
}

static inline int chain_insns(const struct bpf_insn *insns, size_t n, bool frags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = frags ? BPF_F_XDP_HAS_FRAGS : 0,
		    .expected_attach_type = BPF_XDP);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "test", "GPL", insns, n, &opts);

	chain_must(fd >= 0, "load");
	return fd;
}

/* Returns @value. */
static inline int chain_answer(int value, bool frags)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return chain_insns(insns, 2, frags);
}

/* Returns the length of the linear part. */
static inline int chain_linear(bool frags)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_1,
		  .off = offsetof(struct xdp_md, data_end) },
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1,
		  .off = offsetof(struct xdp_md, data) },
		{ .code = BPF_ALU64 | BPF_SUB | BPF_X, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return chain_insns(insns, 4, frags);
}

static inline void chain_jump(const struct bpf_object *object, const char *map, uint32_t slot,
			      int program)
{
	chain_must(!bpf_map_update_elem(chain_map(object, map), &slot, &program, BPF_ANY), map);
}

static inline void chain_pin_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	chain_must(!sched_setaffinity(0, sizeof(cpus), &cpus), "CPU 0");
}

/* The slot of CPU 0. */
static inline struct pkt *chain_slot(const struct bpf_object *object)
{
	struct pkt *scratch = mmap(NULL, ABI_CPUS * sizeof(*scratch), PROT_READ | PROT_WRITE,
				   MAP_SHARED, chain_map(object, ".data.scratch"), 0);

	chain_must(scratch != MAP_FAILED, "scratch");
	return scratch;
}

/* @linear: bytes in the first buffer, 0: as many as fit. Return: -errno, 0. */
static inline int chain_run(int program, const void *data, uint32_t len, uint32_t linear,
			    uint32_t *ret_value)
{
	struct xdp_md context = { .data_end = linear };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = len, .repeat = 1);
	int err;

	if (linear) {
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
	}
	err = bpf_prog_test_run_opts(program, &opts);
	*ret_value = opts.retval;
	return err;
}

#endif
