/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the iptables reader: a rule's words become a draft_rule, then its target acts. */
#ifndef BPFFW_IMPORT_IPTABLES_H
#define BPFFW_IMPORT_IPTABLES_H

#include "bpffw/import/draft.h"

enum state_bit {
	STATE_NEW = 1,
	STATE_ESTABLISHED = 2,
	STATE_RELATED = 4,
	STATE_INVALID = 8,
	STATE_UNTRACKED = 16,
	STATE_ALL = 31,
	STATE_OTHER = 32, /* SNAT, DNAT */
};

struct recent {
	bool set, check; /* --set; --update or --rcheck */
	uint64_t seconds, hits;
};

struct hashlimit {
	struct str rate;
	bool above, upto;
	bool src, dst, sport, dport, mode;
	uint64_t burst, src_mask;
};

/* One rule while its words are read. */
struct ipt_rule {
	struct draft *d;
	uint32_t chain;
	uint8_t family;    /* 4 or 6 */
	struct str prefix; /* of the keys of its table's chains: "4:filter:" */
	struct draft_rule rule;
	strs words;
	uint32_t at;
	bool inverted; /* '!' before the option */

	struct str target; /* len 0: none */
	bool is_goto;
	uint32_t states; /* state_bits that match */
	bool has_states;
	struct value ports; /* --ports: source or destination */
	bool has_ports, ports_negated;
	struct str limit; /* -m limit */
	uint64_t burst;
	struct recent recent;
	struct hashlimit hash;
	uint64_t connections; /* connlimit above */
	uint64_t connections_mask;
	bool connections_upto, connections_daddr;
	struct str log_prefix;
	bool needless; /* -i lo: of traffic that bpffw does not see */
	bool always_local;
	bool no_effect; /* matches every packet that comes here, because of ... */
};

/* Read the options of a rule. Return: false when the item is missing. */
bool iptables_options(struct ipt_rule *r);
/* --icmp-type, --icmpv6-type */
bool iptables_icmp(struct ipt_rule *r, struct str text, bool six);
/* Of options: a message, and false; the protocol that an option implies. */
bool iptables_not_understood(struct ipt_rule *r, const char *what, struct str value);
bool iptables_want_protocol(struct ipt_rule *r, uint8_t proto);
/* What its target, limits and states make of it. */
void iptables_act(struct ipt_rule *r);

#endif
