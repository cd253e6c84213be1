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
finish
