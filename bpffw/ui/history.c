/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/ui/history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HISTORY_BYTES ((size_t)4 << 20)

const char *history_path(struct arena *arena)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		return arena_printf(arena, "%s/bpffw/history", state);
	return home && *home == '/' ? arena_printf(arena, "%s/.local/state/bpffw/history", home)
				    : NULL;
}

struct lines {
	struct arena *arena;
	VEC(const char *) list;
};

static void add_line(void *ctx, const char *text)
{
	struct lines *lines = ctx;

	vec_push(lines->arena, &lines->list, text);
}

void history_read(struct arena *arena, const char *path, void *ctx,
		  void (*line)(void *ctx, const char *text))
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	char *text, *end;
	ssize_t n = 0;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size <= HISTORY_BYTES) {
		text = arena_alloc(arena, (size_t)st.st_size + 1);
		n = read(fd, text, (size_t)st.st_size);
		for (char *at = text; n > 0 && *at; at = end + 1) {
			end = strchrnul(at, '\n');
			if (!*end) {
				line(ctx, at);
				break;
			}
			*end = '\0';
			if (*at)
				line(ctx, at);
		}
	}
	close(fd);
}

/* mkdir -p of the file's folder. */
static void make_folders(struct arena *arena, const char *path)
{
	char *copy = arena_strndup(arena, path, strlen(path));

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(copy, 0700);
		*slash = '/';
	}
}

static bool write_lines(FILE *file, const struct lines *lines, const char *newest)
{
	uint32_t n = 0, skip;

	vec_for_each(line, &lines->list)
		n += strcmp(*line, newest) != 0;
	skip = n >= HISTORY_MAX ? n - HISTORY_MAX + 1 : 0;
	vec_for_each(line, &lines->list)
		if (strcmp(*line, newest) != 0 && (!skip || skip-- == 0))
			fprintf(file, "%s\n", *line);
	fprintf(file, "%s\n", newest);
	return !ferror(file);
}

void history_add(const char *path, const char *line)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct lines lines = { .arena = arena };
	char *temporary = arena_printf(arena, "%s.XXXXXX", path);
	FILE *file;
	bool ok;
	int fd;

	history_read(arena, path, &lines, add_line);
	make_folders(arena, path);
	fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	ok = write_lines(file, &lines, line);
	ok &= fclose(file) == 0;
	if (!ok || rename(temporary, path) < 0)
		unlink(temporary);
}
