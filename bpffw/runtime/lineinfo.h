/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * BTF of generated code: a function of one name, and which instruction comes from which line of
 * the user's file, so that a verifier log and `bpftool prog dump` print the rule.
 */
#ifndef BPFFW_LINEINFO_H
#define BPFFW_LINEINFO_H

#include <linux/bpf.h>

#include "compiler/compile.h"

struct line_info {
	int btf; /* descriptor */
	struct bpf_func_info *functions;
	struct bpf_line_info *lines;
	uint32_t n_functions, n_lines;
};

/* Return: 0, or a negative errno: the program then loads as well, without its lines. */
int line_info_load(const char *name, struct diags *ds, const struct compiled *compiled,
		   struct line_info *ret_info);
void line_info_close(struct line_info *info);

#endif
