#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# demo.sh: the main job in a minute. Two network namespaces, one ruleset, real curl, ping and nc of
# both address families, allowed and dropped; then the counters and one explanation. Everything is
# made here and removed at the end. Fails when anything behaves otherwise than it says.
. "$(dirname "$0")/kernel/lib.sh"
bold=$(tput bold 2>/dev/null) plain=$(tput sgr0 2>/dev/null)

step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
show() { # show WORDS...: print a bpffw command, run it, keep what it says
	printf '\n$ bpffw %s\n' "$*"
	fw "$@" 2>&1 | tee "$work/said"
	return "${PIPESTATUS[0]}"
}
works() { # works WHAT COMMAND...
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		passed=$((passed + 1))
		echo "  $what: works, as it should"
	else
		failed=$((failed + 1))
		echo "  $what: FAILS, but is allowed"
	fi
}
dropped() { # dropped WHAT COMMAND...
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		failed=$((failed + 1))
		echo "  $what: WORKS, but must be dropped"
	else
		passed=$((passed + 1))
		echo "  $what: dropped, as it should"
	fi
}
get() { on_client curl -gsf -m 1 -o /dev/null "http://$1/"; }
ping_() { on_client ping -c 2 -i 0.2 -W 1 -q "$1"; }
# nc sends a line by UDP; the server's file tells whether it came.
say_udp() {
	: >"$work/heard"
	echo hello | on_client nc -u -w 1 "$1" "$2"
	sleep 0.2
	grep -q hello "$work/heard"
}

step "two network namespaces, 'server' and 'client', joined by a veth pair"
setup
echo "  server eth0: $server4, $server6   client: $client4, $client6"
serve "$PYTHON" -m http.server --bind :: --directory "$work/bpf" 8080
serve "$PYTHON" -m http.server --bind :: --directory "$work/bpf" 8081
for port in 5000 5001; do
	serve "$PYTHON" -c "
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(('::', $port))
while True:
    data = s.recv(100)
    with open('$work/heard', 'ab') as f: f.write(data)"
	listens udp $port || echo "  no UDP server on port $port"
done
listens tcp 8080 && listens tcp 8081 || echo "  no web server"

step "without a firewall everything is open"
works "curl  IPv4, port 8081" get "$server4:8081"
works "curl  IPv6, port 8081" get "[$server6]:8081"

step "this ruleset"
rules <<-EOF
	version 1
	interface eth0
	default drop
	option fragments drop
	define office = $client4, 2001:db8:1::/64

	allow tcp  dport 8080 src \$office            name web
	allow udp  dport 5000                        name telemetry
	allow ip4 icmp type echo-request             name ping4
	drop  icmp6 type echo-request dst $server6   name no-ping6

	test {
	    expect allow tcp src $client4 dport 8080 syn
	    expect drop  tcp src 203.0.113.9 dport 8080 syn
	    expect drop  tcp dport 22
	}
EOF
sed 's/^/  /' "$work/rules.fw"

step "check it, then swap it in"
show check "$work/rules.fw" && passed=$((passed + 1)) || failed=$((failed + 1))
show apply "$work/rules.fw" && passed=$((passed + 1)) || failed=$((failed + 1))

step "real traffic"
works "curl  IPv4, port 8080 (rule web)" get "$server4:8080"
works "curl  IPv6, port 8080 (rule web)" get "[$server6]:8080"
dropped "curl  IPv4, port 8081 (default)" get "$server4:8081"
dropped "curl  IPv6, port 8081 (default)" get "[$server6]:8081"
works "ping  IPv4 (rule ping4)" ping_ $server4
dropped "ping  IPv6 (rule no-ping6)" ping_ $server6
works "nc    IPv4, udp 5000 (rule telemetry)" say_udp $server4 5000
works "nc    IPv6, udp 5000 (rule telemetry)" say_udp $server6 5000
dropped "nc    IPv4, udp 5001 (default)" say_udp $server4 5001
dropped "nc    IPv6, udp 5001 (default)" say_udp $server6 5001

step "a test block guards every change"
show add before web drop src $client4 tcp dport 8080 name mistake
same "refused" $? 3
works "curl  IPv4, port 8080 (rule web, still)" get "$server4:8080"

step "change one rule while it runs"
show add before ping4 drop src $client4 icmp name bad-client && passed=$((passed + 1)) ||
	failed=$((failed + 1))
dropped "ping  IPv4 (rule bad-client)" ping_ $server4
show del bad-client && passed=$((passed + 1)) || failed=$((failed + 1))
works "ping  IPv4 (rule ping4)" ping_ $server4

step "the rules with their counters"
show list
same "pings counted" "$(counter ping4)" 4
same "dropped pings counted" "$(counter no-ping6)" 2
same "nc counted, both families" "$(counter telemetry)" 2
same "the default dropped something" "$(($(counter default) > 0))" 1

step "why is this packet dropped?"
show explain src 203.0.113.9 tcp dport 8080 syn
says "explain names the default" 'answer: dropped by the default'

step "done: everything that was made here is removed"
finish
