/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one entry point bpffw/ uses for code: a checked ruleset in, programs and map contents out.
 * Nothing outside compiler/gen knows how classification works.
 */
#ifndef BPFFW_COMPILE_H
#define BPFFW_COMPILE_H

#include "compiler/gen/compiled.h"
#include "compiler/ir/eval.h"

/*
 * compile() - @rs comes from sema_ruleset() without errors, ids and slots given (or zero: check).
 * Few rules become straight-line code, others a forest; both are proven. When there can be no
 * forest, or its proof fails, W220 tells, and the rules become straight-line code all the same.
 * Reports E190 for what is not there yet and E191 for what does not fit. Return: false on those.
 */
bool compile(struct diags *ds, const struct ruleset *rs, struct compiled *ret_compiled);

/* Only what a rule asks for is looked up: does one ask whether a packet is established? */
bool compile_asks_for_flows(const struct ruleset *rs);

/* How many flows there is room for; 0: no rule asks. */
uint32_t compile_flows(const struct ruleset *rs);

/* For tests and dumps. */
struct compile_options {
	const char *passes;     /* letters of PASSES (cube.h); NULL: all */
	enum classifier wanted; /* CLASSIFIER_FOREST: where it fails, E191 tells why */
};

bool compile_with(struct diags *ds, const struct ruleset *rs, struct compile_options options,
		  struct compiled *ret_compiled);

#endif
