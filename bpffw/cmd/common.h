/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What commands share: a session with its arena, finding a rule, and one way to give up. */
#ifndef BPFFW_COMMON_H
#define BPFFW_COMMON_H

#include "bpffw/command.h"
#include "bpffw/runtime/change.h"
#include "bpffw/runtime/host.h"
#include "bpffw/ui/report.h"

struct session {
	const struct invocation *in;
	struct arena *arena;
	struct diags *ds;
	struct env env;
	struct store *store; /* NULL until session_store() */
	struct failure f;
};

void session_start(struct session *s, const struct invocation *in);
void session_end(struct session *s);
#define _cleanup_session_ __attribute__((cleanup(session_end)))

/* Open the store. Return: EXIT_DONE, or the exit code of what has been reported. */
enum exit_code session_store(struct session *s, enum store_mode mode);

/* Read the running generation; reports when none runs (EXIT_ABSENT). */
enum exit_code session_running(struct session *s, struct generation *ret_gen);

/*
 * The same with its counters; opens the store for reading where it is not open. Readers take no
 * lock: two commits in between free the generation with its counters, and it is read again.
 */
enum exit_code session_totals(struct session *s, struct generation *ret_gen,
			      struct totals *ret_totals);

/* Made by `panic closed`. */
bool generation_is_panic(const struct gen_info *info);

/* After a failed call: reports s->ds or s->f. Return: exit code. */
enum exit_code session_failed(struct session *s);

/* The same about a rule file, and that nothing was changed. */
enum exit_code session_refused(struct session *s, const char *file);

/* Register @path ("-": standard input) as a source. Return: EXIT_DONE or what was reported. */
enum exit_code session_source(struct session *s, const char *path, uint32_t *ret_source);

/* The first argument, else the default rule file. */
const char *session_file(const struct invocation *in);

/* Index of the rule of that name or id; reports E201 (EXIT_ABSENT). */
enum exit_code rule_resolve(struct session *s, const struct ruleset *rs, struct str ref,
			    uint32_t *ret_index);
/* Far beyond what a ruleset can have given out. */
#define RULE_IDS_MAX (1u << 26)

/* The rules by their ids, NULL where none has one; *ret_n entries. */
struct rule **rules_by_id(struct arena *arena, const struct ruleset *rs, uint32_t *ret_n);
/* "r8 staging", "r8" */
const char *rule_label(struct arena *arena, const struct rule *rule);
/* "staging", "r8": what commands take */
const char *rule_reference(struct arena *arena, const struct rule *rule);

/* change_attached(), and the interfaces of the ruleset that it leaves out: they are open. */
int attached_read(struct session *s, const struct ruleset *rs, struct attached **ret_attached,
		  uint32_t *ret_n);
/* "eth0 (native), eth1 (missing)" */
void attached_print(struct buf *out, const struct attached *attached, uint32_t n);
/* "eth0, eth1": those that are there. */
void attached_names(struct buf *out, const struct attached *attached, uint32_t n);
const char *attached_mode(const struct attached *attached);

/* The totals of a slot; zero for a slot that was never counted. */
struct counter totals_of(const struct totals *totals, uint32_t slot);

/* What was asked for goes to stdout. */
void put_data(const struct buf *text);
/* What was done, too, unless -q. */
void say(const struct session *s, const struct buf *text);

#endif
