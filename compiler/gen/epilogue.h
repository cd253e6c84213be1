/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every classifier begins and ends with. */
#ifndef BPFFW_EPILOGUE_H
#define BPFFW_EPILOGUE_H

#include "compiler/gen/code.h"

/* R_PKT = the slot of this CPU. Uses R0 - R5. */
void slot_emit(struct code *c);

/*
 * fragments_emit() - jump to @next unless `option fragments` decides the packet. Uses R1.
 * Return: false when it never does: then nothing is emitted and @next is not used.
 */
bool fragments_emit(struct code *c, enum fragments fragments, label next);

/*
 * counter_emit() - count the packet in the slot that R2 holds; @done: there is no such slot.
 * Uses R0 - R5.
 */
void counter_emit(struct code *c, label done);

/* Keep the context for act_emit(): the first instruction of the program. */
void context_emit(struct code *c);

/*
 * act_emit() - leave for `actions` with the act that R9 holds. Where that fails the code goes on
 * as behind a decision, to be followed by verdict_emit().
 */
void act_emit(struct code *c);

/* End the program. R1: the answer when probed, R2: counter slot, R8: verdict. */
void verdict_emit(struct code *c);

#endif
