#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SYN cookies and bans on evidence, with a real listener, real clients and forged floods.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
# What a program sends back on a veth is taken only by a peer with a program of its own.
printf 'version 1\ninterface c0\ndefault allow\noption malformed pass\n' >"$work/client.fw"
ok "a program on the client" on_client "$BPFFW" --bpffs "$work/bpf/client" \
	--state-dir "$work/client" --run-dir "$work/client-run" apply "$work/client.fw"

cat >"$work/listen.py" <<'EOF2'
import socket, sys, threading
def serve(family):
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("", 80)); s.listen(64)
    while True:
        c, _ = s.accept()
        try:
            c.recv(100); c.sendall(b"hello\n"); c.close()
        except OSError: pass
threading.Thread(target=serve, args=(socket.AF_INET6,), daemon=True).start()
serve(socket.AF_INET)
EOF2
serve "$PYTHON" "$work/listen.py"
listens tcp 80

# connects N ADDR: how many of N connections got their answer.
connects() {
	on_client "$PYTHON" - "$@" <<-'EOF2'
		import socket, sys
		done = 0
		for i in range(int(sys.argv[1])):
		    try:
		        c = socket.create_connection((sys.argv[2], 80), timeout=2)
		        c.sendall(b"GET"); done += c.recv(100) == b"hello\n"; c.close()
		    except OSError: pass
		print(done)
	EOF2
}
state() { # one of: sent valid refused
	fw status --json | "$PYTHON" -c 'import json, sys
print((json.load(sys.stdin).get("syncookies") or {}).get(sys.argv[1], 0))' "$1"
}
some() { # some NAME NUMBER: it is above 0
	if [ "$2" -gt 0 ]; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAILED: $1: is $2"
	fi
}

on_server sysctl -qw net.ipv4.tcp_syncookies=0
rules <<-EOF2
	version 1
	interface eth0
	default drop
	allow icmp6
	allow established
	syn-limit 1/m burst 1 tcp dport 80 exceed syncookie name guard
	allow tcp dport 80 syn name web
EOF2
exits 2 "tcp_syncookies=0 is refused" fw apply
says "and at the rule" 'rules.fw:6:1: error: SYN cookies are turned off.*E193'
on_server sysctl -qw net.ipv4.tcp_syncookies=2
ok "apply" fw apply
same "IPv4 clients" "$(connects 10 $server4)" 10
same "IPv6 clients" "$(connects 10 $server6)" 10
some "cookies were sent" "$(state sent)"
same "and came back" "$(state valid)" "$(state sent)"
same "every connection passed the rule behind" "$(counter web)" 20

# An ACK that nobody asked for, while cookies are sent.
before=$(state refused)
send 3 "mac()/IP(src='203.0.113.9',dst='$server4')/TCP(sport=4000,dport=80,flags='A',seq=9,ack=7)"
same "a forged ACK is refused" "$(($(state refused) - before))" 3

# With 1 the kernel refuses while the listener has room: the SYN goes on.
on_server sysctl -qw net.ipv4.tcp_syncookies=1
before=$(state sent)
same "no cookie without need" "$(connects 5 $server4) $(($(state sent) - before))" "5 0"

# Behind a rule that drops it, the connection is dropped: the cookie opens nothing.
on_server sysctl -qw net.ipv4.tcp_syncookies=2
ok "a rule behind" fw add after guard drop tcp dport 80 src $client4 name evil
same "a cookie does not pass the rules behind" "$(connects 1 $server4)" 0
ok "without it" fw del evil

# The frame of the answer, as the client's stack checks it: checksums, addresses, and no options.
on_client "$PYTHON" - $server4 $server6 >"$work/said" 2>&1 <<-'EOF2'
	import logging, sys
	logging.getLogger("scapy").setLevel(logging.ERROR)
	from scapy.all import *
	conf.verb = 0
	for ip in (IP(src="198.51.100.77", dst=sys.argv[1]), IPv6(src="2001:db8:1::77", dst=sys.argv[2])):
	    syn = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / ip / TCP(
	        sport=4001, dport=80, flags="S", seq=1000, options=[("MSS", 1300), ("WScale", 7)])
	    for i in range(3):
	        answer = srp1(syn, iface="c0", timeout=2)
	        if answer and TCP in answer:
	            break
	    sent = answer[TCP].chksum, (answer[IP].chksum if IP in answer else 0)
	    again = answer.__class__(bytes(answer))
	    del again[TCP].chksum
	    if IP in again: del again[IP].chksum
	    again = again.__class__(bytes(again))
	    assert sent == (again[TCP].chksum, again[IP].chksum if IP in again else 0), answer.show(dump=True)
	    t = answer[TCP]
	    print(t.flags, t.ack, t.options, answer.dst, answer.payload.src == ip.dst)
EOF2
says "the answer, both families" "^SA 1001 \[\('MSS', 1460\)\] 02:00:00:00:00:02 True$"
says "IPv6" "^SA 1001 \[\('MSS', 1440\)\]"

# Nor do what else a listener takes a cookie from: a FIN, headers with options, fragments.
rules <<-EOF2
	version 1
	interface eth0
	default drop
	option fragments pass
	allow icmp6
	syn-limit 1/m burst 1 tcp dport 80 exceed syncookie name guard
	drop tcp syn dport 80 src 198.51.100.77,2001:db8:1::77 name evil
	allow tcp dport 80 src 198.51.100.77,2001:db8:1::77 name behind
EOF2
ok "apply" fw apply
received() { on_server nstat -asz TcpExtSyncookiesRecv | awk '/Recv/ { print $2 }'; }
before=$(received)
on_client "$PYTHON" - $server4 $server6 "$(on_server ip -br link show eth0 | awk '{ print $3 }')" >"$work/said" 2>&1 <<-'EOF2'
	import logging, sys
	logging.getLogger("scapy").setLevel(logging.ERROR)
	from scapy.all import *
	conf.verb = 0
	ether = Ether(src="02:00:00:00:00:02", dst=sys.argv[3])
	ip4, ip6 = IP(src="198.51.100.77", dst=sys.argv[1]), IPv6(src="2001:db8:1::77", dst=sys.argv[2])
	options = IP(src=ip4.src, dst=ip4.dst, options=[IPOption(b"\x01\x01\x01\x00")])
	extended = ip6 / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
	cases = [("plain", ip4, ip4, "PA"), ("FIN", ip4, ip4, "FPA"), ("options", ip4, options, "PA"),
	         ("SYN with options", options, ip4, "PA"), ("fragments", ip4, ip4, "PA"),
	         ("plain", ip6, ip6, "PA"), ("extensions", ip6, extended, "FPA"),
	         ("SYN with extensions", extended, ip6, "PA")]
	for port, (name, first, second, flags) in enumerate(cases, 5000):
	    seen = AsyncSniffer(iface="c0", count=1, timeout=3, lfilter=lambda p: TCP in p and
	                        p[TCP].dport == port and p[TCP].flags == "SA")
	    seen.start(); time.sleep(0.1)
	    sendp([ether / first / TCP(sport=port, dport=80, flags="S", seq=1000)] * 2, iface="c0")
	    seen.join()
	    answer = seen.results[0]
	    data = b"G" * (100 if name == "fragments" else 3)
	    ack = second / TCP(sport=port, dport=80, flags=flags, seq=1001, ack=answer[TCP].seq + 1) / data
	    for frame in fragment(ack, fragsize=64) if name == "fragments" else [ack]:
	        sendp(ether / frame, iface="c0")
	print("sent", len(cases))
EOF2
says "all got a cookie" '^sent 8$'
sleep 0.3
same "none passed the rule behind" "$(counter behind) $(($(received) - before))" "0 0"

# A router: the listener on any address is not asked about what is for another host.
rules <<-EOF2
	version 1
	interface eth0
	default drop
	allow icmp6
	allow established
	syn-limit 1/m burst 1 tcp dport 80 exceed syncookie name guard
	allow tcp dport 80 syn name web
EOF2
ok "apply on a router" fw apply
veth eth1 c1 198.18.0.1 2001:db8:b::1 198.18.0.2 2001:db8:b::2
on_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
before=$(state sent)
send 9 "mac()/IP(src='$client4',dst='198.18.0.2')/TCP(sport=4000,dport=80,flags='S')" \
	"mac()/IPv6(src='$client6',dst='2001:db8:b::2')/TCP(sport=4000,dport=80,flags='S')"
same "no cookie in the name of another host" "$(($(state sent) - before))" 0
same "but in its own" "$(connects 3 $server4) $(connects 3 $server6)" "3 3"
on_server sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0

# Evidence: whoever completes handshakes above the rate is banned, a forged flood bans nobody.
rules <<-EOF2
	version 1
	interface eth0
	default drop
	allow icmp6
	allow established
	syn-limit 5/m burst 5 per src tcp dport 80 exceed blacklist verified for 10m name guard
	allow tcp dport 80 syn name web
EOF2
ok "apply verified" fw apply
send 40 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=RandShort(),dport=80,flags='S')"
same "a flood in its name bans nobody" "$(connects 3 $server4)" 3
same "it is on no list" "$(fw blacklist test $client4 >/dev/null; echo $?)" 1
before=$(connects 12 $server4)
some "some more" "$before"
same "then it is banned" "$(connects 1 $server4) $(fw blacklist test $client4 >/dev/null; echo $?)" "0 0"
same "the other family is not" "$(connects 3 $server6)" 3

# One connection is evidence once, however often its client sends to a listener without room.
on_server sysctl -qw net.ipv4.tcp_syncookies=2
serve "$PYTHON" -c 'import socket, time
s = socket.socket(); s.bind(("", 81)); s.listen(1); time.sleep(60)'
listens tcp 81
on_client ip addr add 198.51.100.50/24 dev c0
ok "a full listener" fw add syn-limit 5/m burst 5 per src tcp dport 81 exceed blacklist verified for 10m
ok "it is open" fw add allow tcp dport 81 syn
on_client "$PYTHON" - $server4 "$(on_server ip -br link show eth0 | awk '{ print $3 }')" >"$work/said" 2>&1 <<-'EOF2'
	import logging, sys, socket
	logging.getLogger("scapy").setLevel(logging.ERROR)
	from scapy.all import *
	conf.verb = 0
	to = Ether(src="02:00:00:00:00:02", dst=sys.argv[2]) / IP(src="198.51.100.78", dst=sys.argv[1])
	sendp([to / TCP(sport=4999, dport=81, flags="S")] * 20, iface="c0")
	answer = srp1(to / TCP(sport=5000, dport=81, flags="S", seq=1000), iface="c0", timeout=2)
	kept = [socket.socket() for i in range(3)]
	for s in kept: s.bind(("198.51.100.50", 0))
	for s in kept:
	    s.setblocking(False)
	    s.connect_ex((sys.argv[1], 81))
	    time.sleep(0.1)
	sendp([to / TCP(sport=5000, dport=81, flags="PA", seq=1001, ack=answer[TCP].seq + 1) / b"GET"] * 8,
	      iface="c0")
	print("sent")
EOF2
says "eight segments of one connection" '^sent$'
same "ban nobody" "$(fw blacklist test 198.51.100.78 >/dev/null; echo $?)" 1
finish
