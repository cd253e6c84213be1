/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walker: 100-1000 instructions specialised for one forest (roots, loop bounds, record shapes
 * and test kinds as immediates), ending in the same epilogue as straight-line code: probe answers,
 * counters, verdicts. Non-terminal places resume in a bounded loop.
 */
#ifndef BPFFW_WALKER_H
#define BPFFW_WALKER_H

#include "compiler/gen/fields.h"
#include "compiler/ir/forest.h"

/* The program into gen->code; the blob is the forest's. Return: false when it does not fit. */
bool walker_emit(struct gen *gen, const struct forest *forest);

#endif
