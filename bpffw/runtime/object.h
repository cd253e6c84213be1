/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The objects in this binary, each with one program, and what it means when one is refused. */
#ifndef BPFFW_OBJECT_H
#define BPFFW_OBJECT_H

#include <stddef.h>

#include <bpf/libbpf.h>

#include "bpffw/runtime/failure.h"

struct embedded {
	const char *program; /* its name */
	const unsigned char *start, *end;
};

struct object {
	const struct embedded *from;
	struct bpf_object *bpf;
	char *log;
};

#define _cleanup_object_ __attribute__((cleanup(object_close)))
int object_open(const struct embedded *from, struct object *ret_object, struct failure *f);
void object_close(struct object *object);

struct bpf_program *object_program(const struct object *object);
/* The values of its constants or variables: a section, whole. */
int object_set(const struct object *object, const char *section, const void *values, size_t size,
	       struct failure *f);

/* Return: the descriptor of the program, ours. */
int object_load(const struct object *object, struct failure *f);

/*
 * A failed load. The verifier's log tells a program that the kernel refuses from a privilege that
 * is missing: both are EACCES or EPERM.
 * @log: what the verifier said; empty: it was not asked
 */
int refused(struct failure *f, int err, const char *program, const char *log);

#endif
