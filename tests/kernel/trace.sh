#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `trace`: real packets of both families, dropped and allowed; what it says equals what the kernel
# counts; a tracer that is killed costs no packet and is cleaned up after.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
rules <<-EOF2
	version 1
	interface eth0
	default drop
	set bad addr { 203.0.113.0/24 }
	set seen addr timeout 1h
	blacklist { 203.0.113.7 }
	allow established
	allow icmp
	allow icmp6
	count tcp name all-tcp
	chain web {
	    return src 203.0.113.9
	    allow tcp dport 80 name web
	}
	drop src @seen name seen
	jump web on eth0
	allow tcp dport 22 name ssh
	drop udp dport 53 src @bad name bad-dns
	allow udp dport 53 name dns
EOF2
ok "apply" fw apply

# start WORDS...: trace in the background until stop; its lines are in `lines`.
start() {
	nsenter --net="/run/netns/$server" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
		--run-dir "$work/run" trace "$@" >"$work/lines" 2>&1 </dev/null &
	tracer=$!
	children+=("$tracer")
	sleep 0.3
}
stop() {
	sleep 0.2
	kill -INT "$tracer"
	wait "$tracer"
	same "it ends in order" "$?" 0
	sed 's/^[0-9:]\{8\}\.[0-9]\{3\} //' "$work/lines" >"$work/said"
}
S=$server4 C=$client4
# Made once: scapy takes a second to start.
"$PYTHON" - >"$work/frames" "mac()/IP(src='$C',dst='$S')/TCP(sport=4000,dport=80,flags='S')" \
	"mac()/IP(src='203.0.113.9',dst='$S')/TCP(sport=4000,dport=80,flags='S')" \
	"mac()/IPv6(src='$client6',dst='$server6')/TCP(sport=4000,dport=22,flags='S')" \
	"mac()/IPv6(src='$client6',dst='$server6')/TCP(sport=4000,dport=23,flags='S')" \
	"mac()/IP(src='203.0.113.8',dst='$S')/UDP(sport=4000,dport=53)" \
	"mac()/IP(src='$C',dst='$S')/UDP(sport=4000,dport=53)" \
	"mac()/IP(src='203.0.113.7',dst='$S')/UDP(sport=4000,dport=53)" \
	"mac()/IP(src='$C',dst='$S',len=19)/UDP(sport=4000,dport=54)" \
	"mac()/IP(src='$C',dst='$S')/TCP(sport=4000,dport=2323,flags='S')" <<-'EOF2'
		import sys
		from scapy.all import *
		mac = lambda: Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff")
		for text in sys.argv[1:]:
		    print(bytes(eval(text)).hex())
	EOF2
# packets COUNT: each frame so often.
packets() {
	on_client "$PYTHON" - "$1" "$work/frames" <<-'EOF2'
		import socket, sys
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(("c0", 0))
		for line in open(sys.argv[2]):
		    for i in range(int(sys.argv[1])):
		        s.send(bytes.fromhex(line))
	EOF2
}

fw reset >/dev/null
start
packets 1
stop
says "a rule of a chain" "^eth0 $C:4000 > $S:80 tcp syn len 40   r1- r4\+ r7- r8\+ r5- r6 web ALLOW$"
says "after a return" "^eth0 203.0.113.9:4000 > $S:80 tcp syn len 40   r1- r4\+ r7- r8\+ r5\+ r9- default DROP$"
says "IPv6" "^eth0 \[$client6\]:4000 > \[$server6\]:22 tcp syn len 60   r1- r4\+ r7- r8\+ r6- r9 ssh ALLOW$"
says "IPv6, dropped" "^eth0 \[$client6\]:4000 > \[$server6\]:23 tcp .* r9- default DROP$"
says "a set" "^eth0 203.0.113.8:4000 > $S:53 udp len 28   r1- r7- r8\+ .*r10 bad-dns DROP$"
says "allowed" "^eth0 $C:4000 > $S:53 udp len 28   r1- .*r10- r11 dns ALLOW$"
says "the blacklist" "^eth0 203.0.113.7:4000 > $S:53 udp len 28   blacklist DROP$"
says "malformed" "malformed ip4-header   malformed DROP$"

says "the sum" "^[0-9]+ packets traced, 0 lost$"
same "as counted" "$(counter web) $(counter ssh) $(counter bad-dns) $(counter dns)" "1 1 1 1"

# What it says and what the kernel counts, rule by rule.
fw reset >/dev/null
start --json
packets 30
on_client ping -c 3 -i 0.05 -q $server6 >/dev/null
stop
fw list --json >"$work/list"
"$PYTHON" - "$work/lines" "$work/list" >"$work/sum" <<-'EOF2'
	import collections, json, sys
	lines = [json.loads(line) for line in open(sys.argv[1])]
	ruleset = json.load(open(sys.argv[2]))
	end = lines.pop()
	assert end["event"] == "end" and end["packets"] == len(lines) and end["lost"] == 0, end
	said = collections.Counter()
	for line in lines:
	    for rule in line["matched"]:
	        said[rule] += 1
	    said[line["by"]] += 1
	kernel = {rule["id"]: rule["packets"] for rule in ruleset["rules"] if rule["verb"] not in ("jump", "return")}
	kernel["default"] = ruleset["default"]["packets"]
	wrong = [(k, n, said[k]) for k, n in kernel.items() if said[k] != n]
	print(wrong or "equal", said["r6"], said["blacklist"])
EOF2
same "as counted, rule by rule" "$(cat "$work/sum")" "equal 30 30"

# Only the packets asked for, by what the kernel and what only user space knows.
start src 203.0.113.0/24 udp
packets 2
stop
same "by address and protocol" "$(wc -l <"$work/said")" 5
says "two sources" "^eth0 203.0.113.8"
start ip6 tcp dport 22
packets 2
stop
same "IPv6 only" "$(sed '$d' "$work/said" | sort -u | wc -l) $(tail -1 "$work/said")" "1 2 packets traced, 0 lost"
fw set seen add $C >/dev/null
start src @seen
packets 1
stop
says "in a set that changes" "^eth0 $C:4000 > $S:80 tcp syn len 40   r1- r4\+ r7 seen DROP$"
same "and nobody else" "$(grep -c "^eth0" "$work/said")" "$(grep -c "^eth0 $C:" "$work/said")"
fw set seen del $C >/dev/null

# A connection of the server's own: its answers are established, the first packet never.
serve "$PYTHON" -c 'import socket,time
for i in range(20):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"x", ("'$C'", 7777)); time.sleep(.1)'
on_client timeout 4 "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 7777))
for i in range(5):
    d, a = s.recvfrom(9); s.sendto(b"y", a)' &
start udp sport 7777 --count 2
wait "$tracer"
sed 's/^[0-9:]\{8\}\.[0-9]\{3\} //' "$work/lines" >"$work/said"
says "an answer" "^eth0 $C:7777 > $S:[0-9]+ udp len 29   r1 ALLOW$"
says "that many" "^2 packets traced, 0 lost$"

# The rules change meanwhile.
start tcp dport 2323
fw add allow tcp dport 2323 name later >/dev/null
sleep 0.5
packets 1
stop
says "by the new rules" " later ALLOW$"

# Killed: packets go on as before, and the next change cleans up.
start tcp
exits 3 "one at a time" fw trace --count 1
says "who the other is" "process $tracer is tracing already"
ok "a change beside it" fw add drop tcp dport 99 name ninety
sleep 0.5
packets 1
sleep 0.3
ok "it was not disturbed" grep -q 'ssh ALLOW' "$work/lines"
kill -9 "$tracer"
wait "$tracer" 2>/dev/null
slots() { bpftool_slots "$work/bpf/fw/abi2/jmp"; }
bpftool_slots() { # how many slots of the program array are filled
	"$PYTHON" - "$1" <<-'EOF2'
		import ctypes, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		def bpf(cmd, attr):
		    attr = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
		    return libc.syscall(321, cmd, attr, 128)
		path = ctypes.create_string_buffer(sys.argv[1].encode())
		fd = bpf(7, struct.pack("QII", ctypes.addressof(path), 0, 0))
		n = 0
		for slot in range(3):
		    key, value = ctypes.c_uint32(slot), ctypes.c_uint32(0)
		    n += bpf(1, struct.pack("IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0)) == 0
		print(n)
	EOF2
}
same "it is still in front" "$(slots)" 3
fw reset >/dev/null 2>&1
before="$(counter web) $(counter ssh) $(counter dns)"
fw add drop tcp dport 98 name ninety-eight >/dev/null
same "the next change removes it" "$(slots)" 1
same "counters were reset" "$before" "0 0 0"
start tcp
kill -9 "$tracer"
wait "$tracer" 2>/dev/null
packets 3
same "nothing is lost behind a dead one" "$(counter web) $(counter ssh) $(counter dns)" "3 3 3"
ok "and the next tracer replaces it" fw trace tcp for 1s
same "and leaves nothing" "$(slots)" 1

# Limits: a bucket with room says so, one without leaves it open.
ok "a limit" fw add before web rate-limit 1/h burst 3 per src udp dport 99 name slow
ok "one that lets in" fw add before web rate-limit 1/h burst 3 per src udp dport 100 exceed allow name fast
ok "one that counts" fw add before web rate-limit 1/h burst 3 per src udp dport 101 exceed count name shadow
start udp
for port in 99 100 101; do
	send 1 "mac()/IP(src='$C',dst='$S')/UDP(sport=4000,dport=$port)" \
		"mac()/IPv6(src='$client6',dst='$server6')/UDP(sport=4000,dport=$port)"
done
stop
same "within the limit" "$(grep -c ' > .*:\(99\|100\|101\) ' "$work/said") $(grep -c ', or' "$work/said")" "6 0"
start udp
for port in 99 100 101; do
	send 5 "mac()/IP(src='$C',dst='$S')/UDP(sport=4000,dport=$port)" \
		"mac()/IPv6(src='$client6',dst='$server6')/UDP(sport=4000,dport=$port)"
done
stop
told() { grep -c "$1" "$work/said"; }
same "certainly over it: 3 of 5, each family" "$(($(told ':99 .* DROP, or DROP over r[0-9]* slow$') >= 6))" 1
same "or let in" "$(($(told ':100 .* DROP, or ALLOW over r[0-9]* fast$') >= 6))" 1
same "what only counts changes nothing" "$(grep -c ':101 .*default DROP$' "$work/said")" 10
fw trace udp --count 1 --json for 5s >"$work/json" &
sleep 0.4
send 1 "mac()/IP(src='$C',dst='$S')/UDP(sport=4000,dport=99)"
wait $!
ok "as JSON" grep -q '"or_over":{"id":"r[0-9]*","name":"slow","outcome":"dropped"}' "$work/json"

exits 2 "no such time" fw trace tcp for ever
exits 2 "no such match" fw trace tpc
finish
