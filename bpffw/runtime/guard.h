/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lock-out check: a new connection of the admin's own ssh session must be allowed. */
#ifndef BPFFW_GUARD_H
#define BPFFW_GUARD_H

#include "bpffw/runtime/targets.h"

/*
 * Return: 0, also without a session or when it comes in where nothing is filtered; -EPERM.
 * @ret_text: where the rules were asked, "this ssh session (...) is still allowed by 'web'", or
 *	with -EPERM "this ssh session (...) would be dropped by 'default drop'"
 */
int guard_session(struct arena *arena, const struct ruleset *rs, const struct env *env,
		  const targets *all, const char **ret_text, struct failure *f);

#endif
