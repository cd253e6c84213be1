/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BPFFW_PRIVILEGE_H
#define BPFFW_PRIVILEGE_H

#include <stdbool.h>

/* Is it among the effective ones, or implied by one? @capability: CAP_BPF and the like */
bool may(int capability);

#endif
