#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Completion in the three real shells on a terminal: what a press of TAB makes of a line, and that
# nothing is ever said there.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw BPFFW_STATE_DIR=$work/state BPFFW_RUN_DIR=$work/run
export BPFFW_BPFFS=$work/bpf/fw
folder=$PWD/completions
rules <<-'EOF'
	version 1
	interface eth0
	default drop
	set badones addr { 192.0.2.1 }
	set oddports port { 23 }
	chain office {
	    allow tcp dport 443 name inner
	}
	allow tcp dport 22 name ssh-office
	allow icmp type echo-request
	drop src @badones comment "name wrong"
	jump office
EOF
ok "apply" fw apply
mkdir "$work/bin"
ln -s "$BPFFW" "$work/bin/bpffw"

# What __complete says, before any shell has a part in it.
words() { fw __complete -- "$@" | cut -f1 | tr '\n' ' '; }
same "rules by name, else by id" "$(words del "")" "inner r3 r4 r5 set ssh-office "
same "ids of all when one is typed" "$(words del r1)" "r1 "
same "a help behind it" "$(fw __complete -- del ss)" $'ssh-office\tallow tcp dport 22 name ssh-office'
same "sets of the type" "$(words add drop src @)" "@badones  "
same "of ports" "$(words add drop tcp dport 22,@)" "22,@oddports  "
same "chains" "$(words add jump "")" "office "
same "interfaces" "$(words add drop on e)" "eth0  "
same "generations" "$(words rollback "")" "1 "
same "none runs there" "$(on_server "$BPFFW" --bpffs "$work/bpf/other" __complete -- del "")" \
	$'set\ta named list of values'
ok "nobody may know, nobody complains" on_server setpriv --reuid 65534 --clear-groups "$BPFFW" \
	__complete -- del ""
same "silent" "$(grep -v '^set' "$work/said")" ""

# drive SHELL: each line of standard input is TYPED|WANTED; WANTED are the words that the shell has
# then, "<a><b>", or a text that the terminal shows.
drive() {
	cat >"$work/cases"
	on_server env PATH="$work/bin:$PATH" HOME="$work" TERM=xterm LC_ALL=C.UTF-8 \
		XDG_DATA_HOME="$work" XDG_CONFIG_HOME="$work" \
		expect tests/kernel/complete.exp "$1" "$folder" "$work/cases" >"$work/typescript" 2>&1
	same "$1: all cases ran" "$(grep -c -e '^good' -e '^bad' "$work/typescript")" \
		"$(wc -l <"$work/cases")"
	passed=$((passed + $(grep -c '^good' "$work/typescript")))
	failed=$((failed + $(grep -c '^bad' "$work/typescript")))
	grep -A10 '^bad' "$work/typescript"
}

for shell in bash zsh fish; do
	drive $shell <<-EOF
		bpffw statuTAB|<bpffw><status>
		bpffw del ssTAB|<bpffw><del><ssh-office>
		bpffw del r4TAB|<bpffw><del><r4>
		bpffw add allow tcp dport ssh,mysqTAB|<bpffw><add><allow><tcp><dport><ssh,mysql>
		bpffw add drop src @baTAB|<bpffw><add><drop><src><@badones>
		bpffw add drop src 2001:db8::1,@baTAB|<bpffw><add><drop><src><2001:db8::1,@badones>
		bpffw add drop smac 02:00:00:00:00:01 disaTAB|<smac><02:00:00:00:00:01><disabled>
		bpffw add allow icmp type echo-reqTAB|<bpffw><add><allow><icmp><type><echo-request>
		bpffw add drop on ethTAB|<bpffw><add><drop><on><eth0>
		bpffw add jump offTAB|<bpffw><add><jump><office>
		bpffw move r4 befTAB|<bpffw><move><r4><before>
		bpffw check --dump=cuTAB|<bpffw><check><--dump=cubes>
		bpffw check --striTAB|<bpffw><check><--strict>
		bpffw --color=nevTAB|<bpffw><--color=never>
		bpffw apply $work/rulTAB|<bpffw><apply><$work/rules.fw>
		bpffw add nonsense tTAB|<bpffw><add><nonsense><t>
		bpffw add drop comment "bad host" disaTAB|<comment><bad host><disabled>
	EOF
done

# Several candidates, with their help where the shell shows any.
drive bash <<<'bpffw reTABTAB|replace  reset'
for shell in zsh fish; do
	drive $shell <<<"bpffw reTABTAB|put another rule in a rule's place"
done

# A program that fails says nothing on the terminal either.
ln -sf /bin/false "$work/bin/bpffw"
for shell in bash zsh fish; do
	drive $shell <<<'bpffw zzTAB|<bpffw><zz>'
done
finish
