#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each object that a command prints with --json holds to the schema of its name (etc/schema), and
# has no field that the schema does not know; each schema is used by some output here.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
printf '203.0.113.0/24\n203.0.113.7\n2001:db8:9::/48 # a comment\n' >"$work/list.txt"
rules <<-EOF2
	version 1
	interface eth0
	interface eth7
	default drop log every 10s
	set bad addr { 203.0.113.0/24 }
	set seen addr timeout 1h comment "seen lately"
	set ports port { 8000-8010 }
	blacklist { 203.0.113.77 comment "by hand" }
	allowlist { 192.0.2.1 }
	allow established
	allow icmp6
	chain web {
	    return src 203.0.113.9
	    allow tcp dport 80 name web
	}
	jump web on eth0
	drop src @seen name seen
	drop udp sport @ports
	drop src @bad udp until 2036-12-31T18:00:00Z comment "until then"
	rate-limit 5/m burst 1 per src udp dport 53 log name slow
	rate-limit 5/m burst 1 per src udp dport 54 exceed blacklist for 10m name bans
	allow udp dport 53 name dns
	allow tcp dport 22 when "mon-fri 08:00-18:00" name office
	allow udp dport 55 disabled
EOF2
echo 'drop tcp dport 80 dst 192.0.2.9' >"$work/extra"
sed 's/dport 22/dport 2222/' "$work/rules.fw" >"$work/other.fw"
printf -- '-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\n' |
	sed '1i *filter\n:INPUT DROP [0:0]' >"$work/ipt"
echo COMMIT >>"$work/ipt"
"$PYTHON" - "$work/packets.pcap" <<-'EOF2'
	import sys
	from scapy.all import *
	wrpcap(sys.argv[1], [Ether()/IP(src="192.0.2.7", dst="192.0.2.8")/TCP(dport=80, flags="S"),
	                     Ether()/IPv6(src="2001:db8::1", dst="2001:db8::2")/UDP(dport=53)])
EOF2

# json WORDS...: run it, keep what it prints; its exit code is no matter here.
: >"$work/objects"
json() {
	fw --json "$@" >"$work/out" 2>"$work/err" </dev/null
	{ cat "$work/out"; grep '^{' "$work/err"; } | sed "s/^/$1 /" >>"$work/objects"
	[ -s "$work/out" ] || [ -s "$work/err" ] || json_silent="$json_silent $1"
}
json_silent=

json list
json status
json version
json check
json check "$work/nowhere.fw"
json apply
json apply --confirm=60s "$work/other.fw"
json status
json confirm
json diff
json diff --packets
json rollback
json history
nsenter --net="/run/netns/$server" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
	--run-dir "$work/run" monitor --json >"$work/events" 2>&1 </dev/null &
monitor=$!
children+=("$monitor")
sleep 0.3
fw trace --json for 1s >"$work/traced" 2>/dev/null </dev/null &
tracer=$!
sleep 0.3
send 3 "mac()/IP(src='$client4',dst='$server4')/UDP(sport=4000,dport=53)" \
	"mac()/IP(src='$client4',dst='$server4')/UDP(sport=4000,dport=54)" \
	"mac()/IP(src='127.0.0.1',dst='$server4')/UDP(sport=4000,dport=55)" \
	"mac()/IPv6(src='$client6',dst='$server6')/TCP(sport=4000,dport=80,flags='S')"
wait "$tracer"
json top src --interval=1s
kill -INT "$monitor"
wait "$monitor"
sed 's/^/monitor /' "$work/events" >>"$work/objects"
sed 's/^/trace /' "$work/traced" >>"$work/objects"
json stats eth0
json list
json status
json explain tcp dport 80
json explain src 203.0.113.9 udp dport 53
json explain --pcap="$work/packets.pcap"
json explain nonsense
json add allow udp dport 5353 name mdns
json replace mdns allow udp dport 5354
json move mdns before office
json disable mdns
json enable mdns
json del mdns
json del mdns
json default allow
json default drop
json add set more addr
json del set more
json ban 198.51.100.77 for 10m comment scanner
json ban 198.51.100.77 for 1h
json unban 198.51.100.77
json unban 198.51.100.77
json blacklist add 198.51.100.78,2001:db8:5::1
json blacklist list
json blacklist test 198.51.100.78 198.51.100.80
json blacklist test 198.51.100.78
json blacklist load "$work/list.txt"
json blacklist del 198.51.100.78
json blacklist flush
json allowlist list
json set seen add 198.51.100.5 for 5m
json set seen list
json set ports list
json set bad test 203.0.113.5
json reset
json reset dns
json save
json import iptables "$work/ipt"
json export json
printf 'begin\nadd allow udp dport 6000 name six\ndel six\nadd allow udp dport 6001\ncommit\n' |
	fw --json shell >"$work/out" 2>"$work/err"
sed 's/^/shell /' "$work/out" >>"$work/objects"
printf 'begin\nadd allow udp dport 6002\nabort\n' | fw --json shell 2>&1 | sed 's/^/shell /' >>"$work/objects"
json panic closed
json list
json panic open
json apply
json nonsense
same "each command says something" "$json_silent" ""
ok "the schemas" "$PYTHON" tests/schema.py "$work/objects" etc/schema
finish
