/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One RTM_GETLINK dump; drivers and offload features by the ethtool ioctl. */
#include "bpffw/runtime/netdev.h"

#include <errno.h>
#include <fnmatch.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include "bpffw/runtime/netlink.h"

#define DUMP_TRIES 100

struct dump {
	struct arena *arena;
	netdevs *devices;
};

static struct str attr_text(struct arena *arena, const struct nlattr *attr)
{
	const char *text = mnl_attr_get_str(attr);
	uint32_t len = (uint32_t)strnlen(text, mnl_attr_get_payload_len(attr));

	return (struct str){ arena_strndup(arena, text, len), len };
}

static void read_stats(struct netdev *dev, const struct nlattr *attr)
{
	struct rtnl_link_stats64 stats = { 0 };
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(&stats, mnl_attr_get_payload(attr), len < sizeof(stats) ? len : sizeof(stats));
	dev->rx_packets = stats.rx_packets;
	dev->rx_bytes = stats.rx_bytes;
	dev->rx_errors = stats.rx_errors;
	dev->rx_dropped = stats.rx_dropped;
	dev->tx_packets = stats.tx_packets;
	dev->tx_bytes = stats.tx_bytes;
}

static void read_link_attr(struct arena *arena, struct netdev *dev, const struct nlattr *attr)
{
	const struct nlattr *inner;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		dev->name = attr_text(arena, attr);
		break;
	case IFLA_MTU:
		dev->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK:
		dev->peer = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		dev->peer_elsewhere = true;
		break;
	case IFLA_LINKINFO:
		mnl_attr_for_each_nested(inner, attr)
		{
			if (mnl_attr_get_type(inner) == IFLA_INFO_KIND)
				dev->kind = attr_text(arena, inner);
		}
		break;
	case IFLA_STATS64:
		read_stats(dev, attr);
		break;
	case IFLA_XDP:
		mnl_attr_for_each_nested(inner, attr)
		{
			if (mnl_attr_get_type(inner) == IFLA_XDP_PROG_ID)
				dev->xdp_program = mnl_attr_get_u32(inner);
			if (mnl_attr_get_type(inner) == IFLA_XDP_ATTACHED)
				dev->xdp_native = mnl_attr_get_u8(inner) == XDP_ATTACHED_DRV;
		}
		break;
	}
}

static int read_link(const struct nlmsghdr *header, void *data)
{
	struct dump *dump = data;
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	struct netdev dev = { .ifindex = (uint32_t)info->ifi_index };
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(*info)) read_link_attr(dump->arena, &dev, attr);
	if (dev.name.len)
		vec_push(dump->arena, dump->devices, dev);
	return MNL_CB_OK;
}

static int list_once(struct dump *dump)
{
	_cleanup_netlink_ struct mnl_socket *nl = netlink_open(NETLINK_ROUTE);
	char buffer[NETLINK_REQUEST];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_DUMP;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	dump->devices->len = 0;
	return nl ? netlink_ask(nl, request, read_link, dump) : -errno;
}

int netdev_list(struct arena *arena, netdevs *ret_devices, struct failure *f)
{
	netdevs devices = { 0 };
	struct dump dump = { arena, &devices };
	int ret = -EINTR;

	/* Interfaces may come and go meanwhile. */
	for (int i = 0; i < DUMP_TRIES && ret == -EINTR; i++)
		ret = list_once(&dump);
	if (ret < 0)
		return fail(f, -ret, "cannot list the network interfaces");
	*ret_devices = devices;
	return 0;
}

static int read_route(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *attr;
	uint32_t *ifindex = data;

	mnl_attr_for_each(attr, header, sizeof(struct rtmsg))
	{
		if (mnl_attr_get_type(attr) == RTA_OIF)
			*ifindex = mnl_attr_get_u32(attr);
	}
	return MNL_CB_OK;
}

uint32_t netdev_route(unsigned int family, unsigned __int128 addr)
{
	_cleanup_netlink_ struct mnl_socket *nl = netlink_open(NETLINK_ROUTE);
	uint16_t size = family == 4 ? 4 : 16;
	uint8_t wire[16];
	char buffer[NETLINK_REQUEST];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;
	uint32_t ifindex = 0;

	for (uint16_t i = 0; i < size; i++)
		wire[i] = (uint8_t)(addr >> (8 * (size - 1 - i)));
	request->nlmsg_type = RTM_GETROUTE;
	route = mnl_nlmsg_put_extra_header(request, sizeof(*route));
	route->rtm_family = family == 4 ? AF_INET : AF_INET6;
	route->rtm_dst_len = (uint8_t)(size * 8);
	mnl_attr_put(request, RTA_DST, size, wire);
	return nl && netlink_ask(nl, request, read_route, &ifindex) == 0 ? ifindex : 0;
}

static bool same_address(const struct sockaddr *have, unsigned int family, unsigned __int128 addr)
{
	unsigned __int128 value = 0;

	if (!have || have->sa_family != (family == 4 ? AF_INET : AF_INET6))
		return false;
	if (family == 4)
		return ntohl(((const struct sockaddr_in *)(const void *)have)->sin_addr.s_addr) ==
		       addr;
	for (int i = 0; i < 16; i++)
		value = value << 8 |
			((const struct sockaddr_in6 *)(const void *)have)->sin6_addr.s6_addr[i];
	return value == addr;
}

bool netdev_has_address(struct str name, unsigned int family, unsigned __int128 addr)
{
	struct ifaddrs *list;
	bool found = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *at = list; at && !found; at = at->ifa_next)
		found = str_is(name, at->ifa_name) && same_address(at->ifa_addr, family, addr);
	freeifaddrs(list);
	return found;
}

const struct netdev *netdev_find(const netdevs *devices, struct str name)
{
	vec_for_each(dev, devices) {
		if (str_eq(dev->name, name))
			return dev;
	}
	return NULL;
}

bool netdev_is_glob(struct str pattern)
{
	for (uint32_t i = 0; i < pattern.len; i++) {
		if (strchr("*?[", pattern.s[i]))
			return true;
	}
	return false;
}

bool netdev_glob(struct str pattern, struct str name)
{
	char p[256], n[256];

	if (!netdev_is_glob(pattern))
		return str_eq(pattern, name);
	snprintf(p, sizeof(p), STR_FMT, STR_ARG(pattern));
	snprintf(n, sizeof(n), STR_FMT, STR_ARG(name));
	return fnmatch(p, n, 0) == 0;
}

static int ethtool(struct str name, void *command)
{
	struct ifreq request = { .ifr_data = command };
	int fd, ret;

	if (name.len >= sizeof(request.ifr_name))
		return -ENODEV;
	memcpy(request.ifr_name, name.s, name.len);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

struct str netdev_driver(struct arena *arena, struct str name)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	uint32_t len;

	if (ethtool(name, &info) < 0)
		return (struct str){ NULL, 0 };
	len = (uint32_t)strnlen(info.driver, sizeof(info.driver));
	return (struct str){ arena_strndup(arena, info.driver, len), len };
}

/* The bit of a feature, by its name in the kernel's string set. */
static int feature_bit(struct str name, const char *feature, uint32_t *ret_count)
{
	union {
		struct ethtool_sset_info info;
		char room[sizeof(struct ethtool_sset_info) + sizeof(uint32_t)];
	} set = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	struct ethtool_gstrings *strings;
	int ret = ethtool(name, &set), bit = -ENOENT;
	uint32_t count;

	if (ret < 0)
		return ret;
	count = set.info.sset_mask ? set.info.data[0] : 0;
	strings = calloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);
	if (!strings)
		return -ENOMEM;
	*strings = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS,
					      .string_set = ETH_SS_FEATURES,
					      .len = count };
	ret = ethtool(name, strings);
	for (uint32_t i = 0; ret == 0 && i < count && bit < 0; i++) {
		if (strncmp((char *)strings->data + (size_t)i * ETH_GSTRING_LEN, feature,
			    ETH_GSTRING_LEN) == 0)
			bit = (int)i;
	}
	free(strings);
	*ret_count = count;
	return ret < 0 ? ret : bit;
}

int netdev_offload(struct str name, const char *feature)
{
	struct ethtool_gfeatures *features;
	uint32_t count = 0, blocks;
	int bit = feature_bit(name, feature, &count), ret;

	if (bit < 0)
		return bit;
	blocks = (count + 31) / 32;
	features = calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));
	if (!features)
		return -ENOMEM;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = blocks;
	ret = ethtool(name, features);
	if (ret == 0)
		ret = features->features[bit / 32].active >> (bit % 32) & 1;
	free(features);
	return ret;
}
