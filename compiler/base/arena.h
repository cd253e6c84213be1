/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One arena per compile: everything the compiler allocates lies in it and is freed at once.
 * Allocation never returns NULL; out of memory exits with a message (the library's one exception
 * to "no system calls, no printing").
 */
#ifndef BPFFW_ARENA_H
#define BPFFW_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
/* Forgets what lies in it and keeps a block: for scratch that is needed again and again. */
void arena_clear(struct arena *arena);

/* Zeroed memory, aligned to 16 bytes. Bound what input controls before you ask for it. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_memdup(struct arena *arena, const void *data, size_t size);

/* NUL-terminated copies. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args);

/* For types that want more than 16 bytes of alignment (struct pkt). */
static inline void *arena_alloc_aligned(struct arena *arena, size_t size, size_t align)
{
	uintptr_t at = (uintptr_t)arena_alloc(arena, align > 16 ? size + align : size);

	return (void *)((at + align - 1) & ~(uintptr_t)(align - 1));
}

#define arena_new_array(arena, type, count) \
	((type *)arena_alloc_aligned((arena), sizeof(type) * (count), _Alignof(type)))

#define _cleanup_arena_ __attribute__((cleanup(arena_cleanup)))
static inline void arena_cleanup(struct arena **arena)
{
	arena_free(*arena);
}

#endif
