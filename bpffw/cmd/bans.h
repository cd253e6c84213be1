/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BPFFW_BANS_H
#define BPFFW_BANS_H

#include "bpffw/cmd/common.h"

/* Sweep what is over and write the `bans` file; the store is open for writing. */
enum exit_code bans_keep(struct session *s);

#endif
