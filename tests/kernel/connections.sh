#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Real clients over veth, native and generic, IPv4 and IPv6: what is allowed works, what is not
# does not, and every counter is exact.
. "$(dirname "$0")/lib.sh"
setup

serve "$PYTHON" -m http.server --bind :: --directory "$work" 8080
serve "$PYTHON" -m http.server --bind :: --directory "$work" 8081
listens tcp 8080 && listens tcp 8081 || echo "no web server"

get() { on_client curl -gsf -m 2 -o /dev/null "http://$1/"; }

for mode in native generic; do
	rules <<-EOF
		version 1
		interface eth0 mode $mode
		default drop
		drop icmp6 type 143 name mld # the client kernel's own
		allow tcp dport 8080 name web
		allow icmp type echo-request name ping4
		drop udp dport 7000-7009 name game
		drop udp dport 7010 src $client4 name game4
		drop udp dport 7010 src $client6 name game6
		count ether 0x88cc name lldp
	EOF
	ok "$mode: apply" fw apply "$work/rules.fw"
	same "$mode: attached" "$(fw status --json | "$PYTHON" -c '
import json, sys
print(*[i["name"] + " " + i["mode"] for i in json.load(sys.stdin)["interfaces"]])')" "eth0 $mode"
	ok "$mode: reset" fw reset

	ok "$mode: curl, IPv4, allowed" get "$server4:8080"
	ok "$mode: curl, IPv6, allowed" get "[$server6]:8080"
	exits 28 "$mode: curl, IPv4, dropped" get "$server4:8081"
	exits 28 "$mode: curl, IPv6, dropped" get "[$server6]:8081"
	ok "$mode: ping, IPv4, allowed" on_client ping -c 2 -i 0.2 -W 1 -q $server4
	exits 1 "$mode: ping, IPv6, dropped" on_client ping -c 2 -i 0.2 -W 1 -q $server6
	same "$mode: pings counted" "$(counter ping4)" 2

	ok "$mode: reset" fw reset
	send 100 "mac()/IP(src='$client4',dst='$server4')/UDP(dport=7000)" \
		"mac()/IPv6(src='$client6',dst='$server6')/UDP(dport=7009)/(b'x'*100)" \
		"mac()/IP(src='$client4',dst='$server4')/UDP(dport=7010)" \
		"mac()/IPv6(src='$client6',dst='$server6')/UDP(dport=7010)"
	send 7 "mac()/IP(src='$client4',dst='$server4')/TCP(dport=9999)" "Ether(type=0x88cc)/(b'x'*50)"
	same "$mode: both families, packets" "$(counter game)" 200
	same "$mode: both families, bytes" "$(counter game bytes)" $((100 * 42 + 100 * 162))
	same "$mode: IPv4 only" "$(counter game4)" 100
	same "$mode: IPv6 only" "$(counter game6)" 100
	same "$mode: count goes on" "$(counter lldp)" 7
	same "$mode: default" "$(counter default)" 14
	same "$mode: default, bytes" "$(counter default bytes)" $((7 * 54 + 7 * 64))
	same "$mode: allowed, none" "$(counter web)" 0
	ok "$mode: panic open" fw panic open
	ok "$mode: nothing is filtered" get "$server4:8081"
done
finish
