#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The bypasses of other tools (a SYN cut into fragments, headers behind extension headers, VLAN
# tags, IP options ...) as raw frames, made by scapy, over veth against a live ruleset. Each
# frame must be counted where it belongs: by the rule that names its port, or as malformed.
. "$(dirname "$0")/lib.sh"
setup

for mode in native generic; do
	rules <<-EOF
		version 1
		interface eth0 mode $mode
		default allow
		drop icmp6 type 143 name mld # the client kernel's own
		drop vlan 66 name vlan
		drop tcp dport 22 name ssh
		drop udp dport 53 name dns
		drop icmp type echo-request name ping
		drop icmp6 type echo-request name ping6
		drop frag later name later
		drop proto esp,ah,gre name tunnel
	EOF
	ok "$mode: apply" fw apply "$work/rules.fw"
	read -r good bad < <(on_client "$PYTHON" tests/kernel/bypasses.py "$mode" nsenter \
		--net="/run/netns/$server" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
		--run-dir "$work/run" list --json 2>"$work/said")
	cat "$work/said"
	passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
	ok "$mode: panic open" fw panic open
done
finish
