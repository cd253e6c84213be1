/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Edits of a rule file's text that leave everything else as the admin wrote it: comments, blank
 * lines, order, line ends. Offsets are those of the unedited text; edits may come in any order,
 * insertions at one place keep the order in which they were made.
 */
#ifndef BPFFW_PATCH_H
#define BPFFW_PATCH_H

#include "compiler/base/str.h"
#include "compiler/base/vec.h"

struct patch_hunk {
	uint32_t start, end; /* of the unedited text that goes */
	struct str text;     /* what comes */
};

struct patch {
	struct arena *arena;
	struct str old;
	VEC(struct patch_hunk) hunks;
};

/* A rule or statement at [start, end): gone, with its line and trailing comment if it has them
 * for itself, with one ';' if it shares the line. */
void patch_delete(struct patch *patch, uint32_t start, uint32_t end);
void patch_replace(struct patch *patch, uint32_t start, uint32_t end, struct str text);

/* A new rule before or behind the one at [start, end), on a line of its own where that one has
 * one, else on the same line with ';'. */
void patch_insert(struct patch *patch, uint32_t start, uint32_t end, bool behind, struct str text);

/* A new last rule of the block whose '}' is at @close. */
void patch_insert_block(struct patch *patch, uint32_t close, struct str text);
/* A new last line of the file. */
void patch_append(struct patch *patch, struct str text);

struct str patch_apply(struct patch *patch);

#endif
