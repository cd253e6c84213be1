/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which interfaces, with which number and mode. */
#include "bpffw/runtime/targets.h"

#include <errno.h>

#include "bpf/abi.h"

static uint32_t number_of(struct arena *arena, struct ruleset *rs, struct str name)
{
	for (uint32_t i = 0; i < rs->iface_names.len; i++) {
		if (str_eq(rs->iface_names.data[i], name))
			return i + 1;
	}
	vec_push(arena, &rs->iface_names, name);
	return rs->iface_names.len;
}

static bool is_known(const targets *all, struct str name)
{
	vec_for_each(target, all) {
		if (str_eq(target->name, name))
			return true;
	}
	return false;
}

static void add_target(struct arena *arena, struct ruleset *rs, const struct iface *line,
		       struct str name, const struct netdev *device, targets *all)
{
	if (is_known(all, name))
		return;
	vec_push(arena, all,
		 ((struct target){ .name = name,
				   .device = device,
				   .number = number_of(arena, rs, name),
				   .mode = line->mode,
				   .span = line->span }));
}

targets targets_find(struct arena *arena, struct ruleset *rs, const netdevs *devices)
{
	targets all = { 0 };

	vec_for_each(line, &rs->interfaces) {
		if (!netdev_is_glob(line->name))
			add_target(arena, rs, line, line->name, netdev_find(devices, line->name),
				   &all);
	}
	vec_for_each(line, &rs->interfaces) {
		if (!netdev_is_glob(line->name))
			continue;
		vec_for_each(device, devices) {
			if (netdev_glob(line->name, device->name))
				add_target(arena, rs, line, device->name, device, &all);
		}
	}
	return all;
}

uint32_t targets_names_used(const struct ruleset *rs, const targets *all)
{
	uint32_t last = 0;

	vec_for_each(target, all)
		last = target->number > last ? target->number : last;
	vec_for_each(rule, &rs->rules) {
		vec_for_each(match, &rule->matches) {
			vec_for_each(atom, &match->atoms) {
				if (atom->kind == ATOM_IFACE && atom->lo > last)
					last = (uint32_t)atom->lo;
			}
		}
	}
	return last < rs->iface_names.len ? last : rs->iface_names.len;
}

static const struct rule *first_vlan_rule(const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules) {
		vec_for_each(match, &rule->matches) {
			if (!rule->disabled && match->row->width &&
			    match->row->offset == offsetof(struct pkt, vlan))
				return rule;
		}
	}
	return NULL;
}

static const struct netdev *by_ifindex(const netdevs *devices, uint32_t ifindex)
{
	vec_for_each(device, devices) {
		if (device->ifindex == ifindex)
			return device;
	}
	return NULL;
}

/* On a veth the sender keeps the tag beside the frame, so its end decides. */
static int check_veth(struct diags *ds, const struct rule *rule, const struct netdev *device,
		      const netdevs *devices, struct failure *f)
{
	const struct netdev *peer =
		device->peer_elsewhere ? NULL : by_ifindex(devices, device->peer);

	if (!peer) {
		diag_warning(ds, rule->span, W213,
			     "the other end of the veth " STR_FMT " is in another network "
			     "namespace: whether it leaves VLAN tags in the frame is not known",
			     STR_ARG(device->name));
		diag_help(ds, "there: ethtool -K IF tx-vlan-hw-insert off");
		return 0;
	}
	if (netdev_offload(peer->name, "tx-vlan-hw-insert") != 1)
		return 0;
	return fail_help(f,
			 fail_plain(f, EINVAL, EXIT_SYSTEM,
				    "a rule matches 'vlan', but the tags of " STR_FMT
				    " are invisible: its other end " STR_FMT " offloads them",
				    STR_ARG(device->name), STR_ARG(peer->name)),
			 "ethtool -K " STR_FMT " tx-vlan-hw-insert off", STR_ARG(peer->name));
}

int targets_check_vlan(struct diags *ds, const struct ruleset *rs, const targets *all,
		       const netdevs *devices, struct failure *f)
{
	const struct rule *rule = first_vlan_rule(rs);
	int ret = 0;

	for (uint32_t i = 0; rule && i < all->len && ret == 0; i++) {
		const struct netdev *device = all->data[i].device;

		if (!device)
			continue;
		if (str_is(device->kind, "veth"))
			ret = check_veth(ds, rule, device, devices, f);
		else if (netdev_offload(device->name, "rx-vlan-hw-parse") == 1)
			ret = fail_help(f,
					fail_plain(f, EINVAL, EXIT_SYSTEM,
						   "a rule matches 'vlan', but " STR_FMT
						   " takes the tags off in hardware",
						   STR_ARG(device->name)),
					"ethtool -K " STR_FMT " rxvlan off", STR_ARG(device->name));
	}
	return ret;
}
