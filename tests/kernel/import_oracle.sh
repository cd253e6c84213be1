#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The kernel's own iptables and nftables as an oracle for `import`: random rulesets are loaded,
# listed and imported, and the same frames must get the same verdicts from both.
. "$(dirname "$0")/lib.sh"
setup
for tool in nft iptables-restore ip6tables-restore; do
	command -v "$tool" >/dev/null || {
		echo "needs $tool"
		exit 1
	}
done
on_server sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
	net.ipv4.conf.all.accept_local=1 net.ipv4.conf.default.accept_local=1 \
	net.ipv4.icmp_ratelimit=0
on_client sysctl -qw net.ipv6.conf.default.disable_ipv6=1
for name in fw nft; do
	ip link add "$name" netns "$server" type veth peer name "to-$name" netns "$client"
	on_client ethtool -K "to-$name" tx off >/dev/null 2>&1
	on_server ip link set "$name" address 02:ff:00:00:00:01
	on_server ip link set "$name" up
	on_client ip link set "to-$name" up
done
# Everything is an address of the server, so that each frame reaches the input hook.
on_server ip route add local 0.0.0.0/0 dev lo
on_server ip -6 route add local ::/0 dev lo

read -r good bad < <("$PYTHON" tests/kernel/import_oracle.py "$server" "$client" \
	"${RULESETS:-40}" "${SEED:-1}" "$BPFFW" --bpffs "$work/bpf/fw" \
	--state-dir "$work/state" --run-dir "$work/run" 2>"$work/said")
head -n "${TEST_LINES:-80}" "$work/said"
passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
ok "panic open" fw panic open

# What the frames above do not reach: nft takes limits, lists, sets and states as they are written.
rules <<EOF
version 1
interface eth0,"vlan*"
default drop log
allowlist { 192.0.2.0/24 }
blacklist { 203.0.113.0/24, 2001:db8:bad::/48 }
set ports port { 1-1024, 7777 }
set macs mac { 02:00:00:00:00:01 }
chain in.put { return udp dport @ports; count }
jump in.put
allow established
drop smac @macs
rate-limit 10/s burst 20 per src udp dport 53
syn-limit 6/m burst 6 tcp dport 22
allow icmp type echo-request rate 10/s burst 5 per src/32/128
drop src 198.51.100.0/24,2001:db8::/32 log name noisy
rate-limit 10mbit/s udp
drop frag later
EOF
fw export nft "$work/rules.fw" >"$work/out.nft" 2>"$work/said"
same "rules without words" "$(cat "$work/said")" "2 rules have no words in nft: see the comments"
same "comments" "$(grep -c '# not exported: ' "$work/out.nft")" 2
ok "nft takes them" on_server nft -f "$work/out.nft"
finish
