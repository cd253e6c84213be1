// SPDX-License-Identifier: GPL-3.0-or-later
/* Four sock_diag dumps: TCP and UDP, AF_INET and AF_INET6. */
#include "bpffw/runtime/seed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "bpffw/runtime/netlink.h"

struct dump {
	const struct flow_table *table;
	struct flow_stats stats;
	uint8_t proto;
	bool own;
	uint32_t n;
};

/* FLOW_FREE: no connection to keep. What waits for the peer's ACK is learned from egress. */
static uint32_t state_of(uint8_t proto, uint8_t tcp)
{
	if (proto == IPPROTO_UDP)
		return tcp == TCP_ESTABLISHED ? FLOW_UDP : FLOW_FREE;
	switch (tcp) {
	case TCP_ESTABLISHED:
	case TCP_CLOSE_WAIT:
		return FLOW_OPEN;
	case TCP_SYN_SENT:
		return FLOW_SYN_SENT;
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT:
		return FLOW_CLOSED;
	default:
		return FLOW_FREE;
	}
}

static uint64_t half(const __be32 *at)
{
	return (uint64_t)ntohl(at[0]) << 32 | ntohl(at[1]);
}

static void read_address(uint8_t family, const __be32 *at, __u64 ret_address[2])
{
	ret_address[0] = family == FAMILY_IPV6 ? half(at) : 0;
	ret_address[1] = family == FAMILY_IPV6 ? half(at + 2) : ntohl(at[0]);
}

/* Does the host talk to itself? That leaves by its loopback device. */
static bool is_own(const struct flow_key *key)
{
	const __u64 *remote = key->remote;

	if (remote[0] == key->local[0] && remote[1] == key->local[1])
		return true;
	if (key->family == FAMILY_IPV4)
		return remote[1] >> 24 == IN_LOOPBACKNET;
	return remote[0] == 0 && remote[1] == 1;
}

static int read_socket(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(header);
	const struct flow_header *h;
	struct dump *dump = data;
	uint32_t state = state_of(dump->proto, msg->idiag_state);
	const __be32 *src = msg->id.idiag_src, *dst = msg->id.idiag_dst;
	bool v4 = msg->idiag_family == AF_INET;
	struct flow_key key = { .proto = dump->proto };
	struct flow_id id;

	if (state == FLOW_FREE)
		return MNL_CB_OK;
	if (!v4 && IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)dst)) {
		v4 = true;
		src += 3;
		dst += 3;
	}
	key.family = v4 ? FAMILY_IPV4 : FAMILY_IPV6;
	read_address(key.family, src, key.local);
	read_address(key.family, dst, key.remote);
	if (!dump->own && is_own(&key))
		return MNL_CB_OK;
	key.lport = ntohs(msg->id.idiag_sport);
	key.rport = ntohs(msg->id.idiag_dport);
	h = flow_table_header(dump->table);
	id = flow_hash(h, &key);
	flow_confirm(dump->table->entries, &dump->stats, h, &id, state, dump->table->now);
	dump->n++;
	return MNL_CB_OK;
}

static int dump_sockets(struct mnl_socket *nl, uint8_t family, struct dump *dump)
{
	char buffer[NETLINK_REQUEST];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *sockets;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_DUMP;
	sockets = mnl_nlmsg_put_extra_header(request, sizeof(*sockets));
	sockets->sdiag_family = family;
	sockets->sdiag_protocol = dump->proto;
	sockets->idiag_states = ~0u;
	return netlink_ask(nl, request, read_socket, dump);
}

int seed_flows(const struct flow_table *table, bool own, struct seeded *ret_seeded,
	       struct failure *f)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	_cleanup_netlink_ struct mnl_socket *nl = netlink_open(NETLINK_SOCK_DIAG);
	struct dump dump = { .table = table, .own = own };
	int ret = nl ? 0 : -errno;

	for (uint32_t i = 0; i < 4 && ret == 0; i++) {
		dump.proto = protos[i & 1];
		ret = dump_sockets(nl, families[i >> 1], &dump);
		/* A kernel without IPv6 has no sockets of it. */
		if (ret == -ENOENT && families[i >> 1] == AF_INET6)
			ret = 0;
	}
	if (ret < 0)
		return fail(f, -ret, "cannot read the kernel's socket tables");
	*ret_seeded = (struct seeded){ dump.n, (uint32_t)dump.stats.evicted_confirmed };
	return 0;
}
