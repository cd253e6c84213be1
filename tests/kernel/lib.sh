# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Sourced by the scripts here: two network namespaces over a veth pair, a bpffs of their own, and
# checks that count. `server` is filtered on eth0; `client` sends from c0.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
O=${O:-$PWD/build}
case $O in /*) ;; *) O=$PWD/$O ;; esac
export BPFFW=$O/bpffw
# Debian packages scapy for this one, whatever else PATH holds.
PYTHON=/usr/bin/python3
export TERM=dumb
unset BPFFW_STATE_DIR BPFFW_BPFFS BPFFW_RUN_DIR BPFFW_RULES SSH_CONNECTION SSH_CLIENT SSH_TTY
server=bpffw-$$-s
client=bpffw-$$-c
passed=0 failed=0
work= finished=
children=()
server4=198.51.100.1 client4=198.51.100.2 server6=2001:db8:1::1 client6=2001:db8:1::2

cleanup() {
	local child
	for child in "${children[@]}"; do kill "$child" 2>/dev/null; done
	wait 2>/dev/null
	for child in $(ip netns pids "$server" 2>/dev/null) $(ip netns pids "$client" 2>/dev/null); do
		failed=$((failed + 1))
		echo "FAILED: left behind: $(tr '\0' ' ' <"/proc/$child/cmdline")"
		kill "$child"
	done
	ip netns del "$server" 2>/dev/null
	ip netns del "$client" 2>/dev/null
	if [ -n "$work" ]; then
		mountpoint -q "$work/bpf" && umount "$work/bpf"
		rm -rf "$work"
	fi
	[ -n "$finished" ] || {
		failed=$((failed + 1))
		echo "FAILED: the script ended early"
	}
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] || exit 1
	exit 0
}

finish() { finished=yes; } # the last line of every script

on_server() { nsenter --net="/run/netns/$server" "$@"; }
on_client() { nsenter --net="/run/netns/$client" "$@"; }
fw() {
	on_server "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" --run-dir "$work/run" "$@"
}

# veth NAME PEER SERVER4 SERVER6 CLIENT4 CLIENT6: offloads off, so that what is sent is what is seen.
veth() {
	ip link add "$1" netns "$server" type veth peer name "$2" netns "$client" || return
	on_server ip addr add "$3/24" dev "$1"
	on_server ip -6 addr add "$4/64" dev "$1" nodad
	on_client ip addr add "$5/24" dev "$2"
	on_client ip -6 addr add "$6/64" dev "$2" nodad
	on_client ethtool -K "$2" tx off rxvlan off txvlan off >/dev/null 2>&1
	on_server ethtool -K "$1" rxvlan off txvlan off >/dev/null 2>&1
	on_server ip link set "$1" up
	on_client ip link set "$2" up
}

setup() {
	[ "$(id -u)" = 0 ] || {
		echo "needs root"
		exit 1
	}
	work=$(mktemp -d) || exit 1
	trap cleanup EXIT
	trap 'exit 1' INT TERM
	mkdir "$work/bpf"
	mount -t bpf bpf "$work/bpf" || exit 1
	ip netns add "$server" && ip netns add "$client" || exit 1
	# No router solicitations or MLD reports of the kernel's own: counters must be exact.
	for ns in on_server on_client; do
		$ns ip link set lo up
		$ns sysctl -qw net.ipv6.conf.default.router_solicitations=0 \
			net.ipv6.conf.default.accept_dad=0 net.ipv4.icmp_ratelimit=0
	done
	veth eth0 c0 $server4 $server6 $client4 $client6
	on_client ping -c 1 -W 2 -q $server4 >/dev/null
	on_client ping -c 1 -W 2 -q $server6 >/dev/null
}

# settle_neighbours: where all frames are counted. The kernel's probes of an old neighbour would be too.
settle_neighbours() {
	local of_server of_client to
	of_server=$(on_server ip -br link show eth0 | awk '{ print $3 }')
	of_client=$(on_client ip -br link show c0 | awk '{ print $3 }')
	for to in $server4 $server6; do
		on_client ip neigh replace $to lladdr "$of_server" dev c0 nud permanent
	done
	for to in $client4 $client6; do
		on_server ip neigh replace $to lladdr "$of_client" dev eth0 nud permanent
	done
}

ok() { # ok NAME COMMAND...: it succeeds
	exits 0 "$@"
}

exits() { # exits CODE NAME COMMAND...
	local want=$1 name=$2 code
	shift 2
	"$@" >"$work/said" 2>&1
	code=$?
	if [ "$code" = "$want" ]; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAILED: $name: $* exits with $code, not $want"
		head -n 20 "$work/said"
	fi
}

same() { # same NAME ACTUAL WANTED
	if [ "$2" = "$3" ]; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAILED: $1: is '$2', not '$3'"
	fi
}

says() { # says NAME PATTERN: what the command before printed
	if grep -qE -- "$2" "$work/said"; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAILED: $1: nothing like '$2' in:"
		head -n 20 "$work/said"
	fi
}

rules() { cat >"$work/rules.fw"; } # the ruleset from standard input

# Packets (or bytes) of a rule by name or id, `default`, or `default drop`'s whole object.
counter() {
	fw list --json | "$PYTHON" -c '
import json, sys
ruleset, who, what = json.load(sys.stdin), sys.argv[1], sys.argv[2]
found = [r for r in ruleset["rules"] if who in (r["id"], r.get("name"))]
print(ruleset["default"][what] if who == "default" else found[0][what] if found else "no rule")
' "$1" "${2:-packets}"
}

# send COUNT PYTHON...: frames by scapy from the client, S and C are the MAC addresses.
send() {
	local count=$1
	shift
	on_client "$PYTHON" - "$count" "$@" <<-'EOF'
		import logging, sys
		logging.getLogger("scapy").setLevel(logging.ERROR)
		from scapy.all import *
		conf.verb = 0
		mac = lambda: Ether(src="02:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff")
		for text in sys.argv[2:]:
		    frame = eval(text)
		    sendp([frame] * int(sys.argv[1]), iface="c0")
	EOF
}

# serve COMMAND...: a process on the server that ends with the script. Not by on_server: `$!` would
# be a shell around it.
serve() {
	nsenter --net="/run/netns/$server" "$@" >/dev/null 2>&1 </dev/null &
	children+=($!)
}

# listens PROTO PORT: wait for a listener on the server, five seconds at most.
listens() {
	local i
	for i in $(seq 50); do
		on_server ss -Hln "-${1:0:1}" | grep -q ":$2 " && return
		sleep 0.1
	done
	return 1
}
