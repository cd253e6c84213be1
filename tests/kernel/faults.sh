#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each system call of a change that changes something fails once: the command says so and the old
# ruleset runs, or it gets along without and the new one runs. The next command finds no litter.
. "$(dirname "$0")/lib.sh"
setup
killat=$O/tests/kernel/killat
common="version 1
interface eth0
default drop
allow icmp type echo-request name ping"
printf '%s\n' "$common" 'allow udp dport 53 name dns' >"$work/a.fw"
printf '%s\n' "$common" 'allow udp dport 54 name ntp' >"$work/b.fw"

running() { # a or b by its last rule, or none
	if ! fw list >"$work/list" 2>"$work/why"; then
		grep -q 'no ruleset is running' "$work/why" && echo none || cat "$work/why"
	elif grep -q '^r[0-9]* *dns *allow udp dport 53 ' "$work/list"; then echo a
	elif grep -q '^r[0-9]* *ntp *allow udp dport 54 ' "$work/list"; then echo b
	else echo unknown; fi
}
attached() { on_server ip -d link show dev eth0 | grep -c prog/xdp; }
litter() {
	find "$work/bpf/fw" "$work/state" -name '*_new' -o -name '*_old' -o -name '*.tmp'
	find "$work/bpf/fw/gen" -mindepth 1 -maxdepth 1 -type d | sort -V | head -n -2
}
bad() {
	wrong=$((wrong + 1))
	echo "$1: call $2: $3: $(head -n 1 "$work/said")"
}

# fail_each NAME OLD ERRNO: OLD runs (or nothing) when `restore` has run; b is applied.
fail_each() {
	local name=$1 old=$2 errno=$3 n code now count=0 refused=0
	wrong=0
	for n in $(seq 2000); do
		restore
		on_server "$killat" "$n" -e "$errno" "$BPFFW" --bpffs "$work/bpf/fw" \
			--state-dir "$work/state" --run-dir "$work/run" apply "$work/b.fw" \
			>"$work/said" 2>&1
		code=$?
		[ $code != 99 ] || break
		count=$((count + 1))
		now=$(running)
		case $code:$now in
		0:b) ;;
		5:"$old")
			refused=$((refused + 1))
			grep -q '^error: ' "$work/said" || bad "$name" "$n" "says nothing"
			[ "$old" != none ] || [ "$(attached)" = 0 ] || bad "$name" "$n" "left attached"
			;;
		*) bad "$name" "$n" "exit code $code, '$now' runs" ;;
		esac
		on_client ping -c 1 -W 1 -q $server4 >/dev/null || bad "$name" "$n" "a packet is lost"
		fw apply "$work/b.fw" >"$work/said" 2>&1 || bad "$name" "$n" "the next apply fails"
		[ "$(running) $(attached)" = "b 1" ] || bad "$name" "$n" "the next apply is not live"
		[ -z "$(litter)" ] || bad "$name" "$n" "litter: $(litter | xargs)"
	done
	echo "$name: $count failing calls, $refused refusals"
	same "$name: calls that are not there do not fail" "$code" 99
	same "$name: what went wrong" "$wrong" 0
	same "$name: enough of both" "$((count > 50 && refused > 30))" 1
}

restore() {
	fw panic open >/dev/null 2>&1
	rm -rf "$work/bpf/fw" "$work/state" "$work/run"
}
fail_each "first apply" none 28
restore
restore() { fw apply "$work/a.fw" >/dev/null 2>&1; }
fail_each "change" a 12
finish
