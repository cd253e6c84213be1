/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `apply --boot` where nothing runs yet: never half a ruleset, never unfiltered. */
#ifndef BPFFW_BOOT_H
#define BPFFW_BOOT_H

#include "bpffw/cmd/common.h"

/*
 * boot() - the rule file; where that does not load, the last good generation; where that does not
 * load either, a built-in minimal ruleset (EXIT_SYSTEM). A failing test, a warning or a list file
 * that is missing or broken keeps nothing from loading.
 */
enum exit_code boot(const struct invocation *in, const char *file);

#endif
