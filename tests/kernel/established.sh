#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `allow established` with real clients: what is open when the rules come is not cut, what the host
# asks is answered, and nothing else comes in. Both families, native and generic.
. "$(dirname "$0")/lib.sh"
setup

# far COMMAND...: a process on the client that ends with the script.
far() {
	nsenter --net="/run/netns/$client" "$@" >/dev/null 2>&1 </dev/null &
	children+=($!)
}

talker=tests/kernel/talk.py

# goes_on NAME FILE: the talk is still answered.
goes_on() {
	local before after
	before=$(cat "$2")
	sleep 0.3
	after=$(cat "$2")
	if [[ $after =~ ^[0-9]+$ && $before =~ ^[0-9]+$ && $after -gt $before ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $1: '$before' then '$after'"
	fi
}

asks() { "on_$1" "$PYTHON" $talker ask "$2" "$3" "$4"; }

serve "$PYTHON" $talker echo 7000
far "$PYTHON" $talker echo 7000
listens tcp 7000 && sleep 0.2

for mode in native generic; do
	# Open before the rules come: in and out, TCP and UDP, both families.
	talks=()
	for who in in4 in6 out4 out6; do
		case $who in
		in4) addr=$server4 start=far ;;
		in6) addr=$server6 start=far ;;
		out4) addr=$client4 start=serve ;;
		out6) addr=$client6 start=serve ;;
		esac
		$start "$PYTHON" $talker talk "$addr" 7000 tcp "$work/$mode-tcp-$who"
		talks+=("$mode-tcp-$who")
		case $who in out*)
			$start "$PYTHON" $talker talk "$addr" 7000 udp "$work/$mode-udp-$who"
			talks+=("$mode-udp-$who")
			;;
		esac
	done
	# Those that say nothing while the flows are learned are found in the socket tables; clients
	# of this host begin, and their IPv4 is inside IPv6 sockets here.
	rm -f "$work/speak"
	idle=()
	for addr in $server4 $server6; do
		on_client "$PYTHON" $talker idle "$addr" 7000 tcp "$work/speak" 2>/dev/null &
		idle+=($!)
	done
	on_server ping -c 30 -i 0.1 -W 1 -q $client4 >"$work/ping4" &
	ping4=$!
	on_server ping -c 30 -i 0.1 -W 1 -q $client6 >"$work/ping6" &
	ping6=$!
	sleep 0.4
	rules <<-EOF
		version 1
		interface eth0 mode $mode
		default drop
		option learn 1s
		allow established name back
	EOF
	ok "$mode: apply" fw apply "$work/rules.fw"
	says "$mode: learning is told" "learning flows on eth0 for 1 s"
	for talk in "${talks[@]}"; do goes_on "$talk goes on" "$work/$talk"; done
	touch "$work/speak"
	ok "$mode: idle, IPv4" wait "${idle[0]}"
	ok "$mode: idle, IPv6" wait "${idle[1]}"
	wait $ping4 $ping6
	same "$mode: no ping is lost, IPv4" "$(grep -c ' 0% packet loss' "$work/ping4")" 1
	same "$mode: no ping is lost, IPv6" "$(grep -c ' 0% packet loss' "$work/ping6")" 1

	for addr in $client4 $client6; do
		ok "$mode: asks $addr, TCP" asks server "$addr" 7000 tcp
		ok "$mode: asks $addr, UDP" asks server "$addr" 7000 udp
		ok "$mode: asks $addr, ping" on_server ping -c 1 -W 1 -q "$addr"
	done
	for addr in $server4 $server6; do
		exits 1 "$mode: unsolicited $addr, TCP" asks client "$addr" 7000 tcp
		exits 1 "$mode: unsolicited $addr, UDP" asks client "$addr" 7000 udp
		exits 1 "$mode: unsolicited $addr, ping" on_client ping -c 1 -W 1 -q "$addr"
	done
	ok "$mode: status" fw status
	says "$mode: status counts flows" "established [0-9]+ flows / 262 144, egress tracked on eth0"
	ok "$mode: panic open" fw panic open
	same "$mode: nothing is left on egress" "$(ls "$work/bpf/fw/egress")" ""
	for child in "${children[@]:2}"; do kill "$child"; done
	wait "${children[@]:2}" 2>/dev/null
	children=("${children[@]:0:2}")
done
finish
