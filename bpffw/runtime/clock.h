/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs must know to tell local time: they read the TAI clock and no zone file. */
#ifndef BPFFW_CLOCK_H
#define BPFFW_CLOCK_H

#include "bpf/schedule.h"

/* As this host has it now: TAI - UTC, the UTC offset and its next changes within three years. */
struct clock_config clock_read(void);

#endif
