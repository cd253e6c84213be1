/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names to numbers: an open-addressing hash table in an arena. Zeroed is empty. */
#ifndef BPFFW_MAP_H
#define BPFFW_MAP_H

#include "compiler/base/str.h"

struct map_slot;

struct map {
	struct map_slot *slots;
	uint32_t len;
	uint32_t cap; /* a power of two, at most half full */
};

bool map_find(const struct map *map, struct str key, uint32_t *ret_value);

/* @key must outlive the map. Return: false when the key is there already (its value stays). */
bool map_add(struct arena *arena, struct map *map, struct str key, uint32_t value);

#endif
