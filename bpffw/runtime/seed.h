/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flows that are there before anybody watches: from the kernel's socket tables. */
#ifndef BPFFW_SEED_H
#define BPFFW_SEED_H

#include <stdbool.h>

#include "bpffw/runtime/flows.h"

struct seeded {
	uint32_t n;
	uint32_t lost; /* confirmed flows that had to make room */
};

/*
 * seed_flows() - every live TCP connection, whoever opened it, and every connected UDP socket of
 * this network namespace becomes a confirmed flow. IPv4 peers of IPv6 sockets are IPv4 flows.
 * @own: also what this host has with itself
 */
int seed_flows(const struct flow_table *table, bool own, struct seeded *ret_seeded,
	       struct failure *f);

#endif
