/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/lists.h"

#include <errno.h>
#include <unistd.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/pin.h"

static const char *copy_path(struct store *store, uint32_t number, uint32_t index)
{
	return store_file(store, number, arena_printf(store->arena, "list%u", index));
}

static const char *find_copy(const struct lists_io *lists, struct str path)
{
	if (!lists->info)
		return NULL;
	for (uint32_t i = 0; i < lists->info->lists.len; i++)
		if (str_eq(lists->info->lists.data[i], path))
			return copy_path(lists->store, lists->info->number, i);
	return NULL;
}

static const char *read_list(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	struct lists_io *lists = ctx;
	const char *copy = find_copy(lists, str_of(path));
	const char *why = lists->host->read(lists->host->ctx, arena, copy ? copy : path, ret_text);

	if (why && copy)
		return arena_printf(arena, "its copy %s: %s", copy, why);
	if (why)
		return why;
	vec_for_each(known, &lists->read)
		if (str_is(known->path, path))
			return NULL;
	vec_push(arena, &lists->read,
		 ((struct list_read){ str_of(arena_printf(arena, "%s", path)), *ret_text, copy }));
	return NULL;
}

static strs glob_lists(void *ctx, struct arena *arena, const char *pattern)
{
	const struct lists_io *lists = ctx;

	return lists->host->glob(lists->host->ctx, arena, pattern);
}

static bool service_of_host(void *ctx, const char *name, const char *proto, uint16_t *ret_port)
{
	const struct lists_io *lists = ctx;

	return lists->host->service(lists->host->ctx, name, proto, ret_port);
}

struct lists_io *lists_open(struct arena *arena, const struct io *host, struct store *store,
			    const struct gen_info *info)
{
	struct lists_io *lists = arena_alloc(arena, sizeof(*lists));

	*lists = (struct lists_io){
		.io = { lists, read_list, glob_lists, service_of_host },
		.host = host,
		.store = store,
		.info = info,
	};
	return lists;
}

int lists_keep(struct store *store, uint32_t number, const list_reads *read, struct failure *f)
{
	for (uint32_t i = 0; i < read->len; i++) {
		const struct list_read *list = &read->data[i];
		const char *path = copy_path(store, number, i);
		int ret;

		unlink(path);
		if (list->copy && link(list->copy, path) == 0)
			continue;
		ret = file_replace(path, list->text.s, list->text.len, f);
		if (ret < 0)
			return ret;
	}
	return 0;
}

void lists_delete(struct store *store, uint32_t number)
{
	for (uint32_t i = 0; unlink(copy_path(store, number, i)) == 0; i++)
		;
}
