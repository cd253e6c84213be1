/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that change single rules of the running ruleset: read it, splice, commit. */
#ifndef BPFFW_EDIT_H
#define BPFFW_EDIT_H

#include "bpffw/cmd/common.h"
#include "compiler/lang/parse.h"

struct edit {
	struct session s;
	struct generation gen; /* its ast is what the command changes */
	struct ast_command command;
	uint32_t source; /* of the command line */
	struct change_result result;
	bool in_batch; /* the session is the batch's ... */
	bool accepted; /* ... and the draft took the change */
};

void edit_end(struct edit *e);
#define _cleanup_edit_ __attribute__((cleanup(edit_end)))

/* Parse the arguments, take the lock, read the running generation. */
enum exit_code edit_start(struct edit *e, const struct invocation *in);

/* Where a rule stands in the ast: statement, and index among its rules. */
struct rule_place {
	uint32_t stmt;
	uint32_t index;
};

/* Find @ref; reports an unknown one (EXIT_ABSENT). */
enum exit_code edit_find(struct edit *e, struct word ref, struct rule_place *ret_place,
			 const struct rule **ret_rule);
struct ast_rule *edit_rule(struct edit *e, struct rule_place place);

/* Put @rule before (or behind) the one at @place, or last at the top level, or last in a chain. */
void edit_insert(struct edit *e, struct rule_place place, bool behind, const struct ast_rule *rule);
void edit_append(struct edit *e, const struct ast_rule *rule);
enum exit_code edit_append_chain(struct edit *e, struct word chain, const struct ast_rule *rule);
struct ast_rule edit_remove(struct edit *e, struct rule_place place);

/* `add set`, `del set`: the statement goes or comes, and is committed and reported. */
enum exit_code edit_add_set(struct edit *e);
enum exit_code edit_del_set(struct edit *e);

/* Make the changed ast the running generation. */
enum exit_code edit_commit(struct edit *e);

/* The rule of @id in the new ruleset, or the one that was typed (id 0). */
const struct rule *edit_result(const struct edit *e, uint32_t id);

/*
 * "LABEL: DONE, live on eth0 (generation 15, not saved)TAIL" and warnings about the rule, or JSON.
 * @rule: as it runs now; NULL: it is gone, and live nowhere.
 * @done: NULL: no rule changed, something else did
 */
void edit_report(struct edit *e, const char *label, const struct rule *rule, const char *done,
		 const char *tail);

/* The change was refused: report why, without old warnings. Return: exit code. */
enum exit_code edit_failed(struct edit *e);

/* Report the warnings that the change brought. */
void edit_warn(struct edit *e);

/* The command line as history shows it; its options alone, each behind a blank. */
const char *invocation_options(struct arena *arena, const struct invocation *in);
const char *invocation_text(struct arena *arena, const struct invocation *in);

extern const struct option_row force_opts[];

/* "rolls back to generation 12 in 60 s unless ..." for a change that waits for `confirm`. */
void put_confirm(struct buf *out, const struct change_result *result);

/* change_commit() with what every command hands it; the caller reports. */
int commit_change(struct session *s, struct change *change, const struct generation *old,
		  struct change_result *ret_result);

/* { generation, saved, interfaces, added, removed ... } of a change. */
void change_json(const struct session *s, const char *schema, const struct change_result *result,
		 bool saved, const struct rule *rule);

/* "1 added, 0 removed, 7 unchanged" */
void diff_counts(struct buf *out, const struct diff *diff);

#endif
