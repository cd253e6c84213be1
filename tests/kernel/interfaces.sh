#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Several interfaces under one ruleset: attached together, told apart by `on`, re-created ones and
# ones that are missing, and a hook that somebody else holds.
. "$(dirname "$0")/lib.sh"
setup
veth eth1 c1 198.51.101.1 2001:db8:2::1 198.51.101.2 2001:db8:2::2

rules <<-'EOF'
	version 1
	interface eth0, eth1, eth2
	default drop
	allow icmp type echo-request on eth0 name ping0
	allow icmp6 type echo-request on eth1 name ping1
EOF
ok "apply" fw apply "$work/rules.fw"
says "both are named" 'on eth0 \(.*\), eth1 \(.*\)'
says "the missing one warns" 'W151'
says "and what will become of it" 'bpffw watch. attaches it when it appears; without that, .bpffw apply'
ok "status" fw status
says "status says so, too" "eth2 missing \\(when it appears: 'bpffw watch' or 'bpffw apply'\\)"
ok "IPv4 on eth0" on_client ping -c 1 -W 1 -q 198.51.100.1
exits 1 "IPv4 on eth1" on_client ping -c 1 -W 1 -q 198.51.101.1
exits 1 "IPv6 on eth0" on_client ping -c 1 -W 1 -q 2001:db8:1::1
ok "IPv6 on eth1" on_client ping -c 1 -W 1 -q 2001:db8:2::1

# One commit changes both.
sed 's/on eth0 name/on eth1 name/' "$work/rules.fw" >"$work/other.fw"
ok "apply the other" fw apply "$work/other.fw"
exits 1 "IPv4 on eth0 now" on_client ping -c 1 -W 1 -q 198.51.100.1
ok "IPv4 on eth1 now" on_client ping -c 1 -W 1 -q 198.51.101.1

# An interface that leaves the ruleset is detached.
sed 's/^interface.*/interface eth1/' "$work/other.fw" >"$work/one.fw"
ok "apply for one" fw apply "$work/one.fw"
same "eth0 is free" "$(on_server ip -d link show dev eth0 | grep -c xdp)" 0
ok "eth0 is open" on_client ping -c 1 -W 1 -q 198.51.100.1

# A re-created interface is bare until the next apply.
on_server ip link del eth1
ok "status without it" fw status
says "it is missing" 'eth1 missing'
veth eth1 c1 198.51.101.1 2001:db8:2::1 198.51.101.2 2001:db8:2::2
ok "status of the bare one" fw status
says "it is named" 'eth1 NOT ATTACHED: NOTHING IS FILTERED'
ok "apply again" fw apply "$work/one.fw"
ok "the re-created one is attached" on_client ping -c 1 -W 1 -q 198.51.101.1
same "by us" "$(on_server ip -d link show dev eth1 | grep -c prog/xdp)" 1

# A renamed one keeps its link, and is named by both names.
on_server ip link set eth1 down
on_server ip link set eth1 name wan1
on_server ip link set wan1 up
ok "status of the renamed one" fw status
says "both names" 'interfaces +wan1 native \(veth\), was eth1$'
ok "list" fw list
says "both names" 'interfaces: wan1 \(native, was eth1\)$'
on_server ip link set wan1 down
on_server ip link set wan1 name eth1
on_server ip link set eth1 up

# What is the default already makes no generation.
before=$(fw history | wc -l)
ok "default" fw default drop
says "default" '^default: already drop; nothing was changed$'
same "no generation" "$(fw history | wc -l)" "$before"

# Relative directories, and a umask that forbids everything.
cd "$work" || exit 1
(
	umask 777
	on_server "$BPFFW" --bpffs bpf/fw --state-dir state --run-dir run add allow udp dport 53
) >said 2>&1
code=$?
same "relative directories" $code 0
cd - >/dev/null || exit 1
same "the files can be read" "$(stat -c %a "$work"/state/gen/*.json | sort -u)" 640

# Somebody else's program is never replaced.
cat >"$work/pass.c" <<-'EOF'
	__attribute__((section("xdp"), used)) int pass(void *ctx) { return 2; }
	char _license[] __attribute__((section("license"), used)) = "GPL";
EOF
clang --target=bpf -O2 -c "$work/pass.c" -o "$work/pass.o"
ok "a foreign program" on_server ip link set dev eth0 xdp obj "$work/pass.o" sec xdp
exits 5 "apply beside it" fw apply "$work/rules.fw"
says "which interface" 'eth0'
says "which program" 'prog(ram)? .*[0-9]+'
same "it stays" "$(on_server ip -d link show dev eth0 | grep -c 'prog/xdp')" 1
ok "the running ruleset stays" on_client ping -c 1 -W 1 -q 198.51.101.1
on_server ip link set dev eth0 xdp off

# The list of interfaces changes while it is read: containers come and go.
for i in $(seq 150); do echo "link add d$i type veth peer name e$i"; done >"$work/many"
on_server ip -batch "$work/many"
for _ in $(seq 300); do echo "link add x type veth peer name y"; echo "link del x"; done >"$work/churn"
nsenter --net="/run/netns/$server" ip -batch "$work/churn" &
churn=$! read=0
while kill -0 $churn 2>/dev/null && [ $read -lt 100 ]; do
	fw status >"$work/said" 2>&1 || break
	read=$((read + 1))
done
kill $churn 2>/dev/null
wait $churn
same "status among interfaces that come and go" "$(grep -c ^error "$work/said") $((read > 10))" "0 1"

# No interface at all.
sed '/^interface/d; s/ on eth.//' "$work/rules.fw" >"$work/none.fw"
exits 2 "no interface line" fw apply "$work/none.fw"
says "E163" 'E163'
finish
