/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of names. Sources: the IANA registries of the same titles. */
#include "compiler/lang/names.h"

#include "bpf/abi.h"

/* clang-format off */
const struct name_value names_protocols[] = {
	{ "icmp", 1 }, { "igmp", 2 }, { "ipip", 4 }, { "tcp", 6 }, { "egp", 8 }, { "udp", 17 },
	{ "dccp", 33 }, { "ipv6", 41 }, { "6in4", 41 }, { "rsvp", 46 }, { "gre", 47 },
	{ "esp", 50 }, { "ah", 51 }, { "icmp6", 58 }, { "icmpv6", 58 }, { "eigrp", 88 },
	{ "ospf", 89 }, { "etherip", 97 }, { "pim", 103 }, { "vrrp", 112 }, { "carp", 112 },
	{ "l2tp", 115 }, { "sctp", 132 }, { "mobility", 135 }, { "udplite", 136 },
	{ "mpls-in-ip", 137 }, { "hip", 139 }, { "shim6", 140 },
	{ NULL, 0 },
};

const struct name_value names_icmp_types[] = {
	{ "echo-reply", 0 }, { "destination-unreachable", 3 }, { "source-quench", 4 },
	{ "redirect", 5 }, { "alternate-host-address", 6 }, { "echo-request", 8 },
	{ "router-advertisement", 9 }, { "router-solicitation", 10 }, { "time-exceeded", 11 },
	{ "parameter-problem", 12 }, { "timestamp-request", 13 }, { "timestamp-reply", 14 },
	{ "information-request", 15 }, { "information-reply", 16 },
	{ "address-mask-request", 17 }, { "address-mask-reply", 18 }, { "traceroute", 30 },
	{ "photuris", 40 }, { "extended-echo-request", 42 }, { "extended-echo-reply", 43 },
	{ "echo", 8 }, { "timestamp", 13 },
	{ NULL, 0 },
};

const struct name_value names_icmp6_types[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 }, { "time-exceeded", 3 },
	{ "parameter-problem", 4 }, { "echo-request", 128 }, { "echo-reply", 129 },
	{ "multicast-listener-query", 130 }, { "multicast-listener-report", 131 },
	{ "multicast-listener-done", 132 }, { "router-solicitation", 133 },
	{ "router-advertisement", 134 }, { "neighbor-solicitation", 135 },
	{ "neighbor-advertisement", 136 }, { "redirect", 137 }, { "router-renumbering", 138 },
	{ "node-information-query", 139 }, { "node-information-response", 140 },
	{ "inverse-neighbor-discovery-solicitation", 141 },
	{ "inverse-neighbor-discovery-advertisement", 142 },
	{ "multicast-listener-report-v2", 143 },
	{ "home-agent-address-discovery-request", 144 },
	{ "home-agent-address-discovery-reply", 145 }, { "mobile-prefix-solicitation", 146 },
	{ "mobile-prefix-advertisement", 147 }, { "certification-path-solicitation", 148 },
	{ "certification-path-advertisement", 149 }, { "multicast-router-advertisement", 151 },
	{ "multicast-router-solicitation", 152 }, { "multicast-router-termination", 153 },
	{ "fmipv6", 154 }, { "rpl-control", 155 }, { "extended-echo-request", 160 },
	{ "extended-echo-reply", 161 }, { "neighbour-solicitation", 135 },
	{ "neighbour-advertisement", 136 },
	{ NULL, 0 },
};

const struct name_value names_dscp[] = {
	{ "cs0", 0 }, { "le", 1 }, { "cs1", 8 }, { "af11", 10 }, { "af12", 12 }, { "af13", 14 },
	{ "cs2", 16 }, { "af21", 18 }, { "af22", 20 }, { "af23", 22 }, { "cs3", 24 },
	{ "af31", 26 }, { "af32", 28 }, { "af33", 30 }, { "cs4", 32 }, { "af41", 34 },
	{ "af42", 36 }, { "af43", 38 }, { "cs5", 40 }, { "voice-admit", 44 }, { "ef", 46 },
	{ "cs6", 48 }, { "cs7", 56 }, { "be", 0 },
	{ NULL, 0 },
};

const struct name_value names_tcp_flags[] = {
	{ "syn", 0x02 }, { "ack", 0x10 }, { "fin", 0x01 }, { "rst", 0x04 },
	{ "psh", 0x08 }, { "urg", 0x20 }, { "ece", 0x40 }, { "cwr", 0x80 },
	{ NULL, 0 },
};

const struct name_value names_ethertypes[] = {
	{ "ip4", 0x0800 }, { "arp", 0x0806 }, { "wol", 0x0842 }, { "rarp", 0x8035 },
	{ "ip6", 0x86dd }, { "mpls", 0x8847 }, { "pppoe-discovery", 0x8863 },
	{ "pppoe", 0x8864 }, { "eapol", 0x888e }, { "lldp", 0x88cc }, { "macsec", 0x88e5 },
	{ "ptp", 0x88f7 }, { "loopback", 0x9000 },
	{ NULL, 0 },
};

const struct name_value names_fragments[] = {
	{ "no", FRAG_NO }, { "first", FRAG_FIRST }, { "later", FRAG_LATER },
	{ NULL, 0 },
};

const struct service names_services[] = {
	{ "echo", 7, 7 }, { "discard", 9, 9 }, { "chargen", 19, 19 }, { "ftp-data", 20, 0 },
	{ "ftp", 21, 0 }, { "ssh", 22, 0 }, { "telnet", 23, 0 }, { "smtp", 25, 0 },
	{ "time", 37, 37 }, { "whois", 43, 0 }, { "dns", 53, 53 }, { "domain", 53, 53 },
	{ "dhcp-server", 0, 67 }, { "dhcp-client", 0, 68 }, { "tftp", 0, 69 },
	{ "finger", 79, 0 }, { "http", 80, 80 }, { "kerberos", 88, 88 }, { "pop3", 110, 0 },
	{ "sunrpc", 111, 111 }, { "ntp", 0, 123 }, { "netbios-ns", 137, 137 },
	{ "netbios-dgm", 138, 138 }, { "netbios-ssn", 139, 139 }, { "imap", 143, 0 },
	{ "snmp", 0, 161 }, { "snmp-trap", 0, 162 }, { "bgp", 179, 0 }, { "irc", 194, 194 },
	{ "ldap", 389, 389 }, { "https", 443, 443 }, { "smb", 445, 0 }, { "smtps", 465, 0 },
	{ "isakmp", 0, 500 }, { "syslog", 0, 514 }, { "rip", 0, 520 },
	{ "dhcp6-client", 0, 546 }, { "dhcp6-server", 0, 547 }, { "rtsp", 554, 554 },
	{ "submission", 587, 0 }, { "ipp", 631, 0 }, { "ldaps", 636, 0 }, { "dns-tls", 853, 853 },
	{ "rsync", 873, 0 }, { "ftps", 990, 0 }, { "imaps", 993, 0 }, { "pop3s", 995, 0 },
	{ "socks", 1080, 0 }, { "openvpn", 1194, 1194 }, { "mssql", 1433, 0 },
	{ "l2tp", 0, 1701 }, { "pptp", 1723, 0 }, { "mqtt", 1883, 0 }, { "ssdp", 0, 1900 },
	{ "nfs", 2049, 2049 }, { "mysql", 3306, 0 }, { "rdp", 3389, 3389 }, { "stun", 3478, 3478 },
	{ "ipsec-nat-t", 0, 4500 }, { "vxlan", 0, 4789 }, { "sip", 5060, 5060 },
	{ "sips", 5061, 0 }, { "mdns", 0, 5353 }, { "postgresql", 5432, 0 }, { "amqp", 5672, 0 },
	{ "vnc", 5900, 0 }, { "x11", 6000, 0 }, { "redis", 6379, 0 }, { "http-alt", 8080, 0 },
	{ "mqtts", 8883, 0 }, { "memcached", 11211, 11211 }, { "mongodb", 27017, 0 },
	{ "wireguard", 0, 51820 },
	{ NULL, 0, 0 },
};
/* clang-format on */

static bool is_name(const char *name, struct str word)
{
	return word.len && name[0] == word.s[0] && str_is(word, name);
}

bool names_value(const struct name_value *table, struct str name, uint16_t *ret_value)
{
	for (; table->name; table++) {
		if (!is_name(table->name, name))
			continue;
		*ret_value = table->value;
		return true;
	}
	return false;
}

const char *names_name(const struct name_value *table, uint64_t value)
{
	while (table->name && table->value != value)
		table++;
	return table->name;
}

const struct service *names_service(struct str name)
{
	for (const struct service *row = names_services; row->name; row++)
		if (is_name(row->name, name))
			return row;
	return NULL;
}

bool names_reserved(struct str name)
{
	static const char *const reserved[] = { "essential", "allowlist", "blacklist", "default",
						"set",       "before",    "after",     "in" };

	for (uint32_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (str_is(name, reserved[i]))
			return true;
	if (name.len < 2 || name.s[0] != 'r')
		return false;
	for (uint32_t i = 1; i < name.len; i++)
		if (name.s[i] < '0' || name.s[i] > '9')
			return false;
	return true;
}
