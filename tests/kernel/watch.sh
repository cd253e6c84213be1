#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `bpffw watch`: interfaces that appear, return or are made anew are attached; nothing else changes.
. "$(dirname "$0")/lib.sh"
setup

attached() { on_server ip -d link show dev "$1" 2>/dev/null | grep -c prog/xdp; }
soon() { # soon NAME WANTED COMMAND...: prints WANTED within three seconds
	local name=$1 want=$2 i
	shift 2
	for i in $(seq 60); do
		[ "$("$@")" = "$want" ] && break
		sleep 0.05
	done
	same "$name" "$("$@")" "$want"
}
generation() { fw status --json | sed 's/.*"generation":\([0-9]*\).*/\1/'; }
args=(--bpffs "$work/bpf/fw" --state-dir "$work/state" --run-dir "$work/run")

rules <<-'EOF'
	version 1
	interface eth0, eth1, "vlan*"
	default drop
	allow established
	allow icmp type echo-request on eth0,eth1 name ping
EOF

# A service manager's socket, and the watcher before anything runs.
cat >"$work/manager.py" <<-'EOF'
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	while True:
	    with open(sys.argv[2], "ab") as out: out.write(s.recv(999) + b"\n")
EOF
serve "$PYTHON" "$work/manager.py" "$work/notify" "$work/notified"
for i in $(seq 50); do [ -S "$work/notify" ] && break; sleep 0.05; done
NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=400000 nsenter --net="/run/netns/$server" \
	"$BPFFW" "${args[@]}" watch >"$work/watched" 2>&1 </dev/null &
watcher=$!
children+=($watcher)
count() { grep -c "$1" "$work/notified" 2>/dev/null; }
soon "it is ready" 1 count READY=1

ok "apply" fw apply "$work/rules.fw"
same "eth0" "$(attached eth0)" 1
veth eth1 c1 198.51.101.1 2001:db8:2::1 198.51.101.2 2001:db8:2::2
soon "one that appears" 1 attached eth1
ok "its rules are in force" on_client ping -c 1 -W 1 -q 198.51.101.1
exits 1 "all of them" on_client nc -z -w 1 198.51.101.1 22
same "no generation for it" "$(generation)" 1

on_server ip link del eth1
veth eth1 c1 198.51.101.1 2001:db8:2::1 198.51.101.2 2001:db8:2::2
soon "one that is made anew" 1 attached eth1
ok "answers come back" on_server ping -c 1 -W 1 -q 198.51.101.2
ok "its rules are in force" on_client ping -c 1 -W 1 -q 198.51.101.1
on_server ip link set eth1 down
on_server ip link set eth1 name aside
on_server ip link set aside name eth1
on_server ip link set eth1 up
soon "one that was renamed and returns" 1 attached eth1
veth other c2 198.51.102.1 2001:db8:3::1 198.51.102.2 2001:db8:3::2
veth vlan7 c3 198.51.103.1 2001:db8:4::1 198.51.103.2 2001:db8:4::2
soon "a glob" 1 attached vlan7
same "one that is not listed" "$(attached other)" 0
exits 1 "numbers are kept apart" on_client ping -c 1 -W 1 -q 198.51.103.1
same "no generation for it" "$(generation)" 1

# A rule that a glob in `on` makes apply to a new interface needs the program to know it.
sed 's/on eth0,eth1/on "vlan*"/' "$work/rules.fw" >"$work/glob.fw"
ok "apply" fw apply "$work/glob.fw"
veth vlan8 c4 198.51.104.1 2001:db8:5::1 198.51.104.2 2001:db8:5::2
soon "a new one" 1 attached vlan8
soon "a generation for it" 3 generation
ok "its rule is in force" on_client ping -c 1 -W 1 -q 198.51.104.1

# A crowd at once, while changes are made.
for i in $(seq 12); do
	on_server ip link add "vlan1$i" type veth peer name "peer$i"
	[ $((i % 7)) = 0 ] && fw add count udp dport "$i" >/dev/null
done
crowd() { on_server ip -d link show | grep -c 'vlan1.*xdp'; }
soon "a crowd" 12 crowd

# Open means open, until the next change.
ok "panic open" fw panic open
on_server ip link del vlan8
on_server ip link add vlan9 type veth peer name peer99
sleep 0.3
same "open stays open" "$(attached vlan9)$(attached eth0)" 00
ok "apply" fw apply "$work/rules.fw"
same "closed again" "$(attached vlan9)$(attached eth0)" 11

# A confirmation whose timer was killed is noticed without a command.
printf 'version 1\ninterface eth0\ndefault drop\n' >"$work/shut.fw"
ok "on trial" fw apply --confirm=1 "$work/shut.fw"
kill -9 "$(sed 's/.*"timer":\([0-9]*\).*/\1/' "$work/run/confirm")"
before=$(generation)
passes() { on_client ping -c 1 -W 0.2 -q $server4 >/dev/null 2>&1 && echo yes; }
for i in $(seq 30); do
	[ "$(passes)" = yes ] && break
	sleep 0.2
done
same "rolled back" "$(passes)" yes

same "the watchdog is fed" "$([ "$(count WATCHDOG=1)" -ge 5 ] && echo yes)" yes
kill -TERM $watcher
wait $watcher
same "it ends well" "$?" 0
same "it says so" "$(count STOPPING=1)" 1
same "what is attached stays" "$(attached eth0)" 1
ok "it filters without it" on_client ping -c 1 -W 1 -q $server4
exits 1 "it filters without it" on_client nc -z -w 1 $server4 22
same "it says nothing else" "$(grep -v '^generation' "$work/watched" | sed 's/generation [0-9]*/N/g')" \
	"error: N was not confirmed within 1 s and its timer is gone: rolled back to N now"
finish
