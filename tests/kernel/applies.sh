#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Changes under traffic lose no state: bans, set entries, flows, counters, buckets; memory stays.
# First PLAIN changes of a ruleset without limits, which the kernel verifies in a tenth of the time, then
# APPLIES of one with all. PLAIN=9000 APPLIES=1000 for a long one (`make bench BENCH="--only applies"`).
# Runs alone: it weighs the kernel's memory.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
plain=${PLAIN:-50} applies=${APPLIES:-20}
limits='^(syn|rate)-limit '
version() { # version PORT
	cat <<-EOF2
		version 1
		interface eth0
		default drop
		option fragments drop
		set friends addr timeout 10h
		allow icmp6
		allow established
		syn-limit 5/m burst 5 tcp dport 7 exceed syncookie name guard
		rate-limit 1/h burst 3 per src udp dport 1000 name slow
		count udp dport 4444 name seen
		allow udp dport 4444 src @friends name friend
		allow tcp dport 5000-5099 syn name web
		drop tcp dport $1 name other
	EOF2
}
version 6001 >"$work/one.fw"
version 6002 >"$work/two.fw"
for file in one two; do grep -vE "$limits" "$work/$file.fw" >"$work/plain-$file.fw"; done
cp "$work/plain-one.fw" "$work/rules.fw"
ok "apply" fw apply

# Ten bans, ten entries, forty idle connections; for each of five sources an empty bucket later.
for i in $(seq 10); do
	fw ban "203.0.113.$i" for 5h >/dev/null
	fw set friends add "198.51.100.$((100 + i))" >/dev/null
done
cat >"$work/hold.py" <<'EOF2'
import socket, sys
if sys.argv[1] == "serve":
    s = socket.create_server(("", 5000), backlog=128)
    held = [s.accept()[0] for i in range(40)]
    for c in held: c.settimeout(None)
    while True:
        for c in held:
            data = c.recv(1)
            if not data: sys.exit()
            c.sendall(data)
held = [socket.create_connection((sys.argv[2], 5000), timeout=3) for i in range(40)]
print("held", flush=True)
while True:
    line = sys.stdin.readline()
    if not line: break
    done = 0
    for c in held:
        try:
            c.sendall(b"x")
            done += c.recv(1) == b"x"
        except OSError: pass
    print(done, flush=True)
EOF2
serve "$PYTHON" "$work/hold.py" serve
listens tcp 5000
coproc HOLD { exec nsenter --net="/run/netns/$client" "$PYTHON" "$work/hold.py" hold $server4; }
children+=("$HOLD_PID")
read -r -t 10 line <&"${HOLD[0]}"
same "connections" "$line" held
spend() { # spend COUNT: from each of five sources
	local i frames=()
	for i in 1 2 3 4 5; do frames+=("mac()/IP(src='192.0.2.$i',dst='$server4')/UDP(dport=1000)"); done
	send "$1" "${frames[@]}"
}
excess() {
	fw list --json | "$PYTHON" -c 'import json, sys
print([r for r in json.load(sys.stdin)["rules"] if r.get("name") == "slow"][0]["exceed"]["packets"])'
}
# One frame of a friend every ms, counted at both ends.
cat >"$work/traffic.py" <<'EOF2'
import logging, signal, socket, sys, time
logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("c0", 0))
frame = bytes(Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff") /
              IP(src="198.51.100.101", dst=sys.argv[1]) / UDP(sport=4000, dport=4444) / b"x")
n = 0
while not stop:
    for i in range(10): s.send(frame)
    n += 10
    time.sleep(0.01)
print(n)
EOF2
nsenter --net="/run/netns/$client" "$PYTHON" "$work/traffic.py" $server4 >"$work/sent" &
traffic=$!
children+=("$traffic")
files() { find "$work/bpf/fw" "$work/state" -type f | wc -l; }
# kB that the kernel has for itself: maps and programs among them.
kernel() { awk '/^(SUnreclaim|Percpu|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo; }
failures=0
# change NUMBER WARM PREFIX: so many times; from WARM on, when no more old generations are kept, the
# files stay, and up to 200 times there is a look at the memory: "APPLIES kB" lines.
change() {
	local i file begun every=$((($1 - $2 + 199) / 200))
	for i in $(seq "$1"); do
		if [ $((i % 2)) = 0 ]; then file=one; else file=two; fi
		fw apply "$work/$3$file.fw" >/dev/null 2>"$work/why" || {
			failures=$((failures + 1))
			cat "$work/why" >&2
		}
		[ "$i" = "$2" ] && begun=$(files)
		if [ "$i" -ge "$2" ] && [ $(((i - $2) % every)) = 0 ]; then echo "$i $(kernel)"; fi
	done >"$work/${3}memory"
	same "no more pins and files" "$(files)" "$begun"
}
change "$plain" 30 plain-
ok "with limits" fw apply "$work/one.fw"
spend 5
same "the buckets are empty" "$(excess)" 10
change "$applies" 10 ""
same "$plain and $applies applies" $failures 0
kill "$traffic"
wait "$traffic"
sent=$(cat "$work/sent")
counted=$(counter friend)
echo "figures plain=$plain applies=$applies failures=$failures sent=$sent counted=$counted"
for file in plain-memory memory; do
	grew=$(awk 'NR == 1 { first = $2 } END { print $2 - first }' "$work/$file")
	echo "figures ${file/-/_}=$(paste -sd, "$work/$file" | tr ' ' :)"
	same "less than 16 MB more in the kernel: $grew kB" $((grew < 16384)) 1
done
same "every packet of a friend is counted" "$(counter seen) $counted" "$sent $sent"
same "every ban" "$(for i in $(seq 10); do fw blacklist test "203.0.113.$i" >/dev/null && echo; done | wc -l)" 10
same "every entry" "$(for i in $(seq 10); do fw set friends test "198.51.100.$((100 + i))" >/dev/null && echo; done | wc -l)" 10
spend 1
same "every bucket is empty still" "$(excess)" 15
echo go >&"${HOLD[1]}"
read -r -t 20 line <&"${HOLD[0]}"
same "every connection" "$line" 40
finish
