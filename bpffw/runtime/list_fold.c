/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Folding: the prefixes of the tries and of the map of bpf/list_fold.h become a new such map. The
 * programs that have it look there first and in the tries, so a prefix may be in both; behind the
 * commit it is taken out of the tries. A mark in row 0, which is no list, tells the next command to
 * do that after a kill.
 */
#include "bpffw/runtime/list_fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/list_base.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/state.h"
#include "bpffw/runtime/swap.h"
#include "compiler/gen/compiled.h"

/* In one trie: a lookup takes 60 ns with a thousand prefixes, 400 with 100 000. */
#define TRIE_ENOUGH 1024u
/* An entry that ends sooner stays where it is: a rule may be adding it anew just there. */
#define MOVE_GRACE 1000000000ull
/* A cell's number and LIST_FOLD_INNER. */
#define CELLS_MAX (1u << 27)

/* ---- the map ---- */

void list_fold_map(int fd, struct list_view *ret_view)
{
	uint64_t size = fd < 0 ? 0 : (uint64_t)map_entries(fd) * LIST_CELL;
	void *at = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

	*ret_view = (struct list_view){ 0 };
	if (at != MAP_FAILED)
		*ret_view = (struct list_view){ at, size };
}

uint32_t list_fold_count(struct list_view view, uint32_t *ret_first)
{
	const union list_cell *cell = view.at ? list_cell(view, 0) : NULL;

	*ret_first = cell ? cell->head.first : 0;
	return cell ? cell->head.n : 0;
}

struct list_folded *list_fold_get(struct list_view view, uint32_t number,
				  const struct list_prefix *prefix)
{
	struct list_folded *record =
		view.at ? list_fold_find(view, number, prefix->kind,
					 (uint64_t)(prefix->value >> 64), (uint64_t)prefix->value,
					 prefix->length)
			: NULL;

	return record && (record->expiry || record->file) ? record : NULL;
}

struct list_folded *list_fold_match(struct list_view view, uint32_t number,
				    const struct list_prefix *prefix, uint64_t now)
{
	uint32_t at =
		view.at ? list_fold_owner(view, number, prefix->kind,
					  (uint64_t)(prefix->value >> 64), (uint64_t)prefix->value)
			: 0;

	while (at) {
		struct list_folded *record = &list_cell(view, at)->record;

		if (record->length <= prefix->length &&
		    (record->expiry > now || record->file > now))
			return record;
		at = record->parent;
	}
	return NULL;
}

/* ---- building ---- */

typedef VEC(struct list_folded) records;

struct owned {
	uint64_t bound;
	uint32_t owner;
};
typedef VEC(struct owned) intervals;

struct folding {
	struct arena *arena;
	struct lists *lists;
	records all;
	struct blob blob;
	uint32_t first; /* cell of all.data[0] */
	uint64_t now;
};

static void collect(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct folding *fold = ctx;
	uint32_t number = list_number_of(place);
	struct list_prefix prefix;

	if (number >= LISTS_MAX || !number ||
	    (place->map != LIST_MAPP4 && place->map != LIST_MAPP6))
		return;
	/* A static entry's own time is kept also when it is over. */
	if (!value->file && value->expiry <= fold->now)
		return;
	prefix = list_prefix_of(place, value, (enum value_type)fold->lists->rows[number].type);
	vec_push(fold->arena, &fold->all,
		 ((struct list_folded){ .expiry = value->expiry,
					.file = value->file,
					.high = (uint64_t)(prefix.value >> 64),
					.low = (uint64_t)prefix.value,
					.number = number,
					.kind = prefix.kind,
					.length = prefix.length }));
}

/* By list and family, then by first value, wider ones first. */
static int compare_records(const void *a, const void *b)
{
	const struct list_folded *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->high != y->high)
		return x->high < y->high ? -1 : 1;
	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return x->length < y->length ? -1 : x->length > y->length;
}

/* One that is in a trie and folded counts once, with the later times. */
static void merge_twins(records *all)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < all->len; i++) {
		struct list_folded *last = n ? &all->data[n - 1] : NULL, *one = &all->data[i];

		if (!last || compare_records(last, one)) {
			all->data[n++] = *one;
			continue;
		}
		if (one->expiry > last->expiry)
			last->expiry = one->expiry;
		if (one->file > last->file)
			last->file = one->file;
	}
	all->len = n;
}

static struct list_prefix prefix_of(const struct list_folded *record)
{
	return (struct list_prefix){ (enum list_kind)record->kind, (uint8_t)record->length,
				     (u128)record->high << 64 | record->low };
}

static bool has(const struct list_folded *wide, const struct list_folded *one)
{
	struct list_prefix prefix = prefix_of(wide), inner = prefix_of(one);
	struct range range = list_range(&prefix);

	return wide->number == one->number && wide->kind == one->kind && range.lo <= inner.value &&
	       inner.value <= range.hi;
}

/* The one before it, or one of those that have that one. */
static void find_parents(struct folding *fold)
{
	struct list_folded *all = fold->all.data;

	for (uint32_t i = 1; i < fold->all.len; i++) {
		uint32_t at = fold->first + i - 1;

		while (at && !has(&all[at - fold->first], &all[i]))
			at = all[at - fold->first].parent;
		all[i].parent = at;
	}
}

/* The value of a tree of high or low halves from which on @owner has it. */
static void add_bound(struct folding *fold, intervals *all, uint64_t bound, uint32_t owner)
{
	struct owned *last;

	if (!all->len)
		vec_push(fold->arena, all, ((struct owned){ 0, 0 }));
	last = &all->data[all->len - 1];
	if (last->bound == bound && all->len > 1)
		last->owner = owner;
	else
		vec_push(fold->arena, all, ((struct owned){ bound, owner }));
}

static struct list_fold_tree add_intervals(struct folding *fold, const intervals *all)
{
	struct list_fold_tree tree = { 0 };
	bounds only = { 0 };
	uint64_t at;

	if (!all->len)
		return tree;
	vec_for_each(one, all)
		vec_push(fold->arena, &only, one->bound);
	tree.tree = list_base_tree(&fold->blob, &only);
	at = list_base_add(&fold->blob, all->len * sizeof(uint32_t));
	tree.owners = (uint32_t)(at / LIST_CELL);
	for (uint32_t i = 0; i < all->len; i++)
		((uint32_t *)(fold->blob.data + at))[i] = all->data[i].owner;
	return tree;
}

/*
 * The intervals of the records from..to-1, which lie within @outer (0: nothing does): each one
 * begins where it begins, and where it ends its parent goes on. @half: which half they differ in.
 */
struct span64 {
	uint64_t lo, hi;
};

static struct span64 span_of(const struct list_folded *record, bool half_high)
{
	struct list_prefix prefix = prefix_of(record);
	struct range range = list_range(&prefix);

	if (half_high)
		return (struct span64){ (uint64_t)(range.lo >> 64), (uint64_t)(range.hi >> 64) };
	return (struct span64){ (uint64_t)range.lo, (uint64_t)range.hi };
}

struct sweep_line {
	struct folding *fold;
	intervals all;
	uint32_t open; /* the record that has the value under way; below: @outer */
	uint32_t outer;
	bool high;
};

/* Close what ends before @lo (@last: everything). */
static void close_before(struct sweep_line *line, uint64_t lo, bool last)
{
	const struct list_folded *all = line->fold->all.data;

	while (line->open != line->outer) {
		const struct list_folded *record = &all[line->open - line->fold->first];
		struct span64 span = span_of(record, line->high);

		if (!last && lo <= span.hi)
			break;
		line->open = record->parent;
		if (span.hi != UINT64_MAX)
			add_bound(line->fold, &line->all, span.hi + 1, line->open);
	}
}

static struct list_fold_tree fold_low(struct folding *fold, uint32_t from, uint32_t to,
				      uint32_t outer)
{
	struct sweep_line line = { .fold = fold, .open = outer, .outer = outer };

	/* A tree's first bound is outside of all: here it is what has the whole of it. */
	vec_push(fold->arena, &line.all, ((struct owned){ 0, outer }));
	for (uint32_t i = from; i < to; i++) {
		uint64_t lo = span_of(&fold->all.data[i], false).lo;

		close_before(&line, lo, false);
		line.open = fold->first + i;
		add_bound(fold, &line.all, lo, line.open);
	}
	close_before(&line, 0, true);
	return add_intervals(fold, &line.all);
}

/* Longer than /64: a tree of their own for each /64. Return: the record behind them. */
static uint32_t fold_inner(struct folding *fold, struct sweep_line *line, uint32_t from,
			   uint32_t to)
{
	uint64_t high = fold->all.data[from].high, at;
	uint32_t end = from;
	struct list_fold_tree tree;

	while (end < to && fold->all.data[end].high == high && fold->all.data[end].length > 64)
		end++;
	tree = fold_low(fold, from, end, line->open);
	at = list_base_add(&fold->blob, LIST_CELL);
	*(struct list_fold_tree *)(fold->blob.data + at) = tree;
	add_bound(fold, &line->all, high, (uint32_t)(at / LIST_CELL) | LIST_FOLD_INNER);
	if (high != UINT64_MAX)
		add_bound(fold, &line->all, high + 1, line->open);
	return end;
}

static struct list_fold_tree fold_high(struct folding *fold, uint32_t from, uint32_t to)
{
	struct sweep_line line = { .fold = fold, .high = true };

	vec_push(fold->arena, &line.all, ((struct owned){ 0, 0 }));
	while (from < to) {
		const struct list_folded *record = &fold->all.data[from];

		close_before(&line, record->high, false);
		if (record->length > 64) {
			from = fold_inner(fold, &line, from, to);
			continue;
		}
		line.open = fold->first + from++;
		add_bound(fold, &line.all, record->high, line.open);
	}
	close_before(&line, 0, true);
	return add_intervals(fold, &line.all);
}

static void fold_lists(struct folding *fold)
{
	uint32_t from = 0;

	while (from < fold->all.len) {
		const struct list_folded *first = &fold->all.data[from];
		bool high = first->kind == LIST_ADDR6;
		struct list_fold_tree tree;
		struct list_fold_dir *dir;
		uint32_t to = from;

		while (to < fold->all.len && fold->all.data[to].number == first->number &&
		       fold->all.data[to].kind == first->kind)
			to++;
		tree = high ? fold_high(fold, from, to) : fold_low(fold, from, to, 0);
		dir = (struct list_fold_dir *)(fold->blob.data +
					       (uint64_t)first->number * LIST_CELL);
		*(high ? &dir->high : &dir->low) = tree;
		from = to;
	}
}

static void build(struct folding *fold)
{
	uint64_t at;

	merge_twins(&fold->all);
	list_base_add(&fold->blob, LISTS_MAX * LIST_CELL);
	at = list_base_add(&fold->blob, (uint64_t)fold->all.len * LIST_CELL);
	fold->first = (uint32_t)(at / LIST_CELL);
	find_parents(fold);
	for (uint32_t i = 0; i < fold->all.len; i++)
		memcpy(fold->blob.data + at + (uint64_t)i * LIST_CELL, &fold->all.data[i],
		       sizeof(*fold->all.data));
	((union list_cell *)fold->blob.data)->head =
		(struct list_fold_head){ fold->first, fold->all.len };
	fold_lists(fold);
}

static int make_map(const struct blob *blob, int *ret_fd, struct failure *f)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	uint64_t n = blob->size / LIST_CELL;
	struct list_view view;
	_cleanup_fd_ int fd = -1;

	if (n >= CELLS_MAX)
		return fail_plain(f, E2BIG, EXIT_SYSTEM, "too many prefixes are banned");
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_folded", sizeof(uint32_t), LIST_CELL,
			    (uint32_t)n, &opts);
	if (fd < 0)
		return fail_bpf(f, -fd, "cannot create the map of the prefixes (%llu bytes)",
				(unsigned long long)blob->size);
	list_fold_map(fd, &view);
	if (!view.at)
		return fail(f, ENOMEM, "cannot fill the map of the prefixes");
	memcpy((void *)(uintptr_t)view.at, blob->data, blob->size);
	list_base_unmap(&view);
	*ret_fd = take_fd(&fd);
	return 0;
}

bool lists_crowded(const struct lists *lists)
{
	uint64_t n[2] = { 0, 0 };

	for (uint32_t i = 1; i < LISTS_MAX; i++) {
		n[0] += lists->rows[i].entries[LIST_TRIE4];
		n[1] += lists->rows[i].entries[LIST_TRIE6];
	}
	return n[0] > TRIE_ENOUGH || n[1] > TRIE_ENOUGH;
}

int list_fold_make(struct lists *lists, int *ret_fd, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct folding fold = { .arena = arena, .lists = lists, .now = list_now() };
	int ret = list_walk_all(lists, collect, &fold, f);

	if (ret < 0)
		return ret;
	if (fold.all.len)
		qsort(fold.all.data, fold.all.len, sizeof(*fold.all.data), compare_records);
	build(&fold);
	ret = make_map(&fold.blob, ret_fd, f);
	free(fold.blob.data);
	return ret;
}

/* ---- behind the commit ---- */

uint32_t lists_fold_wanted(const struct compiled *compiled)
{
	return compiled->list_entries ? 1 : 0;
}

static void raise_to(__u64 *time, uint64_t to)
{
	if (*(volatile __u64 *)time < to)
		*(volatile __u64 *)time = to;
}

/* What was prolonged in the old map meanwhile. */
int lists_fold_fill(int old, int fresh, const struct compiled *compiled, struct failure *f)
{
	struct list_view from, to;
	uint32_t first, n;

	(void)compiled;
	(void)f;
	list_fold_map(old, &from);
	list_fold_map(fresh, &to);
	n = list_fold_count(from, &first);
	for (uint32_t i = 0; i < n; i++) {
		const struct list_folded *record = &list_cell(from, first + i)->record;
		struct list_prefix prefix = prefix_of(record);
		struct list_folded *now = list_fold_get(to, record->number, &prefix);

		if (now && record->expiry)
			raise_to(&now->expiry, record->expiry);
	}
	list_base_unmap(&from);
	list_base_unmap(&to);
	return 0;
}

struct moving {
	struct lists *lists;
	struct arena *arena;
	uint64_t now;
	VEC(struct list_place) places;
};

static void move_one(void *ctx, const struct list_place *place, const struct list_value *value)
{
	struct moving *moving = ctx;
	struct lists *lists = moving->lists;
	uint32_t number = list_number_of(place);
	struct list_folded *record;
	struct list_prefix prefix;

	if (number >= LISTS_MAX || place->table == LIST_FOLDED)
		return;
	prefix = list_prefix_of(place, value, (enum value_type)lists->rows[number].type);
	record = list_fold_get(lists->folded, number, &prefix);
	if (!record)
		return;
	raise_to(&record->expiry, value->expiry);
	raise_to(&record->file, value->file);
	if (record->expiry > moving->now + MOVE_GRACE || value->file)
		vec_push(moving->arena, &moving->places, *place);
}

static void recount_folded(struct lists *lists)
{
	uint32_t counted[LISTS_MAX] = { 0 }, first, n = list_fold_count(lists->folded, &first);

	for (uint32_t i = 0; i < n; i++) {
		const struct list_folded *record = &list_cell(lists->folded, first + i)->record;

		counted[record->number % LISTS_MAX] += record->expiry || record->file;
	}
	for (uint32_t i = 1; i < LISTS_MAX; i++)
		lists->rows[i].folded = counted[i];
}

int list_fold_move(struct lists *lists, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct moving moving = { .lists = lists, .arena = arena, .now = list_now() };
	uint32_t first;
	int ret = 0;

	if (list_fold_count(lists->folded, &first)) {
		/* The old programs add to the tries. */
		swap_grace();
		ret = list_walk(lists, LIST_MAPP4, move_one, &moving);
		if (ret == 0)
			ret = list_walk(lists, LIST_MAPP6, move_one, &moving);
		if (ret < 0)
			return fail_bpf(f, -ret, "cannot read the entries of the lists");
	}
	recount_folded(lists);
	vec_for_each(place, &moving.places)
		list_remove_trie(lists, place);
	lists->rows[0].folded = 0;
	return 0;
}
