#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SIGKILL at every step of a first apply, of a change, and of one that grows the counters: what runs
# is the old ruleset or the new one, and the next command repairs the litter.
. "$(dirname "$0")/lib.sh"
setup
killat=$O/tests/kernel/killat
common="version 1
interface eth0
default drop
allow icmp type echo-request name ping"
printf '%s\n' "$common" 'allow udp dport 53 name dns' >"$work/a.fw"
printf '%s\n' "$common" 'allow udp dport 54 name ntp' >"$work/b.fw"
{
	printf '%s\n' "$common"
	seq -f 'drop udp dport %.0f' 10001 14100
} >"$work/large.fw"

# What runs: a, b or large by their rules, `none` where nothing does.
running() {
	if ! fw list >"$work/list" 2>"$work/why"; then
		grep -q 'no ruleset is running' "$work/why" && echo none || cat "$work/why"
	elif [ "$(grep -c '^r' "$work/list")" -gt 2 ]; then echo large
	elif grep -q '^r[0-9]* *dns *allow udp dport 53 ' "$work/list"; then echo a
	elif grep -q '^r[0-9]* *ntp *allow udp dport 54 ' "$work/list"; then echo b
	else echo unknown; fi
}
attached() { on_server ip -d link show dev eth0 | grep -c prog/xdp; }
litter() {
	find "$work/bpf/fw" "$work/state" -name '*_new' -o -name '*_old' -o -name '*.tmp' -o -name old
	find "$work/bpf/fw/gen" -mindepth 1 -maxdepth 1 -type d | sort -V | head -n -2
}
wipe() {
	fw panic open >/dev/null 2>&1
	rm -rf "$work/bpf/fw" "$work/state" "$work/run"
}

# kill_each NAME OLD NEW STEP: OLD must run when this begins and be restored by `restore`.
kill_each() {
	local name=$1 old=$2 new=$3 step=$4 n code now bad=0 count=0 both=
	for n in $(seq "$step" "$step" 2000); do
		restore
		# Nothing but the one command counts: it has the program to itself.
		on_server "$killat" "$n" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
			--run-dir "$work/run" apply "$work/$new.fw" >"$work/said" 2>&1
		code=$?
		[ $code = 137 ] || break
		count=$((count + 1))
		now=$(running)
		case $now in
		"$old" | "$new") case $both in *$now*) ;; *) both="$both$now " ;; esac ;;
		*)
			bad=$((bad + 1))
			echo "$name: killed at $n: runs '$now'"
			;;
		esac
		if ! on_client ping -c 1 -W 1 -q $server4 >/dev/null; then
			bad=$((bad + 1))
			echo "$name: killed at $n: a packet that both let through is lost ($now)"
		fi
		if ! fw apply "$work/$new.fw" >"$work/said" 2>&1 || [ "$(running)" != "$new" ] ||
			[ "$(attached)" != 1 ]; then
			bad=$((bad + 1))
			echo "$name: killed at $n: the next apply fails: $(head -n 1 "$work/said")"
		fi
		if [ -n "$(litter)" ]; then
			bad=$((bad + 1))
			echo "$name: killed at $n: litter:" $(litter)
		fi
	done
	echo "$name: $count kills"
	same "$name: not killed in the end" "$code" 99
	same "$name: $count kills" "$bad" 0
	same "$name: kills before and behind the commit" "$(wc -w <<<"$both")" 2
	[ "$count" -ge 10 ] || same "$name: kills" "$count" "10 or more"
}

restore() { wipe; }
kill_each "first apply" none a 1

wipe
ok "a" fw apply "$work/a.fw"
restore() { fw apply "$work/a.fw" >/dev/null 2>&1; }
kill_each "change" a b 1

wipe
ok "a again" fw apply "$work/a.fw"
restore() {
	wipe
	fw apply "$work/a.fw" >/dev/null 2>&1
}
kill_each "growth" a large 9
finish
