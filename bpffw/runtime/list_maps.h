/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state maps of run-time entries as user space sees them: for list_*.c only. */
#ifndef BPFFW_RUNTIME_LIST_MAPS_H
#define BPFFW_RUNTIME_LIST_MAPS_H

#include "bpffw/runtime/list.h"

/* By the name of the state map: list4, list6, listp4, listp6, list_folded. */
enum list_map { LIST_MAP4, LIST_MAP6, LIST_MAPP4, LIST_MAPP6, LIST_MAP_FOLDED, LIST_MAPS };
/* The `table` of places that list_walk() finds in LIST_MAP_FOLDED; their map is that of the trie.
 */
#define LIST_FOLDED       LIST_TABLES
#define LIST_TRIE_ENTRIES (1u << 20)
extern const char *const list_map_names[LIST_MAPS];

struct lists {
	struct store *store; /* NULL: no `bans` file */
	struct arena *arena;
	bool own_arena;
	struct list_row *rows; /* LISTS_MAX, mapped */
	int maps[LIST_MAPS];
	struct list_view folded; /* size 0: none */
	struct list_view base;   /* of the running generation */
};

/* Where an entry lies. */
struct list_place {
	enum list_map map;
	uint32_t table; /* enum list_table, LIST_FOLDED */
	union {
		struct list_key4 addr4;
		struct list_key6 addr6;
		struct list_prefix4 prefix4;
		struct list_prefix6 prefix6;
	} key;
};

struct list_place list_place_of(uint32_t number, const struct list_prefix *prefix);
/* @type: of the list, by its number */
struct list_prefix list_prefix_of(const struct list_place *place, const struct list_value *value,
				  enum value_type type);
uint32_t list_number_of(const struct list_place *place);
size_t list_key_size(enum list_map map);
/* Bits of a whole value. */
uint8_t list_bits(enum list_kind kind);

bool list_get(const struct lists *lists, const struct list_place *place,
	      struct list_value *ret_value);
/* The longest live prefix of at most so many bits, of those that are in no hash. */
bool list_get_trie(const struct lists *lists, uint32_t number, const struct list_prefix *prefix,
		   struct list_value *ret_value);
/* A new entry counts before it is there. Return: -E2BIG or -ENOMEM when the map is full. */
int list_insert(struct lists *lists, const struct list_place *place,
		const struct list_value *value);
int list_replace(struct lists *lists, const struct list_place *place,
		 const struct list_value *value);
void list_remove(struct lists *lists, const struct list_place *place);
/* Not where it is folded. */
void list_remove_trie(struct lists *lists, const struct list_place *place);
/* A folded entry whose time is still @expiry ends. */
void list_end_folded(struct lists *lists, const struct list_place *place, uint64_t expiry);

bool list_is_live(const struct list_value *value, uint64_t now);

/* All entries of one map, in no order; the function must not change the map. */
typedef void list_visit(void *ctx, const struct list_place *place, const struct list_value *value);
int list_walk(const struct lists *lists, enum list_map map, list_visit *visit, void *ctx);
int list_walk_all(const struct lists *lists, list_visit *visit, void *ctx, struct failure *f);

/* Open what a change has: fresh maps, too. @ret_lists is closed by list_maps_close(). */
int list_maps_open(struct store *store, struct arena *arena, const int fds[LIST_MAPS], int rows,
		   struct lists *ret_lists, struct failure *f);
void list_maps_close(struct lists *lists);

/* For the table of state maps: entries wanted, and carrying them over to a larger map. */
struct compiled;
uint32_t lists_map_wanted(const struct compiled *compiled);
int lists_map_fill(int old, int fresh, const struct compiled *compiled, struct failure *f);

/* Number by name among the rows, 0: none. */
uint32_t list_row_find(const struct list_row *rows, struct str name);

/* ---- the `bans` file ---- */

struct ban {
	struct str name;
	struct list_prefix prefix;
	int64_t until; /* epoch seconds, 0: for ever */
	bool from_file;
	struct str comment;
};
typedef VEC(struct ban) bans;

/* What the file says in the end: later lines replace earlier ones. No file: nothing.
 * @ret_damage: NULL: not wanted */
int bans_read(struct store *store, struct arena *arena, bans *ret_bans,
	      struct bans_damage *ret_damage, struct failure *f);
/* Before bans_write(): keep the file that has lines that cannot be read. */
int bans_keep_damaged(struct store *store, struct bans_damage *damage, struct failure *f);
int bans_write(struct store *store, const bans *all, struct failure *f);
/* Append; the whole file is written anew by lists_save(). */
int bans_append(struct store *store, const bans *added, struct failure *f);
int bans_append_removed(struct store *store, struct str name, const struct list_prefix *prefix,
			struct failure *f);
int bans_append_flushed(struct store *store, struct str name, struct failure *f);

#endif
