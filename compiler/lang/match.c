/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The matches: one row each, in listing order. Parser, checker, printer, completion, eval and
 * generator read the row; none of them names a match.
 */
#include "compiler/lang/clause.h"

#define ALIASES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define PORTS        (PROTO_TCP | PROTO_UDP)

/* TCP flag bits, as on the wire. */
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

/* clang-format off */
const struct clause clause_matches[] = {
	{
		.name = "ip4", .help = "IPv4 only", .example = "drop ip4 frag later",
		.type = TYPE_FAMILY, .layer = LAYER_IP, FIELD(pkt, family), .families = FAM_IPV4,
		.implied_mask = 0xff, .implied_value = FAMILY_IPV4,
	},
	{
		.name = "ip6", .help = "IPv6 only", .example = "drop ip6 proto gre",
		.type = TYPE_FAMILY, .layer = LAYER_IP, FIELD(pkt, family), .families = FAM_IPV6,
		.implied_mask = 0xff, .implied_value = FAMILY_IPV6,
	},
	{
		.name = "ether",
		.help = "ethertype: the only match that sees packets other than IP",
		.example = "allow ether 0x88cc", .syntax = SYNTAX_NVALUE,
		.type = TYPE_ETHER, .layer = LAYER_FRAME, FIELD(pkt, ethertype),
		.families = FAM_ALL,
	},
	{
		.name = "tcp", .help = "protocol TCP", .example = "allow tcp dport 22",
		.type = TYPE_PROTO, .layer = LAYER_IP, FIELD(pkt, proto), .gives_proto = PROTO_TCP,
		.implied_mask = 0xff, .implied_value = 6,
	},
	{
		.name = "udp", .help = "protocol UDP", .example = "allow udp dport 53",
		.type = TYPE_PROTO, .layer = LAYER_IP, FIELD(pkt, proto), .gives_proto = PROTO_UDP,
		.implied_mask = 0xff, .implied_value = 17,
	},
	{
		.name = "icmp", .help = "ICMP, IPv4 only",
		.example = "allow icmp type echo-request",
		.syntax = SYNTAX_ICMP, .type = TYPE_PROTO, .layer = LAYER_IP, FIELD(pkt, proto),
		.gives_proto = PROTO_ICMP, .families = FAM_IPV4,
		.implied_mask = 0xff, .implied_value = 1,
	},
	{
		.name = "icmp6", .help = "ICMPv6, IPv6 only",
		.example = "allow icmp6 type echo-request",
		.syntax = SYNTAX_ICMP, .type = TYPE_PROTO, .layer = LAYER_IP, FIELD(pkt, proto),
		.gives_proto = PROTO_ICMP6, .families = FAM_IPV6,
		.implied_mask = 0xff, .implied_value = 58, .aliases = ALIASES("icmpv6"),
	},
	{
		.name = "type", .help = "ICMP type", .example = "allow icmp type echo-request",
		.syntax = SYNTAX_NVALUE, .type = TYPE_ICMP_TYPE, .layer = LAYER_L4,
		.proto = PROTO_ICMP,
		FIELD(pkt, icmp_type), .after = "icmp",
	},
	{
		.name = "type", .help = "ICMPv6 type", .example = "allow icmp6 type echo-request",
		.syntax = SYNTAX_NVALUE, .type = TYPE_ICMP6_TYPE, .layer = LAYER_L4,
		.proto = PROTO_ICMP6,
		FIELD(pkt, icmp_type), .after = "icmp6",
	},
	{
		.name = "code", .help = "ICMP code",
		.example = "allow icmp type destination-unreachable code 4",
		.syntax = SYNTAX_NVALUE, .type = TYPE_NUM, .layer = LAYER_L4, .proto = PROTO_ICMP,
		FIELD(pkt, icmp_code), .after = "type",
	},
	{
		.name = "code", .help = "ICMPv6 code",
		.example = "allow icmp6 type destination-unreachable code 4",
		.syntax = SYNTAX_NVALUE, .type = TYPE_NUM, .layer = LAYER_L4, .proto = PROTO_ICMP6,
		FIELD(pkt, icmp_code), .after = "type",
	},
	{
		.name = "proto", .help = "IP protocol, by name or number",
		.example = "allow proto esp,gre",
		.syntax = SYNTAX_NVALUE, .type = TYPE_PROTO, .layer = LAYER_IP, FIELD(pkt, proto),
	},
	{
		.name = "syn", .help = "TCP connection attempt: SYN set, ACK RST FIN clear",
		.example = "drop tcp syn src 192.0.2.0/24",
		.type = TYPE_FLAGS, .layer = LAYER_L4, .proto = PROTO_TCP, FIELD(pkt, flags),
		.implies_proto = PROTO_TCP,
		.implied_mask = SYN | ACK | RST | FIN, .implied_value = SYN,
	},
	{
		.name = "flags", .help = "TCP flags: SET or SET/MASK",
		.example = "drop tcp flags syn,fin/syn,fin",
		.syntax = SYNTAX_WORDS, .type = TYPE_FLAGS, .layer = LAYER_L4, .proto = PROTO_TCP,
		FIELD(pkt, flags), .implies_proto = PROTO_TCP,
	},
	{
		.name = "src", .help = "source address: ADDR, PREFIX, A-B, @set, comma list",
		.example = "drop src 192.0.2.0/24", .syntax = SYNTAX_NVALUE,
		.type = TYPE_ADDR, .layer = LAYER_IP, FIELD(pkt, src),
		.aliases = ALIASES("from", "saddr"),
	},
	{
		.name = "dst", .help = "destination address: ADDR, PREFIX, A-B, @set, comma list",
		.example = "drop dst 224.0.0.0/4", .syntax = SYNTAX_NVALUE,
		.type = TYPE_ADDR, .layer = LAYER_IP, FIELD(pkt, dst),
		.aliases = ALIASES("to", "daddr"),
	},
	{
		.name = "sport", .help = "source port: number, name, A-B, A-, @set, comma list",
		.example = "drop udp sport 123", .syntax = SYNTAX_NVALUE,
		.type = TYPE_PORT, .layer = LAYER_L4, .proto = PORTS, FIELD(pkt, sport),
		.needs_l4_proto = true,
	},
	{
		.name = "dport",
		.help = "destination port: number, name, A-B, A-, @set, comma list",
		.example = "allow tcp dport 22", .syntax = SYNTAX_NVALUE,
		.type = TYPE_PORT, .layer = LAYER_L4, .proto = PORTS, FIELD(pkt, dport),
		.needs_l4_proto = true,
	},
	{
		.name = "len", .help = "IP length in bytes, header included",
		.example = "drop udp dport 53 len 0-44",
		.syntax = SYNTAX_NVALUE, .type = TYPE_NUM, .layer = LAYER_IP, FIELD(pkt, ip_len),
		.max = 65535 + 40,
	},
	{
		.name = "ttl", .help = "TTL or hop limit", .example = "drop ttl 0-1",
		.syntax = SYNTAX_NVALUE, .type = TYPE_NUM, .layer = LAYER_IP, FIELD(pkt, ttl),
	},
	{
		.name = "dscp", .help = "DSCP class or number", .example = "allow dscp ef",
		.syntax = SYNTAX_NVALUE, .type = TYPE_DSCP, .layer = LAYER_IP, FIELD(pkt, dscp),
		.max = 63,
	},
	{
		.name = "frag", .help = "fragments: any, first, later, no",
		.example = "drop frag later",
		.syntax = SYNTAX_WORD, .type = TYPE_FRAG, .layer = LAYER_IP, FIELD(pkt, frag),
	},
	{
		.name = "vlan", .help = "VLAN of the outer tag, 0 untagged",
		.example = "allow vlan 20 tcp dport 22",
		.syntax = SYNTAX_NVALUE, .type = TYPE_NUM, .layer = LAYER_FRAME, FIELD(pkt, vlan),
		.max = 4095,
	},
	{
		.name = "smac", .help = "source MAC address",
		.example = "drop smac 02:00:00:aa:bb:cc",
		.syntax = SYNTAX_NVALUE, .type = TYPE_MAC, .layer = LAYER_FRAME, FIELD(pkt, smac),
		.max = 0xffffffffffff,
	},
	{
		.name = "dmac", .help = "destination MAC address",
		.example = "drop dmac 02:00:00:aa:bb:cc",
		.syntax = SYNTAX_NVALUE, .type = TYPE_MAC, .layer = LAYER_FRAME, FIELD(pkt, dmac),
		.max = 0xffffffffffff,
	},
	{
		.name = "on", .help = "interface the packet came in by, globs allowed",
		.example = "drop src 10.0.0.0/8 on eth0", .syntax = SYNTAX_NVALUE,
		.type = TYPE_IFACE, .layer = LAYER_FRAME, FIELD(pkt, ifnum),
	},
	{
		.name = "established", .help = "answers to what this host itself opened",
		.example = "allow established", .type = TYPE_NUM, .layer = LAYER_L4,
		.proto = PORTS | PROTO_ICMP | PROTO_ICMP6, FIELD(pkt, established),
		.implied_mask = 0xff, .implied_value = 1,
	},
	{ .name = NULL },
};
/* clang-format on */
