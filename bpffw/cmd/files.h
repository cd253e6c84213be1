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

/* The first of @info's files whose bytes are not those applied; NULL: all are. */
const struct gen_file *files_changed(struct session *s, const struct gen_info *info);

/*
 * file_write() - temporary file, fsync, rename; the old file is kept as PATH~ and gives owner and
 * mode, a new one is 0640.
 */
int file_write(const char *path, struct str text, bool *ret_backup, struct failure *f);

#endif
