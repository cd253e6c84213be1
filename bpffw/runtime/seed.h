/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows that are there before anybody watches: from the kernel's socket tables. */
#ifndef BPFFW_SEED_H
#define BPFFW_SEED_H

#include "bpffw/runtime/flows.h"

/*
 * seed_flows() - every live TCP connection, whoever opened it, and every connected UDP socket of
 * this network namespace becomes a confirmed flow. IPv4 peers of IPv6 sockets are IPv4 flows.
 */
int seed_flows(const struct flow_table *table, uint32_t *ret_n, struct failure *f);

#endif
