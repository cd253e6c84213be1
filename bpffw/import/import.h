/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rulesets of other firewalls as rule files of ours: text in, text out, no system call. Every
 * rule of the input is in the output or named there in a comment with its line and the reason.
 * Whatever the input is, the output parses and checks without an error.
 */
#ifndef BPFFW_IMPORT_H
#define BPFFW_IMPORT_H

#include "compiler/lang/io.h"

enum import_outcome {
	IMPORT_DIRECT,  /* in the output, and means the same */
	IMPORT_NOTE,    /* in the output, and the note tells what differs */
	IMPORT_MISSING, /* not in the output, and the note tells why */
};

/* One line of the report, or of a row of rules that have one reason. */
struct import_remark {
	uint32_t line;
	enum import_outcome outcome;
	const char *text;
	uint32_t n_rules;
};

struct import_result {
	struct str text; /* the rule file */
	uint32_t n_read, n_direct, n_note, n_missing;
	VEC(struct import_remark) remarks;
	strs general; /* about the whole: policies, what is not covered */
};

struct import_source {
	struct str name; /* of the file, for the first line of the output */
	struct str text;
	strs interfaces; /* given by the admin; empty: those that the rules name */
};

typedef void import_reader(struct arena *arena, const struct import_source *source,
			   struct import_result *ret_result);

/* iptables-save and ip6tables-save, also one after the other. */
import_reader import_iptables;
/* `nft list ruleset`, or a file for `nft -f`. */
import_reader import_nft;
/* pf.conf */
import_reader import_pf;

#endif
