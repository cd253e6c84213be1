#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Limits on real packets: bursts, keys, what is over, counters, and buckets over changes.
. "$(dirname "$0")/lib.sh"
setup

# excess RULE: how many packets were over its limit.
excess() {
	fw list --json | "$PYTHON" -c '
import json, sys
for r in json.load(sys.stdin)["rules"]:
    if sys.argv[1] in (r["id"], r.get("name")):
        print(r["exceed"]["packets"])
' "$1"
}

udp() { # udp COUNT SOURCE DPORT [SPORT]
	send "$1" "mac()/IP(src='$2', dst='$server4')/UDP(sport=${4:-4000}, dport=$3)/b'x'"
}

rules <<-EOF2
	version 1
	interface eth0
	default drop
	option fragments drop
	rate-limit 1/m burst 5 per src udp dport 1000 name per-src
	rate-limit 1/m burst 3 udp dport 1001 name global
	rate-limit 1/m burst 2 per src/24,dport udp dport 1002-1003 exceed count name shadow
	rate-limit 2kB/h burst 200B per sport udp dport 1004 name bytes
	allow udp dport 1005 rate 1/m burst 4 name shorthand
	syn-limit 1/m burst 3 per src/32/48 tcp dport 1006 name syns
	rate-limit 1/m burst 2 per src udp dport 1007 exceed allow name open
	allow udp dport 1008 rate 1/m burst 2 exceed allow name both
	rate-limit 1/m burst 1 per dport udp dport 1006 name per-dport
	allow udp dport 1000-1004 name udp
	allow tcp dport 1006 name tcp
EOF2
ok "applied" fw apply "$work/rules.fw"

udp 8 192.0.2.1 1000
udp 8 192.0.2.2 1000
same "a bucket for each source: matched" "$(counter per-src)" 16
same "over it" "$(excess per-src)" 6
udp 5 192.0.2.1 1001
udp 5 192.0.2.2 1001
same "one bucket for all" "$(excess global)" 7
udp6() { # udp6 COUNT SOURCE DPORT
	send "$1" "mac()/IPv6(src='$2', dst='$server6')/UDP(dport=$3)/b'x'"
}
udp6 2 2001:db8:5:6::1 1001
same "both families in it" "$(excess global)" 9
udp6 2 2001:db8:5:6::1 1006
udp 2 192.0.2.1 1006
same "a bucket for each port has a family" "$(excess per-dport)" 2
udp 4 192.0.2.1 1002
udp 4 192.0.2.9 1002
udp 4 192.0.2.9 1003
udp 4 192.0.3.9 1002
same "a bucket for each /24 and port" "$(excess shadow)" 10
udp 9 192.0.2.1 1004 1
udp 9 192.0.2.1 1004 2
same "43 bytes each, 200 at once" "$(excess bytes)" 10
udp 9 192.0.2.1 1005
same "allow with a rate" "$(counter shorthand)/$(excess shorthand)" 9/5
same "what is within goes on, what is over does not, but where it only counts" \
	"$(counter udp)" $((10 + 3 + 16 + 8))

# What comes through to the stack: a packet socket is behind XDP.
serve "$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind(("eth0", 3))
out, n = open(sys.argv[1], "w"), 0
while True:
    data = s.recv(2000)
    at = 22 if data[0] >> 4 == 4 else 42
    if data[at:at + 2] == (1007).to_bytes(2, "big"):
        n += 1
        out.seek(0); out.write(str(n)); out.flush()' "$work/heard"
for _ in $(seq 50); do [ -e "$work/heard" ] && break; sleep 0.1; done
udp 7 192.0.2.1 1007
udp6 6 2001:db8:9::1 1007
sleep 0.2
same "what is over is let in at once, the rest goes on" "$(cat "$work/heard")" 9
same "and is counted" "$(counter open)/$(excess open)" 13/9
udp 5 192.0.2.1 1008
same "with allow" "$(counter both)/$(excess both)" 5/3

syn6() { send "$1" "mac()/IPv6(src='$2', dst='$server6')/TCP(dport=1006, flags='$3')"; }
syn6 2 2001:db8:5:1::1 S
syn6 2 2001:db8:5:2::1 S
syn6 2 2001:db8:6:1::1 S
syn6 9 2001:db8:5:1::1 A
same "a bucket for each /48, SYNs only" "$(counter syns)/$(excess syns)" 6/1

fw list >"$work/said"
says "the list shows the excess" '^ +over the limit +6 drop +258$'
says "of what only counts" '^ +over the limit +10 counted +430$'
says "what was let in" '^ +over the limit +9 allowed '
ok "status" fw status
says "tracked sources" 'limits +per-src 2; shadow 3; bytes 2; syns 2; open 2; per-dport 2 sources tracked / 65 536, 0 evicted'

# Buckets stay over other rules' changes, a new rate and burst, a rename; not over new keys.
ok "another rule" fw add allow udp dport 4444
udp 3 192.0.2.1 1000
same "still empty" "$(excess per-src)" 9
ok "a new burst" fw replace per-src rate-limit 2/m burst 3 per src udp dport 1000
udp 2 192.0.2.1 1000
same "still empty, clamped" "$(excess per-src)" 11
ok "rollback" fw rollback
udp 8 192.0.2.1 1000
same "no fuller behind a rollback: 3 of 5" "$(excess per-src)" 16
ok "new keys" fw replace per-src rate-limit 1/m burst 5 per dst udp dport 1000
udp 2 192.0.2.1 1000
same "a full bucket behind new keys" "$(excess per-src)" 16

ok "reset" fw reset per-src
same "both counters" "$(counter per-src)/$(excess per-src)" 0/0
udp 8 192.0.2.1 1000
same "but no bucket: 3 of 5 were left" "$(excess per-src)" 5
ok "flush of all counters" fw reset
same "the excess too" "$(excess global)" 0

# Bans: by what is over a limit, and by a rule.
rules <<-EOF2
	version 1
	interface eth0
	default drop
	option fragments drop
	rate-limit 1/m burst 2 per src/24 udp dport 1000 exceed blacklist for 1h name net
	blacklist for 1h udp dport 1002 name trap
	allow udp dport 1000-1001 name udp
EOF2
ok "rules that ban" fw apply "$work/rules.fw"
udp 3 192.0.2.1 1000
udp 2 192.0.2.77 1000
udp 1 192.0.3.1 1001
same "the third packet bans the /24" "$(excess net)/$(counter udp)" 1/3
udp 3 192.0.4.1 1002
udp 1 192.0.4.1 1001
udp 1 192.0.4.2 1001
same "a rule bans at once, one address" "$(counter trap)/$(counter udp)" 1/4
udp6 3 2001:db8:5:6::1 1000
udp6 2 2001:db8:5:6::99 1000
udp6 1 2001:db8:5:7::1 1000
same "an IPv6 /64, not its neighbour" "$(excess net)/$(counter udp)" 2/7
fw list >"$work/said"
says "the list tells of bans" '^ +over the limit +2 banned '
same "and its JSON" "$(fw list --json | "$PYTHON" -c '
import json, sys
print([r["exceed"]["outcome"] for r in json.load(sys.stdin)["rules"] if r["exceed"]])')" "['banned']"

# 13 limits on one packet's way, each of which sees it.
{
	printf 'version 1\ninterface eth0\ndefault drop\noption fragments drop\n'
	for i in $(seq 13); do echo "rate-limit $i/s burst $((40 - i)) udp dport 1000 name l$i"; done
	echo 'allow udp dport 1000 rate 1/s burst 40 name last'
} >"$work/many.fw"
ok "13 limits" fw apply --force "$work/many.fw"
udp 10 203.0.113.1 1000
same "the first, the last, the end" "$(counter l1)/$(counter l13)/$(counter last)" 10/10/10
# A tracer and a monitor in front of them take the last three jumps that the kernel allows.
fw monitor drops >"$work/dropped" &
monitor=$!
fw trace udp --count 10 for 5s >"$work/traced" &
sleep 0.4
udp 10 203.0.113.1 1000
wait $!
kill -INT $(pgrep -P "$monitor" -x bpffw)
wait "$monitor"
same "and traced" "$(counter l1)/$(counter l13)/$(counter last)" 20/20/20
same "all of them" "$(grep -c 'last ALLOW' "$work/traced")" 10
same "none is dropped" "$(cat "$work/dropped")" ""
echo 'rate-limit 15/s udp' >>"$work/many.fw"
sed -i '/name last/d' "$work/many.fw"
exits 2 "14 limits" fw check "$work/many.fw"
says "which ones" 'E192'


# Each limit has a number of its own: 1024 hold, and one more is refused where it stands.
{
	printf 'version 1\ninterface eth0\ndefault drop\noption fragments drop\n'
	for i in $(seq 1024); do echo "allow udp dport $i rate 1/h burst 1"; done
} >"$work/most.fw"
ok "1024 limits" fw apply --force "$work/most.fw"
for i in 1 2 1024; do udp 2 203.0.113.1 "$i"; done
same "each has its bucket" "$(fw list --json | "$PYTHON" -c '
import json, sys
rules = json.load(sys.stdin)["rules"]
print(*(rules[i]["exceed"]["packets"] for i in (0, 1, 1023)))')" "1 1 1"
echo "allow udp dport 2000 rate 1/h" >>"$work/most.fw"
exits 2 "one more" fw apply "$work/most.fw"
says "which" 'most.fw:1029:1: error: 1025 limits.*E194'
same "the others stay" "$(fw list --json | "$PYTHON" -c '
import json, sys
print(len(json.load(sys.stdin)["rules"]))')" 1024

finish
