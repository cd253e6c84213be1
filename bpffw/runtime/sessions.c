/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sockets of the ancestors by /proc/<pid>/fd, their addresses by sock_diag. A connection is
 * incoming when somebody listens on its local port. One in another network namespace is not in
 * the dump, and no matter here.
 */
#include "bpffw/runtime/sessions.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include "bpffw/runtime/host.h"
#include "bpffw/runtime/netlink.h"

#define ANCESTORS_MAX 64
#define SESSIONS_MAX  16

typedef VEC(uint32_t) inodes;

struct search {
	struct arena *arena;
	inodes inodes;
	VEC(struct ssh_session) found;
	uint64_t listens[65536 / 64]; /* by port */
};

static void read_inodes(struct search *s, int pid)
{
	char path[64], target[64];
	struct dirent *entry;
	unsigned int inode;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		if (sscanf(target, "socket:[%u]", &inode) == 1)
			vec_push(s->arena, &s->inodes, inode);
	}
	closedir(dir);
}

static unsigned __int128 address(const uint32_t *words_be, int n)
{
	unsigned __int128 addr = 0;

	for (int i = 0; i < n; i++)
		addr = addr << 32 | ntohl(words_be[i]);
	return addr;
}

static void add_session(struct search *s, const struct inet_diag_msg *msg)
{
	bool is6 = msg->idiag_family == AF_INET6;
	struct ssh_session session = {
		.family = is6 ? 6 : 4,
		.addr = address(msg->id.idiag_dst, is6 ? 4 : 1),
		.local = address(msg->id.idiag_src, is6 ? 4 : 1),
		.port = ntohs(msg->id.idiag_dport),
		.local_port = ntohs(msg->id.idiag_sport),
	};

	/* A dual-stack listener has IPv4 clients by mapped addresses. */
	if (is6 && session.addr >> 32 == 0xffff) {
		session.family = 4;
		session.addr = (uint32_t)session.addr;
		session.local = (uint32_t)session.local;
	}
	if (s->found.len < SESSIONS_MAX)
		vec_push(s->arena, &s->found, session);
}

static int read_socket(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(header);
	struct search *s = data;
	uint16_t port = ntohs(msg->id.idiag_sport);

	if (msg->idiag_state == TCP_LISTEN) {
		s->listens[port / 64] |= 1ULL << (port % 64);
		return MNL_CB_OK;
	}
	vec_for_each(inode, &s->inodes) {
		if (*inode == msg->idiag_inode) {
			add_session(s, msg);
			break;
		}
	}
	return MNL_CB_OK;
}

static void dump_sockets(struct search *s, uint8_t family)
{
	_cleanup_netlink_ struct mnl_socket *nl = netlink_open(NETLINK_SOCK_DIAG);
	char buffer[NETLINK_REQUEST];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *sockets;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_DUMP;
	sockets = mnl_nlmsg_put_extra_header(request, sizeof(*sockets));
	sockets->sdiag_family = family;
	sockets->sdiag_protocol = IPPROTO_TCP;
	sockets->idiag_states = 1u << TCP_ESTABLISHED | 1u << TCP_LISTEN;
	if (nl)
		netlink_ask(nl, request, read_socket, s);
}

static bool same(const struct ssh_session *a, const struct ssh_session *b)
{
	return a->family == b->family && a->addr == b->addr && a->local == b->local &&
	       a->port == b->port && a->local_port == b->local_port;
}

static void add(struct arena *arena, struct env *env, const struct ssh_session *session)
{
	if (same(&env->session, session))
		return;
	vec_for_each(known, &env->more_sessions) {
		if (same(known, session))
			return;
	}
	vec_push(arena, &env->more_sessions, *session);
}

void sessions_find(struct arena *arena, struct env *env)
{
	struct search *s = arena_alloc(arena, sizeof(*s));
	struct ssh_session said = env->session;
	bool first = true;

	memset(s, 0, sizeof(*s));
	s->arena = arena;
	for (int i = 0, pid = getpid(); i < ANCESTORS_MAX && pid > 1;
	     i++, pid = host_parent(arena, pid))
		read_inodes(s, pid);
	if (!s->inodes.len)
		return;
	dump_sockets(s, AF_INET);
	dump_sockets(s, AF_INET6);
	vec_for_each(session, &s->found) {
		if (!(s->listens[session->local_port / 64] >> (session->local_port % 64) & 1))
			continue;
		if (first)
			env->session = *session;
		else
			add(arena, env, session);
		first = false;
	}
	if (said.family)
		add(arena, env, &said);
}
