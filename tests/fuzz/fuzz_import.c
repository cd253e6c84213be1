/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rulesets of other firewalls; the first byte tells which. Whatever comes: no crash, the counts add
 * up, and the output parses and checks without an error.
 */
#include <stdlib.h>

#include "bpffw/import/import.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_output(struct arena *arena, const struct import_result *result)
{
	struct diags *ds = diags_new(arena);
	struct env env = { .io = &io_none };
	uint32_t source = diag_source(ds, STR("output"), result->text, (struct span){ 0 });
	uint32_t remarked = 0;

	sema_ruleset(ds, parse_file(ds, &io_none, source), &env);
	if (ds->n_errors)
		abort();
	if (result->n_read != result->n_direct + result->n_note + result->n_missing)
		abort();
	vec_for_each(remark, &result->remarks)
		remarked += remark->n_rules;
	if (remarked != result->n_note + result->n_missing)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static import_reader *const readers[] = { import_iptables, import_nft, import_pf };
	_cleanup_arena_ struct arena *arena = arena_new();
	struct import_source source = { .name = STR("f") };
	struct import_result result;

	if (!size)
		return 0;
	source.text = (struct str){ arena_memdup(arena, data + 1, size - 1), (uint32_t)size - 1 };
	readers[data[0] % 3](arena, &source, &result);
	check_output(arena, &result);
	return 0;
}
