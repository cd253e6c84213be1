#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What an interface can be like: held by another, without native mode, with large frames, missing,
# renamed, with its VLAN tags hidden; and the one that carries the admin's own session.
. "$(dirname "$0")/lib.sh"
setup
ruleset() { # ruleset LINE...: for the interfaces and rules given
	rules <<<"version 1
default drop
allow icmp type echo-request name ping
$(printf '%s\n' "$@")"
}
program() { on_server ip -d link show dev "${1:-eth0}" | sed -n 's/.*prog\/xdp id \([0-9]*\).*/\1/p'; }
other() {
	on_server "$BPFFW" --bpffs "$work/bpf/other" --state-dir "$work/other/state" \
		--run-dir "$work/other/run" "$@"
}

# Held by another
ruleset 'interface eth0'
ok "apply" fw apply "$work/rules.fw"
held=$(program)
exits 5 "another instance" other apply "$work/rules.fw"
says "holder by id and name" "eth0: the XDP program $held 'bpffw_dispatch' of another owner holds it"
same "it stays" "$(program)" "$held"
exits 4 "nothing runs for the other one" other list
same "nor is anything left" "$(find "$work/bpf/other/gen" "$work/bpf/other/link" "$work/other/state/gen" -mindepth 1)" ""

# Modes
ruleset 'interface eth0 mode generic'
exits 3 "another mode while attached" fw apply "$work/rules.fw"
says "what to do" 'panic open'
ok "panic open" fw panic open
same "open" "$(program)" ""
ok "generic when asked" fw apply "$work/rules.fw"
says "and said" 'on eth0 \(generic\)'
ok "generic: allowed" on_client ping -c 1 -W 1 -q $server4
exits 1 "generic: dropped" on_client nc -z -w 1 $server4 22
ok "panic open" fw panic open
ruleset 'interface lo'
ok "a driver without native mode" fw apply "$work/rules.fw"
says "said aloud" 'lo is attached in generic mode.*\[W210\]'
ok "panic open" fw panic open
ruleset 'interface lo mode native'
exits 5 "native or nothing" fw apply "$work/rules.fw"
says "why" 'cannot attach to lo in native mode'
same "nothing attached" "$(program lo)" ""

# One of two interfaces refuses: neither changes.
ruleset 'interface eth0, lo mode native'
exits 5 "one of two refuses" fw apply "$work/rules.fw"
same "the other one is as it was" "$(program)" ""

# Multi-buffer frames
on_client ip link set c0 mtu 9000
on_server ip link set eth0 mtu 9000
ruleset 'interface eth0 mode native'
ok "MTU 9000" fw apply "$work/rules.fw"
ok "reset" fw reset
ok "a frame of 8 kB" on_client ping -c 1 -W 1 -q -M do -s 8000 $server4
same "its whole length counts" "$(counter ping bytes)" 8042

# Globs, names with dots, missing and renamed interfaces
on_server ip link add eth0.20 type veth peer name v20
on_server ip link set eth0.20 up
ruleset 'interface "eth*", gone0'
ok "glob" fw apply "$work/rules.fw"
says "eth0" 'on .*eth0 \(native\)'
says "eth0.20" 'on .*eth0\.20 \((native|generic)\)'
says "the missing one" 'on .*gone0 \(missing\)'
says "is warned about" 'W151'
ok "once more" fw apply "$work/rules.fw"
same "warned about once" "$(grep -c W151 "$work/said")" 1
held=$(program eth0.20)
on_server ip link set eth0.20 down
on_server ip link set eth0.20 name gone0
ok "renamed" fw apply "$work/rules.fw"
says "attached under its new name" 'gone0 \((native|generic)\)'
same "never detached" "$(program gone0)" "$held"
on_server ip link del gone0
ok "removed" fw apply "$work/rules.fw"
same "its pin too" "$(find "$work/bpf/fw/link" -type f -printf '%f ' | xargs)" eth0
ruleset 'interface gone1, gone2'
ok "all missing" fw apply "$work/rules.fw"
same "eth0 is let go" "$(program)" ""

# The session that makes the change
ruleset 'interface eth0' 'allow tcp dport 22 src 192.0.2.0/24 name ssh-office'
export SSH_CONNECTION="$client4 50122 $server4 22"
exits 3 "lock-out" fw apply "$work/rules.fw"
says "who" "refused: this ssh session \($client4:50122 -> $server4:22\) would be dropped by 'default drop' \[W204\]"
says "what to do" "add 'allow tcp dport 22 src $client4'"
same "nothing changed" "$(program)" ""
ok "--force" fw apply --force "$work/rules.fw"
ruleset 'interface eth0' "allow tcp dport 22 src $client4 on eth0 name own"
ok "a rule for the session's interface" fw apply "$work/rules.fw"
exits 3 "taking it away" fw del own
unset SSH_CONNECTION
exits 3 "the session of an ancestor, as behind sudo" \
	env SSH_CONNECTION="$client4 50122 $server4 22" bash -c "env -u SSH_CONNECTION \
	nsenter --net=/run/netns/$server $BPFFW --bpffs $work/bpf/fw --state-dir $work/state \
	--run-dir $work/run del own; exit \$?"

# VLAN tags must be in the frame.
ruleset 'interface eth0' 'drop vlan 20'
ok "the other end in another namespace" fw apply "$work/rules.fw"
says "cannot be told" 'W213'
on_server ip link add v0 type veth peer name v1
ruleset 'interface v0' 'drop vlan 20'
exits 5 "the other end hides them" fw apply "$work/rules.fw"
says "what to do" 'ethtool -K v1 tx-vlan-hw-insert off'
on_server ethtool -K v1 tx-vlan-hw-insert off >/dev/null
ok "the other end leaves them" fw apply "$work/rules.fw"
finish
