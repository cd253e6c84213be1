/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gen/<n> appears by one rename, so it is whole or absent. Whether it ever ran is what the slot
 * says: a pinned generation newer than the running one is litter.
 */
#include "bpffw/runtime/swap.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/membarrier.h>

#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/egress.h"
#include "bpffw/runtime/events.h"
#include "bpffw/runtime/list.h"
#include "bpffw/runtime/lists.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/state.h"
#include "bpffw/runtime/trace.h"

#define FILES_KEPT 20

static int pin_all(struct store *store, const char *dir, const struct loaded *loaded,
		   const struct counters *counters, struct failure *f)
{
	const struct {
		const char *name;
		int fd;
	} pins[] = {
		{ "jmp", loaded->jmp },           { "enter", loaded->enter },
		{ "classify", loaded->classify }, { "probe", loaded->probe },
		{ "actions", loaded->actions },   { "acts", loaded->acts },
		{ "blob", loaded->blob },         { "lists", loaded->lists },
		{ "config", loaded->config },     { "counters", counters->fd },
		{ "base", counters->base },
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]) && ret == 0; i++) {
		if (pins[i].fd >= 0)
			ret = pin_put(pins[i].fd,
				      arena_printf(store->arena, "%s/%s", dir, pins[i].name), f);
	}
	return ret;
}

static int pin_old_counters(struct store *store, const char *dir, const struct counters *old,
			    struct failure *f)
{
	const char *inner = arena_printf(store->arena, "%s/old", dir);
	int ret;

	if (mkdir(inner, 0700) < 0)
		return fail(f, errno, "cannot make the directory %s", inner);
	ret = pin_put(old->fd, arena_printf(store->arena, "%s/counters", inner), f);
	if (ret == 0)
		ret = pin_put(old->base, arena_printf(store->arena, "%s/base", inner), f);
	return ret;
}

int swap_pin(struct store *store, uint32_t number, const struct loaded *loaded,
	     const struct counters *counters, const struct counters *old, struct failure *f)
{
	const char *dir = store_pin(store, "gen/%u", number);
	const char *fresh = store_pin(store, "gen/%u_new", number);
	int ret;

	pin_remove(fresh);
	if (mkdir(fresh, 0700) < 0)
		return fail(f, errno, "cannot make the directory %s", fresh);
	ret = pin_all(store, fresh, loaded, counters, f);
	if (ret == 0 && old)
		ret = pin_old_counters(store, fresh, old, f);
	if (ret == 0 && rename(fresh, dir) < 0)
		ret = fail(f, errno, "cannot rename %s to %s", fresh, dir);
	if (ret < 0)
		pin_remove(fresh);
	return ret;
}

static void delete_files(struct store *store, uint32_t number)
{
	unlink(store_file(store, number, "json"));
	unlink(store_file(store, number, "fw"));
	lists_delete(store, number);
}

void swap_forget(struct store *store, uint32_t number)
{
	/* Files first: while the pins are there, the next repair finds the number again. */
	delete_files(store, number);
	pin_remove(store_pin(store, "gen/%u", number));
}

void swap_free_old(struct store *store, uint32_t running, uint32_t replaced)
{
	numbers pinned = store_pinned(store), recorded = store_recorded(store);
	uint32_t good = store_last_good(store);

	vec_for_each(number, &pinned) {
		if (*number != running && *number != replaced)
			pin_remove(store_pin(store, "gen/%u", *number));
	}
	for (uint32_t i = 0; i + FILES_KEPT < recorded.len; i++) {
		if (recorded.data[i] != running && recorded.data[i] != replaced &&
		    recorded.data[i] != good)
			delete_files(store, recorded.data[i]);
	}
}

int swap_finish_counters(struct store *store, uint32_t number, struct failure *f)
{
	_cleanup_counters_ struct counters from = COUNTERS_NONE, to = COUNTERS_NONE;
	const char *dir = store_pin(store, "gen/%u", number);
	const char *old = store_pin(store, "gen/%u/old", number);
	int ret;

	if (access(old, F_OK) < 0)
		return 0;
	/* It came whole, so what is missing was removed: the totals are over there already. */
	if (access(store_pin(store, "gen/%u/old/counters", number), F_OK) < 0 ||
	    access(store_pin(store, "gen/%u/old/base", number), F_OK) < 0) {
		pin_remove(old);
		return 0;
	}
	ret = counters_open(old, &from, f);
	if (ret == 0)
		ret = counters_open(dir, &to, f);
	if (ret == 0)
		ret = counters_carry(&from, &to, f);
	if (ret == 0)
		pin_remove(old);
	return ret;
}

void swap_grace(void)
{
	const struct timespec pause = { .tv_nsec = 50000000 };

	/* The barrier waits for an RCU grace period, and packets are handled under RCU. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		nanosleep(&pause, NULL);
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static void remove_ending(struct store *store, const char *dir, const char *end)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (ends_with(entry->d_name, end))
			pin_remove(arena_printf(store->arena, "%s/%s", dir, entry->d_name));
	}
	closedir(stream);
}

/* It ran, and was not confirmed: history keeps it. */
static bool was_rolled_back(struct store *store, uint32_t number)
{
	struct gen_info info = { 0 };
	struct failure unread = { 0 };

	if (record_read_info(store_file(store, number, "json"), store->arena, &info, &unread) < 0)
		failure_clear(&unread);
	return info.rolled_back;
}

/* The running generation and the one before it stay; newer ones never ran, but on trial. */
static void recover_generations(struct store *store)
{
	numbers pinned = store_pinned(store);
	uint32_t before = 0;

	/* An unknown program in the slot: whose pins it needs cannot be told. */
	if (store->program && !store->running)
		return;
	vec_for_each(number, &pinned) {
		if (*number > store->running && was_rolled_back(store, *number))
			pin_remove(store_pin(store, "gen/%u", *number));
		else if (*number > store->running)
			swap_forget(store, *number);
		else if (*number < store->running)
			before = *number;
	}
	if (store->running)
		swap_free_old(store, store->running, before);
}

/* By the record of the running generation; no, where that cannot be read. */
static bool is_listed(struct store *store, struct str name)
{
	struct record record = { 0 };
	struct failure unread = { 0 };

	if (!store->running || record_read(store_file(store, store->running, "json"), store->arena,
					   &record, &unread) < 0)
		failure_clear(&unread);
	vec_for_each(pattern, &record.listed) {
		if (netdev_glob(*pattern, name))
			return true;
	}
	return false;
}

/* A waiting link passes everything: put it to work if the running ruleset lists it. */
static int recover_links(struct store *store, struct failure *f)
{
	netdevs devices = { 0 };
	links all = { 0 };
	struct pending pending;
	/* A rollback may want back what the generation on trial does not list. */
	bool keep = confirm_waits(store, &pending);
	int ret = netdev_list(store->arena, &devices, f);

	if (ret == 0)
		ret = links_read(store_pin(store, "link"), store->arena, &store->unit, &devices,
				 &all, f);
	if (ret < 0)
		return ret;
	for (uint32_t i = 0; i < all.len && ret == 0; i++) {
		const struct link *link = &all.data[i];

		if (link->gone)
			unlink(link->pin.s);
		else if (link->waiting && is_listed(store, link->name))
			ret = links_update(link, &store->unit, f);
		else if (link->waiting && !keep)
			ret = links_detach(link, &store->unit, f);
	}
	return ret < 0 ? ret : egress_recover(store, &devices, keep, f);
}

int swap_recover(struct store *store, struct failure *f)
{
	int ret = 0;

	remove_ending(store, store->paths.bpffs, "_new");
	remove_ending(store, store_pin(store, "gen"), "_new");
	remove_ending(store, arena_printf(store->arena, "%s/gen", store->paths.state_dir), ".tmp");
	if (!store->has_unit)
		return 0;
	recover_generations(store);
	ret = state_recover(store, f);
	if (ret == 0)
		ret = lists_recover(store, f);
	if (ret == 0)
		ret = trace_recover(store, f);
	if (ret == 0)
		ret = events_recover(store, f);
	if (ret == 0 && store->running)
		ret = swap_finish_counters(store, store->running, f);
	return ret < 0 ? ret : recover_links(store, f);
}
