/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The canonical text. What is printed parses back to the same ruleset:
 * verb (rate burst per directly behind a limit verb), matches as written, rate burst per of an
 * allow, exceed, log, name, comment, when, until, disabled. Ports as numbers, defines expanded.
 */
#ifndef BPFFW_PRINT_H
#define BPFFW_PRINT_H

#include "compiler/lang/rule.h"

enum print_flags {
	PRINT_NAME = 1,    /* name N */
	PRINT_COMMENT = 2, /* comment "..." */
	PRINT_ALL = 3,
};

void print_rule(struct buf *out, const struct ruleset *rs, const struct rule *rule, int flags);
/* 5400: "1h30m" */
void print_duration(struct buf *out, uint64_t seconds);
/* Just the value list: "192.0.2.0/24,2001:db8:10::/48". */
void print_value(struct buf *out, const struct ruleset *rs, const struct match *match);
/* "10m" */
void print_duration(struct buf *out, uint64_t seconds);
/* "6/min burst 6" */
void print_limit(struct buf *out, const struct limit *limit);
void print_match(struct buf *out, const struct ruleset *rs, const struct match *match);
/* One statement, with its newline. */
void print_set_line(struct buf *out, const struct set *set);
void print_list_line(struct buf *out, const struct ast_stmt *list);
/* The whole file: statements, sets, chains, rules, tests, in an order that parses back. Rules
 * come chain by chain in ruleset.chains order (chain 1.., then the top level last). */
void print_ruleset(struct buf *out, const struct ruleset *rs);
/* Fill rule.text of all rules. sema_ruleset() does it at its end. */
void print_texts(struct ruleset *rs);

/* The rules in exactly the order in which print_ruleset() prints them. */
void print_order(const struct ruleset *rs, uint32_t *ret_indices);

#endif
