/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of a change up to the kernel: first the rules alone (resolve, ids, tests, lock-out
 * check), then compiled, loaded and witnessed. live.c puts it into force.
 */
#include "bpffw/runtime/change.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/cookies.h"
#include "bpffw/runtime/guard.h"
#include "bpffw/runtime/list.h"
#include "bpffw/runtime/list_rules.h"
#include "bpffw/runtime/swap.h"
#include "bpffw/runtime/work.h"
#include "compiler/ir/eval.h"
#include "compiler/ir/lint.h"
#include "compiler/lang/sema.h"

#define WITNESSES_MAX 10000

static int check_stale(struct work *w)
{
	const struct gen_info *old = w->change->old;
	struct failure unread = { 0 };
	struct record record = { 0 };
	char text[32] = "?";
	struct tm local;
	time_t when;

	/* At boot @old only lends its ids. */
	if (!old || !w->store->running || old->number == w->store->running)
		return 0;
	if (record_read(store_file(w->store, w->store->running, "json"), w->arena, &record,
			&unread) < 0)
		failure_clear(&unread);
	when = record.info.when;
	if (localtime_r(&when, &local))
		strftime(text, sizeof(text), "%F %T", &local);
	return fail_help(w->f,
			 fail_plain(w->f, ESTALE, EXIT_REFUSED,
				    "refused: generation %u no longer runs: " STR_FMT
				    " made generation %u at %s (" STR_FMT ")",
				    old->number, STR_ARG(record.info.by), w->store->running, text,
				    STR_ARG(record.info.how)),
			 "read it with 'bpffw list' and try again");
}

int change_check_confirm(struct store *store, struct failure *f)
{
	struct pending pending;
	int left = confirm_left(&store->paths);

	if (!confirm_waits(store, &pending))
		return 0;
	return fail_help(f,
			 fail_plain(f, EBUSY, EXIT_REFUSED,
				    "refused: generation %u waits for 'bpffw confirm' (%d s left)",
				    pending.generation, left),
			 "'bpffw confirm' keeps it, 'bpffw rollback' goes back to generation %u",
			 pending.previous);
}

static bool has_diag(const struct diags *ds, enum diag_code code)
{
	vec_for_each(diag, &ds->list) {
		if (diag->code == code)
			return true;
	}
	return false;
}

/* The list files it reads are remembered: they become part of the generation. */
static struct ruleset *resolve_names(struct work *w, const struct ast *ast)
{
	const struct io *io = w->env->io, *from = w->change ? w->change->io : NULL;
	struct lists_io *lists = lists_open(w->arena, io, w->store, NULL);
	struct ruleset *rs;

	if (from)
		lists = (struct lists_io *)from->ctx;
	lists->read.len = 0;
	if (w->change && lists_names(w->store, w->arena, &w->env->runtime_sets, w->f) < 0)
		failure_clear(w->f);
	w->env->io = &lists->io;
	rs = sema_ruleset(w->ds, ast, w->env);
	w->env->io = io;
	w->lists = lists->read;
	return rs;
}

static int resolve(struct work *w, const struct ast *ast)
{
	if (w->change && w->change->old)
		store_number_interfaces(w->env, w->arena, &w->change->old->iface_names);
	w->rs = resolve_names(w, ast);
	if (w->change && !w->rs->interfaces.len && !has_diag(w->ds, E163)) {
		diag_error(w->ds, (struct span){ 0 }, E163, "no interface is given");
		diag_help(w->ds, "write 'interface NAME'");
	}
	if (w->ds->n_errors)
		return -EINVAL;
	lint_ruleset(w->ds, w->rs, w->env);
	return 0;
}

/* @n_known: names up to this number are no news to sema, which warns about the others. */
static int find_targets(struct work *w, uint32_t n_known)
{
	int ret = netdev_list(w->arena, &w->devices, w->f);

	if (ret < 0)
		return ret;
	w->targets = targets_find(w->arena, w->rs, &w->devices);
	vec_for_each(target, &w->targets) {
		if (target->device || target->number > n_known)
			continue;
		diag_warning(w->ds, target->span, W151, "no interface " STR_FMT " now",
			     STR_ARG(target->name));
		diag_help(w->ds, "'bpffw watch' attaches it when it appears; without that, "
				 "'bpffw apply' or another change does");
	}
	return targets_check_vlan(w->ds, w->rs, &w->targets, &w->devices, w->f);
}

static void set_bit(uint64_t *bits, uint32_t bit)
{
	bits[bit / 64] |= 1ULL << (bit % 64);
}

/* The slots that a rule of a pinned generation has. Where a record is broken they are not known:
 * then a new rule may begin with some packets of an old one. */
static numbers read_used_slots(struct work *w)
{
	numbers pinned = store_pinned(w->store), slots = { 0 };
	struct failure unread = { 0 };
	struct record record;

	vec_for_each(number, &pinned) {
		if (record_read(store_file(w->store, *number, "json"), w->arena, &record, &unread) <
		    0)
			continue;
		vec_for_each(rule, &record.rules) {
			if (rule->slot < COUNTERS_MAX)
				vec_push(w->arena, &slots, rule->slot);
			if (rule->over_slot && rule->over_slot < COUNTERS_MAX)
				vec_push(w->arena, &slots, rule->over_slot);
		}
	}
	failure_clear(&unread);
	return slots;
}

static bool try_slots(struct work *w, const numbers *slots)
{
	uint32_t n_words = w->entries / 64;
	uint64_t *used = arena_new_array(w->arena, uint64_t, n_words);

	for (uint32_t slot = 0; slot < SLOT_RULES; slot++)
		set_bit(used, slot);
	vec_for_each(slot, slots) {
		if (*slot >= w->entries)
			return false;
		set_bit(used, *slot);
	}
	w->fresh = arena_memdup(w->arena, used, n_words * sizeof(*used));
	if (!diff_inherit(w->arena, w->change->old_rs, w->rs, used, w->entries))
		return false;
	for (uint32_t i = 0; i < n_words; i++)
		w->fresh[i] = used[i] & ~w->fresh[i];
	return true;
}

/* Ids and slots: those of the same rules in the running generation, else new ones. */
static int give_ids(struct work *w)
{
	uint32_t wanted = counters_size(diff_slots(w->rs));
	numbers slots = read_used_slots(w);

	if (w->change->old && w->rs->next_id < w->change->old->next_id)
		w->rs->next_id = w->change->old->next_id;
	w->entries = w->old.entries ? w->old.entries : wanted;
	while (!try_slots(w, &slots)) {
		if (w->entries >= COUNTERS_MAX)
			return fail_plain(w->f, E2BIG, EXIT_SYSTEM, "no counters left for %u rules",
					  w->rs->rules.len);
		w->entries = w->entries < wanted ? wanted : w->entries * 2;
	}
	return 0;
}

/* A failed expectation is a warning when the admin insists. */
static void demote_tests(struct diags *ds)
{
	vec_for_each(diag, &ds->list) {
		if (diag->code != E183 || diag->severity != SEVERITY_ERROR)
			continue;
		diag->severity = SEVERITY_WARNING;
		ds->n_errors--;
		ds->n_warnings++;
	}
}

static int run_tests(struct work *w, bool force)
{
	eval_tests(w->ds, w->rs);
	if (force)
		demote_tests(w->ds);
	return w->ds->n_errors ? -EINVAL : 0;
}

static int compile_rules(struct work *w)
{
	struct store *store = w->change ? w->store : NULL;
	uint64_t start = work_now();
	int ret;

	ret = lists_give_numbers(store, w->rs, w->f);
	if (ret < 0)
		return ret;
	if (!compile(w->ds, w->rs, &w->compiled))
		return -EINVAL;
	w->compiled.list_entries = lists_wanted(store, w->rs);
	w->result->ns_compile = work_now() - start;
	w->result->n_insns = w->compiled.n_insns;
	w->result->compiled = w->compiled;
	return 0;
}

/*
 * The counters of this generation: those of the running one where they are large enough. Slots
 * that are given anew start at zero, in the old pair too: its totals are carried over again when
 * the old generation is empty of packets.
 */
static int take_counters(struct work *w)
{
	const struct counter none[SLOT_RULES] = { 0 };
	int ret = 0;

	if (w->old.entries)
		ret = counters_reset(&w->old, none, w->fresh, w->f);
	if (ret < 0 || w->old.entries == w->entries) {
		w->counters = w->old;
		w->old = COUNTERS_NONE;
		return ret;
	}
	ret = counters_create(w->entries, &w->counters, w->f);
	w->grown = w->old.entries != 0;
	if (ret == 0 && w->grown)
		ret = counters_carry(&w->old, &w->counters, w->f);
	return ret;
}

/*
 * The verifier's limits depend on the kernel; the compiler knows those of one. A walker that it
 * refuses is replaced by straight-line code, which asks it for less.
 */
static int load_straight(struct work *w, const struct unit *unit)
{
	const struct compile_options options = { .wanted = CLASSIFIER_STRAIGHT };
	const char *why = arena_printf(w->arena, "%s", w->f->what);

	failure_clear(w->f);
	diag_warning(w->ds, w->rs->default_span, W220, "every rule is looked at in turn: %s", why);
	if (!compile_with(w->ds, w->rs, options, &w->compiled))
		return -EINVAL;
	w->result->n_insns = w->compiled.n_insns;
	w->result->compiled = w->compiled;
	return load_generation(unit, &w->state, w->ds, &w->compiled, &w->loaded, w->f);
}

/* At boot bans that cannot be read must not keep the rules from loading. */
static int stage_lists(struct work *w)
{
	struct failure unread = { 0 };
	int ret;

	w->state.unread = w->lenient ? &unread : NULL;
	w->state.on_trial = w->change->confirm != 0;
	ret = lists_stage(w->store, &w->state, w->rs, w->f);
	w->state.unread = NULL;
	if (unread.err)
		diag_warning(w->ds, (struct span){ 0 }, W216,
			     "%s: bans and entries of commands are not restored", unread.what);
	failure_clear(&unread);
	bans_warn(w->ds, &w->state.damage);
	return ret;
}

/* The static parts, those of the running generation where they are the same. */
static int load_lists(struct work *w)
{
	_cleanup_fd_ int old = -1;
	int ret;

	if (!w->compiled.list_entries)
		return 0;
	if (w->change && w->store->running)
		old = pin_get(store_pin(w->store, "gen/%u/lists", w->store->running));
	ret = list_base_make(w->rs, old, &w->state.base, &w->state.base_size, w->f);
	if (ret == 0 && w->change)
		ret = stage_lists(w);
	return ret;
}

static int load_rules(struct work *w, const struct unit *unit)
{
	struct unit with_counters = *unit;
	uint64_t start = work_now();
	int ret;

	with_counters.counters = w->counters.fd;
	with_counters.base = w->counters.base;
	ret = state_open(w->change ? w->store : NULL, w->arena, &w->compiled, &w->state, w->f);
	if (ret == 0)
		ret = load_lists(w);
	if (ret == 0)
		ret = load_generation(&with_counters, &w->state, w->ds, &w->compiled, &w->loaded,
				      w->f);
	if (ret < 0 && w->f->classifier && w->compiled.classifier == CLASSIFIER_FOREST)
		ret = load_straight(w, &with_counters);
	if (ret < 0)
		return ret;
	w->result->ns_load = work_now() - start;
	start = work_now();
	ret = witness_run(&w->loaded, w->compiled.lowered, &w->compiled, WITNESSES_MAX,
			  &w->result->n_witnesses, w->f);
	w->result->ns_witness = work_now() - start;
	return ret;
}

/* The guard asks the rules with what the lists hold besides their text. */
static int guard(struct work *w)
{
	_cleanup_lists_ struct lists *lists = NULL;
	struct ruleset *rs = w->rs;
	int ret = w->env->session.family ? lists_get(w->store, &lists, w->f) : -ENOENT;

	if (ret == 0)
		ret = lists_in_rules(lists, w->arena, w->rs, NULL, &rs, w->f);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	return guard_session(w->arena, rs, w->env, &w->targets, &w->result->session, w->f);
}

/* The guard knows where the session comes in; what lint says without that is said better. */
static int check_session(struct work *w)
{
	struct diags *ds = w->ds;
	uint32_t kept = 0;
	int ret;

	for (uint32_t i = 0; i < ds->list.len; i++) {
		if (ds->list.data[i].code == W204)
			ds->n_warnings--;
		else
			ds->list.data[kept++] = ds->list.data[i];
	}
	ds->list.len = kept;
	ret = guard(w);
	/* On trial, a lock-out ends by itself. */
	if (ret == -EPERM && w->change->confirm) {
		diag_warning(ds, (struct span){ 0 }, W204, "%s", w->result->session);
		w->result->session = NULL;
		failure_clear(w->f);
		return 0;
	}
	return ret;
}

/* All that needs no kernel; any refusal by the rules, the tests or the guard comes from here. */
static int check_rules(struct work *w)
{
	const struct change *change = w->change;
	uint32_t n_known;
	int ret = check_stale(w);

	if (ret == 0 && !change->ends_confirm)
		ret = change_check_confirm(w->store, w->f);
	if (ret == 0 && change->confirm && w->store->damaged_unit)
		ret = fail_plain(w->f, EBUSY, EXIT_SYSTEM,
				 "the pins of what runs are damaged: it could not be put back; "
				 "apply without --confirm");
	if (ret == 0)
		ret = resolve(w, change->ast);
	n_known = change->old ? change->old->iface_names.len : 0;
	if (ret == 0)
		ret = find_targets(w, n_known);
	if (ret == 0)
		ret = give_ids(w);
	if (ret == 0)
		ret = run_tests(w, change->force);
	if (ret == 0 && !change->force)
		ret = check_session(w);
	if (ret == 0)
		cookies_check(w->ds, w->rs);
	if (ret == 0 && w->ds->n_errors)
		return -EINVAL;
	return ret == 0 ? compile_rules(w) : ret;
}

static void work_end(struct work *w)
{
	loaded_close(&w->loaded);
	egress_close(&w->egress);
	state_close(&w->state);
	counters_close(&w->old);
	counters_close(&w->counters);
}

static void fill_diff(struct work *w)
{
	struct diff *diff = &w->result->diff;

	if (w->change->old_rs) {
		*diff = diff_rules(w->arena, w->change->old_rs, w->rs);
		return;
	}
	diff->n_added = w->rs->rules.len;
	diff->old_of_new = arena_new_array(w->arena, uint32_t, w->rs->rules.len + 1);
	for (uint32_t i = 0; i < w->rs->rules.len; i++)
		diff->old_of_new[i] = DIFF_NONE;
}

static struct work work_begin(struct store *store, struct diags *ds, struct env *env,
			      struct failure *f, struct change_result *result)
{
	return (struct work){ .store = store,
			      .ds = ds,
			      .env = env,
			      .f = f,
			      .arena = ds->arena,
			      .result = result,
			      .old = COUNTERS_NONE,
			      .counters = COUNTERS_NONE,
			      .egress = { .program = -1 },
			      .loaded = LOADED_NONE };
}

int change_commit(struct store *store, struct diags *ds, struct env *env,
		  const struct change *change, struct change_result *ret_result, struct failure *f)
{
	struct change_result result = { 0 };
	struct work w = work_begin(store, ds, env, f, &result);
	struct failure lost = { 0 };
	uint64_t start = work_now();
	int ret;

	assert(store->mode == STORE_WRITE);
	w.change = change;
	w.lenient = change->lenient;
	/* Counters whose pins are damaged are lost; that is no reason to keep the old rules. */
	if (store->running &&
	    counters_open(store_pin(store, "gen/%u", store->running), &w.old, &lost) < 0)
		failure_clear(&lost);
	ret = check_rules(&w);
	if (ret == 0)
		ret = store_need_unit(store, f);
	if (ret == 0)
		ret = take_counters(&w);
	if (ret == 0)
		ret = load_rules(&w, &store->unit);
	if (ret == 0)
		ret = live_change(&w);
	if (ret == 0) {
		fill_diff(&w);
		result.rs = w.rs;
		result.ns_total = work_now() - start;
		*ret_result = result;
	} else {
		lists_undo(&w.state, change->old_rs, &lost);
		failure_clear(&lost);
		store_drop_unit(store);
	}
	work_end(&w);
	return ret;
}

/* As in a first apply: a rule without a slot would be one that does not count. */
static void give_first_slots(struct work *w)
{
	uint64_t *used;

	w->entries = counters_size(diff_slots(w->rs));
	used = arena_new_array(w->arena, uint64_t, w->entries / 64 + 1);
	diff_inherit(w->arena, NULL, w->rs, used, w->entries);
}

static int check_load(struct work *w)
{
	_cleanup_unit_ struct unit unit = UNIT_NONE;
	int ret = unit_load(&unit, w->f);

	if (ret == 0)
		ret = counters_create(w->entries, &w->counters, w->f);
	return ret == 0 ? load_rules(w, &unit) : ret;
}

int change_check(struct store *store, struct diags *ds, struct env *env, const struct ast *ast,
		 struct change_result *ret_result, struct failure *f)
{
	struct change_result result = { 0 };
	struct work w = work_begin(store, ds, env, f, &result);
	uint64_t start = work_now();
	int ret = resolve(&w, ast);

	if (ret == 0)
		ret = run_tests(&w, false);
	if (ret == 0)
		give_first_slots(&w);
	if (ret == 0)
		ret = compile_rules(&w);
	if (ret == 0 && store)
		ret = check_load(&w);
	if (ret == 0) {
		result.rs = w.rs;
		result.ns_total = work_now() - start;
		*ret_result = result;
	}
	work_end(&w);
	return ret;
}

/* A rule's `on` glob stands for an interface that this generation has not been compiled for. */
static bool has_new_number(const struct generation *gen)
{
	vec_for_each(rule, &gen->rs->rules) {
		vec_for_each(match, &rule->matches) {
			vec_for_each(atom, &match->atoms) {
				if (atom->kind == ATOM_IFACE &&
				    atom->lo > gen->info.iface_names.len)
					return true;
			}
		}
	}
	return false;
}

static int settle_anew(struct store *store, struct diags *ds, struct env *env,
		       const struct generation *gen, enum settle how,
		       struct change_result *ret_result, struct failure *f)
{
	const char *rollback = arena_printf(ds->arena, "rollback to %u", gen->info.number);
	const struct change change = { .ast = gen->ast,
				       .io = gen->io,
				       .how = how == SETTLE_ANEW ? rollback
								 : "watch: an interface appeared",
				       .same_as = how == SETTLE_ANEW ? gen->info.number : 0,
				       .force = true,
				       .lenient = true,
				       .saved = gen->info.saved,
				       .old = &gen->info,
				       .old_rs = gen->rs };

	return change_commit(store, ds, env, &change, ret_result, f);
}

static int settle_links(struct work *w)
{
	int ret = netdev_list(w->arena, &w->devices, w->f);

	if (ret < 0)
		return ret;
	w->targets = targets_find(w->arena, w->rs, &w->devices);
	return live_settle(w);
}

int change_settle(struct store *store, struct diags *ds, struct env *env,
		  const struct generation *gen, enum settle how, struct change_result *ret_result,
		  struct failure *f)
{
	struct change_result result = { .generation = store->running, .rs = gen->rs };
	struct work w = work_begin(store, ds, env, f, &result);
	struct pending pending;
	int ret;

	w.rs = gen->rs;
	w.keep_links = how == SETTLE_ATTACH;
	w.lenient = true;
	if ((how == SETTLE_ANEW || has_new_number(gen)) && !confirm_waits(store, &pending))
		ret = settle_anew(store, ds, env, gen, how, &result, f);
	else
		ret = settle_links(&w);
	if (ret == 0)
		*ret_result = result;
	return ret;
}

static void add_attached(struct arena *arena, const struct link *link, struct str name,
			 struct attached *ret_attached)
{
	*ret_attached = (struct attached){ .name = name, .missing = !link };
	if (!link)
		return;
	ret_attached->native = link->native;
	ret_attached->driver = netdev_driver(arena, name);
}

/* A link stays on its interface when that is renamed; the pin has the name that was attached. */
static const struct link *renamed_link(const links *all, struct str was)
{
	vec_for_each(link, all) {
		const char *leaf = strrchr(link->pin.s, '/') + 1;

		if (!link->gone && !link->waiting && strlen(leaf) == was.len &&
		    memcmp(leaf, was.s, was.len) == 0)
			return link;
	}
	return NULL;
}

static const struct link *live_link(const links *all, struct str name)
{
	vec_for_each(link, all) {
		if (!link->gone && !link->waiting && str_eq(link->name, name))
			return link;
	}
	return NULL;
}

int change_attached(struct store *store, struct arena *arena, const struct ruleset *rs,
		    struct attached **ret_attached, uint32_t *ret_n, struct failure *f)
{
	struct ruleset copy = *rs;
	struct attached *attached;
	const struct link *link;
	targets expected;
	netdevs devices = { 0 };
	uint32_t n = 0;
	links all = { 0 };
	int ret = netdev_list(arena, &devices, f);

	if (ret == 0)
		ret = links_read(store_pin(store, "link"), arena, &store->unit, &devices, &all, f);
	if (ret < 0)
		return ret;
	expected = targets_find(arena, &copy, &devices);
	attached = arena_new_array(arena, struct attached, expected.len + 1);
	vec_for_each(target, &expected) {
		link = live_link(&all, target->name);
		/* One that exists without a link is open: it is neither attached nor missing. */
		if (link || !target->device)
			add_attached(arena, link, target->name, &attached[n]);
		else
			continue;
		link = link ? NULL : renamed_link(&all, target->name);
		if (link) {
			add_attached(arena, link, link->name, &attached[n]);
			attached[n].was = target->name;
		}
		n++;
	}
	*ret_attached = attached;
	*ret_n = n;
	return 0;
}

static bool is_listed(const strs *listed, struct str name)
{
	vec_for_each(pattern, listed) {
		if (netdev_glob(*pattern, name))
			return true;
	}
	return false;
}

int change_has_open(struct store *store, struct arena *arena, const strs *listed, bool *ret_open,
		    struct failure *f)
{
	netdevs devices = { 0 };
	links all = { 0 };
	int ret = 0;

	*ret_open = false;
	if (!store->running || store_is_open(store))
		return 0;
	ret = netdev_list(arena, &devices, f);
	if (ret == 0)
		ret = links_read(store_pin(store, "link"), arena, &store->unit, &devices, &all, f);
	if (ret < 0)
		return ret;
	vec_for_each(device, &devices) {
		if (is_listed(listed, device->name) && !live_link(&all, device->name))
			*ret_open = true;
	}
	return 0;
}

int change_detach_all(struct store *store, struct arena *arena, struct attached **ret_attached,
		      uint32_t *ret_n, struct failure *f)
{
	struct attached *attached;
	netdevs devices = { 0 };
	uint32_t n = 0;
	links all = { 0 };
	int ret = netdev_list(arena, &devices, f);

	if (ret == 0)
		ret = links_read(store_pin(store, "link"), arena, &store->unit, &devices, &all, f);
	if (ret < 0)
		return ret;
	attached = arena_new_array(arena, struct attached, all.len + 1);
	ret = egress_detach_all(store, arena, &devices, f);
	for (uint32_t i = 0; i < all.len && ret == 0; i++) {
		ret = links_detach(&all.data[i], &store->unit, f);
		if (ret == 0 && !all.data[i].gone)
			add_attached(arena, &all.data[i], all.data[i].name, &attached[n++]);
	}
	store_set_open(store, true);
	*ret_attached = attached;
	*ret_n = n;
	return ret;
}
