#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A command that changes one rule tells what the change brought, not what was known before.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

rules <<-'EOF'
	version 1
	interface eth0
	default drop
	allow tcp dport 22 name ssh
	allow udp dport 53 name dns
	allow tcp dport 80 src 192.0.2.0/24 name web
	allow tcp dport 443 src 192.0.2.0/24
EOF
warnings() { grep -o '\[W[0-9]*\]' "$work/said" | sort | tr -d '\n'; }
brings() { # brings WARNINGS COMMAND...
	local want=$1
	shift
	ok "$*" fw "$@"
	same "$*: what it warns about" "$(warnings)" "$want"
}

brings '[W203][W205][W206]' apply
brings '' replace web allow tcp dport 81 src 192.0.2.0/24
brings '' move web before ssh
brings '' disable dns
brings '[W205]' enable dns
brings '' default drop
brings '[W206]' add allow tcp dport 23 name telnet
brings '' del telnet
brings '' default allow
brings '[W203][W205][W206]' default drop
brings '' add allow tcp dport 8443 src 192.0.2.1

# Also about another rule, by its id: its place in the generation's text says nothing.
brings '[W201][W201][W201][W211]' add before web drop tcp src 192.0.0.0/16 name wide-net
says "another rule, unnamed" "^warning: rule r4 can never match: 'wide-net' .*already drops tcp src"
same "no places" "$(grep -cE ':[0-9]+:[0-9]+: warning: rule r' "$work/said")" 0
brings '' add drop tcp src 10.0.0.0/8
brings '' del wide-net
brings '[W202]' add before ssh allow tcp dport 22 src 192.0.2.7 name one-host
brings '' del one-host
brings '[W201]' add before dns drop udp dport 50-60
says "the new rule" "^warning: rule 'dns' can never match: the new rule already drops udp dport 50-60"
brings '' del r10
brings '' add drop tcp src 192.0.0.0/16 name wide-net
brings '[W201]' move web after wide-net
says "the advice" '^  help: bpffw move r3 before wide-net$'
finish
