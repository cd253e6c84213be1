/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SYN cookies (bpf/cookie.h) need the kernel's consent: two helpers, and a sysctl that is not 0. */
#ifndef BPFFW_COOKIES_H
#define BPFFW_COOKIES_H

#include "bpf/cookie.h"
#include "bpffw/runtime/failure.h"
#include "compiler/compile.h"

struct store;

/* For the table in state.c. */
uint32_t cookies_wanted(const struct compiled *compiled);

/* E193 at each rule that sends cookies, where the host cannot. */
void cookies_check(struct diags *ds, const struct ruleset *rs);

/* What was sent and came back, over all generations. Return: -ENOENT: nothing yet. */
int cookies_read(struct store *store, struct cookie_state *ret_state);

#endif
