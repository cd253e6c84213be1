/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BPFFW_BANS_H
#define BPFFW_BANS_H

#include "bpffw/cmd/edit.h"

/* Sweep what is over and write the `bans` file; the store is open for writing. */
/* Where there are many prefixes: a generation that looks them up faster. @gen: the running one.
 * Nothing is lost when it fails: @s->f, and the next change does it. */
int bans_fold(struct session *s, const struct generation *gen);
enum exit_code bans_keep(struct session *s);

#endif
