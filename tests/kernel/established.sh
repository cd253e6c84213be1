#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `allow established` with real clients: what is open when the rules come is not cut, what the host
# asks is answered, and nothing else comes in. Both families, native and generic.
. "$(dirname "$0")/lib.sh"
setup

# far COMMAND...: a process on the client that ends with the script.
far() {
	nsenter --net="/run/netns/$client" "$@" >/dev/null 2>&1 </dev/null &
	children+=($!)
}

# Line by line: `echo.py PORT` answers on TCP and UDP; `talk.py ADDR PORT PROTO FILE` asks every
# 20 ms and counts the answers in FILE, ends with the first second without one.
cat >"$work/echo.py" <<'EOF'
import selectors, socket, sys
sel = selectors.DefaultSelector()
port = int(sys.argv[1])
for family, any in ((socket.AF_INET6, "::"),):
    t = socket.create_server((any, port), family=family, backlog=4096, dualstack_ipv6=True)
    u = socket.socket(family, socket.SOCK_DGRAM)
    u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    u.bind((any, port))
    for s in (t, u):
        s.setblocking(False)
        sel.register(s, selectors.EVENT_READ, s is t)
while True:
    for key, _ in sel.select():
        s = key.fileobj
        try:
            if key.data:
                c, _ = s.accept()
                c.setblocking(False)
                sel.register(c, selectors.EVENT_READ, False)
            elif s.type == socket.SOCK_DGRAM:
                data, who = s.recvfrom(2000)
                s.sendto(data, who)
            else:
                data = s.recv(2000)
                if not data:
                    sel.unregister(s)
                    s.close()
                else:
                    s.send(data)
        except OSError:
            pass
EOF
cat >"$work/talk.py" <<'EOF'
import socket, sys, time
addr, port, proto, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET,
                  socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
s.settimeout(1)
s.connect((addr, port))
n = 0
try:
    while True:
        s.send(b"x")
        s.recv(100)
        n += 1
        with open(path + ".new", "w") as f:
            f.write(str(n))
        import os
        os.rename(path + ".new", path)
        time.sleep(0.02)
except OSError as e:
    with open(path, "w") as f:
        f.write("cut after %d: %s" % (n, e))
EOF

# goes_on NAME FILE: the talk is still answered.
goes_on() {
	local before after
	before=$(cat "$2")
	sleep 0.3
	after=$(cat "$2")
	if [[ $after =~ ^[0-9]+$ && $before =~ ^[0-9]+$ && $after -gt $before ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: '$before' then '$after'"
	fi
}

get() { "on_$1" curl -gsf -m 1 -o /dev/null "http://$2/"; }
asks() { "on_$1" "$PYTHON" - "$2" "$3" "$4" <<-'EOF'
	import socket, sys
	s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET,
	    socket.SOCK_STREAM if sys.argv[3] == "tcp" else socket.SOCK_DGRAM)
	s.settimeout(0.5)
	s.connect((sys.argv[1], int(sys.argv[2])))
	s.send(b"x")
	s.recv(100)
EOF
}

serve "$PYTHON" "$work/echo.py" 7000
far "$PYTHON" "$work/echo.py" 7000
listens tcp 7000 && sleep 0.2

for mode in native generic; do
	# Open before the rules come: in and out, TCP and UDP, both families.
	talks=()
	for who in in4 in6 out4 out6; do
		case $who in
		in4) addr=$server4 start=far ;;
		in6) addr=$server6 start=far ;;
		out4) addr=$client4 start=serve ;;
		out6) addr=$client6 start=serve ;;
		esac
		$start "$PYTHON" "$work/talk.py" "$addr" 7000 tcp "$work/$mode-tcp-$who"
		talks+=("$mode-tcp-$who")
		case $who in out*)
			$start "$PYTHON" "$work/talk.py" "$addr" 7000 udp "$work/$mode-udp-$who"
			talks+=("$mode-udp-$who")
			;;
		esac
	done
	on_server ping -c 30 -i 0.1 -W 1 -q $client4 >"$work/ping4" &
	ping4=$!
	on_server ping -c 30 -i 0.1 -W 1 -q $client6 >"$work/ping6" &
	ping6=$!
	sleep 0.4
	rules <<-EOF
		version 1
		interface eth0 mode $mode
		default drop
		option learn 1s
		allow established name back
	EOF
	ok "$mode: apply" fw apply "$work/rules.fw"
	says "$mode: learning is told" "learning flows on eth0 for 1 s"
	for talk in "${talks[@]}"; do goes_on "$talk goes on" "$work/$talk"; done
	wait $ping4 $ping6
	same "$mode: no ping is lost, IPv4" "$(grep -c ' 0% packet loss' "$work/ping4")" 1
	same "$mode: no ping is lost, IPv6" "$(grep -c ' 0% packet loss' "$work/ping6")" 1

	for addr in $client4 $client6; do
		ok "$mode: asks $addr, TCP" asks server "$addr" 7000 tcp
		ok "$mode: asks $addr, UDP" asks server "$addr" 7000 udp
		ok "$mode: asks $addr, ping" on_server ping -c 1 -W 1 -q "$addr"
	done
	for addr in $server4 $server6; do
		exits 1 "$mode: unsolicited $addr, TCP" asks client "$addr" 7000 tcp
		exits 1 "$mode: unsolicited $addr, UDP" asks client "$addr" 7000 udp
		exits 1 "$mode: unsolicited $addr, ping" on_client ping -c 1 -W 1 -q "$addr"
	done
	ok "$mode: status" fw status
	says "$mode: status counts flows" "established [0-9]+ flows / 262 144, egress tracked on eth0"
	ok "$mode: panic open" fw panic open
	same "$mode: nothing is left on egress" "$(ls "$work/bpf/fw/egress")" ""
	for child in "${children[@]:2}"; do kill "$child"; done
	wait "${children[@]:2}" 2>/dev/null
	children=("${children[@]:0:2}")
done
finish
