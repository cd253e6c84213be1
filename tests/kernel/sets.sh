#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# allowlist, blacklist and run-time sets with real packets: their order, changes by command, ends in
# the kernel, and what survives a change of the rules, a rollback and a reboot.
. "$(dirname "$0")/lib.sh"
setup
settle_neighbours
export BPFFW_RULES=$work/rules.fw
reaches() { on_client ping -c 1 -W 0.3 -q "${1:-$server4}"; }
connects() { on_client timeout 1 bash -c "exec 3<>/dev/tcp/$server4/$1" 2>/dev/null; }
datagram() { on_client bash -c "echo >/dev/udp/$server4/9"; } # at once, unlike scapy
slot() { # slot NAME: packets of a row of list that is no rule
	fw list --json | "$PYTHON" -c '
import json, sys
print(json.load(sys.stdin)[sys.argv[1]]["packets"])' "$1"
}

rules <<-EOT
	version 1
	interface eth0
	default drop
	allowlist { 203.0.113.9 comment "office" }
	blacklist { 203.0.113.0/24, 2001:db8:bad::/48 }
	set ports port size 100 { 7000 }
	set friends addr timeout 2s
	allow icmp type echo-request
	allow icmp6
	allow tcp dport @ports name by-port
	allow udp src @friends name friends
EOT
ok "apply" fw apply
ok "nothing is banned" reaches

# In the order of the model: malformed, essential, allowlist, blacklist, rules.
on_client ip addr add 203.0.113.7/32 dev c0
on_client ip addr add 203.0.113.9/32 dev c0
on_server ip route add 203.0.113.0/24 via $client4
from() { on_client ping -c 1 -W 0.3 -q -I "$1" $server4; }
exits 1 "the blacklist drops" from 203.0.113.7
same "the blacklist counts" "$(slot blacklist)" 1
ok "the allowlist beats the longer blacklist" from 203.0.113.9
same "the allowlist counts" "$(slot allowlist)" 1
send 1 'mac()/IP(src="203.0.113.9",dst="198.51.100.1",ihl=4)/ICMP()'
same "malformed beats the allowlist" "$(slot allowlist)" 1
send 1 'mac()/IP(src="203.0.113.7",dst="198.51.100.1")/UDP(sport=67,dport=68)/BOOTP()'
same "essential passes the blacklist" "$(slot essential)" 1
same "and is not counted there" "$(slot blacklist)" 1
send 1 'mac()/IPv6(src="2001:db8:bad::1",dst="2001:db8:1::1")/ICMPv6EchoRequest()'
same "IPv6" "$(slot blacklist)" 2

# ban, unban, ends.
ok "ban" fw ban $client4
says "ban: told" "^$client4 blacklisted\$"
exits 1 "ban: dropped" reaches
exits 0 "ban: listed" fw blacklist test $client4
says "ban: by what" "^$client4: blacklisted by $client4 \(by a command, no expiry\)\$"
ok "unban" fw unban $client4
says "unban: told" "^$client4 taken off the blacklist\$"
ok "unban: passes" reaches
exits 4 "unban twice" fw unban $client4
says "unban twice: why" "^error: $client4 is not in blacklist\$"
exits 1 "not listed" fw blacklist test $client4
ok "a ban that ends" fw ban $client4 for 2s comment "too \"loud\""
says "a ban that ends: told" "^$client4 blacklisted until [0-9:]* \(2s\)\$"
exits 1 "a ban that ends: dropped" reaches
fw blacklist list >"$work/said"
says "a ban that ends: listed" "^$client4 +a command or rule +[12]s left +too \"loud\"\$"
ok "longer" fw blacklist add $client4 for 3s
says "longer: told" "^$client4 already blacklisted \([12]s left\): extended to [0-9:]* \(3s\)\$"
ok "shorter" fw blacklist add $client4 for 1s
says "shorter: told" "^$client4 already blacklisted \([123]s left\): kept, a shorter time needs 'del' first\$"
sleep 3.2
ok "it ended in the kernel" reaches
ok "wide" fw ban 198.51.100.0/25
exits 1 "wide: drops" reaches
exits 4 "unban inside" fw unban $client4
says "unban inside: why" "^error: $client4 is no entry of blacklist: 198.51.100.0/25 covers it\$"
ok "unban the prefix" fw unban 198.51.100.0/25
ok "unban the prefix: passes" reaches
exits 4 "unban inside a static one" fw unban 203.0.113.7
says "unban inside a static one: why" "203.0.113.7 is no entry of blacklist: 203.0.113.0/24 covers it"
exits 3 "unban a static one" fw unban 203.0.113.0/24
says "unban a static one: why" "^refused: 203.0.113.0/24 is written in the rule file\$"
exits 3 "too wide" fw ban 128.0.0.0/1
says "too wide: why" 'refused: 128.0.0.0/1 is wider than /8; use --force'
fw blacklist add 203.0.113.9 >"$work/said" 2>&1
says "W208" '^warning: 203.0.113.9 is on the allowlist \(office\): the allowlist wins, the entry has no effect \[W208\]$'
fw unban 203.0.113.9 >/dev/null
export SSH_CONNECTION="$client4 50122 $server4 22"
exits 3 "one's own address" fw ban $client4
says "one's own address: why" "^refused: $client4 is the address you are connected from; use --force\$"
unset SSH_CONNECTION

# Sets: rules follow without a new generation.
generation() { fw status --json | "$PYTHON" -c 'import json,sys; print(json.load(sys.stdin)["generation"])'; }
serve "$PYTHON" -m http.server 7001 --bind $server4
listens tcp 7001
before=$(generation)
exits 124 "a port that is not in the set" connects 7001
ok "set add" fw set ports add 7001-7003
says "set add: told" '^ports: 7001-7003 added \(2 elements\)$'
fw set ports list >"$work/said"
same "no new generation" "$(generation)" "$before"
ok "set test" fw set ports test 7002
exits 1 "set test: not" fw set ports test 7004
exits 2 "an address is no port" fw set ports add 192.0.2.1
exits 4 "no such set" fw set prots add 1
says "no such set: near" "did you mean 'ports'"
ok "set del" fw set ports del 7001-7003
exits 124 "set del: closed" connects 7001
datagram
same "no friend yet" "$(counter friends)" 0
ok "a set with a timeout" fw set friends add $client4
says "a set with a timeout: told" "^friends: $client4 added until [0-9:]* \(2s\) \(1 element\)\$"
datagram
same "a friend" "$(counter friends)" 1
sleep 2.2
datagram
same "a friend no longer" "$(counter friends)" 1

# Bans outlive apply, rollback and a reboot; diff and save do not know them.
ok "ban again" fw ban $client4 for 1h
ok "apply again" fw apply
exits 1 "still banned" reaches
ok "no difference" fw diff
sed -i 's/^allow icmp6$/allow icmp6 name six/' "$work/rules.fw"
ok "apply, changed" fw apply
ok "rollback" fw rollback
exits 1 "banned behind a rollback" reaches
ok "save does not know bans" bash -c "! grep -q $client4 '$work/rules.fw'"
umount "$work/bpf" && mount -t bpf bpf "$work/bpf"
ok "as after a reboot" fw apply
exits 1 "banned behind a reboot" reaches
fw blacklist list >"$work/said"
says "with the time that is left" "^$client4 .* 59m[0-9]*s left"
ok "flush" fw blacklist flush
says "flush: told" '^1 entry removed from blacklist$'
ok "flush: passes" reaches

# load: a new static part, an ordinary generation.
printf '198.51.100.2 # the client\n192.0.2.0/24\n192.0.2.7\n2001:db8:5::/48\n' >"$work/list.txt"
ok "ban beside" fw ban 192.0.2.200 for 1h
ok "load" fw blacklist load "$work/list.txt"
says "load: counts" '^4 entries loaded \(3 IPv4, 1 IPv6\), 1 covered by shorter prefixes, 0 refused'
says "load: timed" 'timed bans untouched$'
exits 1 "load: dropped" reaches
exits 1 "load: the block stays" from 203.0.113.7
ok "load: bans stay" fw blacklist test 192.0.2.200
exits 0 "where it stands" fw blacklist test $client4
says "where it stands: line" "blacklisted by $client4 \($work/list.txt:1, no expiry\)"
exits 3 "del of a line" fw blacklist del $client4
says "del of a line: where" "is written in $work/list.txt:1"
printf '192.0.2.0/24\n' | fw blacklist load - >"$work/said" 2>&1
says "load -: removed" '^added 0, removed 3, kept 1'
ok "load -: passes" reaches
printf '192.0.2.0/24\nfoo\n' >"$work/list.txt"
exits 2 "a bad line" fw blacklist load "$work/list.txt"
says "a bad line: where" "list.txt:2:1: error: 'foo' is not an address.*E182"
ok "many" bash -c 'for i in $(seq 100); do for k in $(seq 100); do echo "10.$i.$k.1"; done; done >"$0"' "$work/many"
fw blacklist add - for 1h <"$work/many" >"$work/said" 2>&1
says "many: told" '^10 000 entries blacklisted until'
ok "many: one of them" fw blacklist test 10.50.50.1

# Where the running ruleset has no list at all, a ban makes it look.
printf 'version 1\ninterface eth0\ndefault drop\nallow icmp name ping\n' >"$work/rules.fw"
fw blacklist flush >/dev/null
ok "no lists" fw apply
ok "no lists: passes" reaches
ok "the first ban" fw ban $client4
exits 1 "the first ban: dropped" reaches
ok "add set" fw add set extra addr
ok "a rule with it" fw add before ping drop icmp src @extra
ok "unban first" fw unban $client4
ok "the set is empty" reaches
ok "add to it" fw set extra add $client4
exits 1 "add to it: dropped" reaches
ok "load beside" fw blacklist load "$work/many"
exits 1 "diff knows them" fw diff
says "diff: the set" '^-set extra addr$'
says "diff: the file" "^-blacklist file $work/many\$"
ok "save" fw save
same "save: the statements" "$(grep -c -e '^set extra addr$' -e "^blacklist file $work/many$" "$work/rules.fw")" 2
ok "save: no difference" fw diff
fw explain src $client4 icmp type 8 >"$work/said"
says "explain: as they are now" 'r6 +DROP'
# The lock-out check asks the lists as they are: what is let in by a set's entry only.
ok "admins" fw add set admins addr
ok "let in by address" fw add before ping allow tcp dport 22 src $client4 name direct
export SSH_CONNECTION="$client4 50122 $server4 22"
ok "an admin" fw set admins add $client4
ok "let in by the set" fw add before ping allow tcp dport 22 src @admins
ok "the set is enough" fw del direct
exits 3 "the last way in" fw set admins del $client4
says "the last way in: why" 'refused: this ssh session .* would be dropped'
unset SSH_CONNECTION
exits 3 "del of a used set" fw del set extra
says "del of a used set: who" "refused: 'extra' is used by r[0-9]*"
finish
