#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# More run-time prefixes than the tries are fast with: they are folded into a map of their own by a
# generation, and all that holds for an entry holds for them: by command, by rule, from the file.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

rules <<-EOF2
	version 1
	interface eth0
	default allow
	blacklist { 192.0.2.0/24 }
	rate-limit 1/h burst 1 per src/24/48 udp dport 23 exceed blacklist for 10m name telnet
EOF2
ping4() { on_client ping -c 1 -W 1 -q $server4; }
ping6() { on_client ping -c 1 -W 1 -q $server6; }
listed() { fw blacklist test "$1" >/dev/null; echo $?; }
folds() { fw history | grep -c 'prefixes folded'; }
entries() { fw blacklist list --json | "$PYTHON" -c 'import json, sys; print(len(json.load(sys.stdin)["entries"]))'; }
prefixes() { # prefixes FIRST LAST: so many /24 and /48
	"$PYTHON" -c '
import sys
for i in range(int(sys.argv[1]), int(sys.argv[2])):
    print(f"10.{i >> 8}.{i & 255}.0/24")
    print(f"2001:db8:{i + 4096:x}::/48")' "$1" "$2"
}

# ---- by command ----
ok "apply" fw apply
prefixes 0 1000 >"$work/some"
fw blacklist add - <"$work/some" >/dev/null
same "so many need no fold" "$(folds)" 0
fw blacklist add 198.51.100.0/24,2001:db8:1::/48 for 1h >/dev/null
prefixes 1000 1100 >"$work/more"
fw blacklist add - <"$work/more" >/dev/null
same "one more fold" "$(folds)" 1
exits 1 "IPv4 is dropped" ping4
exits 1 "IPv6 is dropped" ping6
same "all are listed" "$(entries)" 2203
same "first and last" "$(listed 10.0.0.9) $(listed 10.4.75.1) $(listed 2001:db8:144b::1)" "0 0 0"
same "no other is" "$(listed 10.4.76.1) $(listed 2001:db8:144c::1)" "1 1"
ok "test" fw blacklist test $client4
says "its time runs on" "198.51.100.0/24 \\(.*5[0-9]m[0-9]+s left\\)"
ok "extended" fw blacklist add 198.51.100.0/24 for 2h
says "which says so" "extended to"
ok "test" fw blacklist test $client4
says "its time is longer" "1h5[0-9]m"
ok "deleted" fw blacklist del 198.51.100.0/24
ok "deleted" fw unban 2001:db8:1::/48
ok "IPv4 passes" ping4
ok "IPv6 passes" ping6
exits 4 "it is no entry any more" fw unban 198.51.100.0/24
ok "banned again" fw ban 198.51.100.0/24,2001:db8:1::/48 for 3s
exits 1 "IPv4 is dropped" ping4
exits 1 "IPv6 is dropped" ping6
sleep 3
ok "IPv4 passes" ping4
ok "IPv6 passes" ping6
same "the rest is there" "$(entries)" 2201

# ---- rules ban while prefixes are folded ----
on_client "$PYTHON" - "$server4" "$server6" >"$work/sent" 2>&1 <<-'EOF2' &
	import sys, time
	from scapy.all import *
	conf.verb = 0
	eth = Ether(dst=getmacbyip(sys.argv[1]))
	s = conf.L2socket(iface="c0")
	for i in range(400):
	    for n in range(2):
	        s.send(eth/IP(src=f"172.{16 + (i >> 8)}.{i & 255}.7", dst=sys.argv[1])/UDP(dport=23))
	        s.send(eth/IPv6(src=f"2001:db8:8{i:03x}::7", dst=sys.argv[2])/UDP(dport=23))
	    time.sleep(0.002)
	print("sent")
EOF2
sender=$!
children+=($sender)
for part in 1100 2200 3300 4400; do
	prefixes $part $((part + 1100)) >"$work/part"
	fw blacklist add - <"$work/part" >/dev/null
done
wait $sender
same "all were sent" "$(cat "$work/sent")" sent
for i in $(seq 0 399); do
	echo "172.$((16 + (i >> 8))).$((i & 255)).0/24"
	printf '2001:db8:8%03x::/48\n' "$i"
done >"$work/wanted"
fw blacklist list --json | "$PYTHON" -c '
import json, sys
have = {e["entry"] for e in json.load(sys.stdin)["entries"]}
print(sum(line.strip() not in have for line in open(sys.argv[1])))' "$work/wanted" >"$work/missing"
same "no ban is lost" "$(cat "$work/missing")" 0
ok "they fold at least once each" [ "$(folds)" -ge 5 ]
before=$(entries)

# ---- over rollback, save and reboot ----
ok "a rule" fw add count udp dport 9
ok "rollback" fw rollback
same "all of them" "$(entries)" "$before"
ok "ban" fw ban 198.51.100.0/24
ok "save" fw save
fw panic open >/dev/null
rm -rf "${work:?}/bpf/fw"
ok "boot" fw apply --boot
exits 1 "IPv4 is dropped" ping4
same "all of them" "$(entries)" "$((before + 1))"
same "of rules, too" "$(listed 172.16.9.9) $(listed 2001:db8:8009::1)" "0 0"
ok "flush" fw blacklist flush
ok "IPv4 passes" ping4
same "only the static one is left" "$(entries)" 1

# A list that the running programs do not ask yet takes a generation of its own before.
now=$(folds)
prefixes 0 1200 | fw allowlist add - >/dev/null
same "one more fold" "$(folds)" $((now + 1))
ok "flush" fw allowlist flush

# ---- not on trial ----
ok "a change on trial" fw add count udp dport 10 --confirm=60s
prefixes 0 1200 >"$work/trial"
now=$(folds)
fw blacklist add - <"$work/trial" >/dev/null
same "no fold" "$(folds)" "$now"
ok "confirm" fw confirm
ok "any change folds them" fw add count udp dport 11
same "all are listed" "$(entries)" 2401
finish
