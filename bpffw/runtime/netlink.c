// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/netlink.h"

#include <errno.h>
#include <time.h>

struct mnl_socket *netlink_open(int bus)
{
	struct mnl_socket *nl = mnl_socket_open(bus);

	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		netlink_close(&nl);
	return nl;
}

void netlink_close(struct mnl_socket **socket)
{
	int saved = errno;

	if (*socket)
		mnl_socket_close(*socket);
	*socket = NULL;
	errno = saved;
}

int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t read, void *data)
{
	char answer[32768]; /* the kernel fills its messages of a list up to this size */
	int ret = MNL_CB_OK;
	ssize_t n;

	request->nlmsg_seq = (uint32_t)time(NULL);
	request->nlmsg_flags |= NLM_F_REQUEST;
	/* A list ends by itself, one answer by its acknowledgement. */
	if (!(request->nlmsg_flags & NLM_F_DUMP))
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (ret > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(socket, answer, sizeof(answer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n >= 0)
			ret = mnl_cb_run(answer, (size_t)n, request->nlmsg_seq,
					 mnl_socket_get_portid(socket), read, data);
		if (n < 0 || ret < 0)
			return -errno;
	}
	return 0;
}
