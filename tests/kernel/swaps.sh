#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Swaps under continuous traffic lose no packet and mix no rulesets.
. "$(dirname "$0")/lib.sh"
setup
both() { # both PORT-OF-A PORT-OF-B
	cat <<-EOF
		version 1
		interface eth0
		default drop
		count udp dport $1 name a-seen
		allow udp dport $1 name a-passed
		count udp dport $2 name b-seen
		allow udp dport $2 name b-passed
	EOF
}
both 5000 6000 >"$work/a.fw"
both 6000 5000 >"$work/b.fw"
# Only what the tool sends: no neighbour lookups, no multicast.
on_server ip -6 addr flush dev eth0
on_client ip -6 addr flush dev c0
on_server sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
on_client sysctl -qw net.ipv6.conf.c0.disable_ipv6=1
on_client ip link set c0 arp off
ok "10 000 swaps and 200 changes" on_server "$O/tests/kernel/swap" "$work/bpf/fw" "$work/state" \
	"$work/run" "$work/a.fw" "$work/b.fw" "/run/netns/$client" "${SWAPS:-10000}" "${CHANGES:-200}"
says "none lost, none torn" "[0-9]+ by B, 0 lost, 0 torn$"
cat "$work/said"
finish
