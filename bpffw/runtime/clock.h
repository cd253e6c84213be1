/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs must know to tell local time: they read the TAI clock and no zone file. */
#ifndef BPFFW_CLOCK_H
#define BPFFW_CLOCK_H

#include "compiler/lang/rule.h"

/* CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns(). */
uint64_t clock_now(void);

/* As this host has it now: TAI - UTC, the UTC offset and its next changes within three years. */
struct clock_config clock_read(void);

/* Whether `when` and `until` of the rule let it match at @utc, by the same lines as in the kernel.
 */
bool clock_allows(const struct clock_config *clock, const struct rule *rule, uint64_t utc);

#endif
