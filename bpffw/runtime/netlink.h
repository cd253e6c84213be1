/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A question to the kernel by netlink, and all messages of its answer. */
#ifndef BPFFW_NETLINK_H
#define BPFFW_NETLINK_H

#include <libmnl/libmnl.h>

/* Room for a request: a header, a fixed part, a few attributes. */
#define NETLINK_REQUEST 512

#define _cleanup_netlink_ __attribute__((cleanup(netlink_close)))

struct mnl_socket *netlink_open(int bus); /* NULL with errno; @bus: NETLINK_ROUTE ... */
void netlink_close(struct mnl_socket **socket);

/**
 * netlink_ask() - send @request and hand each message of the answer to @read.
 * @request: type, flags and payload are the caller's: with NLM_F_DUMP a list, else one answer
 * @read:    returns MNL_CB_OK
 * Return: 0 or a negative errno; -EINTR: what was listed changed meanwhile, messages may be missing
 * or come twice: ask again. Behind an error the rest of the answer is still on its way: close.
 */
int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t read, void *data);

#endif
