/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Changes that are collected between `begin` and `commit`: the commands edit a draft, which then
 * becomes one generation. The draft is checked after each command; a command with a mistake leaves
 * it as it was.
 */
#ifndef BPFFW_BATCH_H
#define BPFFW_BATCH_H

#include "bpffw/cmd/edit.h"
#include "bpffw/runtime/outline.h"

struct batch;

/* Of one shell; nothing is open yet. */
struct batch *batch_new(void);
/* Drops what is open. */
void batch_free(struct batch *batch);

bool batch_is_open(const struct batch *batch);
/* How many commands are in it. */
uint32_t batch_count(const struct batch *batch);

/* edit_start() and edit_commit() of a command in the batch. */
enum exit_code batch_edit_start(struct edit *e);
enum exit_code batch_edit_commit(struct edit *e);
/* The command ends, however it went. */
void batch_edit_end(struct edit *e);

/* What ran when the batch was opened, and what would run. */
const struct generation *batch_base(const struct batch *batch);
const struct ruleset *batch_draft(const struct batch *batch);

struct outline batch_outline(const struct batch *batch, struct arena *arena);

#endif
