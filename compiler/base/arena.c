/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list of growing blocks; the newest serves small requests. */
#include "compiler/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_FIRST ((size_t)16 << 10)
#define BLOCK_MAX   ((size_t)4 << 20)
#define ALIGN       ((size_t)16)

struct block {
	struct block *next;
	size_t size;
	size_t used;
	size_t pad; /* keeps data aligned to ALIGN */
	unsigned char data[];
};

struct arena {
	struct block *head;
	size_t next_size;
};

static void *or_die(void *memory)
{
	if (memory)
		return memory;
	fputs("bpffw: out of memory\n", stderr);
	exit(5);
}

struct arena *arena_new(void)
{
	struct arena *arena = or_die(calloc(1, sizeof(*arena)));

	arena->next_size = BLOCK_FIRST;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct block *b = arena->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(arena);
}

void arena_clear(struct arena *arena)
{
	struct block *kept = arena->head;

	if (!kept)
		return;
	for (struct block *b = kept->next, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	kept->next = NULL;
	memset(kept->data, 0, kept->used);
	kept->used = 0;
}

static struct block *block_add(struct arena *arena, size_t need)
{
	size_t size = need > arena->next_size ? need : arena->next_size;
	/* Zeroed by the kernel where the block is large: pages that nobody uses stay untouched. */
	struct block *b = or_die(calloc(1, sizeof(*b) + size));

	b->size = size;
	/* A large single request must not hide the rest of the current block. */
	if (need > arena->next_size && arena->head) {
		b->next = arena->head->next;
		arena->head->next = b;
	} else {
		b->next = arena->head;
		arena->head = b;
		if (arena->next_size < BLOCK_MAX)
			arena->next_size *= 2;
	}
	return b;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t need = (size + ALIGN - 1) & ~(ALIGN - 1);
	struct block *b = arena->head;
	void *memory;

	if (need < size)
		or_die(NULL);
	if (!b || b->size - b->used < need)
		b = block_add(arena, need);
	memory = b->data + b->used;
	b->used += need;
	return memory;
}

void *arena_memdup(struct arena *arena, const void *data, size_t size)
{
	void *copy = arena_alloc(arena, size);

	return size ? memcpy(copy, data, size) : copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (len)
		memcpy(copy, text, len);
	return copy;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	char small[256], *text;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), format, args);
	if (len < (int)sizeof(small)) {
		text = arena_strndup(arena, small, len > 0 ? (size_t)len : 0);
	} else {
		text = arena_alloc(arena, (size_t)len + 1);
		vsnprintf(text, (size_t)len + 1, format, again);
	}
	va_end(again);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}
