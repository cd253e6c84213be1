/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linear classifier: every place in order, one conditional jump for each. */
#ifndef BPFFW_STRAIGHT_H
#define BPFFW_STRAIGHT_H

#include "compiler/gen/fields.h"
#include "compiler/ir/place.h"

/**
 * straight_emit() - the whole program into gen->code, tables into gen->blob.
 * @flat: the same rules with their acts; NULL: none has one
 * Reports E191 for a ruleset that does not fit. Return: false on that.
 */
bool straight_emit(struct gen *gen, struct diags *ds, const struct places *flat,
		   struct compiled *compiled);

#endif
