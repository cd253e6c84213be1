/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running rules written into the texts they came from. */
#ifndef BPFFW_MERGE_H
#define BPFFW_MERGE_H

#include "bpffw/cmd/common.h"
#include "bpffw/ui/patch.h"

struct merge {
	struct session *s;
	const struct generation *gen;
	struct diags *ds;      /* holds the files' texts */
	struct ast *ast;       /* of the files, includes followed */
	struct str *names;     /* absolute, by source */
	struct patch *patches; /* by source */
	bool rebased;          /* the texts were not applied for this generation */
	struct rule **by_id;   /* of gen->rs */
	uint32_t n_by_id;
};

/* Read and parse the files that @gen came from. Return: EXIT_DONE or what was reported. */
enum exit_code merge_read(struct merge *m, struct session *s, const struct generation *gen);

/* Work out the edits. */
void merge_rules(struct merge *m);

/* The first file's text with its includes inlined. */
struct str merge_inline(struct merge *m, uint32_t source);

#endif
