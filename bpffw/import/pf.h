/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the pf reader: lines, macros and tables; then one filter rule. */
#ifndef BPFFW_IMPORT_PF_H
#define BPFFW_IMPORT_PF_H

#include "bpffw/import/draft.h"

enum pf_kind { PF_END, PF_WORD, PF_STRING, PF_TABLE, PF_MARK };

struct pf_token {
	enum pf_kind kind;
	struct str text; /* of a table without < > */
};

struct pf_table {
	struct str name, printed;
	uint32_t line;
	bool used, wanted_file;
	struct str file;
	struct value value;
	const char *why; /* it cannot be said */
};

/* One statement, macros replaced. */
struct pf_line {
	uint32_t number;
	struct str source;
	VEC(struct pf_token) tokens; /* closed by PF_END */
};

struct pf {
	struct draft d;
	struct map macros;
	strs macro_texts;
	VEC(struct pf_line) lines;
	VEC(struct pf_table) tables;
	struct map table_names;
	uint32_t n_expanded;
	uint32_t chain;
	bool block_all; /* the rule under way is `block` without any match */
};

/* Read one rule into the current item. */
void pf_read(struct pf *p, const struct pf_line *line);
/* Of a rule that is `pass` or `block`: it has the word 'quick'. */
bool pf_is_quick(const struct pf_line *line);
bool pf_is(const struct pf_token *token, const char *text);
/* "10.0.0.0/8", "10/8", "2001:db8::1". */
int pf_address(struct arena *arena, struct str text, struct range *ret_range);
/* The printed name of a table; len 0: after a message. */
struct str pf_table_name(struct pf *p, struct str name);

#endif
