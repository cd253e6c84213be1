/* SPDX-License-Identifier: GPL-3.0-or-later */
/* By which connections the admin is here: what the lock-out check must not cut. */
#ifndef BPFFW_SESSIONS_H
#define BPFFW_SESSIONS_H

#include "compiler/lang/io.h"

/*
 * sessions_find() - add the incoming TCP connections of this process and its ancestors (sshd),
 * which the environment can neither hide nor replace. The first becomes env->session; what the
 * environment said is checked besides.
 */
void sessions_find(struct arena *arena, struct env *env);

#endif
