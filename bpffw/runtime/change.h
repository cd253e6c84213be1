/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change of the running ruleset, the same for every command: resolve, lint, test blocks, ids,
 * compile, load, witness, pin, attach, commit, record. Before the commit any failure leaves the
 * running ruleset exactly as it was.
 */
#ifndef BPFFW_CHANGE_H
#define BPFFW_CHANGE_H

#include "bpffw/runtime/store.h"
#include "compiler/compile.h"

struct change {
	struct ast *ast;     /* the whole new ruleset */
	const struct io *io; /* generation.io of the ruleset that is changed; NULL: env->io */
	const char *how;     /* for history */
	bool force;          /* overrides test blocks and the lock-out check */
	uint32_t confirm;    /* seconds until it is rolled back unless confirmed; 0: for good */
	bool lenient;        /* an interface that cannot be attached is a warning (W215) */
	bool ends_confirm;   /* rollback: allowed while another generation waits for `confirm` */
	bool saved;          /* the result equals the admin's file (apply) */
	uint32_t same_as;    /* rollback: the generation it repeats */
	const struct gen_info *old; /* carries files and interface numbers on; NULL: first apply */
	VEC(struct gen_file) files; /* apply: the files read; empty: those of @old */
	const struct ruleset *old_rs; /* NULL: none runs */
	/* Told before something that takes a while; NULL: nobody listens. */
	void (*progress)(void *ctx, const char *text);
	void *progress_ctx;
};

struct attached {
	struct str name;
	struct str was; /* renamed since: what the rules call it; len 0: no */
	bool native;
	bool missing; /* attached by the next change after it appears */
	bool open;    /* is there, but nothing is attached: unfiltered (set by cmd/) */
	struct str driver;
};

struct change_result {
	uint32_t generation;
	struct ruleset *rs;
	struct diff diff;
	VEC(struct attached) attached;
	uint64_t ns_compile, ns_load, ns_witness, ns_swap, ns_total;
	uint32_t n_witnesses, n_insns;
	const char *session;      /* by what the ssh session is still allowed; NULL: nobody asked */
	uint32_t confirm;         /* seconds until it is rolled back, unless confirmed; 0 */
	uint32_t previous;        /* what ran before, and then comes back; 0: nothing */
	struct compiled compiled; /* in the arena */
};

/*
 * change_commit() - user mistakes go to @ds (exit 2, or 3 for E183), system failures to @f.
 * Return: 0; -EINVAL with errors in @ds; another negative errno with @f filled.
 */
int change_commit(struct store *store, struct diags *ds, struct env *env,
		  const struct change *change, struct change_result *ret_result, struct failure *f);

/*
 * Resolve, lint, tests, compile, and load into the kernel without attaching (check as root).
 * @store: NULL: do not load
 */
int change_check(struct store *store, struct diags *ds, struct env *env, const struct ast *ast,
		 struct change_result *ret_result, struct failure *f);

enum settle {
	SETTLE_ATTACH, /* interfaces that have come or come back */
	SETTLE_ALL,    /* and detach from those that are not listed */
	SETTLE_ANEW,   /* by a new generation of the same rules, whose state maps were replaced */
};

/*
 * change_settle() - attach the running generation where its interfaces are; the slot stays.
 * A new generation is made only where a rule's `on` glob matches an interface that it has not
 * known. What cannot be attached is a warning (W215).
 * @ret_result: attached, and the generation that runs then
 */
int change_settle(struct store *store, struct diags *ds, struct env *env,
		  const struct generation *gen, enum settle how, struct change_result *ret_result,
		  struct failure *f);

/* Is there an interface that one of the patterns names and nothing is attached to? Never after
 * `panic open`. */
int change_has_open(struct store *store, struct arena *arena, const strs *listed, bool *ret_open,
		    struct failure *f);

/* Refuse while a generation waits for its confirmation (EXIT_REFUSED). */
int change_check_confirm(struct store *store, struct failure *f);

/* Where the ruleset is attached now. */
int change_attached(struct store *store, struct arena *arena, const struct ruleset *rs,
		    struct attached **ret_attached, uint32_t *ret_n, struct failure *f);

/* panic open: detach everywhere. Return: names in ret_attached. */
int change_detach_all(struct store *store, struct arena *arena, struct attached **ret_attached,
		      uint32_t *ret_n, struct failure *f);

#endif
