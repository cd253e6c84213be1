/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The same rules for bpffw, nftables (a linear chain, and sets), iptables and ipset. The peers
 * drop whatever matches and accept the rest.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/rulegen/rulegen.h"

#define TEXT 128
/* Sorting them into sets without overlaps takes a time that grows with the square. */
#define TUPLES_MAX 10000

static const char *text_address(bool ip6, address at, char *buf)
{
	unsigned char bytes[16];

	for (unsigned int i = 0; i < 16; i++)
		bytes[i] = (unsigned char)(at >> (120 - 8 * i));
	return inet_ntop(ip6 ? AF_INET6 : AF_INET, ip6 ? bytes : bytes + 12, buf, TEXT);
}

static const char *text_fence(bool ip6, const struct fence *fence, char *buf)
{
	size_t len;

	text_address(ip6, fence->low, buf);
	len = strlen(buf);
	if (fence->len < 0) {
		buf[len] = '-';
		text_address(ip6, fence->high, buf + len + 1);
	} else if (fence->len < (ip6 ? 128 : 32)) {
		snprintf(buf + len, TEXT - len, "/%d", fence->len);
	}
	return buf;
}

static const char *text_ports(const struct span16 *ports, char separator, char *buf)
{
	if (ports->low == ports->high)
		snprintf(buf, TEXT, "%u", ports->low);
	else
		snprintf(buf, TEXT, "%u%c%u", ports->low, separator, ports->high);
	return buf;
}

static bool any_port(const struct span16 *ports)
{
	return ports->low == 0 && ports->high == 65535;
}

static const char *protocol_name(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	default:
		return NULL;
	}
}

/* clang-format off */
/* How a firewall spells a match; a format takes one text. */
struct words {
	const char *proto_named, *proto_number; /* named: TCP and UDP */
	const char *src, *dst, *sport, *dport;
	bool port_needs_name; /* the port clause begins with the protocol's name */
	char separator;
};

static const struct words words_fw = {
	" %s", " proto %u", " src %s", " dst %s", " sport %s", " dport %s", false, '-',
};
static const struct words words_nft4 = {
	"", " ip protocol %u", " ip saddr %s", " ip daddr %s", " %s sport %s", " %s dport %s",
	true, '-',
};
static const struct words words_nft6 = {
	"", " meta l4proto %u", " ip6 saddr %s", " ip6 daddr %s", " %s sport %s", " %s dport %s",
	true, '-',
};
static const struct words words_iptables = {
	" -p %s", " -p %u", " -s %s", " -d %s", " --sport %s", " --dport %s", false, ':',
};
/* clang-format on */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void write_port(FILE *to, const struct words *words, const char *format,
		       const struct plain_rule *rule, const struct span16 *ports)
{
	char buf[TEXT];

	if (any_port(ports))
		return;
	text_ports(ports, words->separator, buf);
	if (words->port_needs_name)
		fprintf(to, format, protocol_name(rule->proto), buf);
	else
		fprintf(to, format, buf);
}

static void write_match(FILE *to, const struct words *words, bool ip6,
			const struct plain_rule *rule)
{
	const char *name = protocol_name(rule->proto);
	bool ports = !any_port(&rule->sport) || !any_port(&rule->dport);
	char buf[TEXT];

	if (name && *words->proto_named)
		fprintf(to, words->proto_named, name);
	else if (rule->proto && !(name && ports))
		fprintf(to, words->proto_number, rule->proto);
	if (rule->src.len != 0)
		fprintf(to, words->src, text_fence(ip6, &rule->src, buf));
	if (rule->dst.len != 0)
		fprintf(to, words->dst, text_fence(ip6, &rule->dst, buf));
	write_port(to, words, words->sport, rule, &rule->sport);
	write_port(to, words, words->dport, rule, &rule->dport);
}
#pragma GCC diagnostic pop

static void write_elements(FILE *to, const struct rule_list *list)
{
	char buf[TEXT];

	for (uint32_t i = 0; i < list->n; i++)
		fprintf(to, "%s%s", i ? ",\n" : "",
			text_fence(list->ip6, &list->rules[i].src, buf));
	fputc('\n', to);
}

static void write_fw(const struct rule_list *list, const char *dir, const char *device)
{
	FILE *to = file_create(dir, "rules.fw");

	fprintf(to, "version 1\ninterface %s\ndefault %s\n", device,
		list->default_allow ? "allow" : "drop");
	if (list->is_set) {
		fprintf(to, "set listed addr {\n");
		write_elements(to, list);
		fprintf(to, "}\ndrop src @listed\n");
	}
	for (uint32_t i = 0; i < list->n && !list->is_set; i++) {
		const struct plain_rule *rule = &list->rules[i];

		fputs(rule->allow ? "allow" : "drop", to);
		/* An empty match would mean both families. */
		if (rule->src.len == 0 && rule->dst.len == 0)
			fputs(list->ip6 ? " ip6" : " ip4", to);
		write_match(to, &words_fw, list->ip6, rule);
		fputc('\n', to);
	}
	file_close(to);
}

static void begin_nft(FILE *to)
{
	fprintf(to, "add table netdev bench\ndelete table netdev bench\ntable netdev bench {\n");
}

static void begin_chain(FILE *to, const char *device)
{
	fprintf(to,
		"chain c {\ntype filter hook ingress device \"%s\" priority 0; policy accept;\n",
		device);
}

static void write_nft_linear(const struct rule_list *list, const char *dir, const char *device)
{
	const struct words *words = list->ip6 ? &words_nft6 : &words_nft4;
	FILE *to = file_create(dir, "linear.nft");

	begin_nft(to);
	begin_chain(to, device);
	for (uint32_t i = 0; i < list->n; i++) {
		write_match(to, words, list->ip6, &list->rules[i]);
		fputs(list->rules[i].allow ? " accept\n" : " drop\n", to);
	}
	fputs("}\n}\n", to);
	file_close(to);
}

static bool only_sources(const struct rule_list *list, bool *ret_hosts)
{
	bool hosts = true, sources = true;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct plain_rule *rule = &list->rules[i];

		sources = sources && rule->dst.len == 0 && !rule->proto;
		hosts = hosts && rule->src.low == rule->src.high;
	}
	*ret_hosts = hosts;
	return sources;
}

static void write_nft_addresses(FILE *to, const struct rule_list *list, const char *device,
				bool hosts)
{
	fprintf(to, "set listed {\ntype %s;\n%selements = {\n",
		list->ip6 ? "ipv6_addr" : "ipv4_addr",
		hosts ? "" : "flags interval;\nauto-merge;\n");
	write_elements(to, list);
	fputs("}\n}\n", to);
	begin_chain(to, device);
	fprintf(to, "%s saddr @listed drop\n", list->ip6 ? "ip6" : "ip");
}

static bool overlap(const struct plain_rule *a, const struct plain_rule *b)
{
	return a->src.low <= b->src.high && b->src.low <= a->src.high &&
	       a->dst.low <= b->dst.high && b->dst.low <= a->dst.high &&
	       (!a->proto || !b->proto || a->proto == b->proto) && a->sport.low <= b->sport.high &&
	       b->sport.low <= a->sport.high && a->dport.low <= b->dport.high &&
	       b->dport.low <= a->dport.high;
}

/* A set of concatenated intervals refuses elements that overlap: as many sets as it takes. */
static uint32_t assign_layers(const struct rule_list *list, uint32_t *layers)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		bool again = true;

		layers[i] = 0;
		while (again) {
			again = false;
			for (uint32_t j = 0; j < i && !again; j++)
				again = layers[j] == layers[i] &&
					overlap(&list->rules[i], &list->rules[j]);
			layers[i] += again;
		}
		if (layers[i] + 1 > n)
			n = layers[i] + 1;
	}
	return n;
}

static void write_layer(FILE *to, const struct rule_list *list, const uint32_t *layers,
			uint32_t layer)
{
	const char *type = list->ip6 ? "ipv6_addr" : "ipv4_addr";
	char src[TEXT], dst[TEXT], sport[TEXT], dport[TEXT], proto[TEXT];
	bool first = true;

	fprintf(to,
		"set layer%u {\ntype %s . %s . inet_proto . inet_service . inet_service;\n"
		"flags interval;\nelements = {\n",
		layer, type, type);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct plain_rule *rule = &list->rules[i];

		if (layers[i] != layer)
			continue;
		snprintf(proto, sizeof(proto), rule->proto ? "%u" : "0-255", rule->proto);
		fprintf(to, "%s%s . %s . %s . %s . %s", first ? "" : ",\n",
			text_fence(list->ip6, &rule->src, src),
			text_fence(list->ip6, &rule->dst, dst), proto,
			text_ports(&rule->sport, '-', sport), text_ports(&rule->dport, '-', dport));
		first = false;
	}
	fputs("\n}\n}\n", to);
}

static void write_nft_tuples(FILE *to, const struct rule_list *list, const char *device)
{
	uint32_t *layers = calloc(list->n, sizeof(*layers)), n;
	const char *ip = list->ip6 ? "ip6" : "ip";

	if (!layers)
		exit(1);
	n = assign_layers(list, layers);
	for (uint32_t i = 0; i < n; i++)
		write_layer(to, list, layers, i);
	begin_chain(to, device);
	for (uint32_t i = 0; i < n; i++)
		fprintf(to,
			"%s saddr . %s daddr . meta l4proto . th sport . th dport @layer%u drop\n",
			ip, ip, i);
	free(layers);
}

/* Every rule drops, so the order of the rules does not matter to a set. */
static void write_nft_set(const struct rule_list *list, const char *dir, const char *device)
{
	FILE *to = file_create(dir, "set.nft");
	bool hosts;

	begin_nft(to);
	if (only_sources(list, &hosts))
		write_nft_addresses(to, list, device, hosts);
	else
		write_nft_tuples(to, list, device);
	fputs("}\n}\n", to);
	file_close(to);
}

static void write_iptables(const struct rule_list *list, const char *dir)
{
	FILE *to = file_create(dir, "iptables");

	fputs("*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n", to);
	for (uint32_t i = 0; i < list->n; i++) {
		fputs("-A PREROUTING", to);
		write_match(to, &words_iptables, list->ip6, &list->rules[i]);
		fputs(" -j DROP\n", to);
	}
	fputs("COMMIT\n", to);
	file_close(to);
}

static void write_ipset(const struct rule_list *list, const char *dir, bool hosts)
{
	FILE *to = file_create(dir, "ipset");
	char buf[TEXT];

	fprintf(to, "create listed hash:%s family inet%s maxelem %u hashsize %u\n",
		hosts ? "ip" : "net", list->ip6 ? "6" : "", list->n + 16, list->n / 4 + 64);
	for (uint32_t i = 0; i < list->n; i++)
		fprintf(to, "add listed %s\n", text_fence(list->ip6, &list->rules[i].src, buf));
	file_close(to);
	to = file_create(dir, "iptables-ipset");
	fputs("*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	      "-A PREROUTING -m set --match-set listed src -j DROP\nCOMMIT\n",
	      to);
	file_close(to);
}

void rules_write(const struct rule_list *list, const char *dir, const char *device, bool peers)
{
	bool hosts;

	write_fw(list, dir, device);
	if (!peers)
		return;
	write_nft_linear(list, dir, device);
	write_iptables(list, dir);
	if (only_sources(list, &hosts)) {
		write_nft_set(list, dir, device);
		write_ipset(list, dir, hosts);
	} else if (list->n <= TUPLES_MAX) {
		write_nft_set(list, dir, device);
	}
}
