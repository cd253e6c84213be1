#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The store: generations, lock, namespaces, damaged pins, and counters that grow or change hands.
. "$(dirname "$0")/lib.sh"
setup
common="version 1
interface eth0
default drop
allow icmp type echo-request name ping"
rules <<<"$common"
number() { fw status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["generation"])'; }
attached() { on_server ip -d link show dev eth0 | grep -c prog/xdp; }
pinned() { find "$work/bpf/fw/gen" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | xargs; }
instance() { # instance DIRECTORY BPFFS COMMAND...: another store
	local dir=$1 bpffs=$2
	shift 2
	"$BPFFW" --bpffs "$bpffs" --state-dir "$work/$dir/state" --run-dir "$work/$dir/run" "$@"
}
repaired() { # repaired NAME: the next apply puts everything right
	ok "$1: apply repairs" fw apply "$work/rules.fw"
	ok "$1: allowed" on_client ping -c 1 -W 1 -q $server4
	exits 1 "$1: dropped" on_client nc -z -w 1 $server4 22
	ok "$1: list" fw list
	same "$1: attached" "$(attached)" 1
}

# Reading where nothing was ever applied
exits 4 "list before the first apply" fw list
same "reading makes nothing" "$(find "$work/bpf" "$work/state" "$work/run" -type d 2>/dev/null)" \
	"$work/bpf"

ok "apply" fw apply "$work/rules.fw"
ok "allowed" on_client ping -c 1 -W 1 -q $server4
exits 1 "dropped" on_client nc -z -w 1 $server4 22
same "pins are private" "$(stat -c %a "$work/bpf/fw" "$work/bpf/fw/gen" | xargs)" "700 700"

# The replaced generation stays pinned until the next commit.
ok "add" fw add allow tcp dport 81
same "two are pinned" "$(pinned)" "1 2"
ok "add" fw add allow tcp dport 82
same "the oldest is freed" "$(pinned)" "2 3"
for port in $(seq 100 121); do fw add allow tcp dport "$port" >/dev/null 2>&1; done
same "the files of 20 are kept" \
	"$(find "$work/state/gen" -name '*.fw' | wc -l) $(find "$work/state/gen" -name '*.json' | wc -l)" \
	"20 20"

# Two writers at once
ok "apply" fw apply "$work/rules.fw"
writers=()
for i in 1 2 3 4 5 6 7 8; do
	fw add allow tcp dport "900$i" >/dev/null 2>&1 &
	writers+=($!)
done
for writer in "${writers[@]}"; do ok "a writer among others" wait "$writer"; done
same "all of them are in" "$(fw list | grep -c 'allow tcp dport 900')" 8
same "each id once" "$(fw list | grep -o '^r[0-9]*' | sort | uniq -d)" ""
flock "$work/run/lock" sleep 7 &
children+=($!)
sleep 0.3
SECONDS=0
ok "list while a writer works" fw list
same "readers do not wait" "$((SECONDS <= 1))" 1
SECONDS=0
exits 5 "a writer gives up" fw add allow tcp dport 9100
same "after 5 s" "$((SECONDS >= 4 && SECONDS <= 6))" 1
says "and names who" 'process [0-9]+ is making a change: .*bpffw'
sleep 2.5
ok "behind it a writer goes on" fw apply "$work/rules.fw"

# Other namespaces
exits 5 "from another network namespace" on_client "$BPFFW" --bpffs "$work/bpf/fw" \
	--state-dir "$work/state" --run-dir "$work/run" list
says "both are named" 'belongs to network namespace [0-9]+, this is [0-9]+'
ok "ip netns exec, a bpffs from outside" ip netns exec "$server" "$BPFFW" --bpffs "$work/bpf/fw" \
	--state-dir "$work/state" --run-dir "$work/run" apply "$work/rules.fw"
exits 5 "a bpffs of this mount namespace only" on_server unshare -m sh -c \
	"mkdir $work/own && mount -t bpf bpf $work/own && exec $BPFFW --bpffs $work/own/fw \
	--state-dir $work/1/state --run-dir $work/1/run apply $work/rules.fw"
says "what to do" 'nsenter --net='
exits 5 "no bpffs, another mount namespace" on_server unshare -m "$BPFFW" \
	--bpffs "$work/none/fw" --state-dir "$work/1/state" --run-dir "$work/1/run" \
	apply "$work/rules.fw"
says "what to do" 'nsenter --net='
ok "no bpffs: mounted" instance 2 "$work/fresh" panic open
same "as a bpffs" "$(stat -f -c %T "$work/fresh")" bpf_fs
umount "$work/fresh"

# Another user with three capabilities, as the service has them
ip link add eth9 netns "$server" type veth peer name c9 netns "$client"
chmod 711 "$work"
install -m 755 "$BPFFW" "$work/bpffw"
install -d -o nobody -m 700 "$work/nobody" "$work/bpf/nobody"
sed 's/eth0/eth9/' "$work/rules.fw" >"$work/nobody.fw"
chmod 644 "$work/nobody.fw"
as_nobody() {
	on_server setpriv --reuid nobody --regid nogroup --clear-groups \
		--inh-caps -all,+bpf,+net_admin,+perfmon --ambient-caps -all,+bpf,+net_admin,+perfmon \
		--bounding-set -all,+bpf,+net_admin,+perfmon "$work/bpffw" --bpffs "$work/bpf/nobody" \
		--state-dir "$work/nobody/state" --run-dir "$work/nobody/run" "$@"
}
ok "capabilities: apply" as_nobody apply "$work/nobody.fw"
ok "capabilities: add" as_nobody add drop tcp dport 81
ok "capabilities: del" as_nobody del r2
ok "capabilities: list" as_nobody list
ok "capabilities: rollback" as_nobody rollback
ok "capabilities: panic open" as_nobody panic open

# Directories
mkdir -p "$work/3/state" && chmod 777 "$work/3/state"
exits 5 "a state directory that others can write" instance 3 "$work/bpf/3" panic open
says "which one" '3/state can be changed by other users'
ln -s "$work/bpf/fw" "$work/bpf/link"
exits 5 "a symbolic link for the bpffs directory" instance 4 "$work/bpf/link" panic open
says "why" 'is a symbolic link'
rm "$work/bpf/link"

# Damaged pins. What packets meet until the repair depends on the pin.
before=$(number)
rm "$work/bpf/fw/gen/$before/enter"
same "without enter: still known" "$(number)" "$before"
repaired "enter"
rm "$work/bpf/fw/gen/$(number)/jmp"
exits 1 "without jmp: closed" on_client ping -c 1 -W 1 -q $server4
repaired "jmp"
rm -r "$work/bpf/fw/gen/$(number)"
repaired "generation"
rm "$work/bpf/fw/gen/$(number)/counters"
exits 5 "without counters" fw list
repaired "counters"
rm "$work/bpf/fw/gen/$(number)/counters"
ln -s "$work/bpf/fw/abi2/counters" "$work/bpf/fw/gen/$(number)/counters"
exits 5 "a symbolic link for a pin" fw list
repaired "symbolic link"
rm "$work/bpf/fw/link/eth0"
repaired "link"
rm "$work/bpf/fw/abi2/ifaces"
exits 5 "damaged unit" fw list
says "what to do" "'bpffw apply' makes it anew"
repaired "unit"
# The kernel empties an array that nobody holds behind a grace period.
without_slot() { rm "$work/bpf/fw/abi2/jmp" && sleep 0.5; }
without_slot
exits 1 "without a slot: closed" on_client ping -c 1 -W 1 -q $server4
repaired "slot"
{
	cat "$work/rules.fw"
	echo 'option fail open'
	echo 'drop icmp'
} | sed '/name ping/d' >"$work/open.fw"
ok "option fail open" fw apply "$work/open.fw"
exits 1 "dropped" on_client ping -c 1 -W 1 -q $server4
without_slot
ok "without a slot: open" on_client ping -c 1 -W 1 -q $server4
repaired "slot, fail closed again"
without_slot
exits 1 "without a slot: closed again" on_client ping -c 1 -W 1 -q $server4
repaired "slot once more"
same "nothing of the old unit is left" "$(find "$work/bpf/fw" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs)" \
	"abi2 gen link"
echo '{' >"$work/state/gen/$(number).json"
exits 5 "a broken record" fw list
ok "apply --force goes over it" fw apply --force "$work/rules.fw"
repaired "record"

# What of the running generation is damaged is named, and so is the way out.
broken() { # broken NAME PATTERN
	for command in list status "apply $work/rules.fw" 'add drop tcp dport 9'; do
		# shellcheck disable=SC2086
		exits 5 "$1: $command" fw $command
		says "$1: $command: why" "$2"
		says "$1: $command: what to do" "help: what the kernel does is as before; 'bpffw apply --force' replaces it"
	done
	ok "$1: history of the others" fw history
	says "$1: they are there" 'root  *apply '
	ok "$1: apply --force" fw apply --force "$work/rules.fw"
	repaired "$1"
}
echo '{' >"$work/state/gen/$(number).json"
broken "damaged record" 'is not a record of bpffw'
echo garbage >"$work/state/gen/$(number).fw"
broken "damaged rules" 'does not fit its record'
rm "$work/state/gen/$(number).json"
broken "lost record" 'the record of the running generation [0-9]+ is gone'

# Counters stay with the rule, whatever happens to the map.
ok "reset" fw reset
on_client ping -c 5 -i 0.01 -q $server4 >/dev/null
same "counted" "$(counter ping)" 5
ok "add" fw add drop tcp dport 82 name first
same "kept by a change" "$(counter ping)" 5
{
	cat "$work/rules.fw"
	seq -f 'drop udp dport %.0f' 10001 14100
} >"$work/large.fw"
ok "more rules than counters" fw apply "$work/large.fw"
same "kept by a larger map" "$(counter ping)" 5
on_client ping -c 3 -i 0.01 -q $server4 >/dev/null
same "counted on" "$(counter ping)" 8
ok "apply the few" fw apply "$work/rules.fw"
same "kept" "$(counter ping)" 8
ok "reset of one" fw reset ping
same "zero" "$(counter ping)" 0

# A slot that changes hands begins at zero.
slot() { # of the last rule
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["rules"][-1][1])' \
		"$work/state/gen/$(number).json"
}
ok "a rule that counts" fw add allow icmp6 type echo-request name six
on_client ping -6 -c 4 -i 0.01 -q $server6 >/dev/null
same "it counted" "$(counter six)" 4
first=$(slot)
ok "del" fw del six
ok "another change" fw add drop tcp dport 9999
found=no
for i in 1 2 3 4; do
	ok "add" fw add allow icmp6 type echo-request dst 2001:db8::$i name "again$i"
	[ "$(slot)" = "$first" ] && found=yes && break
done
same "its slot has a new owner" $found yes
same "which begins at zero" "$(counter "again$i")" 0
finish
