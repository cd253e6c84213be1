/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linear probing; a slot is free while its key has no text. */
#include "compiler/base/map.h"

struct map_slot {
	struct str key;
	uint32_t value;
};

static uint32_t hash_of(struct str key)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (uint32_t i = 0; i < key.len; i++)
		hash = (hash ^ (unsigned char)key.s[i]) * 0x100000001b3u;
	return (uint32_t)(hash ^ hash >> 32);
}

/* The slot that holds @key, or the free one where it belongs. */
static struct map_slot *slot_of(const struct map *map, struct str key)
{
	uint32_t at = hash_of(key) & (map->cap - 1);

	while (map->slots[at].key.s && !str_eq(map->slots[at].key, key))
		at = (at + 1) & (map->cap - 1);
	return &map->slots[at];
}

bool map_find(const struct map *map, struct str key, uint32_t *ret_value)
{
	struct map_slot *slot = map->cap ? slot_of(map, key) : NULL;

	if (!slot || !slot->key.s)
		return false;
	*ret_value = slot->value;
	return true;
}

static void grow(struct arena *arena, struct map *map)
{
	struct map old = *map;

	map->cap = old.cap ? old.cap * 2 : 16;
	map->slots = arena_new_array(arena, struct map_slot, map->cap);
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.slots[i].key.s)
			*slot_of(map, old.slots[i].key) = old.slots[i];
}

bool map_add(struct arena *arena, struct map *map, struct str key, uint32_t value)
{
	struct map_slot *slot;

	if (map->len * 2 >= map->cap)
		grow(arena, map);
	slot = slot_of(map, key);
	if (slot->key.s)
		return false;
	*slot = (struct map_slot){ key, value };
	map->len++;
	return true;
}
