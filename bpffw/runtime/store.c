/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening the store: directories, lock, mount, network namespace, and which generation runs. */
#include "bpffw/runtime/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/lock.h"
#include "bpffw/runtime/swap.h"

const char *store_pin(struct store *store, const char *format, ...)
{
	const char *below;
	va_list args;

	va_start(args, format);
	below = arena_vprintf(store->arena, format, args);
	va_end(args);
	return arena_printf(store->arena, "%s/%s", store->paths.bpffs, below);
}

const char *store_file(struct store *store, uint32_t number, const char *suffix)
{
	return arena_printf(store->arena, "%s/gen/%u.%s", store->paths.state_dir, number, suffix);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Names that are a number and then @suffix. */
static numbers read_numbers(struct store *store, const char *dir, const char *suffix)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	numbers found = { 0 };
	unsigned long number;
	char *end;

	if (!stream)
		return found;
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		number = strtoul(entry->d_name, &end, 10);
		if (number < UINT32_MAX && strcmp(end, suffix) == 0)
			vec_push(store->arena, &found, (uint32_t)number);
	}
	closedir(stream);
	if (found.len)
		qsort(found.data, found.len, sizeof(found.data[0]), compare_numbers);
	return found;
}

numbers store_pinned(struct store *store)
{
	return read_numbers(store, store_pin(store, "gen"), "");
}

numbers store_recorded(struct store *store)
{
	return read_numbers(store, arena_printf(store->arena, "%s/gen", store->paths.state_dir),
			    ".json");
}

/* Pins were removed by hand: the record says which program the generation had in this boot. */
static uint32_t running_by_record(struct store *store)
{
	numbers recorded = store_recorded(store);
	struct str boot = record_boot(store->arena);
	struct failure f = { 0 };
	struct record record;

	for (uint32_t i = recorded.len; i-- > 0;) {
		if (record_read(store_file(store, recorded.data[i], "json"), store->arena, &record,
				&f) == 0 &&
		    record.enter_id == store->program && str_eq(record.boot, boot))
			return recorded.data[i];
		failure_clear(&f);
	}
	return 0;
}

static void find_running(struct store *store)
{
	numbers pinned = store_pinned(store);

	store->running = 0;
	store->program = unit_slot(&store->unit);
	if (!store->program)
		return;
	for (uint32_t i = pinned.len; i-- > 0;) {
		_cleanup_fd_ int fd = pin_get(store_pin(store, "gen/%u/enter", pinned.data[i]));

		if (fd >= 0 && program_id(fd) == store->program) {
			store->running = pinned.data[i];
			return;
		}
	}
	store->running = running_by_record(store);
}

static uint32_t last_number(numbers all)
{
	return all.len ? all.data[all.len - 1] : 0;
}

static int open_unit(struct store *store, struct failure *f)
{
	int ret = unit_open(store_pin(store, "abi%d", ABI_VERSION), &store->unit, f);

	if (ret == -ENOENT)
		return 0;
	if (ret == -EINVAL && store->mode == STORE_WRITE) {
		failure_clear(f);
		store->damaged_unit = true;
		return 0;
	}
	if (ret == 0)
		ret = unit_check_netns(&store->unit, store->paths.bpffs, f);
	if (ret < 0)
		return ret == -EINVAL ? fail_help(f, ret, "'bpffw apply' makes it anew") : ret;
	store->has_unit = true;
	find_running(store);
	return 0;
}

static int open_read(struct store *store, struct failure *f)
{
	int ret = mount_present(store->paths.bpffs, f);

	return ret > 0 ? open_unit(store, f) : ret;
}

static int open_write(struct store *store, struct failure *f)
{
	const char *generations = arena_printf(store->arena, "%s/gen", store->paths.state_dir);
	int ret = dir_make(store->paths.run_dir, 0755, f);

	if (ret == 0)
		ret = lock_take(store->paths.run_dir, LOCK_WAIT_MS, &store->lock, f);
	if (ret == 0)
		ret = mount_prepare(store->paths.bpffs, f);
	if (ret == 0)
		ret = dir_make(store->paths.state_dir, 0750, f);
	if (ret == 0)
		ret = dir_make(generations, 0750, f);
	if (ret == 0)
		ret = dir_make(store_pin(store, "gen"), 0700, f);
	if (ret == 0)
		ret = dir_make(store_pin(store, "link"), 0700, f);
	if (ret == 0)
		ret = open_unit(store, f);
	if (ret == 0)
		ret = swap_recover(store, f);
	if (ret < 0)
		return ret;
	store->newest = last_number(store_pinned(store));
	if (store->newest < last_number(store_recorded(store)))
		store->newest = last_number(store_recorded(store));
	return 0;
}

int store_open(const struct paths *paths, enum store_mode mode, struct store **ret_store,
	       struct failure *f)
{
	struct store *store = calloc(1, sizeof(*store));
	int ret;

	if (!store)
		return fail(f, ENOMEM, "cannot open the store");
	store->arena = arena_new();
	store->paths = *paths;
	store->mode = mode;
	store->lock = -1;
	store->unit = UNIT_NONE;
	/* libbpf would print what we explain. */
	libbpf_set_print(NULL);
	ret = mode == STORE_WRITE ? open_write(store, f) : open_read(store, f);
	if (ret < 0) {
		store_close(store);
		return ret;
	}
	*ret_store = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	unit_close(&store->unit);
	fd_cleanup(&store->lock);
	arena_free(store->arena);
	free(store);
}

uint32_t store_running(const struct store *store)
{
	return store->running;
}

uint32_t store_last_good(const struct store *store)
{
	FILE *file =
		fopen(arena_printf(store->arena, "%s/last-good", store->paths.state_dir), "re");
	uint32_t number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

int store_set_last_good(struct store *store, uint32_t number, struct failure *f)
{
	const char *text = arena_printf(store->arena, "%u\n", number);

	return file_replace(arena_printf(store->arena, "%s/last-good", store->paths.state_dir),
			    text, strlen(text), f);
}

static const char *open_path(const struct store *store)
{
	return arena_printf(store->arena, "%s/panic-open", store->paths.run_dir);
}

bool store_is_open(const struct store *store)
{
	return access(open_path(store), F_OK) == 0;
}

void store_set_open(struct store *store, bool open)
{
	struct failure ignored = { 0 };

	if (!open)
		unlink(open_path(store));
	else if (file_replace(open_path(store), "", 0, &ignored) < 0)
		failure_clear(&ignored);
}

bool store_is_stale(const struct store *store)
{
	return store->has_unit && unit_slot(&store->unit) != store->program;
}

int store_need_unit(struct store *store, struct failure *f)
{
	const char *path = store_pin(store, "abi%d", ABI_VERSION);
	const char *aside = store_pin(store, "abi%d_old", ABI_VERSION);
	int ret;

	if (store->has_unit)
		return 0;
	ret = unit_load(&store->unit, f);
	if (ret < 0)
		return ret;
	if (store->damaged_unit) {
		pin_remove(aside);
		if (rename(path, aside) < 0)
			return fail(f, errno, "cannot put the damaged %s aside", path);
		store->damaged_unit = false;
	}
	ret = unit_pin(&store->unit, path, f);
	if (ret < 0)
		return ret;
	store->has_unit = true;
	return 0;
}

void store_drop_unit(struct store *store)
{
	const char *path = store_pin(store, "abi%d", ABI_VERSION);
	const char *aside = store_pin(store, "abi%d_old", ABI_VERSION);

	if (!store->has_unit || store->program)
		return;
	pin_remove(path);
	unit_close(&store->unit);
	store->has_unit = false;
	/* Its links still run the dispatcher that was put aside. */
	if (rename(aside, path) == 0)
		store->damaged_unit = true;
}
