/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists in the kernel: what `enter` finds on the blacklist against a search through the entries,
 * static and run-time ones, live and over; additions and removals while packets run; what is full;
 * the sweep; a map that grows. Prints `N passed, N failed`.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpffw/runtime/counters.h"
#include "bpffw/runtime/list_fold.h"
#include "bpffw/runtime/list_maps.h"
#include "bpffw/runtime/load.h"
#include "bpffw/runtime/unit.h"
#include "compiler/base/net.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

struct ground {
	struct arena *arena;
	struct diags *ds;
	struct ruleset *rs;
	struct set *black;
	struct compiled compiled;
	struct state state;
	struct unit unit;
	struct counters counters;
	struct loaded loaded;
	struct lists lists;
	struct pkt *slots;
};

static uint32_t passed, failed;

static void check(bool fine, const char *name)
{
	passed += fine;
	failed += !fine;
	if (!fine)
		printf("not ok: %s\n", name);
}

static uint64_t seed = 0x2545f4914f6cdd1d;

static uint64_t draw(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1d;
}

static uint32_t draw_below(uint32_t n)
{
	return (uint32_t)((draw() >> 32) % n);
}

/* ---- set up ---- */

static bool make_rules(struct ground *g)
{
	static const struct io none = { 0 };
	struct env env = { .io = &none };
	struct str text = STR("version 1\ninterface eth0\ndefault allow\n");
	uint32_t source;

	g->arena = arena_new();
	g->ds = diags_new(g->arena);
	source = diag_source(g->ds, STR("lists"), text, (struct span){ 0 });
	g->rs = sema_ruleset(g->ds, parse_single(g->ds, source), &env);
	g->black = &g->rs->builtin[BUILTIN_BLACK];
	*g->black = (struct set){ .type = TYPE_ADDR, .runtime = true, .number = LIST_BLACK };
	return g->ds->n_errors == 0;
}

static void add_static(struct ground *g, uint8_t family, u128 lo, u128 hi)
{
	struct set_entry entry = { .range = { lo, hi }, .family = family };

	vec_push(g->arena, &g->black->entries, entry);
	vec_push(g->arena, &g->black->members[family == FAMILY_IPV6], entry.range);
}

static bool load(struct ground *g)
{
	struct failure f = { 0 };
	int fds[LIST_MAPS];
	bool loaded;

	ranges_normalise(&g->black->members[0]);
	ranges_normalise(&g->black->members[1]);
	g->unit = UNIT_NONE;
	if (!compile(g->ds, g->rs, &g->compiled))
		return false;
	g->compiled.list_entries = lists_wanted(NULL, g->rs);
	loaded = unit_load(&g->unit, &f) == 0 &&
		 counters_create(counters_size(1), &g->counters, &f) == 0 &&
		 state_open(NULL, g->arena, &g->compiled, &g->state, &f) == 0 &&
		 list_base_make(g->rs, -1, &g->state.base, &g->state.base_size, &f) == 0 &&
		 lists_stage(NULL, &g->state, g->rs, &f) == 0;
	g->unit.counters = g->counters.fd;
	loaded = loaded &&
		 load_generation(&g->unit, &g->state, g->ds, &g->compiled, &g->loaded, &f) == 0;
	if (!loaded) {
		printf("%s\n%s\n", f.what, f.log ? f.log : "");
		return false;
	}
	for (int i = 0; i < LIST_MAPS; i++)
		fds[i] = state_fd(&g->state, list_map_names[i]);
	if (list_maps_open(NULL, g->arena, fds, state_fd(&g->state, "lists"), &g->lists, &f) < 0)
		return false;
	g->slots = mmap(NULL, sizeof(struct pkt) * ABI_CPUS, PROT_READ | PROT_WRITE, MAP_SHARED,
			g->unit.scratch, 0);
	return g->slots != MAP_FAILED;
}

static void unload(struct ground *g)
{
	list_maps_close(&g->lists);
	munmap(g->slots, sizeof(struct pkt) * ABI_CPUS);
	loaded_close(&g->loaded);
	state_close(&g->state);
	counters_close(&g->counters);
	unit_close(&g->unit);
	arena_free(g->arena);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Does `enter` drop a packet from there? On the CPU this runs on. */
static bool is_dropped(const struct ground *g, uint8_t family, u128 source)
{
	struct pkt *slot = &g->slots[sched_getcpu() & (ABI_CPUS - 1)];
	uint8_t frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = 1);

	memset(slot, 0, sizeof(*slot));
	slot->family = family;
	slot->src[0] = (uint64_t)(source >> 64);
	slot->src[1] = (uint64_t)source;
	slot->frame_len = 64;
	if (bpf_prog_test_run_opts(g->loaded.enter, &opts) < 0)
		return false;
	return opts.retval == XDP_DROP;
}

/* ---- lookup ---- */

struct known {
	struct list_prefix prefix;
	bool over;
	bool removed;
};
typedef VEC(struct known) knowns;

static u128 draw_addr(uint8_t family)
{
	if (family == FAMILY_IPV4)
		return 0xc0000000 | (draw() & 0x000301ff);
	return (u128)(0x20010db800000000 | (draw() & 0xf0003)) << 64 |
	       (draw() & 0xf00000000000000f);
}

static bool covers(const struct list_prefix *prefix, uint8_t family, u128 value)
{
	struct range range = list_range(prefix);

	return prefix->kind == (family == FAMILY_IPV4 ? LIST_ADDR4 : LIST_ADDR6) &&
	       value >= range.lo && value <= range.hi;
}

static bool is_known(const struct ground *g, const knowns *all, uint8_t family, u128 value,
		     int *ret_longest)
{
	bool found = false;

	*ret_longest = -1;
	vec_for_each(entry, &g->black->entries)
		found |= entry->family == family && value >= entry->range.lo &&
			 value <= entry->range.hi;
	vec_for_each(one, all) {
		if (one->over || one->removed || !covers(&one->prefix, family, value))
			continue;
		if (one->prefix.length > *ret_longest)
			*ret_longest = one->prefix.length;
	}
	return found || *ret_longest >= 0;
}

/* Mostly where the addresses differ: what is wider covers them all. */
static uint8_t draw_length(uint8_t family)
{
	static const uint8_t bases[] = { 45, 64, 124 };

	if (draw_below(60) == 0)
		return (uint8_t)(1 + draw_below(40) % 32);
	if (family == FAMILY_IPV4)
		return (uint8_t)(draw_below(2) ? 32 : 23 + draw_below(10));
	if (draw_below(3) == 0)
		return 64;
	return (uint8_t)(bases[draw_below(3)] + draw_below(5));
}

static bool add_known(struct ground *g, knowns *all, uint8_t family)
{
	bool v6 = family == FAMILY_IPV6;
	uint8_t bits = v6 ? 128 : 32, length = draw_length(family);
	struct known one = { .prefix = { v6 ? LIST_ADDR6 : LIST_ADDR4, length, 0 },
			     .over = draw_below(3) == 0 };
	list_prefixes prefixes = { 0 };
	struct list_added added;
	struct failure f = { 0 };

	one.prefix.value = draw_addr(family) & net_prefix_mask(bits, length);
	vec_for_each(known, all) {
		if (!memcmp(&known->prefix, &one.prefix, sizeof(one.prefix)))
			return true;
	}
	vec_push(g->arena, &prefixes, one.prefix);
	vec_push(g->arena, all, one);
	/* One that is over lies in the map as one whose time has come. */
	return lists_add(&g->lists, LIST_BLACK, &prefixes,
			 one.over ? list_now() : list_now() + 3600000000000ull, (struct str){ 0 },
			 &added, &f) == 0 &&
	       added.outcome == LIST_NEW;
}

static bool same_answers(const struct ground *g, const knowns *all, uint8_t family)
{
	for (uint32_t i = 0; i < 600; i++) {
		u128 value = draw_addr(family);
		struct list_prefix whole = {
			family == FAMILY_IPV4 ? LIST_ADDR4 : LIST_ADDR6,
			family == FAMILY_IPV4 ? 32 : 128,
			value,
		};
		struct list_entry entry;
		int longest, found;
		bool wanted = is_known(g, all, family, value, &longest);

		found = lists_match(&g->lists, LIST_BLACK, &whole, &entry) ? entry.prefix.length
									   : -1;
		if (found != longest || is_dropped(g, family, value) != wanted) {
			printf("family %u, %016llx%016llx: dropped %d, wanted %d, longest %d, "
			       "wanted %d\n",
			       family, (unsigned long long)(value >> 64), (unsigned long long)value,
			       is_dropped(g, family, value), wanted, found, longest);
			return false;
		}
	}
	return true;
}

static void remove_some(struct ground *g, knowns *all)
{
	struct failure f = { 0 };

	vec_for_each(one, all) {
		if (draw_below(2))
			continue;
		one->removed = true;
		check(lists_del(&g->lists, LIST_BLACK, &one->prefix, &f) ==
			      (one->over ? -ENOENT : 0),
		      "an entry is deleted, one that is over is none");
	}
}

static void check_sweep(struct ground *g, const knowns *all)
{
	struct failure f = { 0 };
	uint32_t n = 0, live = 0, over = 0;
	list_entries entries = { 0 };

	vec_for_each(one, all) {
		live += !one->over && !one->removed;
		over += one->over;
	}
	/* A kill between an addition and its count. */
	g->lists.rows[LIST_BLACK].entries[LIST_HASH] += 3;
	usleep(1100000);
	check(lists_sweep(&g->lists, &n, &f) == 0 && n == over, "the sweep takes what is over");
	check(lists_counts(&g->lists, LIST_BLACK).entries == live, "counts are right behind it");
	check(lists_entries(&g->lists, g->arena, LIST_BLACK, &entries, &f) == 0 &&
		      entries.len == live,
	      "all live entries are listed");
	check(lists_flush(&g->lists, LIST_BLACK, &n, &f) == 0 && n == live, "flush tells how many");
	check(lists_counts(&g->lists, LIST_BLACK).entries == 0, "nothing is left");
}

static void test_lookup(uint32_t n_static, uint32_t n_added)
{
	struct ground g = { .counters = COUNTERS_NONE, .loaded = LOADED_NONE };
	knowns all = { 0 };
	bool fine = make_rules(&g);

	for (uint32_t i = 0; i < n_static; i++) {
		uint8_t family = draw_below(2) ? FAMILY_IPV4 : FAMILY_IPV6;
		uint8_t bits = family == FAMILY_IPV4 ? 32 : 128;
		u128 lo = draw_addr(family),
		     all_ones = family == FAMILY_IPV4 ? 0xffffffff : ~(u128)0;
		u128 mask =
			net_prefix_mask(bits, bits - draw_below(family == FAMILY_IPV4 ? 6 : 70));

		add_static(&g, family, lo & mask, (lo | ~mask) & all_ones);
	}
	check(fine && load(&g), "loads");
	for (uint32_t i = 0; i < n_added; i++)
		fine = fine && add_known(&g, &all, draw_below(2) ? FAMILY_IPV4 : FAMILY_IPV6);
	check(fine, "every entry is new");
	check(same_answers(&g, &all, FAMILY_IPV4), "IPv4");
	check(same_answers(&g, &all, FAMILY_IPV6), "IPv6");
	remove_some(&g, &all);
	check(same_answers(&g, &all, FAMILY_IPV4), "IPv4, some removed");
	check(same_answers(&g, &all, FAMILY_IPV6), "IPv6, some removed");
	if (n_added)
		check_sweep(&g, &all);
	unload(&g);
}

/* ---- folded ---- */

/* As a change does it: the map, programs that have it, and then the tries without what it has. */
static bool fold(struct ground *g)
{
	struct failure f = { 0 };
	int fds[LIST_MAPS], fd;

	if (list_fold_make(&g->lists, &fd, &f) < 0)
		return false;
	state_replace(&g->state, "list_folded", fd);
	loaded_close(&g->loaded);
	g->loaded = LOADED_NONE;
	list_maps_close(&g->lists);
	for (int i = 0; i < LIST_MAPS; i++)
		fds[i] = state_fd(&g->state, list_map_names[i]);
	return load_generation(&g->unit, &g->state, g->ds, &g->compiled, &g->loaded, &f) == 0 &&
	       list_maps_open(NULL, g->arena, fds, state_fd(&g->state, "lists"), &g->lists, &f) ==
		       0;
}

static uint64_t in_tries(const struct ground *g)
{
	const struct list_row *row = &g->lists.rows[LIST_BLACK];

	return row->entries[LIST_TRIE4] + row->entries[LIST_TRIE6];
}

static uint32_t count_prefixes(const knowns *all, bool over)
{
	uint32_t n = 0;

	vec_for_each(one, all) {
		struct list_place place = list_place_of(LIST_BLACK, &one->prefix);

		n += !one->removed && one->over == over &&
		     (place.map == LIST_MAPP4 || place.map == LIST_MAPP6);
	}
	return n;
}

/* Each one that lives may become longer, also where it is folded. */
static void extend_all(struct ground *g, const knowns *all)
{
	uint64_t later = list_now() + 7200000000000ull;
	uint32_t n = 0, wanted = 0;

	vec_for_each(one, all) {
		list_prefixes prefixes = { 0 };
		struct list_added added = { 0 };
		struct list_entry entry = { 0 };
		struct failure f = { 0 };

		if (one->over || one->removed)
			continue;
		wanted++;
		vec_push(g->arena, &prefixes, one->prefix);
		n += lists_add(&g->lists, LIST_BLACK, &prefixes, later, (struct str){ 0 }, &added,
			       &f) == 0 &&
		     added.outcome == LIST_LONGER &&
		     lists_find(&g->lists, LIST_BLACK, &one->prefix, &entry) &&
		     entry.expiry == later;
	}
	check(n == wanted, "each one is extended");
}

static void test_folded(uint32_t n_first, uint32_t n_more)
{
	struct ground g = { .counters = COUNTERS_NONE, .loaded = LOADED_NONE };
	struct failure f = { 0 };
	knowns all = { 0 };
	bool fine = make_rules(&g) && load(&g);

	check(fine, "loads");
	for (int round = 0; round < 2; round++) {
		uint64_t before;

		for (uint32_t i = 0; i < (round ? n_more : n_first); i++)
			fine = fine &&
			       add_known(&g, &all, draw_below(2) ? FAMILY_IPV4 : FAMILY_IPV6);
		check(fine, "every entry is new");
		before = lists_counts(&g.lists, LIST_BLACK).entries;
		check(fold(&g), "they are folded");
		/* Folded and in the tries, as a kill behind the commit leaves them. */
		check(same_answers(&g, &all, FAMILY_IPV4), "IPv4, in both");
		check(same_answers(&g, &all, FAMILY_IPV6), "IPv6, in both");
		check(list_fold_move(&g.lists, &f) == 0, "they leave the tries");
		check(in_tries(&g) == count_prefixes(&all, true), "but those that are over");
		check(lists_counts(&g.lists, LIST_BLACK).entries == before, "none is lost");
		check(same_answers(&g, &all, FAMILY_IPV4), "IPv4, folded");
		check(same_answers(&g, &all, FAMILY_IPV6), "IPv6, folded");
		extend_all(&g, &all);
		remove_some(&g, &all);
		vec_for_each(one, &all)
			one->removed = one->removed && !one->over;
		check(same_answers(&g, &all, FAMILY_IPV4), "IPv4, some removed");
		check(same_answers(&g, &all, FAMILY_IPV6), "IPv6, some removed");
		for (uint32_t i = all.len; i-- > 0;)
			if (all.data[i].removed)
				all.data[i] = all.data[--all.len];
	}
	check_sweep(&g, &all);
	unload(&g);
}

/* ---- full, again, longer ---- */

static struct list_added add_addr(struct ground *g, u128 addr, uint64_t expiry)
{
	list_prefixes prefixes = { 0 };
	struct list_added added = { 0 };
	struct failure f = { 0 };

	vec_push(g->arena, &prefixes, ((struct list_prefix){ LIST_ADDR4, 32, addr }));
	if (lists_add(&g->lists, LIST_BLACK, &prefixes, expiry, (struct str){ 0 }, &added, &f) < 0)
		check(false, f.what);
	return added;
}

static void test_full(void)
{
	struct ground g = { .counters = COUNTERS_NONE, .loaded = LOADED_NONE };
	uint64_t soon = list_now() + 100000000000ull, later = soon + 1000;
	struct list_added added;

	make_rules(&g);
	g.black->size = 10;
	add_static(&g, FAMILY_IPV4, 1, 1);
	check(load(&g), "loads");
	for (uint32_t i = 0; i < 9; i++)
		check(add_addr(&g, 100 + i, soon).outcome == LIST_NEW, "there is room");
	check(add_addr(&g, 200, soon).outcome == LIST_NO_ROOM, "it is full, the static one counts");
	check(!is_dropped(&g, FAMILY_IPV4, 200), "what had no room passes");
	added = add_addr(&g, 100, later);
	check(added.outcome == LIST_LONGER && added.before == soon,
	      "one that is there gets longer");
	check(add_addr(&g, 100, soon).outcome == LIST_KEPT, "never shorter");
	check(add_addr(&g, 100, LIST_FOREVER).outcome == LIST_LONGER, "for ever");
	check(add_addr(&g, 100, later).outcome == LIST_KEPT, "for ever stays");
	unload(&g);
}

/* ---- packets run ---- */

static int ask_for_a_while(struct ground *g, u128 banned, u128 free_one)
{
	uint64_t end = list_now() + 700000000u;
	uint32_t wrong = 0;

	stay_on(1);
	while (list_now() < end) {
		wrong += !is_dropped(g, FAMILY_IPV4, banned);
		wrong += is_dropped(g, FAMILY_IPV4, free_one);
	}
	return wrong > 250 ? 250 : (int)wrong;
}

/* Neighbours come and go; what is banned never passes, what is not is never dropped. */
static void test_concurrent(void)
{
	struct ground g = { .counters = COUNTERS_NONE, .loaded = LOADED_NONE };
	uint64_t forever = LIST_FOREVER;
	struct failure f = { 0 };
	uint32_t n, rounds = 0;
	int status = -1;
	pid_t child;

	make_rules(&g);
	check(load(&g), "loads");
	add_addr(&g, 0x0a000001, forever);
	child = fork();
	if (child == 0)
		_exit(ask_for_a_while(&g, 0x0a000001, 0x0a000002));
	stay_on(0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct list_prefix prefix = { LIST_ADDR4, 32, 0x0b000000 + rounds % 4096 };

		add_addr(&g, prefix.value, rounds % 3 ? forever : list_now());
		if (rounds % 3 && lists_del(&g.lists, LIST_BLACK, &prefix, &f) < 0)
			failed++;
		if (++rounds % 2000 == 0)
			lists_sweep(&g.lists, &n, &f);
	}
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "no wrong answer while entries change");
	check(rounds > 1000, "entries did change");
	unload(&g);
}

/* ---- growth ---- */

/* More than two batches. */
#define GROWTH 10000u

static void test_growth(void)
{
	struct ground g = { .counters = COUNTERS_NONE, .loaded = LOADED_NONE }, larger;
	uint64_t soon = list_now() + 100000000000ull;
	struct list_value value;
	struct failure f = { 0 };
	int old, fresh;
	uint32_t kept = 0;

	make_rules(&g);
	check(load(&g), "loads");
	larger = g;
	for (uint32_t i = 0; i < GROWTH; i++)
		add_addr(&g, 1000 + i, soon);
	larger.compiled.list_entries = 4 * g.compiled.list_entries;
	check(state_open(NULL, g.arena, &larger.compiled, &larger.state, &f) == 0, "a larger map");
	old = state_fd(&g.state, "list4");
	fresh = state_fd(&larger.state, "list4");
	check(map_entries(fresh) == 4 * map_entries(old), "it is four times as large");
	check(lists_map_fill(old, fresh, NULL, &f) == 0, "entries are carried over");
	/* Before the second time, one got longer in the old map, one in the new one, one came to
	 * the old one, and one to both. */
	larger.lists.maps[LIST_MAP4] = fresh;
	add_addr(&g, 1000, soon + 7);
	add_addr(&larger, 1001, soon + 9);
	add_addr(&g, 1000 + GROWTH, soon);
	add_addr(&g, 1001 + GROWTH, soon);
	add_addr(&larger, 1001 + GROWTH, soon);
	check(lists_map_fill(old, fresh, NULL, &f) == 0, "and once more");
	for (uint32_t i = 0; i < GROWTH + 2; i++) {
		struct list_prefix prefix = { LIST_ADDR4, 32, 1000 + i };
		struct list_place place = list_place_of(LIST_BLACK, &prefix);
		uint64_t wanted = soon + (i == 0 ? 7 : i == 1 ? 9 : 0);

		kept += list_get(&larger.lists, &place, &value) && value.expiry == wanted &&
			value.length == 32;
	}
	check(kept == GROWTH + 2, "every entry, with the later time");
	state_close(&larger.state);
	unload(&g);
}

/* ---- static entries with a timeout ---- */

static void test_file_timeout(void)
{
	struct ground g = { .counters = COUNTERS_NONE, .loaded = LOADED_NONE };
	struct list_prefix prefix = { LIST_ADDR4, 32, 77 };
	struct list_entry entry = { 0 }, again = { 0 };
	struct failure f = { 0 };
	uint32_t n;

	make_rules(&g);
	add_static(&g, FAMILY_IPV4, 77, 77);
	g.black->entries.data[0].timeout = 100;
	check(load(&g), "loads");
	check(is_dropped(&g, FAMILY_IPV4, 77) && !is_dropped(&g, FAMILY_IPV4, 78), "it is listed");
	check(lists_find(&g.lists, LIST_BLACK, &prefix, &entry) && entry.from_file,
	      "as an entry of the file");
	check(lists_del(&g.lists, LIST_BLACK, &prefix, &f) == -ENOENT, "no command deletes it");
	check(lists_flush(&g.lists, LIST_BLACK, &n, &f) == 0 && n == 0 &&
		      is_dropped(&g, FAMILY_IPV4, 77),
	      "no flush");
	usleep(10000);
	check(lists_stage(NULL, &g.state, g.rs, &f) == 0 &&
		      lists_find(&g.lists, LIST_BLACK, &prefix, &again) &&
		      again.expiry == entry.expiry,
	      "its time runs from the first load");
	add_addr(&g, 77, list_now() + 1000000000000ull);
	g.black->entries.len = 0;
	check(lists_settle(&g.state, g.rs, &f) == 0 && is_dropped(&g, FAMILY_IPV4, 77),
	      "a command's entry stays when the file no longer names it");
	check(lists_del(&g.lists, LIST_BLACK, &prefix, &f) == 0 && !is_dropped(&g, FAMILY_IPV4, 77),
	      "and can be deleted then");
	unload(&g);
}

int main(void)
{
	stay_on(0);
	test_lookup(0, 0);
	test_lookup(200, 0);
	test_lookup(0, 60);
	test_lookup(0, 300);
	test_lookup(20, 100);
	test_full();
	test_concurrent();
	test_folded(40, 10);
	test_folded(600, 200);
	test_growth();
	test_file_timeout();
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
