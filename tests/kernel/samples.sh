#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Samples 2 and 3 as they are in etc/examples, used by real clients: each of their rules by counter,
# ban or line of `monitor`. Only paths of files and, in sample 3, the interface's addresses differ.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
veth eth1 c1 198.51.101.1 2001:db8:2::1 198.51.101.2 2001:db8:2::2
printf 'version 1\ninterface c0, c1\ndefault allow\noption malformed pass\n' >"$work/client.fw"
ok "a program on the client takes what the server's sends back" on_client "$BPFFW" \
	--bpffs "$work/bpf/client" --state-dir "$work/client" --run-dir "$work/client-run" \
	apply "$work/client.fw"
on_server sysctl -qw net.ipv4.tcp_syncookies=2
cat >"$work/service.py" <<'EOF2'
import socket, threading
def serve(port):
    s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
    while True:
        c = s.accept()[0]
        c.sendall(b"hello\n")
        c.close()
for port in (22, 25, 80, 443): threading.Thread(target=serve, args=(port,)).start()
EOF2
serve "$PYTHON" "$work/service.py"
listens tcp 443
listens tcp 22

# connects N SOURCE ADDR PORT: how many of N connections were greeted.
connects() {
	on_client "$PYTHON" - "$@" <<-'EOF2'
		import socket, sys
		done = 0
		for i in range(int(sys.argv[1])):
		    try:
		        with socket.create_connection((sys.argv[3], int(sys.argv[4])), 1.2, (sys.argv[2], 0)) as c:
		            done += c.recv(100) == b"hello\n"
		    except OSError: break
		print(done)
	EOF2
}
excess() { # of a rule, packets
	fw list --json | "$PYTHON" -c 'import json, sys
print([r for r in json.load(sys.stdin)["rules"] if r.get("name") == sys.argv[1]][0]["exceed"]["packets"])' "$1"
}
sample() { sed "s|/var/lib/bpffw/|$work/|; s|/etc/bpffw/|$work/|" etc/examples/"$1" >"$work/rules.fw"; }
tcp() { # tcp COUNT SOURCE DPORT
	send "$1" "mac()/IP(src='$2',dst='$server4')/TCP(sport=RandShort(),dport=$3,flags='S')"
}
udp() { # udp COUNT SOURCE DEST DPORT BYTES [SPORT]
	send "$1" "mac()/IP(src='$2',dst='$3')/UDP(sport=${6:-4000},dport=$4)/(b'x'*$5)"
}

above() { # above NAME NUMBER LEAST
	if [ "$2" -ge "$3" ]; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAILED: $1: $2, less than $3"
	fi
}
# blast COUNT EXPRESSION: one frame as fast as it goes.
blast() {
	on_client "$PYTHON" - "$@" <<-'EOF2'
		import logging, socket, sys
		logging.getLogger("scapy").setLevel(logging.ERROR)
		from scapy.all import *
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(("c0", 0))
		frame = bytes(Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff") / eval(sys.argv[2]))
		for i in range(int(sys.argv[1])): s.send(frame)
	EOF2
}

on_client ip addr add 192.0.2.7/32 dev c0
on_client ip addr add 203.0.113.66/32 dev c0
on_client ip addr add 198.51.100.3/32 dev c0
on_server ip route add 192.0.2.0/24 via $client4
on_server ip route add 203.0.113.0/24 via $client4
printf '203.0.113.0/28 # a net\n203.0.113.66 # one\n2001:db8:bad::/48\n' >"$work/blacklist.txt"
sample 2-ssh-bruteforce.fw
ok "sample 2" fw apply
fw monitor --json >"$work/lines" 2>/dev/null &
monitor=$!
sleep 0.5
same "web" "$(connects 3 $client4 $server4 80)$(connects 3 $client6 $server6 443)" 33
same "web, the other interface" "$(connects 2 198.51.101.2 198.51.101.1 80)" 2
same "ssh" "$(connects 3 198.51.100.3 $server4 22)" 3
same "the default" "$(connects 1 $client4 $server4 25)" 0
ok "ping" on_client ping -c 1 -W 1 -q $server4
ok "ping, IPv6" on_client ping -c 1 -W 1 -q $server6
ok "the host's own ping" on_server ping -c 1 -W 1 -q $client4
same "blacklist file" "$(connects 1 203.0.113.66 $server4 80)" 0
send 2 "mac()/IPv6(src='2001:db8:bad:7::1',dst='$server6')/TCP(dport=80,flags='S')"
same "the allowlist knows no port" "$(connects 1 192.0.2.7 $server4 25)" 1
fw list >"$work/said"
says "both lists have a counter" "allowlist .* [1-9]"
says "the blacklist too" "blacklist .* [1-9]"
same "a forged flood on ssh" "$(tcp 30 198.51.100.3 22; excess ssh-brute)" 27
exits 1 "bans nobody" fw blacklist test 198.51.100.3
same "who completes more than six is cut off" "$(connects 8 $client4 $server4 22)" 6
ok "and banned" fw blacklist test $client4
same "wholly" "$(connects 1 $client4 $server4 80)" 0
same "the other is not" "$(connects 1 198.51.100.3 $server4 80)" 1
ok "unban" fw unban $client4
same "and may again" "$(connects 2 $client4 $server4 80)" 2
blast 2000 "IP(src='198.51.100.99',dst='$server4')/TCP(sport=4000,dport=443,flags='S')"
above "a flood from one source" "$(excess web-syn)" 1000
kill -INT $(pgrep -P "$monitor" -x bpffw) 2>/dev/null
wait "$monitor" 2>/dev/null
cp "$work/lines" "$work/said"
says "the default's log" '"by":"default".*:25 tcp syn'
says "the limit's log" '"event":"over","by":"ssh-brute"'
says "the ban" "\"event\":\"ban\",\"by\":\"ssh-brute\".*\"banned\":\"$client4\",\"seconds\":600"
same "every ban is told" "$(grep -c '"event":"ban"' "$work/lines")" 1

on_client ip addr del 203.0.113.66/32 dev c0
on_server ip addr add 203.0.113.53/32 dev eth0
printf '198.18.0.0/15\n2001:db8:dead::/48\n' >"$work/bogons.txt"
sample 3-dns-ddos.fw
ok "sample 3" fw apply
fw monitor --json >"$work/lines" 2>/dev/null &
monitor=$!
sleep 0.5
dns=203.0.113.53
udp 3 198.18.7.7 $server4 53 30
send 1 "mac()/IPv6(src='2001:db8:dead:1::1',dst='$server6')/UDP(dport=1)"
same "bogons from the file" "$(counter bogons)" 4
udp 3 198.51.100.70 $server4 9 100 1900
same "reflection" "$(counter reflection)" 3
send 2 "mac()/IP(src='198.51.100.70',dst='$dns',frag=64,proto=17)/(b'x'*64)" \
	"mac()/IP(src='198.51.100.70',dst='$server4',frag=64,proto=17)/(b'x'*64)"
same "later fragments to the DNS servers only" "$(counter dns-frags)" 2
send 2 "mac()/IP(src='198.51.100.70',dst='$server4')/TCP(dport=80,flags='')" \
	"mac()/IP(src='198.51.100.70',dst='$server4')/TCP(dport=80,flags='SF')"
same "null scan, SYN and FIN" "$(counter null-scan) $(counter syn-fin)" "2 2"
udp 2 198.51.100.70 $dns 53 10
udp 2 198.51.100.70 $dns 53 40
udp 2 198.51.100.70 $server4 53 10
same "short DNS queries" "$(counter dns-too-short)/$(counter dns-per-net)" 2/2
blast 3000 "IP(src='198.51.100.71',dst='$dns')/UDP(sport=4000,dport=53)/(b'x'*40)"
udp 1 198.51.101.71 $dns 53 40
above "a limit for each net" "$(excess dns-per-net)" 1000
udp 200 198.51.100.72 $server4 27020 30
above "of packets for each source" "$(excess game-pps)" 50
blast 15000 "IP(src='198.51.100.73',dst='$server4')/UDP(sport=4000,dport=7777)/(b'x'*1400)"
above "of bandwidth for each destination" "$(excess game-bw)" 1
same "the web, by default" "$(connects 20 198.51.100.3 $server4 80)$(connects 5 $client6 $server6 443)" 205
exits 1 "none of them is an abuser" fw set abusers test 198.51.100.3
send 300 "mac()/IP(src='198.51.100.3',dst='$server4')/TCP(sport=RandShort(),dport=80,flags='S')"
exits 1 "nor who is forged" fw set abusers test 198.51.100.3
connects 200 $client4 $server4 80 >"$work/said"
ok "who completes 60 a second is" fw set abusers test $client4
above "and dropped" "$(counter abusers)" 1
same "nobody else" "$(fw set abusers list --json | grep -c 198.51.100)" 1
same "the other connects on" "$(connects 5 198.51.100.3 $server4 80)" 5
ok "the host's own queries are answered" on_server ping -c 1 -W 1 -q 198.51.100.3
kill -INT $(pgrep -P "$monitor" -x bpffw) 2>/dev/null
wait "$monitor" 2>/dev/null
cp "$work/lines" "$work/said"
says "game-bw's log" '"by":"game-bw"'
finish
