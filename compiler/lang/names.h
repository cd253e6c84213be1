/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names for values: protocols, ICMP types, DSCP classes, TCP flags, ethertypes, services. */
#ifndef BPFFW_NAMES_H
#define BPFFW_NAMES_H

#include "compiler/base/str.h"

struct name_value {
	const char *name;
	uint16_t value;
};

/* Ended by a row without a name. Of two names for one value the first is the canonical one. */
extern const struct name_value names_protocols[];
extern const struct name_value names_icmp_types[];  /* IANA, ICMP type numbers */
extern const struct name_value names_icmp6_types[]; /* IANA, ICMPv6 type numbers */
extern const struct name_value names_dscp[];        /* IANA DSCP registry, and be */
extern const struct name_value names_tcp_flags[];   /* bits */
extern const struct name_value names_ethertypes[];
extern const struct name_value names_fragments[]; /* enum pkt_frag; `any` is not here */

/* 0: not a service of that protocol. */
struct service {
	const char *name;
	uint16_t tcp;
	uint16_t udp;
};
extern const struct service names_services[];

bool names_value(const struct name_value *table, struct str name, uint16_t *ret_value);
const char *names_name(const struct name_value *table, uint64_t value); /* NULL: none */
const struct service *names_service(struct str name);

/* A word that a command takes for something else, or the form of an id (r7): no name of anything.
 */
bool names_reserved(struct str name);

#endif
