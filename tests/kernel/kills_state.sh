#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SIGKILL at every step of a change that makes state maps anew: a list map and the flow table that
# grow, and prefixes that are folded. The old or the new generation runs, neither a listed address
# nor a flow is lost, and the next command repairs the litter.
. "$(dirname "$0")/lib.sh"
setup
killat=$O/tests/kernel/killat
listed4=198.51.100.77 listed6=2001:db8:1::77
on_client ip addr add $listed4/24 dev c0
on_client ip -6 addr add $listed6/64 dev c0 nodad

ruleset() { # ruleset FLOWS SIZE
	cat <<-EOF2
		version 1
		interface eth0
		default drop
		option flows $1
		set trap addr size $2
		drop src @trap
		allow icmp type echo-request
		allow icmp6 type echo-request
		allow established
	EOF2
}
ruleset 2000 2000 >"$work/small.fw"
ruleset 200000 300000 >"$work/large.fw"
"$PYTHON" -c '
for i in range(100):
    print(f"10.0.{i >> 8}.{i & 255}")
    print(f"2001:db8:2::{i:x}")' >"$work/entries"
printf '%s\n' $listed4 $listed6 >>"$work/entries"

# The ends of a UDP flow, which the server opens: `open` sends from it, `answer TEXT` back to it.
mkfifo "$work/open" "$work/answer"
talk='
import socket, sys, threading
own, peer, fifo, log = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((own, 5000))
def receive():
    while True:
        text = s.recv(100).decode()
        open(log, "a").write(text + "\n")
threading.Thread(target=receive, daemon=True).start()
for line in open(fifo):
    s.sendto(line.strip().encode(), (peer, 5000))'
nsenter --net="/run/netns/$server" "$PYTHON" -c "$talk" $server4 $client4 "$work/open" "$work/got" &
children+=($!)
nsenter --net="/run/netns/$client" "$PYTHON" -c "$talk" $client4 $server4 "$work/answer" \
	"$work/opened" &
children+=($!)
exec 7>"$work/open" 8>"$work/answer"
touch "$work/got" "$work/opened"
number=0
arrives() { # arrives FILE TEXT
	local _
	for _ in $(seq 40); do
		grep -qx "$2" "$work/$1" && return 0
		sleep 0.025
	done
	return 1
}
open_flow() {
	number=$((number + 1))
	echo "open$number" >&7
	arrives opened "open$number" || same "the flow is opened" no yes
	answers || same "the flow is answered" no yes
}
answers() {
	number=$((number + 1))
	echo "answer$number" >&8
	arrives got "answer$number"
}

count() { fw "$@" list --json 2>/dev/null | grep -o '"entry"' | wc -l; }
passes() { on_client ping -c 1 -W "$1" -q -I "$2" "$3" >/dev/null 2>&1; }
litter() {
	find "$work/bpf/fw" "$work/state" -name '*_new' -o -name '*_old' -o -name '*.tmp' -o -name old
}
wipe() {
	fw panic open >/dev/null 2>&1
	rm -rf "$work/bpf/fw" "$work/state" "$work/run"
}
bad=0
wrong() {
	bad=$((bad + 1))
	echo "$name: killed at $n: $*"
}

# kill_each NAME STEP COMMAND...: restore, kill the command, check; run it, check.
kill_each() {
	local name=$1 step=$2 n code kills=0 seen=
	shift 2
	bad=0
	for n in $(seq "$step" "$step" 50000); do
		restore
		on_server "$killat" "$n" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
			--run-dir "$work/run" "$@" <"$work/input" >"$work/said" 2>&1
		code=$?
		[ $code = 137 ] || break
		kills=$((kills + 1))
		check killed
		fw "$@" <"$work/input" >"$work/said" 2>&1 || wrong "it fails then: $(head -n 1 "$work/said")"
		check repaired
		[ -z "$(litter)" ] || wrong "litter:" $(litter)
	done
	echo "$name: $kills kills"
	same "$name: not killed in the end" "$code" 99
	same "$name: $kills kills" "$bad" 0
	same "$name: kills before and behind the commit" "$(tr ' ' '\n' <<<"$seen" | sort -u | grep -c .)" 2
	[ "$kills" -ge 10 ] || same "$name: kills" "$kills" "10 or more"
}

# ---- maps that grow ----
generation() {
	fw list 2>/dev/null | sed -n 's/^generation \([0-9]*\).*/\1/p'
}
restore() {
	wipe
	: >"$work/input"
	fw apply "$work/small.fw" >/dev/null 2>&1 || same "restore" failed "no failure"
	fw set trap add - for 1h <"$work/entries" >/dev/null
	open_flow
}
check() {
	[ "$1" = repaired ] || seen="$seen $(generation)"
	[ "$(count set trap)" = 202 ] || wrong "$1: $(count set trap) of 202 entries"
	passes 1 $client4 $server4 || wrong "$1: a packet that may pass is lost"
	passes 0.1 $listed4 $server4 && wrong "$1: a listed address passes"
	passes 0.1 $listed6 $server6 && wrong "$1: a listed IPv6 address passes"
	answers || wrong "$1: the flow is lost"
}
kill_each "growth" 29 apply "$work/large.fw"

# ---- prefixes that are folded ----
"$PYTHON" -c '
for i in range(1000): print(f"10.{i >> 8}.{i & 255}.0/24")
print("198.51.100.76/30")
print("2001:db8:1::70/124")' >"$work/some"
"$PYTHON" -c '
for i in range(40): print(f"11.0.{i}.0/24")' >"$work/more"
restore() {
	wipe
	cp "$work/more" "$work/input"
	fw apply "$work/small.fw" >/dev/null 2>&1 || same "restore" failed "no failure"
	fw set trap add - for 1h <"$work/some" >/dev/null
	open_flow
}
check() {
	local n_listed
	[ "$1" = repaired ] || seen="$seen $(generation)"
	n_listed=$(count set trap)
	{ [ "$n_listed" -ge 1002 ] && [ "$n_listed" -le 1042 ]; } || wrong "$1: $n_listed entries"
	[ "$1" != repaired ] || [ "$n_listed" = 1042 ] || wrong "$1: $n_listed of 1042 entries"
	passes 1 $client4 $server4 || wrong "$1: a packet that may pass is lost"
	passes 0.1 $listed4 $server4 && wrong "$1: a listed address passes"
	passes 0.1 $listed6 $server6 && wrong "$1: a listed IPv6 address passes"
	answers || wrong "$1: the flow is lost"
}
kill_each "fold" 367 set trap add -
finish
