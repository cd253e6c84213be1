/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Growable typed arrays in an arena. Growth leaves the old copy behind in the arena, so the
 * waste is at most the final size.
 *
 *	VEC(struct rule) rules = { 0 };
 *	*vec_add(arena, &rules) = (struct rule){ ... };
 *	vec_for_each(r, &rules) ...
 */
#ifndef BPFFW_VEC_H
#define BPFFW_VEC_H

#include <stdint.h>
#include <string.h>

#include "compiler/base/arena.h"

#define VEC(type)             \
	struct {              \
		type *data;   \
		uint32_t len; \
		uint32_t cap; \
	}

static inline void *vec_grow(struct arena *arena, void *data, uint32_t len, uint32_t *cap,
			     size_t size)
{
	uint32_t wanted = *cap ? *cap * 2 : 4;
	void *grown = arena_alloc(arena, (size_t)wanted * size);

	if (len)
		memcpy(grown, data, (size_t)len * size);
	*cap = wanted;
	return grown;
}

#define vec_reserve_one(arena, v)                                                        \
	((v)->len < (v)->cap ? (void)0                                                   \
			     : (void)((v)->data = vec_grow((arena), (v)->data, (v)->len, \
							   &(v)->cap, sizeof(*(v)->data))))

/* A pointer to a new zeroed last element; valid until the next vec_add. */
#define vec_add(arena, v)                                                                \
	(vec_reserve_one(arena, v), memset(&(v)->data[(v)->len], 0, sizeof(*(v)->data)), \
	 &(v)->data[(v)->len++])

#define vec_push(arena, v, value) (*vec_add(arena, v) = (value))

/* An empty vector has no data, and NULL + 0 is undefined in C. */
#define vec_for_each(item, v)                                                                 \
	for (__typeof__((v)->data + 0) item = (v)->data; item && item < (v)->data + (v)->len; \
	     item++)

#endif
