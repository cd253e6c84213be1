#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `when` and `until` in the kernel: rules become active and end by the clock alone, in local time.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
days=(mon tue wed thu fri sat sun)
# The minute after next is the same day and week in all that follows.
[ "$(date -u +%H%M)" -lt 2358 ] || sleep 121
today=${days[$(($(date -u +%u) - 1))]}
tomorrow=${days[$(date -u +%u | sed 's/7/0/')]}
minute() { date -u -d "@$(($(date +%s) + $1))" +%H:%M; }
reaches() { on_client ping -c 1 -W 0.3 -q $server4; }
# active RULE: what list says of its time.
active() {
	fw list --json | "$PYTHON" -c '
import json, sys
print([r["active"] for r in json.load(sys.stdin)["rules"] if r["name"] == sys.argv[1]][0])' "$1"
}

with() { # with RULE: the only one besides the default
	printf 'version 1\ninterface eth0\ndefault drop\n%s\n' "$1" >"$work/rules.fw"
	TZ=${zone:-UTC} fw apply >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
}

# Ended by the kernel's clock: no command and no process of bpffw runs in between.
end=$(($(date +%s) + 3))
ok "until" with "allow icmp until $(date -u -d "@$end" +%FT%TZ) name short"
ok "until: before" reaches
same "until: active" "$(active short)" True
while [ "$(date +%s)" -le "$end" ]; do sleep 0.2; done
exits 1 "until: behind" reaches
same "until: no longer active" "$(active short)" False
fw list >"$work/said"
says "until: list" 'allow icmp until .*\(past\)'

ok "today" with "allow icmp when $today name rule"
ok "today: passes" reaches
fw list >"$work/said"
says "today: list" "allow icmp when .*$today.*\(active now\)"
ok "tomorrow" with "allow icmp when $tomorrow name rule"
exits 1 "tomorrow: drops" reaches
same "tomorrow: not active" "$(active rule)" False
ok "this hour" with "allow icmp when \"$(minute -60)-$(minute 120)\" name rule"
ok "this hour: passes" reaches
ok "the next minutes" with "allow icmp when \"$(minute 120)-$(minute 180)\" name rule"
exits 1 "the next minutes: drops" reaches

# The same span in another zone is another time; twelve hours east.
zone=EAST-12
ok "east" with "allow icmp when \"$(minute -60)-$(minute 120)\" name rule"
exits 1 "east: drops" reaches
same "east: not active there" "$(TZ=EAST-12 active rule)" False
ok "east, its own hour" with "allow icmp when \"$(minute 43140)-$(minute 43320)\" name rule"
ok "east, its own hour: passes" reaches
same "east: active there" "$(TZ=EAST-12 active rule)" True
zone=

# A span over midnight: all but a minute that is not now.
hours="$(minute 120)-$(minute 60)"
ok "all but a minute" with "allow icmp when \"$hours\" name rule"
ok "all but a minute: passes" reaches

# A rule that its time takes out of play does not hide the next one.
ok "two rules" with "drop icmp when $tomorrow name early
allow icmp name late"
ok "two rules: the second" reaches
same "two rules: the first counts nothing" "$(counter early)" 0
ok "a chain" with "chain c { allow icmp }
jump c when $today"
ok "a chain: entered" reaches
ok "a chain, tomorrow" with "chain c { allow icmp }
jump c when $tomorrow"
exits 1 "a chain: not entered" reaches

# In a forest as in straight-line code.
many=$(for i in $(seq 40); do echo "drop tcp dport $((i * 7)) src 192.0.2.$i"; done)
ok "a forest" with "$many
allow icmp when $today until 2099-01-01 name rule"
ok "a forest: passes" reaches
ok "a forest, tomorrow" with "$many
allow icmp when $tomorrow until 2099-01-01 name rule"
exits 1 "a forest: drops" reaches
exits 2 "past, typed" fw add allow udp until 2020-01-01
says "past, typed: why" 'already past.*E171'
finish
