/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The admin's rule files: which a ruleset came from, whether they changed, writing them. */
#ifndef BPFFW_FILES_H
#define BPFFW_FILES_H

#include "bpffw/cmd/common.h"

/* 64-bit FNV-1a of a file's bytes: tells an edit from none, no more. */
uint64_t file_hash(struct str text);

/* Absolute and without symbolic links where the file exists; "-" stays. */
struct str file_absolute(struct arena *arena, const char *path);

/* Both exist and are one file, or have the same absolute name. */
bool file_is_same(struct arena *arena, const char *a, const char *b);

/*
 * files_of_ast() - record the files that @ast was read from in @change, and where in them each
 * rule stands.
 */
void files_of_ast(struct session *s, struct ast *ast, struct change *change);

/* The first of @info's files whose bytes are not those applied, or one that is included now and was
 * not (hash 0); NULL: nothing has changed. */
const struct gen_file *files_changed(struct session *s, const struct gen_info *info);

/*
 * A file that is about to be replaced. All that can fail for want of room or rights happens in
 * draft_prepare(), so that several files are replaced together or not at all.
 */
struct draft {
	const char *path;
	char *temporary; /* NULL: nothing to replace or to clean up */
	bool exists;     /* the old one will be kept as PATH~ */
};

/* The text on disk beside PATH; owner and mode of the old file, 0640 for a new one. */
int draft_prepare(struct arena *arena, const char *path, struct str text, struct draft *ret_draft,
		  struct failure *f);
int draft_publish(struct arena *arena, struct draft *draft, struct failure *f);
/* Drop what was prepared and not replaced. */
void draft_discard(struct draft *draft);

#endif
