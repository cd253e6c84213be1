#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Ports used again behind a connection that was reset or closed: the next handshake is evidence of
# its own, counts as a connection, and what it opens lives as long as any.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
# What a program sends back on a veth is taken only by a peer with a program of its own.
printf 'version 1\ninterface c0\ndefault allow\noption malformed pass\n' >"$work/client.fw"
ok "a program on the client" on_client "$BPFFW" --bpffs "$work/bpf/client" \
	--state-dir "$work/client" --run-dir "$work/client-run" apply "$work/client.fw"
serve "$PYTHON" tests/kernel/talk.py echo 80
listens tcp 80
serve "$PYTHON" tests/kernel/talk.py echo 81
listens tcp 81

# again N ADDR PORT: N connections one after the other from one port, each ended by a RST; how many
# were answered.
again() {
	on_client "$PYTHON" - "$@" <<-'EOF2'
		import socket, struct, sys, time
		done = 0
		for i in range(int(sys.argv[1])):
		    c = socket.socket(socket.AF_INET6 if ":" in sys.argv[2] else socket.AF_INET)
		    c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    c.bind(("", 5000))
		    c.settimeout(0.4)
		    try:
		        c.connect((sys.argv[2], int(sys.argv[3])))
		        c.send(b"x")
		        done += c.recv(1) == b"x"
		    except OSError:
		        pass
		    c.close()
		    time.sleep(0.02)
		print(done)
	EOF2
}
listed() { fw blacklist test "$1" >/dev/null && echo yes || echo no; }

rules <<-EOF2
	version 1
	interface eth0
	default drop
	option learn 1s
	allow established
	allow icmp6
	syn-limit 5/m burst 5 per src tcp dport 80 exceed blacklist verified for 10m name guard
	allow tcp dport 80,81 syn name web
EOF2
ok "apply" fw apply
for cookies in 1 2; do
	on_server sysctl -qw net.ipv4.tcp_syncookies=$cookies
	for address in $server4 $server6; do
		[ $address = $server4 ] && own=$client4 || own=$client6
		again 20 $address 80 >"$work/said"
		same "cookies=$cookies $address: handshakes from one port are evidence" "$(listed $own)" yes
		fw unban ${own/::2/::\/64} >"$work/said"
	done
done

# One that the server has reset, and again from its ports with a cookie: it is counted, and open.
cat >"$work/moody.py" <<'EOF2'
"""Answers an `x`; an `r` gets a RST."""
import socket, struct, threading
def serve(c):
    try:
        while True:
            data = c.recv(1)
            if data == b"r":
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if data != b"x":
                break
            c.send(data)
    except OSError:
        pass
    c.close()
s = socket.create_server(("::", 82), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
EOF2
serve "$PYTHON" "$work/moody.py"
listens tcp 82
rules <<-EOF2
	version 1
	interface eth0
	default drop
	option learn 1s
	allow established name back
	allow icmp6
	conn-limit 3 per src/32/128 tcp dport 82 name few
	syn-limit 1/h burst 1 tcp dport 82 exceed syncookie name guard
	allow tcp dport 80,81,82 syn name web
EOF2
cat >"$work/twice.py" <<'EOF2'
"""twice.py ADDR: from one port; the second one is asked again for each line of input."""
import socket, sys, time
def connect():
    c = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    c.bind(("", 5001))
    c.settimeout(3)
    c.connect((sys.argv[1], 82))
    return c
def ask(c, what):
    try:
        c.send(what)
        return c.recv(1).decode() or "end"
    except OSError as e:
        return type(e).__name__
c = connect()
print(ask(c, b"x"), ask(c, b"r"), flush=True)
c.close()
c = connect()
print(ask(c, b"x"), flush=True)
for line in sys.stdin:
    print(ask(c, b"x"), flush=True)
EOF2
opened() {
	fw status --json | "$PYTHON" -c '
import json, sys
print([r["open"] for r in json.load(sys.stdin)["connections"]["rules"] if r["rule"] == "few"][0])'
}
# seconds STATE UNITS: how long flows of that number live (bpf/flow.h), in half seconds or so.
seconds() {
	"$PYTHON" - "$work/bpf/fw/state/flows" "$@" <<-'EOF2'
		import ctypes, mmap, os, struct, sys
		path = ctypes.create_string_buffer(sys.argv[1].encode())
		call = ctypes.CDLL(None, use_errno=True).syscall
		attr = ctypes.create_string_buffer(struct.pack("QII", ctypes.addressof(path), 0, 0), 128)
		fd = call(321, 7, attr, 128)  # BPF_OBJ_GET
		assert fd >= 0, os.strerror(ctypes.get_errno())
		header = mmap.mmap(fd, 4096)
		struct.pack_into("I", header, 24 + 4 * int(sys.argv[2]), int(sys.argv[3]))
	EOF2
}
for address in $server4 $server6; do
	ok "$address: with cookies" fw apply
	coproc TWICE { exec nsenter --net="/run/netns/$client" "$PYTHON" "$work/twice.py" $address; }
	children+=("$TWICE_PID")
	exec {tell}>&"${TWICE[1]}" {hear}<&"${TWICE[0]}"
	read -r -t 8 first <&"$hear"
	read -r -t 8 second <&"$hear"
	same "$address: one that is reset, and one from its ports" "$first, $second" "x ConnectionResetError, x"
	same "$address: that one is open" "$(opened)" 1

	# A forged RST leaves a silent one some time; when that is over its client speaks first.
	ok "$address: without cookies" fw del guard
	ok "$address: a short time" seconds 6 6
	if [ $address = $server4 ]; then
		send 1 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=5001,dport=82,flags='R',seq=7)"
	else
		send 1 "mac()/IPv6(src='$client6',dst='$server6')/TCP(sport=5001,dport=82,flags='R',seq=7)"
	fi
	same "$address: the RST is taken for one of the flow" "$(opened)" 1
	for _ in $(seq 50); do [ "$(opened)" = 0 ] && break || sleep 0.1; done
	same "$address: its time is over" "$(opened)" 0
	echo >&"$tell"
	answer=none
	read -r -t 8 answer <&"$hear"
	same "$address: a forged RST does not cut what is idle" "$answer" x
	same "$address: it is counted again" "$(opened)" 1
	exec {tell}>&- {hear}<&-
	ok "$address: closed ones too" seconds 7 2
	kill "$TWICE_PID"
	wait "$TWICE_PID" 2>/dev/null
	unset "children[-1]"
	sleep 2
	before=$(counter back)
	if [ $address = $server4 ]; then
		send 1 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=5001,dport=82,flags='A',seq=7,ack=9)"
	else
		send 1 "mac()/IPv6(src='$client6',dst='$server6')/TCP(sport=5001,dport=82,flags='A',seq=7,ack=9)"
	fi
	same "$address: without a socket it is over" "$(($(counter back) - before))" 0
	ok "$address: the times they had" seconds 6 234
	ok "$address: the times they had" seconds 7 234
done
finish
