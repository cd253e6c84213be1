/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/ui/packet.h"

#include <netinet/in.h>

#include "compiler/base/net.h"
#include "compiler/lang/names.h"

static const struct {
	const char *word, *help;
} reasons[REASON_COUNT] = {
#define X(name, word, help) [REASON_##name] = { word, help },
	PKT_REASONS(X)
#undef X
};

const char *packet_reason(unsigned int reason, const char **ret_help)
{
	if (reason >= REASON_COUNT || !reasons[reason].word)
		return NULL;
	if (ret_help)
		*ret_help = reasons[reason].help;
	return reasons[reason].word;
}

static bool has_ports(const struct pkt *p)
{
	return p->frag != FRAG_LATER && (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP);
}

static bool is_icmp(const struct pkt *p)
{
	return p->frag != FRAG_LATER && ((p->family == FAMILY_IPV4 && p->proto == IPPROTO_ICMP) ||
					 (p->family == FAMILY_IPV6 && p->proto == IPPROTO_ICMPV6));
}

static u128 address(const __u64 *halves)
{
	return (u128)halves[0] << 64 | halves[1];
}

static void put_end(struct buf *out, const struct pkt *p, const __u64 *addr, uint16_t port)
{
	bool bracket = has_ports(p) && p->family == FAMILY_IPV6;

	buf_puts(out, bracket ? "[" : "");
	net_print_ip(out, p->family, address(addr));
	buf_puts(out, bracket ? "]" : "");
	if (has_ports(p))
		buf_printf(out, ":%u", port);
}

static void put_name(struct buf *out, const struct name_value *names, uint64_t value)
{
	const char *name = names_name(names, value);

	if (name)
		buf_puts(out, name);
	else
		buf_printf(out, "%u", (unsigned int)value);
}

static void put_flags(struct buf *out, uint8_t flags)
{
	const char *gap = "";

	if (!flags)
		buf_puts(out, "none");
	for (const struct name_value *row = names_tcp_flags; row->name; row++) {
		if (!(flags & row->value))
			continue;
		buf_printf(out, "%s%s", gap, row->name);
		gap = ",";
	}
}

/* "tcp syn,ack", "icmp echo-request", "proto 47" */
static void put_protocol(struct buf *out, const struct pkt *p)
{
	if (is_icmp(p)) {
		bool is6 = p->family == FAMILY_IPV6;

		buf_printf(out, "%s ", is6 ? "icmp6" : "icmp");
		put_name(out, is6 ? names_icmp6_types : names_icmp_types, p->icmp_type);
		if (p->icmp_code)
			buf_printf(out, " code %u", p->icmp_code);
		return;
	}
	if (!names_name(names_protocols, p->proto))
		buf_puts(out, "proto ");
	put_name(out, names_protocols, p->proto);
	if (has_ports(p) && p->proto == IPPROTO_TCP) {
		buf_puts(out, " ");
		put_flags(out, p->flags);
	}
}

static void put_rest(struct buf *out, const struct pkt *p)
{
	put_protocol(out, p);
	if (p->frag != FRAG_NO)
		buf_printf(out, " %s fragment", p->frag == FRAG_LATER ? "later" : "first");
}

static void put_frame(struct buf *out, const struct pkt *p)
{
	net_print_mac(out, p->smac);
	buf_puts(out, " > ");
	net_print_mac(out, p->dmac);
	buf_puts(out, " ether ");
	put_name(out, names_ethertypes, p->ethertype);
}

void packet_line(struct buf *out, const struct pkt *p)
{
	if (p->family) {
		put_end(out, p, p->src, p->sport);
		buf_puts(out, " > ");
		put_end(out, p, p->dst, p->dport);
		buf_puts(out, " ");
		put_rest(out, p);
	} else {
		put_frame(out, p);
	}
	buf_printf(out, " len %u", p->family ? p->ip_len : p->frame_len);
	if (p->vlan)
		buf_printf(out, " vlan %u", p->vlan);
	if (p->reason)
		buf_printf(out, " malformed %s", packet_reason(p->reason, NULL));
}

void packet_line_short(struct buf *out, const struct pkt *p, bool is_own)
{
	if (!p->family) {
		put_frame(out, p);
		return;
	}
	put_end(out, p, p->src, p->sport);
	buf_puts(out, " > ");
	if (is_own && has_ports(p))
		buf_printf(out, ":%u", p->dport);
	else
		put_end(out, p, p->dst, p->dport);
	buf_puts(out, " ");
	put_rest(out, p);
}

static void word_layer4(struct buf *out, const struct pkt *p)
{
	if (is_icmp(p)) {
		buf_printf(out, " icmp%s type %u code %u", p->family == FAMILY_IPV6 ? "6" : "",
			   p->icmp_type, p->icmp_code);
		return;
	}
	buf_puts(out, " proto ");
	put_name(out, names_protocols, p->proto);
	if (!has_ports(p))
		return;
	buf_printf(out, " sport %u dport %u", p->sport, p->dport);
	if (p->proto == IPPROTO_TCP) {
		buf_puts(out, " flags ");
		put_flags(out, p->flags);
		buf_puts(out, "/all");
	}
}

void packet_words(struct buf *out, const struct pkt *p)
{
	if (p->family) {
		buf_puts(out, "src ");
		net_print_ip(out, p->family, address(p->src));
		buf_puts(out, " dst ");
		net_print_ip(out, p->family, address(p->dst));
		word_layer4(out, p);
		buf_printf(out, " frag %s", names_name(names_fragments, p->frag));
		buf_printf(out, " len %u ttl %u dscp %u ", p->ip_len, p->ttl, p->dscp);
	} else {
		buf_printf(out, "ether 0x%04x ", p->ethertype);
	}
	buf_printf(out, "vlan %u smac ", p->vlan);
	net_print_mac(out, p->smac);
	buf_puts(out, " dmac ");
	net_print_mac(out, p->dmac);
}
