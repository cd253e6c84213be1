/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gen/<n>.json: what is known of a generation besides its rules. */
#ifndef BPFFW_RECORD_H
#define BPFFW_RECORD_H

#include "bpffw/runtime/store.h"

struct record_rule {
	uint32_t id, slot;
	struct origin origin;
	uint32_t over_slot; /* of a rule with a limit */
	uint8_t clock;      /* of its buckets */
};

struct record_test {
	struct str file;
	uint32_t line;
};

struct record {
	struct gen_info info;
	uint32_t enter_id; /* program id, and the boot in which it is valid */
	struct str boot;
	strs listed;                   /* patterns of the interface lines */
	VEC(struct record_test) tests; /* in their order; none: it is older than they are */
	VEC(struct record_rule) rules; /* in print order */
};

void record_tests(struct arena *arena, const struct ruleset *rs, struct record *record);

/* Replaces the file. */
int record_write(const char *path, const struct record *record, struct failure *f);

/* Return: -ENOENT when there is none (@f untouched). */
int record_read(const char *path, struct arena *arena, struct record *ret_record,
		struct failure *f);

/* The same without the rules, which are nearly all of it. */
int record_read_info(const char *path, struct arena *arena, struct gen_info *ret_info,
		     struct failure *f);

/* Id of this boot; len 0: not known. */
struct str record_boot(struct arena *arena);

#endif
