/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The private program array of one generation, shared by its programs. */
#ifndef BPFFW_GENERATION_H
#define BPFFW_GENERATION_H

#include "bpf/chain.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, GEN_JUMPS);
	__type(key, __u32);
	__type(value, __u32);
} gen_jmp SEC(".maps");

#endif
