/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets in words, for golden files:
 *
 *	tcp 192.0.2.1:4000 > [2001:db8::1]:25 syn on eth1 vlan 20
 *
 * First tcp, udp, icmp, icmp6, `proto N`, `arp` or `ether 0x88cc` (the last two without
 * addresses), then SOURCE > DESTINATION, then any of: syn, flags syn,ack, type N, code N, len N
 * (IP length), ttl N, dscp N, vlan N, smac MAC, dmac MAC, on IFACE, frag first|later, malformed,
 * essential, established. Not said: TCP flags ACK, TTL 64, eth0.
 */
#ifndef GOLDEN_PACKET_H
#define GOLDEN_PACKET_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "compiler/lang/rule.h"

static const char *const packet_flag_names[] = { "fin", "syn", "rst", "psh",
						 "ack", "urg", "ece", "cwr" };

static inline bool packet_number(struct str word, uint64_t *ret_value)
{
	char text[32], *end;

	if (!word.len || word.len >= sizeof(text))
		return false;
	memcpy(text, word.s, word.len);
	text[word.len] = '\0';
	*ret_value = strtoull(text, &end, 0);
	return *end == '\0';
}

static inline bool packet_flags(struct str word, uint8_t *ret_flags)
{
	uint8_t flags = 0;

	while (word.len) {
		uint32_t len = 0;
		unsigned int bit = 0;

		while (len < word.len && word.s[len] != ',')
			len++;
		while (bit < 8 && !str_is((struct str){ word.s, len }, packet_flag_names[bit]))
			bit++;
		if (bit == 8 && !str_is((struct str){ word.s, len }, "none"))
			return false;
		if (bit < 8)
			flags |= (uint8_t)(1u << bit);
		len += len < word.len;
		word = (struct str){ word.s + len, word.len - len };
	}
	*ret_flags = flags;
	return true;
}

/* 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or [2001:db8::1]:80. */
static inline bool packet_end(struct str word, uint8_t *ret_family, uint64_t addr[2],
			      uint16_t *ret_port)
{
	struct str host = word;
	uint64_t port = 0;
	uint32_t v4;
	u128 v6;

	if (word.len && word.s[0] == '[') {
		const char *close = memchr(word.s, ']', word.len);
		uint32_t used;

		if (!close)
			return false;
		host = (struct str){ word.s + 1, (uint32_t)(close - word.s) - 1 };
		used = host.len + 2;
		if (used < word.len &&
		    !packet_number((struct str){ close + 2, word.len - used - 1 }, &port))
			return false;
	} else if (memchr(word.s, '.', word.len)) {
		const char *colon = memchr(word.s, ':', word.len);

		if (colon) {
			host.len = (uint32_t)(colon - word.s);
			if (!packet_number((struct str){ colon + 1, word.len - host.len - 1 },
					   &port))
				return false;
		}
	}
	*ret_port = (uint16_t)port;
	if (net_parse_ipv4(host, &v4)) {
		*ret_family = FAMILY_IPV4;
		addr[1] = v4;
		return true;
	}
	if (!net_parse_ipv6(host, &v6))
		return false;
	*ret_family = FAMILY_IPV6;
	addr[0] = (uint64_t)(v6 >> 64);
	addr[1] = (uint64_t)v6;
	return true;
}

static inline bool packet_named_value(struct pkt *pkt, const struct ruleset *rs, struct str key,
				      struct str value)
{
	uint64_t number = 0;

	if (str_is(key, "flags"))
		return packet_flags(value, &pkt->flags);
	if (str_is(key, "smac"))
		return net_parse_mac(value, (uint64_t *)&pkt->smac);
	if (str_is(key, "dmac"))
		return net_parse_mac(value, (uint64_t *)&pkt->dmac);
	if (str_is(key, "frag")) {
		pkt->frag = str_is(value, "first") ? FRAG_FIRST : FRAG_LATER;
		return pkt->frag == FRAG_FIRST || str_is(value, "later");
	}
	if (str_is(key, "on")) {
		for (pkt->ifnum = 1; pkt->ifnum <= rs->iface_names.len; pkt->ifnum++)
			if (str_eq(rs->iface_names.data[pkt->ifnum - 1], value))
				return true;
		pkt->ifnum = 0;
		return true;
	}
	if (!packet_number(value, &number))
		return false;
	if (str_is(key, "type"))
		pkt->icmp_type = (uint8_t)number;
	else if (str_is(key, "code"))
		pkt->icmp_code = (uint8_t)number;
	else if (str_is(key, "len"))
		pkt->ip_len = (uint32_t)number;
	else if (str_is(key, "ttl"))
		pkt->ttl = (uint8_t)number;
	else if (str_is(key, "dscp"))
		pkt->dscp = (uint8_t)number;
	else if (str_is(key, "vlan"))
		pkt->vlan = (uint16_t)number;
	else
		return false;
	return true;
}

static inline bool packet_protocol(struct pkt *pkt, const struct str *said, uint32_t n,
				   uint32_t *ret_used)
{
	static const struct {
		const char *word;
		uint8_t proto;
		uint8_t flags;
	} known[] = {
		{ "tcp", IPPROTO_TCP, 0x10 },
		{ "udp", IPPROTO_UDP, 0 },
		{ "icmp", IPPROTO_ICMP, 0 },
		{ "icmp6", IPPROTO_ICMPV6, 0 },
	};
	uint64_t number;

	*ret_used = 1;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!n || !str_is(said[0], known[i].word))
			continue;
		pkt->proto = known[i].proto;
		pkt->flags = known[i].flags;
		return true;
	}
	if (n && str_is(said[0], "arp")) {
		pkt->ethertype = 0x0806;
		pkt->essential = 1;
		return true;
	}
	if (n < 2 || !packet_number(said[1], &number))
		return false;
	*ret_used = 2;
	if (str_is(said[0], "proto"))
		pkt->proto = (uint8_t)number;
	else
		pkt->ethertype = (uint16_t)number;
	return str_is(said[0], "proto") || str_is(said[0], "ether");
}

/* What a parser would find in a later fragment, and where the headers lie. */
static inline void packet_finish(struct pkt *pkt)
{
	uint32_t header = pkt->family == FAMILY_IPV6 ? 40 : 20;

	pkt->l3_off = pkt->vlan ? 18 : 14;
	pkt->l4_off = (uint16_t)(pkt->l3_off + header);
	if (pkt->frag == FRAG_LATER) {
		pkt->sport = pkt->dport = 0;
		pkt->flags = pkt->icmp_type = pkt->icmp_code = 0;
	}
	if (!pkt->family) {
		pkt->frame_len = 60;
		return;
	}
	pkt->ethertype = pkt->family == FAMILY_IPV4 ? 0x0800 : 0x86dd;
	if (!pkt->ip_len)
		pkt->ip_len = header + (pkt->proto == IPPROTO_TCP ? 20 : 8);
	pkt->frame_len = pkt->l3_off + pkt->ip_len;
}

/* packet_read() - @said: the words without the verdict. Return: NULL, or what is not understood. */
static inline const char *packet_read(const struct ruleset *rs, const struct str *said, uint32_t n,
				      struct pkt *ret_pkt)
{
	struct pkt pkt = { .ifnum = 1, .ttl = 64, .smac = 0x020000000001, .dmac = 0x020000000002 };
	uint8_t other;
	uint32_t i;

	if (!packet_protocol(&pkt, said, n, &i))
		return "the protocol";
	if (!pkt.ethertype) {
		if (i + 3 > n || !str_is(said[i + 1], ">") ||
		    !packet_end(said[i], &pkt.family, (uint64_t *)pkt.src, &pkt.sport) ||
		    !packet_end(said[i + 2], &other, (uint64_t *)pkt.dst, &pkt.dport) ||
		    other != pkt.family)
			return "the addresses";
		i += 3;
	} else {
		pkt.ttl = 0;
	}
	while (i < n) {
		if (str_is(said[i], "syn"))
			pkt.flags = 0x02;
		else if (str_is(said[i], "malformed"))
			pkt.reason = REASON_IP4_HEADER;
		else if (str_is(said[i], "spoofed"))
			pkt.reason = REASON_SPOOF_SOURCE;
		else if (str_is(said[i], "essential"))
			pkt.essential = 1;
		else if (i + 1 < n && packet_named_value(&pkt, rs, said[i], said[i + 1]))
			i++;
		else
			return "a word behind the addresses";
		i++;
	}
	packet_finish(&pkt);
	*ret_pkt = pkt;
	return NULL;
}

#endif
