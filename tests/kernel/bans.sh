#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bans that rules made: kept by `save` and by `watch`, over a reboot too, with the time that is left.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

rules <<-EOF2
	version 1
	interface eth0
	default allow
	set trap addr timeout 1h
	drop src @trap
	blacklist for 10m udp dport 23 name telnet
	blacklist @trap for 2s udp dport 24 name short
	set tiny addr size 2
	drop src @tiny
	blacklist @tiny for 8s udp dport 25 name tight
EOF2
ok "apply" fw apply
knock() { send 1 "mac()/IP(src='$1',dst='$server4')/UDP(sport=4000,dport=$2)"; }
listed() { fw blacklist test "$1" >/dev/null; echo $?; }

knock 203.0.113.7 23
same "a rule bans" "$(listed 203.0.113.7)" 0
ok "save" fw save
same "save keeps it" "$(grep -c '203\.0\.113\.7' "$work/state/bans")" 1

# A full set loses a ban, and what ended holds its room until it is swept: status tells both.
for last in 1 2 3; do knock 203.0.113.10$last 25; done
ok "status" fw status
says "a ban is lost" "tiny 2 / 2, full: 1 ban LOST"
sleep 8
ok "status" fw status
says "who holds the room" "tiny 0 / 2 \(and 2 that ended, until they are swept\), full: 1 ban LOST"
ok "save sweeps" fw save
knock 203.0.113.104 25
ok "there is room again" fw set tiny test 203.0.113.104

# The watcher writes when it ends.
nsenter --net="/run/netns/$server" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
	--run-dir "$work/run" watch >"$work/watch" 2>&1 &
watcher=$!
children+=($watcher)
sleep 0.7
knock 203.0.113.8 23
knock 203.0.113.9 24
kill -TERM $watcher
wait $watcher
same "watch keeps it at its end" "$(grep -c '203\.0\.113\.8' "$work/state/bans")" 1

# A reboot: pins are gone, the state directory is not.
sleep 2
fw panic open >/dev/null
rm -rf "${work:?}/bpf/fw"
ok "apply behind a reboot" fw apply
same "both are banned" "$(listed 203.0.113.7) $(listed 203.0.113.8)" "0 0"
same "what was over is not" "$(fw set trap test 203.0.113.9 >/dev/null; echo $?)" 1
fw blacklist list --json | "$PYTHON" -c '
import datetime, json, sys
now = datetime.datetime.now(datetime.timezone.utc)
left = lambda e: (datetime.datetime.fromisoformat(e["until"].replace("Z", "+00:00")) - now).total_seconds()
print(all(500 < left(e) <= 600 for e in json.load(sys.stdin)["entries"]))' >"$work/left" 2>&1
same "with the time that is left" "$(cat "$work/left")" True
finish
