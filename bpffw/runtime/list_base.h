/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The static part of the lists: its blob in memory, and the map read by user space. */
#ifndef BPFFW_RUNTIME_LIST_BASE_H
#define BPFFW_RUNTIME_LIST_BASE_H

#include "bpf/list_base.h"
#include "compiler/lang/rule.h"

/* What list_base_make() puts into the map; free() the data. */
void list_base_blob(const struct ruleset *rs, void **ret_data, uint64_t *ret_size);

/* ---- its parts, for list_fold.c ---- */

typedef VEC(uint64_t) bounds;

struct blob {
	uint8_t *data; /* free() it */
	uint64_t size, room;
};

/* Zeroed and on a cache line of its own. Return: its offset. */
uint64_t list_base_add(struct blob *blob, uint64_t size);
/* @all: ascending, the first one 0 and outside */
struct list_tree list_base_tree(struct blob *blob, const bounds *all);

/* Map a base read only. Return: negative errno when it is none. */
int list_base_map(int fd, struct list_view *ret_view);
void list_base_unmap(struct list_view *view);

#endif
