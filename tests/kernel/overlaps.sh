#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Rules whose ranges all overlap, which no tree can part: long leaves, and bit vectors. The kernel
# must take each, and decide as the rules say.
. "$(dirname "$0")/lib.sh"
setup

# overlapping N FAMILY: N nested boxes of sources, destinations and ports, the smallest first.
overlapping() {
	printf 'version 1\ninterface eth0\ndefault allow\n'
	"$PYTHON" - "$@" <<-'EOF2'
		import sys
		n, family = int(sys.argv[1]), sys.argv[2]
		for i in range(n, 0, -1):
		    if family == "4":
		        src, dst = (f"10.{a}.{i >> 8}.{i & 255}-10.{a}.{255 - (i >> 8)}.{255 - (i & 255)}" for a in (1, 2))
		    else:
		        src, dst = (f"2001:db8:{a}::{i:x}-2001:db8:{a}::{0xffff - i:x}" for a in (8, 9))
		    print(f"{'drop' if i % 2 else 'allow'} tcp src {src} dst {dst} dport {i}-{65535 - i} name n{i}")
	EOF2
}

for family in 4 6; do
	for n in 60 1000 1800; do
		overlapping $n $family | rules
		ok "$n rules, IPv$family" fw apply "$work/rules.fw"
		ok "counters from zero" fw reset
		case $family in
		4) send 3 "mac()/IP(src='10.1.0.200',dst='10.2.0.200')/TCP(dport=30000)" ;;
		6) send 3 "mac()/IPv6(src='2001:db8:8::1:0',dst='2001:db8:9::8000')/TCP(dport=3000)" \
			"mac()/IPv6(src='2001:db8:8::30',dst='2001:db8:9::30')/TCP(dport=30000)" ;;
		esac
		[ $family = 4 ] && who=$((n < 200 ? n : 200)) || who=48
		same "$n rules, IPv$family, the smallest box" "$(counter n$who)" 3
	done
done
# Each record with tests, which a loop over all of them would not get past the verifier.
overlapping 1800 6 | sed 's/ dport/ ttl 1,3,5,7,9,64 dport/' | rules
ok "1800 rules with lists" fw apply "$work/rules.fw"
same "no fall back" "$(grep -c W220 "$work/said")" 0
ok "counters from zero" fw reset
send 3 "mac()/IPv6(src='2001:db8:8::30',dst='2001:db8:9::30')/TCP(dport=30000)"
same "the smallest box with lists" "$(counter n48)" 3
# Nothing runs, so no rule has a counter yet: one that only counts is asked about all the same.
{
	printf 'version 1\ninterface eth0\ndefault drop\n'
	for i in $(seq 12); do echo "allow tcp dport $i src 10.$i.0.0/24"; done
	echo 'count icmp'
} >"$work/count.fw"
ok "check, a rule that counts" fw check "$work/count.fw"
finish
