#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `panic closed` where nothing runs: the rule file names the interfaces. `panic open` whatever is left.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
attached() { on_server ip -d link show dev eth0 | grep -c xdp; }

exits 4 "no file" fw panic closed
says "no file: why" "^error: no ruleset is running, and $work/rules.fw names no interface to close: no such file\$"
says "no file: what to do" "^  help: printf 'interface eth0"

rules <<-'EOF'
	interface eth0
	defualt drop
EOF
exits 4 "a broken file" fw panic closed
says "a broken file: why" 'names no interface to close: it has errors'
same "a broken file: nothing is attached" "$(attached)" 0

# Which of its rules are wrong is no matter now.
rules <<-'EOF'
	version 1
	interface eth0
	default drop
	allow icmp type echo-request
	allow tcp dport 70000
EOF
ok "ping" on_client ping -c 1 -W 2 -q $server4
ok "closed" fw panic closed
says "closed: told" "^closed eth0: only essential traffic and replies pass \\(generation 1, not saved\\)\\. Return with"
exits 1 "closed" on_client ping -c 1 -W 1 -q $server4
ok "answers come back" on_server ping -c 1 -W 1 -q $client4
ok "list" fw list
says "the built-in rules" '^r[0-9]+ +panic-replies +allow established'
# With the session that asks for it.
ssh() { SSH_CONNECTION="$client4 50122 $server4 22" fw "$@"; }
ok "closed by ssh" ssh panic closed
says "told" "^closed eth0: only essential traffic, replies and tcp from $client4 to port 22 pass "
serve nc -l $server4 22
listens tcp 22
ok "it comes in again" on_client nc -z -w 1 $server4 22
exits 1 "closed" on_client nc -z -w 1 $server4 23
sed -i '$d' "$work/rules.fw"
ok "apply" fw apply
ok "open again" on_client ping -c 1 -W 2 -q $server4

# Open comes off every interface, also where the pins are damaged or those of another make.
veth eth1 c1 198.51.101.1 2001:db8:2::1 198.51.101.2 2001:db8:2::2
sed -i 's/^interface.*/interface eth0, eth1/; s/^default.*/default drop/; /^allow/d' "$work/rules.fw"
ok "apply to two" fw apply
rm "$work"/bpf/fw/abi*/jmp
ok "open, a pin is missing" fw panic open
says "open: told" "^detached from eth[01], eth[01]: NOTHING IS FILTERED"
same "open: nothing is attached" "$(on_server ip -d link show | grep -c xdp)" 0
ok "open: a packet of each" on_client ping -c 1 -W 2 -q 198.51.101.1
finish
