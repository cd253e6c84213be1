#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Where the egress program is, and when: beside others, through changes, kills and new interfaces,
# as a clsact filter where the kernel has no tcx; and a router that masquerades.
. "$(dirname "$0")/lib.sh"
setup
inner=bpffw-$$-i
trap 'ip netns del $inner 2>/dev/null; cleanup' EXIT

talker=tests/kernel/talk.py
far() {
	nsenter --net="/run/netns/$client" "$@" >/dev/null 2>&1 </dev/null &
	children+=($!)
}
goes_on() { # goes_on NAME FILE: the talk is answered
	local before after
	for _ in $(seq 100); do [ -s "$2" ] && break || sleep 0.1; done
	before=$(cat "$2")
	sleep 0.3
	after=$(cat "$2")
	same "$1 ($before, $after)" "$((after > before))" 1
}
pins() { ls "$work/bpf/fw/egress" | tr '\n' ' '; }
ruleset() { # ruleset LINE...
	{
		printf 'version 1\ninterface eth0\ndefault drop\n'
		printf '%s\n' "$@"
	} >"$work/rules.fw"
}

far "$PYTHON" $talker echo 7000
for _ in $(seq 50); do on_client ss -Hlnt | grep -q ':7000 ' && break || sleep 0.1; done

# Beside a filter of somebody else's that has the last word on every packet.
others() { on_server tc filter show dev eth0 egress | grep -c flowid; }
other() {
	on_server tc qdisc replace dev eth0 clsact
	on_server tc filter add dev eth0 egress protocol all prio 10 u32 match u32 0 0 classid 1:1
}
other
ruleset "allow established name back" "allow icmp6 type 143"
ok "apply" fw apply "$work/rules.fw"
says "the first time there is something to learn" "learning flows on eth0"
same "pinned" "$(pins)" "eth0 "
serve "$PYTHON" $talker talk $client4 7000 tcp "$work/tcp4"
serve "$PYTHON" $talker talk $client6 7000 udp "$work/udp6"
sleep 0.4
goes_on "TCP" "$work/tcp4"
goes_on "UDP" "$work/udp6"
same "the other filter" "$(others)" 1
ok "apply again" fw apply "$work/rules.fw"
same "nothing to learn" "$(grep -c learning "$work/said")" 0

# Applies under traffic: no flow is lost. The second ruleset has another table.
for i in $(seq 90); do
	fw add count tcp dport 9 name nine && fw del nine || break
done >"$work/applies" 2>&1
same "changes under traffic" "$(grep -c deleted "$work/applies")" 90
for i in $(seq 25); do
	ruleset "allow established name back" "option flows $((i & 1 ? 4096 : 8192))" "count udp"
	fw apply "$work/rules.fw" || break
done >"$work/applies" 2>&1
same "tables of other sizes under traffic" "$(grep -c "^applied" "$work/applies")" 25
goes_on "TCP, behind the changes" "$work/tcp4"
goes_on "UDP, behind the changes" "$work/udp6"
ok "status" fw status
says "the size of the table" "/ 4 096, egress tracked on eth0"
same "one program for it" "$(ls "$work/bpf/fw/state" | grep -c egress_)" 1

# A rollback of a trial that took `established` away finds everything as it was.
ruleset "allow tcp" "allow udp" "count icmp"
ok "trial without established" fw apply --confirm=1s "$work/rules.fw"
sleep 2
goes_on "TCP, behind the rollback" "$work/tcp4"
same "tracked during the trial" "$(pins)" "eth0 "
ok "without established" fw apply "$work/rules.fw"
same "no longer tracked" "$(pins)" ""

# Killed while it learns: the old ruleset goes on, and the next command takes the link off.
ruleset "allow established name back" "option learn 5s"
nsenter --net="/run/netns/$server" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
	--run-dir "$work/run" apply "$work/rules.fw" >/dev/null 2>&1 &
victim=$!
for _ in $(seq 50); do [ -e "$work/bpf/fw/egress/eth0" ] && break || sleep 0.1; done
kill -9 $victim
wait $victim 2>/dev/null
same "killed while learning" "$(pins)" "eth0 "
ok "another change" fw add count tcp dport 9
same "its link is gone" "$(pins)" ""

# An interface made anew is tracked anew.
ruleset "allow established name back" "allow icmp6 type 143"
ok "established again" fw apply "$work/rules.fw"
on_server ip link del eth0
veth eth0 c0 $server4 $server6 $client4 $client6
on_client ping -c 1 -W 2 -q $server4 >/dev/null
ok "interface anew" fw apply "$work/rules.fw"
says "it is learned" "learning flows on eth0"
same "one pin" "$(pins)" "eth0 "
ok "ping" on_server ping -c 1 -W 1 -q $client4
ok "panic open" fw panic open
same "panic open takes it off" "$(pins)" ""

# Without tcx: a filter of our own, beside others, gone when it is no longer wanted.
cat >"$work/notcx.c" <<'EOF'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
int bpf_link_create(int prog, int target, int type, const void *opts)
{
	int (*real)(int, int, int, const void *) = dlsym(RTLD_NEXT, "bpf_link_create");

	if (type != 47)
		return real(prog, target, type, opts);
	errno = EINVAL;
	return -EINVAL;
}
EOF
${CC:-gcc} -shared -fPIC -o "$work/notcx.so" "$work/notcx.c"
old_fw() { LD_PRELOAD=$work/notcx.so fw "$@"; }
filters() { on_server tc filter show dev eth0 egress | grep -c bpffw; }
other
ok "clsact: apply" old_fw apply "$work/rules.fw"
says "clsact: learned" "learning flows on eth0"
same "clsact: a filter" "$(filters)" 1
ok "clsact: ping" on_server ping -c 1 -W 1 -q $client4
ok "clsact: apply again" old_fw apply "$work/rules.fw"
same "clsact: nothing to learn" "$(grep -c learning "$work/said")" 0
sed -i 's/^version 1/version 1\noption flows 2048/' "$work/rules.fw"
ok "clsact: another table" old_fw apply "$work/rules.fw"
same "clsact: still one" "$(filters)" 1
ok "clsact: asked and answered" on_server ping -c 1 -W 1 -q $client6
ok "clsact: status" fw status
says "clsact: told" "egress tracked on eth0"
ok "clsact: panic open" old_fw panic open
same "clsact: taken off" "$(filters)" 0
same "clsact: the other one is there" "$(others)" 1

# A router: inner -- server (masquerades) -- client.
ip netns add $inner
ip link add lan0 netns "$server" type veth peer name i0 netns $inner
on_server ip addr add 10.9.0.1/24 dev lan0
on_server ip link set lan0 up
on_server sysctl -qw net.ipv4.ip_forward=1
ip -n $inner addr add 10.9.0.2/24 dev i0
ip -n $inner link set i0 up
ip -n $inner route add default via 10.9.0.1
on_server nft -f - <<-EOF
	table ip nat {
		chain post {
			type nat hook postrouting priority srcnat
			oifname eth0 masquerade
		}
	}
EOF
on_inner() { nsenter --net=/run/netns/$inner "$@"; }
nsenter --net=/run/netns/$inner "$PYTHON" $talker talk $client4 7000 tcp "$work/inner" >/dev/null 2>&1 &
children+=($!)
sleep 0.3
ok "router: apply" fw apply "$work/rules.fw"
goes_on "router: a connection through it goes on" "$work/inner"
ok "router: a new one" on_inner "$PYTHON" $talker ask $client4 7000 tcp
ok "router: UDP" on_inner "$PYTHON" $talker ask $client4 7000 udp
ok "router: ping" on_inner ping -c 1 -W 1 -q $client4
ok "router: its own" on_server "$PYTHON" $talker ask $client4 7000 tcp
exits 1 "router: refused" on_inner "$PYTHON" $talker ask $client4 9 udp
says "router: by the far end" "Connection refused"
on_client ip route add 10.9.0.0/24 via $server4
exits 1 "router: nothing unsolicited" on_client ping -c 1 -W 1 -q 10.9.0.2
finish
