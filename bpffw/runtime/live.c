/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A loaded generation goes live. Before the commit: pins, files, waiting links. The commit is one
 * write to the slot; then new links go over to the dispatcher. Behind it only tidying is left.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/list.h"
#include "bpffw/runtime/swap.h"
#include "bpffw/runtime/work.h"
#include "compiler/lang/print.h"

/* Of `option learn`, when it is not given. */
#define LEARN_SECONDS 1

struct live {
	struct work *w;
	struct store *store;
	uint32_t number;
	uint32_t replaced; /* the generation that ran; 0: none */
	int old_program;   /* what was in the slot; -1: nothing */
	links links;
};

/* sudo and doas keep who it was. */
static struct str sudo_name(struct arena *arena)
{
	const char *name = getenv("SUDO_USER");

	if (!name)
		name = getenv("DOAS_USER");
	return name ? str_of(arena_printf(arena, "%.64s", name)) : (struct str){ 0 };
}

static struct str user_name(struct arena *arena)
{
	struct str name = sudo_name(arena);
	const struct passwd *entry;

	if (name.len)
		return name;
	entry = getpwuid(getuid());
	if (entry)
		return str_of(arena_printf(arena, "%s", entry->pw_name));
	return str_of(arena_printf(arena, "%u", getuid()));
}

static struct str terminal_name(struct arena *arena)
{
	char name[64];

	for (int fd = 0; fd <= 2; fd++) {
		if (ttyname_r(fd, name, sizeof(name)) == 0)
			return str_of(arena_printf(arena, "%s", name));
	}
	return (struct str){ 0 };
}

static void fill_rules(struct work *w, struct record *record)
{
	uint32_t n = w->rs->rules.len;
	uint32_t *order = arena_new_array(w->arena, uint32_t, n + 1);

	print_order(w->rs, order);
	for (uint32_t i = 0; i < n; i++) {
		const struct rule *rule = &w->rs->rules.data[order[i]];

		vec_push(w->arena, &record->rules,
			 ((struct record_rule){ rule->id, rule->slot, rule->origin, rule->over_slot,
						rule->limit.clock }));
	}
	record_tests(w->arena, w->rs, record);
}

static void fill_record(const struct live *live, struct record *record)
{
	struct work *w = live->w;
	const struct change *change = w->change;
	struct gen_info *info = &record->info;

	*info = (struct gen_info){
		.number = live->number,
		.when = time(NULL),
		.by = user_name(w->arena),
		.how = str_of(change->how ? change->how : ""),
		.saved = change->saved,
		.same_as = change->same_as,
		.confirm = change->confirm,
		.uid = getuid(),
		.sudo = sudo_name(w->arena),
		.tty = terminal_name(w->arena),
		.iface_names = w->rs->iface_names,
		.next_id = w->rs->next_id,
		.n_insns = w->compiled.n_insns,
		.blob_size = w->compiled.blob_size,
	};
	info->iface_names.len = targets_names_used(w->rs, &w->targets);
	if (change->files.len || !change->old)
		memcpy(&info->files, &change->files, sizeof(info->files));
	else
		memcpy(&info->files, &change->old->files, sizeof(info->files));
	vec_for_each(list, &w->lists)
		vec_push(w->arena, &info->lists, list->path);
	record->enter_id = w->loaded.enter_id;
	record->boot = record_boot(w->arena);
	vec_for_each(line, &w->rs->interfaces)
		vec_push(w->arena, &record->listed, line->name);
	fill_rules(w, record);
}

static int write_files(const struct live *live)
{
	struct work *w = live->w;
	struct buf text = { .arena = w->arena };
	struct record record = { 0 };
	int ret;

	print_ruleset(&text, w->rs);
	ret = file_replace(store_file(live->store, live->number, "fw"), text.data, text.len, w->f);
	if (ret < 0)
		return ret;
	ret = lists_keep(live->store, live->number, &w->lists, w->f);
	if (ret < 0)
		return ret;
	fill_record(live, &record);
	return record_write(store_file(live->store, live->number, "json"), &record, w->f);
}

static struct link *find_link(const struct live *live, const struct target *target)
{
	vec_for_each(link, &live->links) {
		if (!link->gone && link->ifindex == target->device->ifindex)
			return link;
	}
	return NULL;
}

/* Both modes cannot be on a device at once, so changing it would leave it open in between. */
static int check_mode(struct work *w, const struct target *target, const struct link *link)
{
	if (target->mode == MODE_AUTO || link->native == (target->mode == MODE_NATIVE))
		return 0;
	return fail_help(w->f,
			 fail_plain(w->f, EBUSY, EXIT_REFUSED,
				    STR_FMT " is attached in %s mode, the rules want %s",
				    STR_ARG(target->name), link->native ? "native" : "generic",
				    link->native ? "generic" : "native"),
			 "the change leaves it open for a moment: 'bpffw panic open', then apply");
}

static int attach_target(struct live *live, const struct target *target)
{
	struct work *w = live->w;
	struct link *link = find_link(live, target);
	int ret = unit_number(&live->store->unit, target->device->ifindex, target->number, w->f);

	if (ret < 0)
		return ret;
	if (link) {
		link->wanted = true;
		return check_mode(w, target, link);
	}
	return links_attach(store_pin(live->store, "link"), w->arena, &live->store->unit, target,
			    &live->links, w->f);
}

/* Where nobody can mend it at once, the other interfaces are filtered at least. */
static int leave_open(struct work *w, const struct target *target)
{
	diag_warning(w->ds, (struct span){ 0 }, W215, STR_FMT " is NOT FILTERED: %s",
		     STR_ARG(target->name), w->f->what);
	failure_clear(w->f);
	return 0;
}

static int attach(struct live *live)
{
	struct work *w = live->w;
	int ret = unit_sweep(&live->store->unit, &w->devices, w->f);

	if (ret == 0)
		ret = links_read(store_pin(live->store, "link"), w->arena, &live->store->unit,
				 &w->devices, &live->links, w->f);
	for (uint32_t i = 0; i < w->targets.len && ret == 0; i++) {
		if (w->targets.data[i].device)
			ret = attach_target(live, &w->targets.data[i]);
		if (ret < 0 && w->lenient)
			ret = leave_open(w, &w->targets.data[i]);
	}
	return ret;
}

static void detach_made(struct live *live)
{
	struct failure ignored = { 0 };

	vec_for_each(link, &live->links) {
		if (link->made)
			links_detach(link, &live->store->unit, &ignored);
	}
	failure_clear(&ignored);
}

/* The links that run anything but the present dispatcher: new ones, and those of an older unit. */
static int update_links(struct live *live)
{
	uint32_t dispatcher = program_id(live->store->unit.dispatcher);
	int ret = 0;

	for (uint32_t i = 0; i < live->links.len && ret == 0; i++) {
		const struct link *link = &live->links.data[i];

		if (link->wanted && link->program != dispatcher)
			ret = links_update(link, &live->store->unit, live->w->f);
	}
	return ret;
}

static int commit(struct live *live)
{
	struct work *w = live->w;
	const struct unit *unit = &live->store->unit;
	struct failure ignored = { 0 };
	bool was_open;
	int ret = unit_fail_open(unit, w->rs->fail_open, &was_open, w->f);

	if (ret < 0)
		return ret;
	ret = unit_commit(unit, w->loaded.enter, w->f);
	if (ret == 0)
		ret = update_links(live);
	if (ret == 0)
		return 0;
	unit_commit(unit, live->old_program, &ignored);
	unit_fail_open(unit, was_open, &was_open, &ignored);
	failure_clear(&ignored);
	return ret;
}

/* A rollback may want back what the ruleset on trial does not list. */
static bool is_on_trial(const struct live *live)
{
	struct pending pending;

	return live->w->change ? live->w->change->confirm : confirm_waits(live->store, &pending);
}

/* Before a confirmation a link stays, passing everything, so that a rollback cannot fail on it. */
static int drop_unwanted(struct live *live)
{
	const struct unit *unit = &live->store->unit;
	bool keep = is_on_trial(live);
	int ret = 0;

	for (uint32_t i = 0; i < live->links.len && ret == 0; i++) {
		const struct link *link = &live->links.data[i];

		if (link->wanted)
			continue;
		ret = keep && !link->gone ? links_suspend(link, unit, live->w->f)
					  : links_detach(link, unit, live->w->f);
	}
	return ret;
}

static int tidy(struct live *live)
{
	struct store *store = live->store;
	int ret = drop_unwanted(live);

	if (ret == 0)
		ret = egress_settle(store, &live->w->egress, is_on_trial(live), live->w->f);
	if (ret == 0)
		ret = state_adopt(store, &live->w->state, &live->w->compiled, live->w->f);
	if (ret == 0)
		ret = lists_settle(&live->w->state, live->w->rs, live->w->f);
	if (ret == 0 && live->w->grown) {
		swap_grace();
		ret = swap_finish_counters(store, live->number, live->w->f);
	}
	swap_free_old(store, live->number, live->replaced);
	pin_remove(store_pin(store, "abi%d_old", ABI_VERSION));
	return ret;
}

static void report_attached(struct live *live)
{
	struct work *w = live->w;

	vec_for_each(target, &w->targets) {
		const struct link *link = target->device ? find_link(live, target) : NULL;
		struct attached *attached = vec_add(w->arena, &w->result->attached);

		attached->name = target->name;
		attached->missing = !link;
		if (!link)
			continue;
		attached->native = link->native;
		attached->driver = netdev_driver(w->arena, target->name);
		if (link->made && !link->native && target->mode == MODE_AUTO)
			diag_warning(w->ds, target->span, W210,
				     STR_FMT " is attached in generic mode, which is slower: the "
					     "driver '" STR_FMT "' has no native XDP",
				     STR_ARG(target->name), STR_ARG(attached->driver));
	}
}

static void tell_learning(const struct live *live, uint64_t seconds, uint32_t n_seeded)
{
	const struct work *w = live->w;
	struct buf text = { .arena = w->arena };

	if (!w->change->progress)
		return;
	buf_puts(&text, "learning flows on ");
	vec_for_each(name, &w->egress.made)
		buf_printf(&text, "%s" STR_FMT, name == w->egress.made.data ? "" : ", ",
			   STR_ARG(*name));
	buf_printf(&text, " for %lu s (%u from sockets); %s until then", (unsigned long)seconds,
		   n_seeded, live->replaced ? "the old ruleset stays" : "nothing is filtered");
	w->change->progress(w->change->progress_ctx, buf_text(&text));
}

static void warn_full(const struct work *w, const struct seeded *seeded)
{
	if (!seeded->lost)
		return;
	diag_warning(w->ds, (struct span){ 0 }, W217,
		     "the flow table is too small for the connections that are open: %u of %u are "
		     "not in it",
		     seeded->lost, seeded->n);
	diag_help(w->ds, "write 'option flows %u'", 2 * seeded->n);
}

/*
 * An interface that is tracked only now: what is open is taken from the socket tables, and what
 * has no socket here (a router's connections) is seen going out before the first packet is judged.
 * What is accepted meanwhile is in the socket tables behind it: nobody judges the ACK yet that
 * would confirm it.
 */
static int learn(struct live *live)
{
	struct work *w = live->w;
	struct timespec left = { .tv_sec = (time_t)(w->rs->learn ? w->rs->learn : LEARN_SECONDS) };
	int map = state_fd(&w->state, "flows"), ret;
	struct seeded seeded;

	if (!w->egress.made.len)
		return 0;
	ret = egress_seed(&w->egress, map, &seeded, w->f);
	/* At boot there is nothing to learn; an interface that came by itself is open meanwhile. */
	if (ret == 0 && !w->lenient) {
		tell_learning(live, (uint64_t)left.tv_sec, seeded.n);
		while (nanosleep(&left, &left) < 0 && errno == EINTR)
			;
		ret = egress_seed(&w->egress, map, &seeded, w->f);
	}
	if (ret == 0)
		warn_full(w, &seeded);
	return ret;
}

static int track_flows(struct live *live)
{
	struct work *w = live->w;
	int ret = egress_prepare(live->store, w->arena, &w->state, &w->targets, &w->devices,
				 &w->egress, w->f);

	return ret < 0 ? ret : learn(live);
}

/* Pins, files, links, the slot: undone in reverse. */
static int go_live(struct live *live)
{
	struct work *w = live->w;
	uint64_t start;
	int ret = swap_pin(live->store, live->number, &w->loaded, &w->counters,
			   w->grown ? &w->old : NULL, w->f);

	if (ret == 0)
		ret = state_pin(live->store, &w->state, w->f);
	if (ret < 0)
		goto forget;
	ret = write_files(live);
	if (ret < 0)
		goto forget;
	ret = track_flows(live);
	if (ret < 0)
		goto untrack;
	ret = attach(live);
	if (ret < 0)
		goto detach;
	if (w->change->confirm)
		ret = confirm_arm(live->store, live->number, w->loaded.enter_id, w->change->confirm,
				  w->f);
	if (ret < 0)
		goto detach;
	start = work_now();
	ret = commit(live);
	if (ret < 0)
		goto disarm;
	w->result->ns_swap = work_now() - start;
	return 0;
disarm:
	if (w->change->confirm)
		confirm_end(&live->store->paths);
detach:
	detach_made(live);
untrack:
	egress_undo(&w->egress);
forget:
	state_forget(live->store);
	swap_forget(live->store, live->number);
	return ret;
}

/* By its pin where that is there: opening by id takes CAP_SYS_ADMIN. */
static int hold_running(struct live *live)
{
	struct store *store = live->store;
	_cleanup_fd_ int fd = -1;

	if (!store->program)
		return 0;
	fd = pin_get(store_pin(store, "gen/%u/enter", store->running));
	if (fd < 0 || program_id(fd) != store->program)
		live->old_program = bpf_prog_get_fd_by_id(store->program);
	else
		live->old_program = take_fd(&fd);
	if (live->old_program < 0)
		return fail_bpf(live->w->f, errno, "cannot hold the running program %u",
				store->program);
	return 0;
}

int live_change(struct work *w)
{
	struct store *store = w->store;
	struct live live = { .w = w,
			     .store = store,
			     .number = store->newest + 1,
			     .replaced = store->running,
			     .old_program = -1 };
	int ret;

	ret = hold_running(&live);
	if (ret < 0)
		return ret;
	ret = go_live(&live);
	fd_cleanup(&live.old_program);
	if (ret < 0)
		return ret;
	if (w->change->ends_confirm)
		confirm_end(&store->paths);
	w->result->confirm = w->change->confirm;
	w->result->previous = store->running;
	store->running = store->newest = live.number;
	store->program = w->loaded.enter_id;
	w->result->generation = live.number;
	store_set_open(store, false);
	report_attached(&live);
	if ((w->change->saved && !w->change->confirm &&
	     store_set_last_good(store, live.number, w->f) < 0) ||
	    tidy(&live) < 0) {
		diag_warning(w->ds, (struct span){ 0 }, W214, "generation %u is live, but: %s",
			     live.number, w->f->what);
		failure_clear(w->f);
	}
	return 0;
}

int live_settle(struct work *w)
{
	struct live live = { .w = w,
			     .store = w->store,
			     .number = w->store->running,
			     .replaced = w->store->running,
			     .old_program = -1 };
	int ret = egress_follow(w->store, w->arena, &w->targets, &w->devices,
				w->keep_links || is_on_trial(&live), w->f);

	if (ret == 0)
		ret = attach(&live);
	if (ret == 0)
		ret = update_links(&live);
	if (ret < 0) {
		detach_made(&live);
		return ret;
	}
	report_attached(&live);
	return w->keep_links ? 0 : drop_unwanted(&live);
}
