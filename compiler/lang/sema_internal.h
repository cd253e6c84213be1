/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the checker share. */
#ifndef BPFFW_SEMA_INTERNAL_H
#define BPFFW_SEMA_INTERNAL_H

#include "compiler/base/map.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"
#include "compiler/lang/type.h"

struct define {
	struct str name;
	struct span span;
	words atoms; /* plain words and @sets: other defines are expanded */
};

/* A match whose globs are expanded when all interface names are known. */
struct glob_use {
	uint32_t rule; /* UINT32_MAX: an expectation ... */
	uint32_t expect;
	uint32_t match;
};

struct sema {
	struct diags *ds;
	struct arena *arena;
	struct ruleset *rs;
	struct env *env;
	struct map sets, chains, defines, rule_names, ifaces, iface_lines;
	VEC(struct define) define_list;
	VEC(struct glob_use) globs;
	strs iface_globs;          /* of the interface lines */
	uint64_t n_expanded;       /* words that defines and globs stand for */
	VEC(struct span) versions; /* each file may have one */
	struct span given[16];     /* of statements that stand once; end 0: not yet */
};

/* Clauses of one rule, expectation or description, while they are resolved. */
struct scope {
	const struct ast_clause *clauses;
	uint32_t n_clauses;
	const struct action *verb; /* NULL: not a rule */
	struct span verb_span;
	struct match *matches; /* result */
	uint32_t n_matches;
	uint8_t families;
	const struct match *proto; /* the plain protocol match, NULL: none written */
	uint8_t protos;            /* proto_bits it lists ... */
	bool other_protos;         /* ... and whether others too */
	bool proto_broken;         /* it was reported: say nothing that follows from it */
	bool broken;               /* a value was reported, here or where it was defined */
	bool has_globs;
};

/* sema.c */
void sema_later(struct sema *s, const char *word, struct span span);
const char *sema_place(struct sema *s, struct span span); /* "FILE:7" */
/* A nearest name is looked for in the first errors only: a hostile file has 100 000 of each. */
bool sema_suggests(const struct sema *s);
/* Count @n words of a define or glob; false, and said once, when they are too many in all. */
bool sema_spend(struct sema *s, uint32_t n, struct span span);
bool sema_name(struct sema *s, const struct word *name, const char *what);
bool sema_find_set(struct sema *s, const struct word *name, uint32_t *ret_set);
uint32_t sema_iface_number(struct sema *s, struct str name);
bool sema_is_glob(struct str name);
bool sema_glob_matches(struct str glob, struct str name);

/* sema_chain.c */
void sema_declare_chain(struct sema *s, const struct ast_stmt *stmt);
bool sema_find_chain(struct sema *s, const struct word *name, uint32_t *ret_chain);
void sema_check_chains(struct sema *s);

/* sema_match.c */
bool sema_matches(struct sema *s, struct scope *scope);

/* sema_rule.c */
void sema_rule(struct sema *s, const struct ast_rule *ast, uint32_t chain);

/* sema_value.c */
words sema_expand(struct sema *s, const words *written);
/* Fills .atoms of @match, whose row and negation are set. Reports every wrong word. */
bool sema_value(struct sema *s, const struct ast_clause *clause, struct scope *scope,
		struct match *match);
/* Return: the atoms with globs replaced by the interfaces that match now. */
atoms sema_expand_globs(struct sema *s, const struct match *match);

/* The keyword alone: the span of an action covers its arguments too. */
struct span sema_keyword(const struct ast_action *ast);
/* sema_limit.c: the verb's arguments, limits and their exceed action. */
void sema_verb(struct sema *s, const struct ast_rule *ast, struct rule *rule);
void sema_limits(struct sema *s, const struct ast_rule *ast, const struct scope *scope,
		 struct rule *rule);

/* sema_time.c */
bool sema_duration(struct sema *s, const struct word *word, bool bare, uint64_t *ret_seconds);
void sema_until(struct sema *s, const struct word *word, struct rule *rule, bool command);
void sema_when(struct sema *s, const struct word *word, struct rule *rule);

/* sema_set.c */
void sema_declare_set(struct sema *s, const struct ast_stmt *stmt);
void sema_fill_set(struct sema *s, const struct ast_stmt *stmt);
void sema_list(struct sema *s, const struct ast_stmt *stmt);
/* When all rules are resolved: which sets can change at run time. */
void sema_finish_sets(struct sema *s);

#endif
