/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kept generations: reading them back, history, and their counters. */
#include <errno.h>
#include <stdlib.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/list.h"
#include "bpffw/runtime/lists.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"

/* A generation was rolled back when a later one repeats an earlier one. */
static void mark_rolled_back(struct gen_info *infos, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!infos[i].same_as || infos[i].rolled_back)
			continue;
		for (uint32_t k = i + 1; k < n && infos[k].number > infos[i].same_as; k++)
			infos[k].rolled_back = true;
	}
}

int store_info(struct store *store, struct arena *arena, uint32_t number, struct gen_info *ret_info,
	       struct failure *f)
{
	int ret = record_read_info(store_file(store, number, "json"), arena, ret_info, f);

	if (ret == 0)
		ret_info->running = store->running == number;
	return ret;
}

int store_history(struct store *store, struct arena *arena, struct gen_info **ret_infos,
		  uint32_t *ret_n, struct failure *f)
{
	numbers recorded = store_recorded(store);
	struct gen_info *infos = arena_new_array(arena, struct gen_info, recorded.len + 1);
	uint32_t n = 0;
	int ret;

	for (uint32_t i = recorded.len; i-- > 0;) {
		ret = record_read_info(store_file(store, recorded.data[i], "json"), arena,
				       &infos[n], f);
		if (ret == -ENOENT)
			continue; /* a writer has just deleted it */
		if (ret == -EINVAL) {
			/* One damaged record must not hide the others. */
			failure_clear(f);
			infos[n] = (struct gen_info){
				.number = recorded.data[i],
				.by = str_of("-"),
				.how = str_of("its record is damaged"),
			};
		} else if (ret < 0) {
			return ret;
		}
		infos[n].running = store->running == recorded.data[i];
		n++;
	}
	mark_rolled_back(infos, n);
	*ret_infos = infos;
	*ret_n = n;
	return 0;
}

void store_number_interfaces(struct env *env, struct arena *arena, const strs *recorded)
{
	strs merged = { 0 };
	bool known;

	vec_for_each(name, recorded)
		vec_push(arena, &merged, *name);
	vec_for_each(name, &env->interfaces) {
		known = false;
		for (uint32_t i = 0; i < recorded->len && !known; i++)
			known = str_eq(recorded->data[i], *name);
		if (!known)
			vec_push(arena, &merged, *name);
	}
	env->interfaces = merged;
	env->n_present = merged.len;
}

/* Ids and origins for the rules in the order of the text, which is print order. */
static bool give_ids(struct ast *ast, const struct record *record)
{
	uint32_t i = 0;

	vec_for_each(stmt, &ast->stmts) {
		if (stmt->kind != STMT_RULE && stmt->kind != STMT_CHAIN)
			continue;
		vec_for_each(rule, &stmt->rules) {
			if (i >= record->rules.len)
				return false;
			rule->id = record->rules.data[i].id;
			rule->origin = record->rules.data[i].origin;
			i++;
		}
	}
	return i == record->rules.len;
}

/* A test is named by its place in the admin's file, which is not that in the generation's text. */
static void place_tests(struct ast *ast, const struct record *record)
{
	uint32_t i = 0;

	vec_for_each(stmt, &ast->stmts)
		vec_for_each(expect, &stmt->expects) {
			if (i < record->tests.len && record->tests.data[i].file.len) {
				expect->span = (struct span){ 0 };
				expect->origin.file = record->tests.data[i].file;
				expect->origin.line = record->tests.data[i].line;
			}
			i++;
		}
}

/* Ids are used as indexes, and the next one counts up from here. */
static bool is_sound(const struct record *record)
{
	if (record->info.next_id > INT32_MAX)
		return false;
	vec_for_each(rule, &record->rules) {
		if (!rule->id || rule->id > INT32_MAX || rule->slot >= COUNTERS_MAX)
			return false;
	}
	return true;
}

static struct ruleset *resolve(struct diags *ds, struct env *env, const struct ast *ast,
			       const struct record *record)
{
	uint32_t n_diags = ds->list.len, n_warnings = ds->n_warnings;
	uint32_t n_errors = ds->n_errors;
	struct ruleset *rs = sema_ruleset(ds, ast, env);

	if (ds->n_errors > n_errors || rs->rules.len != record->rules.len)
		return NULL;
	/* Its warnings were given when it was applied. */
	ds->list.len = n_diags;
	ds->n_warnings = n_warnings;
	for (uint32_t i = 0; i < rs->rules.len; i++) {
		rs->rules.data[i].id = record->rules.data[i].id;
		rs->rules.data[i].slot = record->rules.data[i].slot;
		rs->rules.data[i].over_slot = record->rules.data[i].over_slot;
		rs->rules.data[i].limit.clock = record->rules.data[i].clock;
		rs->rules.data[i].origin = record->rules.data[i].origin;
	}
	if (rs->next_id < record->info.next_id)
		rs->next_id = record->info.next_id;
	return rs;
}

/* Of the running generation: its programs are whole, only its text is lost. */
static int unreadable(const struct store *store, uint32_t number, int ret, struct failure *f)
{
	if (store->running != number)
		return ret;
	return fail_help(f, ret,
			 "what the kernel does is as before; 'bpffw apply --force' replaces it, "
			 "with new ids and counters at zero");
}

int store_generation(struct store *store, struct diags *ds, struct env *env, uint32_t number,
		     struct generation *ret_gen, struct failure *f)
{
	const char *path = store_file(store, number, "fw"), *why;
	const struct io *host = env->io;
	struct generation gen = { 0 };
	struct gen_info *info;
	struct str text;
	struct record record = { 0 };
	uint32_t source, n_errors = ds->n_errors, n_diags = ds->list.len;
	int ret = record_read(store_file(store, number, "json"), ds->arena, &record, f);

	if (ret == -ENOENT && store->running == number)
		ret = fail_plain(f, ENOENT, EXIT_SYSTEM,
				 "the record of the running generation %u is gone from %s", number,
				 store->paths.state_dir);
	else if (ret == -ENOENT)
		return fail_help(
			f, fail_plain(f, ENOENT, EXIT_ABSENT, "no generation %u is kept", number),
			"'bpffw history' lists them");
	if (ret < 0)
		return unreadable(store, number, ret, f);
	why = host->read(host->ctx, ds->arena, path, &text);
	if (why)
		return unreadable(store, number,
				  fail_plain(f, EIO, EXIT_SYSTEM,
					     "generation %u cannot be read back: %s %s", number,
					     path, why),
				  f);
	store_number_interfaces(env, ds->arena, &record.info.iface_names);
	if (lists_names(store, ds->arena, &env->runtime_sets, f) < 0)
		failure_clear(f);
	source = diag_source(ds, str_of(arena_printf(ds->arena, "generation %u", number)), text,
			     (struct span){ 0 });
	gen.ast = parse_single(ds, source);
	place_tests(gen.ast, &record);
	info = arena_memdup(ds->arena, &record.info, sizeof(record.info));
	gen.io = &lists_open(ds->arena, host, store, info)->io;
	env->io = gen.io;
	if (ds->n_errors == n_errors && is_sound(&record) && give_ids(gen.ast, &record))
		gen.rs = resolve(ds, env, gen.ast, &record);
	env->io = host;
	if (!gen.rs) {
		/* Nobody wrote these mistakes; that the file is damaged says it all. */
		ds->list.len = n_diags;
		ds->n_errors = n_errors;
		return unreadable(
			store, number,
			fail_plain(f, EINVAL, EXIT_SYSTEM,
				   "generation %u cannot be read back: %s does not fit its record",
				   number, path),
			f);
	}
	gen.info = record.info;
	gen.info.running = store->running == number;
	*ret_gen = gen;
	return 0;
}

int store_mark_saved(struct store *store, const struct generation *gen, struct failure *f)
{
	const char *path = store_file(store, gen->info.number, "json");
	struct record record = { 0 };
	int ret = record_read(path, store->arena, &record, f);

	if (ret < 0)
		return ret == -ENOENT ? fail(f, ENOENT, "cannot read %s", path) : ret;
	record.info.saved = true;
	record.info.files.data = gen->info.files.data;
	record.info.files.len = gen->info.files.len;
	for (uint32_t i = 0; i < record.rules.len && i < gen->rs->rules.len; i++)
		record.rules.data[i].origin = gen->rs->rules.data[i].origin;
	record_tests(store->arena, gen->rs, &record);
	ret = record_write(path, &record, f);
	return ret < 0 ? ret : store_set_last_good(store, gen->info.number, f);
}

int store_listed(struct store *store, struct arena *arena, strs *ret_listed, struct failure *f)
{
	const char *path = store_file(store, store->running, "json");
	struct record record = { 0 };
	int ret = record_read(path, arena, &record, f);

	if (ret < 0)
		return ret == -ENOENT ? fail(f, ENOENT, "cannot read %s", path) : ret;
	*ret_listed = record.listed;
	return 0;
}

int store_mark_confirmed(struct store *store, struct failure *f)
{
	const char *path = store_file(store, store->running, "json");
	struct record record = { 0 };
	int ret = record_read(path, store->arena, &record, f);

	if (ret < 0)
		return ret == -ENOENT ? fail(f, ENOENT, "cannot read %s", path) : ret;
	record.info.confirm = 0;
	ret = record_write(path, &record, f);
	if (ret < 0 || !record.info.saved)
		return ret;
	return store_set_last_good(store, store->running, f);
}

static int open_counters(struct store *store, struct counters *ret_counters, struct failure *f)
{
	if (!store->running)
		return fail_help(f, fail_plain(f, ENOENT, EXIT_ABSENT, "no ruleset is running"),
				 "'bpffw apply' starts one");
	return counters_open(store_pin(store, "gen/%u", store->running), ret_counters, f);
}

int store_totals(struct store *store, struct arena *arena, struct totals *ret_totals,
		 struct failure *f)
{
	_cleanup_counters_ struct counters counters = COUNTERS_NONE;
	struct counter own[SLOT_RULES] = { 0 }, *totals;
	int ret = open_counters(store, &counters, f);

	if (ret < 0)
		return ret;
	totals = arena_new_array(arena, struct counter, counters.entries);
	ret = counters_totals(&counters, totals, f);
	if (ret == 0)
		ret = counters_sum(store->unit.own_slots, SLOT_RULES, own, f);
	if (ret < 0)
		return ret;
	for (uint32_t slot = 0; slot < SLOT_RULES; slot++) {
		totals[slot].packets += own[slot].packets;
		totals[slot].bytes += own[slot].bytes;
	}
	*ret_totals = (struct totals){ totals, counters.entries };
	return 0;
}

int store_reset(struct store *store, uint32_t slot, struct failure *f)
{
	_cleanup_counters_ struct counters counters = COUNTERS_NONE;
	struct counter own[SLOT_RULES] = { 0 };
	uint64_t *slots = NULL;
	int ret = open_counters(store, &counters, f);

	if (ret == 0)
		ret = counters_sum(store->unit.own_slots, SLOT_RULES, own, f);
	if (ret < 0)
		return ret;
	if (slot != UINT32_MAX) {
		if (slot >= counters.entries)
			return fail_plain(f, EINVAL, EXIT_SYSTEM, "no counter %u", slot);
		slots = calloc((counters.entries + 63) / 64, sizeof(*slots));
		if (!slots)
			return fail(f, ENOMEM, "cannot reset a counter");
		slots[slot / 64] |= 1ULL << (slot % 64);
	}
	ret = counters_reset(&counters, own, slots, f);
	free(slots);
	return ret;
}
