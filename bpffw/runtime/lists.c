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

static const struct rescued_list *find_rescued(const struct lists_io *lists, struct str path)
{
	vec_for_each(rescued, &lists->rescued)
		if (str_eq(rescued->path, path))
			return rescued;
	return NULL;
}

/* The copy of the newest generation that had this list. */
static void rescue(struct lists_io *lists, struct str path, const char *why)
{
	struct arena *arena = lists->store->arena;
	numbers recorded = store_recorded(lists->store);
	struct rescued_list *to = vec_add(arena, &lists->rescued);
	struct failure unread = { 0 };
	struct record record;

	to->path = str_of(arena_strndup(arena, path.s, path.len));
	to->why = arena_printf(arena, "%s", why);
	for (uint32_t i = recorded.len; i-- > 0 && !to->copy;) {
		struct lists_io kept = { .store = lists->store, .info = &record.info };

		if (record_read(store_file(lists->store, recorded.data[i], "json"), arena, &record,
				&unread) < 0)
			continue;
		to->copy = find_copy(&kept, path);
		to->generation = recorded.data[i];
	}
	failure_clear(&unread);
}

bool lists_rescue_text(struct lists_io *lists, struct str text, const char *why)
{
	vec_for_each(read, &lists->read) {
		if (!text.len || read->text.s != text.s || find_rescued(lists, read->path))
			continue;
		rescue(lists, read->path, why);
		return true;
	}
	return false;
}

void lists_warn(const struct lists_io *lists, struct diags *ds)
{
	vec_for_each(rescued, &lists->rescued) {
		if (rescued->copy)
			diag_warning(ds, (struct span){ 0 }, W216,
				     STR_FMT ": %s: the copy of generation %u is used",
				     STR_ARG(rescued->path), rescued->why, rescued->generation);
		else
			diag_warning(ds, (struct span){ 0 }, W216,
				     STR_FMT ": %s, and no copy is kept: the list is EMPTY",
				     STR_ARG(rescued->path), rescued->why);
	}
}

static const char *read_rescued(struct lists_io *lists, struct arena *arena, const char *path,
				struct str *ret_text, const char **ret_copy)
{
	const struct rescued_list *rescued = find_rescued(lists, str_of(path));
	const char *why = NULL;

	if (!rescued) {
		why = lists->host->read(lists->host->ctx, arena, path, ret_text);
		if (!why)
			return NULL;
		rescue(lists, str_of(path), why);
		rescued = find_rescued(lists, str_of(path));
	}
	*ret_copy = rescued->copy;
	if (rescued->copy)
		return lists->host->read(lists->host->ctx, arena, rescued->copy, ret_text);
	*ret_text = STR("");
	return NULL;
}

static const char *read_list(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	struct lists_io *lists = ctx;
	const char *copy = find_copy(lists, str_of(path));
	const char *why = lists->boot ? read_rescued(lists, arena, path, ret_text, &copy)
				      : lists->host->read(lists->host->ctx, arena,
							  copy ? copy : path, ret_text);

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
