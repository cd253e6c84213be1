#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Flows under attack: 1 000 idle connections outlive a flood from ever new sources into open ports
# (through a table of 2 048 flows) and blind RSTs; what is not of a flow stays out; ICMP errors.
# FLOOD is its seconds; `make bench BENCH="--only idle"` runs a long one.
. "$(dirname "$0")/lib.sh"
setup
ulimit -n 4096
flood=tests/kernel/flood.py
on_server ip route add 10.0.0.0/8 via $client4
on_server ip -6 route add 2001:db8:9::/48 via $client6
on_client ip route add blackhole 10.0.0.0/8 # it says nothing about what it cannot deliver
on_client ip -6 route add blackhole 2001:db8:9::/48
mac=$(on_server ip -br link show eth0 | awk '{ print $3 }')

field() { # field NAME: of status --json's established
	fw status --json | "$PYTHON" -c '
import json, sys
print(json.load(sys.stdin)["established"][sys.argv[1]])' "$1"
}

# The open ports: a listener, and one that answers each datagram.
serve "$PYTHON" -c '
import socket, threading
t = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
u.bind(("::", 7001))
while True:
    try:
        data, who = u.recvfrom(100)
        u.sendto(data, who)
    except OSError:
        pass
'
listens tcp 8080
mkfifo "$work/to-peer" "$work/to-hold"
nsenter --net="/run/netns/$client" "$PYTHON" $flood peer <"$work/to-peer" >"$work/peer" 2>&1 &
children+=($!)
exec 8>"$work/to-peer"
sleep 0.3
nsenter --net="/run/netns/$server" "$PYTHON" $flood hold $server4 $server6 $client4 $client6 1000 \
	<"$work/to-hold" >"$work/hold" 2>&1 &
children+=($!)
exec 9>"$work/to-hold"
for _ in $(seq 50); do grep -q open "$work/hold" && break || sleep 0.1; done
same "connections open" "$(cat "$work/hold")" "open 1000"
rules <<-EOF
	version 1
	interface eth0
	default drop
	essential on
	option flows 2048
	drop icmp6 type 143 name mld # the client kernel's own
	allow established name back
	allow tcp dport 8080
	allow udp dport 7001
EOF
# They are idle: only the socket tables tell of them.
ok "apply" fw apply "$work/rules.fw"
says "seeded" "1[0-9]{3} from sockets"


all_alive() { # all_alive NAME: a byte from the far end of each, before this end has sent any
	echo >&8
	sleep 0.3
	echo >&9
	sleep 0.8
	same "$1" "$(tail -n 1 "$work/hold")" "got 1000"
}

sent=$(on_client "$PYTHON" $flood flood "${FLOOD:-2.5}" "$mac" $server4 $server6)
same "the flood is larger than the table" "$((sent > 20000))" 1
same "a flood evicts new flows" "$(($(field evicted_new) + $(field refused_new) > 10000))" 1
same "it evicts no confirmed one" "$(field evicted)" 0
same "blind RSTs" "$(on_client "$PYTHON" $flood rst "$mac")" 1000
before=$(counter back)
all_alive "1 000 idle flows after flood and RSTs"
echo "figures seconds=${FLOOD:-2.5} flood=$sent evicted_new=$(field evicted_new)" \
	"refused_new=$(field refused_new) evicted=$(field evicted) alive=$(tail -n 1 "$work/hold" | tr -dc 0-9)"
same "they come in as established" "$(($(counter back) - before >= 1000))" 1

# One flow whose ports are known, and packets that resemble its answers.
ask() {
	on_server "$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5555))
s.sendto(b"x", (sys.argv[1], int(sys.argv[2])))' "$1" 9
}
# Port 9 swallows, so that the client has nothing to say of its own.
nsenter --net="/run/netns/$client" "$PYTHON" -c '
import socket, time
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
u.bind(("::", 9))
time.sleep(1000)' &
children+=($!)
for _ in $(seq 50); do on_client ss -Hlnu | grep -q ':9 ' && break || sleep 0.1; done
ask $client4
ask $client6
ok "reset" fw reset
udp4="IP(src='$client4',dst='$server4')/UDP(sport=9,dport=5555)"
udp6="IPv6(src='$client6',dst='$server6')/UDP(sport=9,dport=5555)"
send 1 "mac()/$udp4" "mac()/$udp6"
same "answers" "$(counter back) $(counter default)" "2 0"
send 1 "mac()/IP(src='$client4',dst='$server4')/UDP(sport=10,dport=5555)" \
	"mac()/IP(src='198.51.100.9',dst='$server4')/UDP(sport=9,dport=5555)" \
	"mac()/IPv6(src='$client6',dst='$server6')/UDP(sport=9,dport=5556)" \
	"mac()/IP(src='$client4',dst='$server4')/TCP(sport=9,dport=5555,flags='A')" \
	"mac()/IP(src='$client4',dst='$server4',proto=17,frag=100)/(b'x'*8)"
same "what only resembles them" "$(counter back) $(counter default)" "2 5"

# Errors about it, and about what nobody sent.
quoted4="IP(src='$server4',dst='$client4')/UDP(sport=5555,dport=9)"
quoted6="IPv6(src='$server6',dst='$client6')/UDP(sport=5555,dport=9)"
router4="IP(src='198.51.100.77',dst='$server4')"
router6="IPv6(src='2001:db8:1::77',dst='$server6')"
ok "reset" fw reset
send 1 "mac()/$router4/ICMP(type=3,code=3)/$quoted4" "mac()/$router4/ICMP(type=11)/$quoted4" \
	"mac()/$router6/ICMPv6DestUnreach(code=4)/$quoted6" \
	"mac()/$router6/ICMPv6TimeExceeded()/$quoted6"
same "errors about a flow" "$(counter back) $(counter default)" "4 0"
send 1 "mac()/$router4/ICMP(type=3,code=3)/IP(src='$server4',dst='$client4')/UDP(sport=5556,dport=9)" \
	"mac()/$router4/ICMP(type=3,code=3)/IP(src='198.51.100.3',dst='$client4')/UDP(sport=5555,dport=9)" \
	"mac()/$router4/ICMP(type=5)/$quoted4" \
	"mac()/$router4/ICMP(type=3,code=3)/IP(src='$server4',dst='$client4',proto=17,frag=9)/(b'x'*8)" \
	"mac()/$router6/ICMPv6DestUnreach(code=4)/IPv6(src='$server6',dst='$client6')/UDP(sport=5556,dport=9)"
same "errors about nothing" "$(counter back) $(counter default)" "4 5"

# Packet too big is essential; where that is off, a flow must ask for it.
sed -i 's/essential on/essential off/' "$work/rules.fw"
ok "essential off" fw apply "$work/rules.fw"
ask $client4
ask $client6
ok "reset" fw reset
send 1 "mac()/$router4/ICMP(type=3,code=4,nexthopmtu=1400)/$quoted4" \
	"mac()/$router6/ICMPv6PacketTooBig(mtu=1400)/$quoted6"
same "path MTU of a flow" "$(counter back)" 2

# A real refusal reaches the one who asked.
refused() {
	on_server "$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.connect((sys.argv[1], 11))
s.send(b"x")
try:
    s.recv(1)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit(1)' "$1"
}
ok "port unreachable, IPv4" refused $client4
ok "port unreachable, IPv6" refused $client6

# A SYN is never looked up.
port=$(on_server ss -Htn state established dport = :7000 src $server4 | head -n 1 | awk '{ print $3 }')
ok "reset" fw reset
send 1 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=7000,dport=${port##*:},flags='S')"
same "a SYN with the ports of a flow" "$(counter back)" 0
exec 8>&- 9>&-
finish
