/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Generations on disk and in bpffs, the lock, and recovery (DESIGN section 4).
 *
 *	<bpffs>/ (0700)  abi<N>/{dispatcher,waiting,jmp,scratch,ifaces,config,counters,owner}
 *			 link/<if> (a dot in the name is a colon)
 *			 gen/<n>/{jmp,enter,classify,probe,blob,config,counters,base}
 *			 gen/<n>/old/{counters,base} until a larger pair has taken their totals
 *	<state>/	 gen/<n>.fw   canonical text, one rule a line
 *		 gen/<n>.list0 ... copies of the list files it was made from
 *			 gen/<n>.json who, when, how, files with their hashes, interface numbers,
 *				      and per rule (in print order) id, slot, origin
 *	<run>/		 lock
 *
 * Which generation runs is what the program array says, never what the files say.
 */
#ifndef BPFFW_STORE_H
#define BPFFW_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "bpffw/runtime/failure.h"
#include "compiler/ir/diff.h"
#include "compiler/lang/rule.h"

struct paths {
	const char *state_dir; /* /var/lib/bpffw */
	const char *bpffs;     /* /sys/fs/bpf/bpffw */
	const char *run_dir;   /* /run/bpffw */
	const char *rules;     /* /etc/bpffw/rules.fw */
};

enum store_mode {
	STORE_READ,  /* no lock; works while a writer is busy */
	STORE_WRITE, /* takes the lock (waits 5 s, then names the holder), repairs litter */
};

struct store;

/*
 * store_open() - check mount and network namespace, make the directories, mount bpffs if needed.
 * STORE_READ on a host where nothing was ever applied succeeds: there is no running generation.
 */
int store_open(const struct paths *paths, enum store_mode mode, struct store **ret_store,
	       struct failure *f);
void store_close(struct store *store);

/* The generation in the program array; 0: none runs. */
uint32_t store_running(const struct store *store);

/* The last generation that ran, was saved and did not wait for a confirmation; 0: none. */
uint32_t store_last_good(const struct store *store);
int store_set_last_good(struct store *store, uint32_t number, struct failure *f);

/* `panic open` until the next change: what watches interfaces leaves them open. */
bool store_is_open(const struct store *store);
void store_set_open(struct store *store, bool open);

/* Another generation runs by now. */
bool store_is_stale(const struct store *store);

enum generation_state { GEN_RUNNING, GEN_KEPT, GEN_ROLLED_BACK, GEN_PAST };

/* A file the admin's ruleset came from. */
struct gen_file {
	struct str path;    /* absolute; "-": standard input */
	uint64_t hash;      /* of its bytes when applied */
	struct str include; /* the including statement's file, len 0: the first */
};

/* One line of `history`: what gen/<n>.json says. Strings live in the arena given. */
struct gen_info {
	uint32_t number;
	int64_t when;   /* epoch seconds */
	struct str by;  /* user name; sudo user where known */
	struct str how; /* "apply /etc/bpffw/rules.fw", "add allow tcp dport 80" */
	bool saved;     /* equals the admin's file */
	bool running;
	bool rolled_back;
	uint32_t confirm; /* not confirmed yet: the seconds it was given; 0 */
	uint32_t uid;     /* real user id of the command */
	struct str sudo;  /* SUDO_USER, DOAS_USER; len 0: none */
	struct str tty;   /* len 0: none */
	uint32_t same_as; /* rollback to: its number; 0 */
	VEC(struct gen_file) files;
	strs lists;       /* list files of its sets; their bytes are kept (lists.h) */
	strs iface_names; /* by number */
	uint32_t next_id;
	uint32_t n_insns, blob_size; /* of its classifier: instructions, bytes of its tables */
};

/* What the record of a generation says. Return: -ENOENT when there is none (@f untouched). */
int store_info(struct store *store, struct arena *arena, uint32_t number, struct gen_info *ret_info,
	       struct failure *f);

/* Newest first. */
int store_history(struct store *store, struct arena *arena, struct gen_info **ret_infos,
		  uint32_t *ret_n, struct failure *f);

struct generation {
	struct gen_info info;
	struct ast *ast;     /* parsed from gen/<n>.fw; every ast_rule has its id and origin */
	struct ruleset *rs;  /* resolved, ids and slots filled */
	const struct io *io; /* env->io, but list files as this generation read them */
};

/* Read a kept generation back; sources are registered in @ds. */
int store_generation(struct store *store, struct diags *ds, struct env *env, uint32_t number,
		     struct generation *ret_gen, struct failure *f);

/* Mark the running generation as saved; @files and origins replace those in its record. */
int store_mark_saved(struct store *store, const struct generation *gen, struct failure *f);

/* The patterns of the running generation's interface lines. */
int store_listed(struct store *store, struct arena *arena, strs *ret_listed, struct failure *f);

/* The running generation no longer waits for its confirmation. */
int store_mark_confirmed(struct store *store, struct failure *f);

/* Totals of a counter slot since its base; summed over CPUs. Reads the whole map once. */
struct totals {
	struct counter *slot; /* by slot number */
	uint32_t n;
};
int store_totals(struct store *store, struct arena *arena, struct totals *ret_totals,
		 struct failure *f);
/* Zero: move the base. slot UINT32_MAX: all. */
int store_reset(struct store *store, uint32_t slot, struct failure *f);

#endif
