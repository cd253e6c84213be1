#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Single rules changed while the ruleset runs: each is live at once, ids and counters stay, `save`
# keeps comments, `rollback` and `panic` do what they say.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

rules <<-'EOF'
	# the head of the file
	version 1
	interface eth0
	default drop

	allow tcp dport 22   name ssh    # keep me
	allow icmp type echo-request   name ping
	# before the last rule
	allow udp dport 53   name dns
EOF
cp "$work/rules.fw" "$work/original.fw"

udp() { send "$1" "mac()/IP(src='$client4',dst='$server4')/UDP(dport=$2)"; }
texts() {
	fw list --json | "$PYTHON" -c '
import json, sys
rules = json.load(sys.stdin)["rules"]
print(*[r["id"] + " " + (r.get("name") or "-") for r in rules], sep=", ")'
}
generation() {
	fw status --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["generation"])'
}

ok "apply" fw apply
says "apply names the generation" 'applied generation 1 on eth0 \((native|generic)\)'
same "ids" "$(texts)" "r1 ssh, r2 ping, r3 dns"
ok "reset" fw reset
udp 5 53
same "counted" "$(counter dns)" 5
same "no difference" "$(fw diff >/dev/null; echo $?)" 0

# add
ok "add" fw add drop udp dport 53 src $client4 name deny
says "add tells the id" '^r4 deny: added as the last rule, live on eth0 \(generation 2, not saved\)'
says "add warns" 'W201'
same "add: at the end" "$(texts)" "r1 ssh, r2 ping, r3 dns, r4 deny"
udp 3 53
same "the earlier rule wins" "$(counter dns) $(counter deny)" "8 0"
ok "move" fw move r4 before dns
same "move: the order" "$(texts)" "r1 ssh, r2 ping, r4 deny, r3 dns"
udp 2 53
same "moved rule wins, counters stay" "$(counter dns) $(counter deny)" "8 2"
ok "disable" fw disable deny
udp 4 53
same "disabled" "$(counter dns) $(counter deny)" "12 2"
ok "enable" fw enable r4
udp 1 53
same "enabled" "$(counter dns) $(counter deny)" "12 3"
ok "replace" fw replace deny drop udp dport 54 src $client4
same "replace keeps id and name" "$(texts)" "r1 ssh, r2 ping, r4 deny, r3 dns"
udp 2 53
same "replaced" "$(counter dns)" 14
ok "add before" fw add before ssh allow tcp dport 2222
ok "add after" fw add after ssh allow tcp dport 2223
same "places" "$(texts)" "r5 -, r1 ssh, r6 -, r2 ping, r4 deny, r3 dns"
exits 1 "diff differs" fw diff
says "diff shows the rule" '^[-+]allow tcp dport 2222'
exits 1 "verdicts differ" fw diff --packets
says "which" '^now dropped, was allowed: tcp dport 2222  \(2\^-[0-9]+ of all headers\)$'
says "who decides" "^    by 'default' instead of r5$"
says "an example" '^    e\.g\. tcp .*:2222 syn$'
cat >"$work/order.fw" <<-'EOF'
	version 1
	interface eth0
	default drop
	allow udp dport 53 name dns
	allow tcp dport 22,2222-2223 name ssh
	allow icmp type echo-request name ping
EOF
exits 1 "the rules differ" fw diff "$work/order.fw"
ok "no verdict does" fw diff --packets "$work/order.fw"
says "and it is said" "^the rules differ, no packet's verdict does$"
ok "del by id" fw del r5
ok "del by name" fw del deny
says "del tells the packets" 'r4 deny: deleted'
exits 4 "del by position" fw del 7
says "del by position, why" 'by name or id'
exits 4 "del of what is not there" fw del r77
exits 4 "move of what is not there" fw move r77 before ssh
exits 2 "add of nonsense" fw add allow tcp port 22
says "its place" 'command:1:[0-9]+: error:'
same "nothing changed" "$(texts)" "r1 ssh, r6 -, r2 ping, r3 dns"
ok "add as one argument" fw add 'allow tcp dport 2224 name quoted'
ok "ids are not reused" fw add allow tcp dport 2225
same "ids are not reused" "$(texts)" "r1 ssh, r6 -, r2 ping, r3 dns, r7 quoted, r8 -"

# default
ok "default allow" fw default allow
ok "reset of one" fw reset dns
udp 6 9999
same "default counts its verdict" "$(counter default)" 6
same "reset" "$(counter dns)" 0
ok "default drop" fw default drop

# save
ok "save" fw save
says "save tells" 'saved 6 rules to '
ok "saved: comments stay" grep -q 'allow tcp dport 22   name ssh    # keep me' "$work/rules.fw"
ok "saved: head stays" grep -q '^# the head of the file' "$work/rules.fw"
ok "saved: lines between stay" grep -q '^# before the last rule' "$work/rules.fw"
ok "saved: new rule" grep -q '^allow tcp dport 2223' "$work/rules.fw"
ok "previous file" cmp "$work/rules.fw~" "$work/original.fw"
ok "saved: applies again" fw apply
same "ids stay over save and apply" "$(texts)" "r1 ssh, r6 -, r2 ping, r3 dns, r7 quoted, r8 -"
ok "no difference after save" fw diff

# rollback, history
before=$(generation)
ok "a change to roll back" fw add drop udp dport 53 src $client4 name gone
ok "rollback" fw rollback
says "rollback tells" "generation $((before + 2)) = generation $before"
same "rolled back" "$(texts)" "r1 ssh, r6 -, r2 ping, r3 dns, r7 quoted, r8 -"
ok "history" fw history
says "history: header" '^GEN +WHEN +BY +HOW +STATE'
says "history: newest runs" "^$((before + 2)) .*rollback to $before .*running"
exits 4 "rollback to what is not there" fw rollback 4711

# a failing change leaves everything
ok "reset" fw reset
echo 'allow tcp port 22' >"$work/broken.fw"
exits 2 "apply of a broken file" fw apply "$work/broken.fw"
udp 3 53
same "still running, counters too" "$(counter dns)" 3

# test blocks guard every change
cat >>"$work/rules.fw" <<-EOF
	test {
	    expect allow udp src $client4 dport 53
	}
EOF
ok "apply with a test" fw apply
exits 3 "a failing test refuses a change" fw add before ssh drop udp
says "which test" 'E183'
says "and where in the file" "test at $work/rules.fw:$(grep -n 'expect allow' "$work/rules.fw" | cut -d: -f1) fails"
ok "--force overrides" fw add --force before ssh drop udp name forced
ok "del" fw del forced
ok "a rule more" fw add before ssh drop tcp dport 4444 name moved
ok "saved" fw save
exits 3 "it still fails" fw del dns
says "where it is now" "test at $work/rules.fw:$(grep -n 'expect allow' "$work/rules.fw" | cut -d: -f1) fails"
ok "del" fw del moved
ok "saved" fw save

# panic
ok "panic closed" fw panic closed
exits 1 "closed" on_client ping -c 1 -W 1 -q $server4
ok "apply after panic" fw apply
ok "ping again" on_client ping -c 1 -W 1 -q $server4
ok "panic open" fw panic open
says "panic open warns" 'NOTHING IS FILTERED'
same "no program is attached" "$(on_server ip -d link show dev eth0 | grep -c xdp)" 0
ok "apply after panic open" fw apply
finish
