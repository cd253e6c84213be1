/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folded prefixes (bpf/list_fold.h) as user space sees them: for list_*.c only. */
#ifndef BPFFW_RUNTIME_LIST_FOLD_H
#define BPFFW_RUNTIME_LIST_FOLD_H

#include "bpf/list_fold.h"
#include "bpffw/runtime/list_maps.h"

/* Map it for reading and writing; list_base_unmap() unmaps. @fd: -1: there is none. */
void list_fold_map(int fd, struct list_view *ret_view);
/* Its records are in so many cells from the first one on. */
uint32_t list_fold_count(struct list_view view, uint32_t *ret_first);
/* The record of a prefix; NULL: none, or it was removed. */
struct list_folded *list_fold_get(struct list_view view, uint32_t number,
				  const struct list_prefix *prefix);
/* The longest live one that has all of @prefix. */
struct list_folded *list_fold_match(struct list_view view, uint32_t number,
				    const struct list_prefix *prefix, uint64_t now);

/* A new map of what is folded and what is in the tries. */
int list_fold_make(struct lists *lists, int *ret_fd, struct failure *f);
/* Behind the commit of the generation that has it: take what it has out of the tries. */
int list_fold_move(struct lists *lists, struct failure *f);

/* For the table of state maps. */
struct compiled;
uint32_t lists_fold_wanted(const struct compiled *compiled);
int lists_fold_fill(int old, int fresh, const struct compiled *compiled, struct failure *f);

#endif
