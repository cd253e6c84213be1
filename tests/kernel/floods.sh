#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Honest clients behind `exceed syncookie` and `blacklist verified`: in a flood that forges their
# own address, and over the ways in which a service may be set up.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
printf 'version 1\ninterface c0\ndefault allow\noption malformed pass\n' >"$work/client.fw"
ok "a program on the client takes what the server's sends back" on_client "$BPFFW" \
	--bpffs "$work/bpf/client" --state-dir "$work/client" --run-dir "$work/client-run" \
	apply "$work/client.fw"

# "UP DOWN\n" and UP bytes come in, DOWN bytes go back. Two listeners share port 80.
cat >"$work/service.py" <<'EOF2'
import socket, sys, threading
def talk(c):
    try:
        with c, c.makefile("rb") as f:
            up, down = map(int, f.readline().split())
            if len(f.read(up)) == up: c.sendall(b"x" * down)
    except (OSError, ValueError): pass
def serve(port):
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if port == 80: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("::", port)); s.listen(64)
    while True:
        threading.Thread(target=talk, args=(s.accept()[0],), daemon=True).start()
for port in (80, 80, 81): threading.Thread(target=serve, args=(port,)).start()
EOF2
serve "$PYTHON" "$work/service.py"
listens tcp 80
listens tcp 81

# connects N ADDR [PORT] [UP] [DOWN]: how many of N connections got all that they asked for.
connects() {
	on_client "$PYTHON" - "$@" <<-'EOF2'
		import socket, sys
		done, (number, address, port, up, down) = 0, sys.argv[1:] + ["80", "0", "9"][len(sys.argv) - 3:]
		for i in range(int(number)):
		    try:
		        with socket.create_connection((address, int(port)), timeout=3) as c:
		            c.sendall(b"%s %s\n" % (up.encode(), down.encode()) + b"y" * int(up))
		            got = 0
		            while part := c.recv(1 << 20): got += len(part)
		            done += got == int(down)
		    except OSError: pass
		print(done)
	EOF2
}
cookies() { # one of: sent valid refused
	fw status --json | "$PYTHON" -c 'import json, sys
print((json.load(sys.stdin).get("syncookies") or {}).get(sys.argv[1], 0))' "$1"
}
behind() { # behind LIMIT: the service behind it
	printf '%s\n' "version 1" "interface eth0 mode ${mode:-native}" "default drop" "allow icmp6" \
		"allow established" "$1" "allow tcp dport 80-81 syn name web" >"$work/rules.fw"
}
mac=$(on_server cat /sys/class/net/eth0/address 2>/dev/null ||
	on_server ip -o link show eth0 | sed 's/.*ether \([^ ]*\).*/\1/')
# forged NAME: 20 connections of each family while both clients' addresses are forged.
forged() {
	local four six
	on_client "$PYTHON" tests/kernel/flood.py forge 30 "$mac" $server4 $client4 >/dev/null &
	four=$!
	on_client "$PYTHON" tests/kernel/flood.py forge 30 "$mac" $server6 $client6 >/dev/null &
	six=$!
	sleep 1
	same "$1, IPv4" "$(connects 20 $server4)" 20
	same "$1, IPv6" "$(connects 20 $server6)" 20
	same "$1: the flood went on meanwhile" "$(kill -0 $four && kill -0 $six && echo yes)" yes
	kill $four $six $(pgrep -P $four,$six) 2>/dev/null
	wait $four $six 2>/dev/null
	exits 1 "$1: the client is not banned" fw blacklist test $client4
	exits 1 "$1: nor over IPv6" fw blacklist test $client6
}
for value in 1 2; do
	on_server sysctl -qw net.ipv4.tcp_syncookies=$value
	behind "syn-limit 5/s burst 5 per src tcp dport 80 exceed syncookie name guard"
	ok "cookies" fw apply
	forged "cookies, tcp_syncookies=$value"
	behind "syn-limit 60/m burst 50 per src tcp dport 80 exceed blacklist verified for 10m name guard"
	ok "verified" fw apply
	forged "verified, tcp_syncookies=$value"
done
# The first of each family is within the limit, the others get cookies.
# valid NAME BEFORE N: at least half of N came back since.
spend() { connects 1 $server4; connects 1 $server6; } >/dev/null
valid() {
	local came=$(($(cookies valid) - $2))
	same "$1: by cookie, $came of $3" $((came * 2 >= $3)) 1
}
every="syn-limit 1/h burst 1 tcp dport 80-81 exceed syncookie name guard"
for mode in native generic; do
	behind "$every"
	fw panic open >/dev/null
	ok "$mode" fw apply
	spend
	before=$(cookies valid)
	same "$mode: IPv4" "$(connects 10 $server4)" 10
	same "$mode: IPv6" "$(connects 10 $server6)" 10
	same "$mode: another listener" "$(connects 2 $server4 81)" 2
	same "$mode: much at once, both ways" "$(connects 2 $server4 80 300000 3000000)" 2
	same "$mode: IPv6" "$(connects 2 $server6 80 300000 3000000)" 2
	valid "$mode" "$before" 26
done
mode=native

behind "$every"
fw panic open >/dev/null
ok "native again" fw apply
spend
on_client "$PYTHON" - $server4 >"$work/said" 2>&1 <<-'EOF2'
	import logging, sys
	logging.getLogger("scapy").setLevel(logging.ERROR)
	from scapy.all import *
	conf.verb = 0
	syn = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / Dot1Q(vlan=20) / IP(
	    src="198.51.100.77", dst=sys.argv[1]) / TCP(sport=4001, dport=80, seq=1000)
	for i in range(3):
	    answer = srp1(syn, iface="c0", timeout=2)
	    if answer: break
	print(answer.summary(), answer[Dot1Q].vlan, answer[TCP].ack)
EOF2
says "behind a VLAN tag" '198.51.100.77.*SA.* 20 1001$'

# Orders of rules: before the limit what passes is passed, and without a flow each ACK is asked for.
printf '%s\n' "version 1" "interface eth0" "default drop" "allow icmp6" "$every" \
	"allow tcp dport 80-81 syn name web" "allow established" >"$work/rules.fw"
ok "established comes last" fw apply
spend
before=$(cookies valid)
same "established comes last" "$(connects 5 $server4)$(connects 5 $server6)" 55
valid "established comes last" "$before" 10
printf '%s\n' "version 1" "interface eth0" "default drop" "allow icmp6" "$every" \
	"allow tcp dport 80-81 name web" >"$work/rules.fw"
ok "no established" fw apply
spend
before=$(cookies valid)
same "no established" "$(connects 5 $server4 80 100000 100000)$(connects 5 $server6)" 55
valid "no established" "$before" 10
printf '%s\n' "version 1" "interface eth0" "default allow" "$every" >"$work/rules.fw"
ok "default allow" fw apply
spend
before=$(cookies valid)
same "default allow" "$(connects 5 $server4)$(connects 5 $server6)" 55
valid "default allow" "$before" 10
printf '%s\n' "version 1" "interface eth0" "default drop" "allow icmp6" "allow established" \
	"chain limits { $every" "return }" "jump limits" "allow tcp dport 80-81 syn" >"$work/rules.fw"
sed -i 's/{ /{\n/; s/return }/return\n}/' "$work/rules.fw"
ok "in a chain" fw apply
spend
before=$(cookies valid)
same "in a chain" "$(connects 5 $server4)$(connects 5 $server6)" 55
valid "in a chain" "$before" 10

# What no cookie can be sent for is over the limit all the same.
behind "$every"
ok "apply" fw apply
spend
before=$(counter web)
send 5 "mac()/IP(src='203.0.113.9',dst='$server4',options=IPOption(b'\x94\x04\0\0'))/TCP(sport=4000,dport=80,flags='S')"
same "IPv4 options" "$(($(counter web) - before))" 0
send 5 "mac()/IPv6(src='2001:db8:9::9',dst='$server6')/IPv6ExtHdrDestOpt()/TCP(sport=4000,dport=80,flags='S')"
same "IPv6 extensions" "$(($(counter web) - before))" 0

behind "syn-limit 60/m burst 50 per src tcp dport 80 exceed blacklist for 10m name guard"
exits 0 "a plain blacklist is warned of" fw check "$work/rules.fw"
says "by name" 'rules.fw:6:.*warning:.*W212'
finish
