#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `log` in rules and the default, and `monitor`: what is told, how much of it, and by whom it is
# read.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

# watch COMMAND...: monitor for three seconds at most while the command runs; its lines in `said`.
watch() {
	local pid
	fw monitor "${monitor[@]}" >"$work/lines" 2>&1 &
	pid=$!
	sleep 0.4
	"$@"
	sleep 0.4
	# The shell around nsenter hands no signal on.
	kill -INT $(pgrep -P "$pid" -x bpffw) $pid 2>/dev/null
	wait "$pid" 2>/dev/null
	cp "$work/lines" "$work/said"
}

for filler in "" "$(printf 'drop udp dport 1000 src 203.0.113.%d\n' $(seq 20))"; do
rules <<-EOF2
	version 1
	interface eth0
	default drop log
	$filler
	allow icmp6
	drop tcp dport 23 log name telnet
	allow udp dport 7 log every 1h name echo
	log udp dport 9 name seen
	allow udp dport 9
	rate-limit 1/h burst 1 udp dport 11 log name slow
	allow udp dport 11
EOF2
ok "apply" fw apply

monitor=()
watch send 1 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=4000,dport=23,flags='S')" \
	"mac()/IPv6(src='$client6',dst='$server6')/UDP(sport=4000,dport=7)" \
	"mac()/IP(src='$client4',dst='$server4')/UDP(sport=4000,dport=9)" \
	"mac()/IP(src='$client4',dst='203.0.113.1')/UDP(sport=4000,dport=99)"
says "a drop" "^[0-9:]+ DROP  telnet     eth0 $client4:4000 > :23 tcp syn$"
says "an allow, IPv6" "^[0-9:]+ ALLOW echo       eth0 \[$client6\]:4000 > :7 udp$"
says "one that goes on" "^[0-9:]+ LOG   seen       eth0 $client4:4000 > :9 udp$"
says "the default, to another host" "^[0-9:]+ DROP  default    eth0 $client4:4000 > 203.0.113.1:99 udp$"
same "nothing else" "$(wc -l <"$work/lines")" 4
same "and they are counted" "$(counter telnet) $(counter echo) $(counter seen)" "1 1 1"
fw reset >/dev/null
done

watch send 3 "mac()/IP(src='$client4',dst='$server4')/UDP(sport=4000,dport=11)"
says "over the limit" "^[0-9:]+ OVER  slow       eth0 $client4:4000 > :11 udp  dropped$"
same "only what is over it" "$(wc -l <"$work/lines")" 2
watch send 2 "mac()/IP(src='$client4',dst='$server4')/UDP(sport=4000,dport=7)"
same "every 1h: it has been told" "$(wc -l <"$work/lines")" 0

# Forty at once: ten are told, the others with the next one.
flood() {
	send 40 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=4000,dport=23,flags='S')"
	sleep 1.1
	send 1 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=4000,dport=23,flags='S')"
}
monitor=(drops --json)
watch flood
"$PYTHON" - "$work/lines" >"$work/sum" <<-'EOF2'
	import json, sys
	lines = [json.loads(line) for line in open(sys.argv[1])]
	assert all(l["schema"] == "bpffw.event/1" and l["rule"] for l in lines), lines
	print(len(lines) + sum(l["left_out"] for l in lines), len(lines) <= 22, lines[-1]["left_out"] > 0)
EOF2
same "told and left out make all" "$(cat "$work/sum")" "41 True True"

monitor=(bans)
watch send 1 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=4000,dport=23,flags='S')"
same "bans only" "$(wc -l <"$work/lines")" 0

# One reader at a time.
fw monitor >"$work/first" 2>&1 &
first=$!
sleep 0.4
exits 3 "a second reader" fw monitor --count 1
says "and who is the first" "process [0-9]+ is reading the events already"
kill -INT $(pgrep -P "$first" -x bpffw) $first 2>/dev/null
wait "$first" 2>/dev/null

# A rule that is newer than the monitor has its name.
newer() {
	fw add before telnet drop tcp dport 2323 log name telnet2 >/dev/null
	send 1 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=4000,dport=2323,flags='S')"
}
monitor=()
watch newer
says "a new rule" "DROP  telnet2    eth0"

ok "without log" fw default drop
for name in telnet telnet2 echo seen slow; do fw del $name >/dev/null; done
exits 4 "nothing to monitor" fw monitor --count 1
exits 2 "no such kind" fw monitor everything
finish
