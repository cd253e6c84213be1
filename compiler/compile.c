// SPDX-License-Identifier: GPL-3.0-or-later
/* Chooses the classifier and collects what the loader needs. */
#include "compiler/compile.h"

#include "compiler/gen/straight.h"

static bool report_unsupported(struct diags *ds, const struct ruleset *rs)
{
	vec_for_each(word, &rs->unsupported)
		diag_error(ds, word->span, E190, "'" STR_FMT "' is not supported yet",
			   STR_ARG(word->text));
	return rs->unsupported.len > 0;
}

bool compile(struct diags *ds, const struct ruleset *rs, struct compiled *ret_compiled)
{
	struct gen gen;
	struct compiled compiled = { 0 };

	gen_init(&gen, rs);
	if (report_unsupported(ds, rs) || !straight_emit(&gen, ds, &compiled))
		return false;
	compiled.insns = gen.code.insns.data;
	compiled.n_insns = gen.code.insns.len;
	compiled.relocs.data = gen.code.relocs.data;
	compiled.relocs.len = gen.code.relocs.len;
	compiled.lines.data = gen.code.lines.data;
	compiled.lines.len = gen.code.lines.len;
	compiled.functions.data = gen.code.functions.data;
	compiled.functions.len = gen.code.functions.len;
	compiled.blob = gen.blob.data;
	compiled.blob_size = gen.blob.len;
	compiled.blob_room = gen.blob_room;
	compiled.enter = (struct enter_config){
		.malformed_pass = rs->malformed_pass,
		.antispoof = rs->antispoof,
		.essential = rs->essential,
	};
	*ret_compiled = compiled;
	return true;
}
