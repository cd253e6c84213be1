/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a service tells systemd, by the datagrams of sd_notify(3). Without systemd: nothing. */
#ifndef BPFFW_NOTIFY_H
#define BPFFW_NOTIFY_H

#include <stdint.h>

/* "READY=1\nSTATUS=...": no answer is expected, a failure is no matter. */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Milliseconds within which WATCHDOG=1 is wanted again; 0: never. */
uint32_t notify_watchdog_ms(void);

#endif
