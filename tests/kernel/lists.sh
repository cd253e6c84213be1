#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A list file belongs to the generation that read it: it may change or vanish behind its back.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

ping4() { on_client ping -c 1 -W 1 -q $server4; }
ping6() { on_client ping -c 1 -W 1 -q $server6; }

rules <<-EOF2
	version 1
	interface eth0
	default allow
	set bad addr file "$work/bad.txt"
	drop src @bad name bad
EOF2
echo "$client4" >"$work/bad.txt"
ok "apply" fw apply
exits 1 "a listed address is dropped" ping4
ok "another one is not" ping6

echo "$client6" >"$work/bad.txt"
ok "a rule is added" fw add allow udp dport 9 name nine
exits 1 "with the list that runs" ping4
ok "with the list that runs, too" ping6
rm "$work/bad.txt"
ok "list, the file gone" fw list
ok "explain, the file gone" fw explain src "$client4"
ok "del, the file gone" fw del nine
exits 1 "still listed" ping4
exits 2 "apply, the file gone" fw apply
says "which names it" "bad.txt: no such file \[E182\]"
exits 1 "and changes nothing" ping4

echo "$client6" >"$work/bad.txt"
ok "apply reads it anew" fw apply
ok "no longer listed" ping4
exits 1 "listed now" ping6
ok "rollback" fw rollback
exits 1 "with the list of then" ping4
ok "with the list of then, too" ping6
same "one copy for each kept generation" "$(ls "$work"/state/gen/*.list0 | wc -l)" \
	"$(ls "$work"/state/gen/*.fw | wc -l)"
finish
