#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Many connections are open when the rules come: what the host has with itself takes no room from
# them, what found none is told, and what is accepted while flows are learned is kept.
. "$(dirname "$0")/lib.sh"
setup
ulimit -n 16384

cat >"$work/hold.py" <<'EOF2'
"""hold.py ADDR N: holds N connections; for a line of input, sends on each and tells how many of them
were acknowledged."""
import fcntl, socket, struct, sys, termios, time
held = [socket.create_connection((sys.argv[1], 8080)) for _ in range(int(sys.argv[2]))]
print("held", flush=True)
for line in sys.stdin:
    for c in held:
        c.send(b"x")
    time.sleep(1.5)
    waits = lambda c: struct.unpack("I", fcntl.ioctl(c, termios.TIOCOUTQ, bytes(4)))[0]
    print(sum(waits(c) == 0 for c in held), flush=True)
EOF2
serve "$PYTHON" -c '
import socket
s = socket.create_server(("::", 8080), family=socket.AF_INET6, backlog=8192, dualstack_ipv6=True)
held = []
while True: held.append(s.accept()[0])'
listens tcp 8080

hold() { # hold NAMESPACE NAME ADDR N
	mkfifo "$work/to-$2"
	nsenter --net="/run/netns/$1" "$PYTHON" "$work/hold.py" "$3" "$4" <"$work/to-$2" >"$work/$2" 2>&1 &
	children+=($!)
	exec {tell}>"$work/to-$2"
	for _ in $(seq 100); do grep -q held "$work/$2" && break || sleep 0.1; done
	same "$2: open" "$(cat "$work/$2")" held
}
acknowledged() { # acknowledged NAME
	for _ in $(seq 50); do grep -q '^[0-9]' "$work/$1" && break || sleep 0.1; done
	tail -n 1 "$work/$1"
}
confirmed() {
	fw status --json | "$PYTHON" -c '
import json, sys
print(json.load(sys.stdin)["established"]["flows"])'
}

hold "$server" own4 127.0.0.1 700
hold "$server" own6 ::1 700
hold "$server" self $server4 600
hold "$client" first $server4 300
tell4=$tell
hold "$client" second $server6 300
rules <<-EOF2
	version 1
	interface eth0
	default drop
	option flows 1024
	option learn 2s
	allow established
	allow icmp6
EOF2
ok "apply" fw apply "$work/rules.fw"
says "outside connections only" "[(]600 from sockets[)]"
same "there was room" "$(grep -c W217 "$work/said")" 0
echo >&"$tell4"
echo >&"$tell"
same "all go on, IPv4" "$(acknowledged first)" 300
same "all go on, IPv6" "$(acknowledged second)" 300

ok "panic open" fw panic open
fw apply "$work/rules.fw" >"$work/applied" 2>&1 &
applied=$!
for _ in $(seq 50); do grep -q learning "$work/applied" && break || sleep 0.1; done
hold "$client" late $server4 20
wait $applied
same "accepted while flows are learned" "$(($(confirmed) >= 620))" 1

ok "panic open" fw panic open
hold "$client" many $server4 3000
ok "apply, too many" fw apply "$work/rules.fw"
says "that is told" "warning: the flow table is too small for the connections that are open: [0-9]+ of [0-9]+ are not in it \[W217\]"
says "with help" "write 'option flows [0-9]+'"
finish
