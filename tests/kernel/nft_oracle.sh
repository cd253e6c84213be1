#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The kernel's own nftables as an oracle: random rulesets in both languages, the same frames to
# both, and both the verdict of each frame and the packets of each rule must agree.
. "$(dirname "$0")/lib.sh"
setup
command -v nft >/dev/null || {
	echo "needs nft"
	exit 1
}
on_server sysctl -qw net.ipv6.conf.default.disable_ipv6=1
on_client sysctl -qw net.ipv6.conf.default.disable_ipv6=1
for name in fw nft; do
	ip link add "$name" netns "$server" type veth peer name "to-$name" netns "$client"
	on_client ethtool -K "to-$name" tx off >/dev/null 2>&1
	on_server ip link set "$name" up
	on_client ip link set "to-$name" up
done

for mode in native generic; do
	read -r good bad < <("$PYTHON" tests/kernel/nft_oracle.py "$server" "$client" "$mode" \
		"${RULESETS:-100}" "${SEED:-1}" "$BPFFW" --bpffs "$work/bpf/fw" \
		--state-dir "$work/state" --run-dir "$work/run" 2>"$work/said")
	cat "$work/said"
	passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
	ok "$mode: panic open" fw panic open
done
finish
