/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a rule file: nothing crashes, a diag lies inside the text, and what is accepted is
 * printed, parsed and printed again to the same text.
 */
#include <assert.h>

#include "compiler/compile.h"
#include "compiler/ir/lint.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"

static struct ruleset *read_rules(struct arena *arena, struct str text, struct diags *ds,
				  struct env *env)
{
	uint32_t source = diag_source(ds, STR("fuzz.fw"), text, (struct span){ 0 });

	return sema_ruleset(ds, parse_file(ds, env->io, source), env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf first = { .arena = arena }, second = { .arena = arena };
	struct diags *ds = diags_new(arena);
	struct env env = { .io = &io_none, .now = 1795000000 };
	struct ruleset *rs, *again;
	struct compiled compiled;

	if (size > 1 << 16)
		return 0;
	rs = read_rules(arena, (struct str){ (const char *)data, (uint32_t)size }, ds, &env);
	vec_for_each(d, &ds->list)
		assert(d->span.start <= d->span.end && d->span.end <= size);
	if (ds->n_errors)
		return 0;
	print_ruleset(&first, rs);
	again = read_rules(arena, (struct str){ first.data, first.len }, ds, &env);
	assert(!ds->n_errors);
	print_ruleset(&second, again);
	assert(first.len == second.len && !memcmp(first.data, second.data, first.len));
	compile(ds, rs, &compiled);
	return 0;
}
