/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network interfaces of this network namespace, by libmnl and ethtool. */
#ifndef BPFFW_NETDEV_H
#define BPFFW_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "bpffw/runtime/failure.h"
#include "compiler/base/str.h"
#include "compiler/base/vec.h"

struct netdev {
	struct str name;
	uint32_t ifindex;
	uint32_t mtu;
	struct str kind;      /* "veth", "vlan"; len 0: a device of its own */
	uint32_t peer;        /* ifindex of a veth's other end or of the parent, 0: none */
	bool peer_elsewhere;  /* it lies in another network namespace */
	uint32_t xdp_program; /* id of the program that holds the hook, 0: free */
	bool xdp_native;      /* it is attached to the driver */
	/* What the kernel counts, of this network namespace's side. */
	uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, tx_packets, tx_bytes;
};
typedef VEC(struct netdev) netdevs;

/* All of them, in the kernel's order (by ifindex). */
int netdev_list(struct arena *arena, netdevs *ret_devices, struct failure *f);

/* NULL: there is none of that name. */
const struct netdev *netdev_find(const netdevs *devices, struct str name);

/* Shell pattern; a plain name matches itself only. */
bool netdev_glob(struct str pattern, struct str name);
bool netdev_is_glob(struct str pattern);

/* The interface towards an address (4 or 6, host byte order); 0: no route. */
uint32_t netdev_route(unsigned int family, unsigned __int128 addr);

bool netdev_has_address(struct str name, unsigned int family, unsigned __int128 addr);

/* Name of the driver ("virtio_net", "veth"), from the arena; len 0: not known. */
struct str netdev_driver(struct arena *arena, struct str name);

/*
 * netdev_offload() - is the ethtool feature ("rx-vlan-hw-parse") on?
 * Return: 1 on, 0 off, negative errno when the device does not tell.
 */
int netdev_offload(struct str name, const char *feature);

#endif
