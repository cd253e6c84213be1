#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The shell: a person at a real terminal (shell.exp), and commands on standard input.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw XDG_STATE_HOME=$work/xdg
# The sample without its rules: they are typed.
sample=etc/examples/1-server.fw
sed '/^allow established/s/.*/allow tcp dport 22 name first/; /^allow .* name [a-z4-6-]*$/{/first/!d}' \
	$sample >"$work/rules.fw"
ok "apply, although its tests fail yet" fw apply --force

on_server expect tests/kernel/shell.exp "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
	--run-dir "$work/run" >"$work/typescript" 2>&1
passed=$((passed + $(grep -c '^good' "$work/typescript")))
failed=$((failed + $(grep -c '^bad' "$work/typescript")))
grep -v '^good' "$work/typescript"
same "all of it ran" "$(grep -c '^good SIGTERM' "$work/typescript")" 1
# What was typed is the sample that is shipped, and one rule.
same "sample 1" "$(fw diff $sample | grep -E '^([-+][^-+]|[0-9])')" \
	"-allow tcp dport 8080 name trial
0 added, 1 removed, 6 unchanged (counters kept)"
same "history is for its owner" "$(stat -c %a "$work/xdg/bpffw/history")" 600
same "each line once" "$(sort "$work/xdg/bpffw/history" | uniq -d)" ""
same "lines of one command are one" "$(grep -c '^replace why drop tcp dport { 25, 26, }' \
	"$work/xdg/bpffw/history")" 1

# Standard input: no prompt, no colour, the first error ends it.
run() { # run CODE NAME OPTION...
	local want=$1 name=$2
	shift 2
	on_server env TERM=xterm "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
		--run-dir "$work/run" "$@" >"$work/out" 2>"$work/said"
	same "$name: exit code" $? "$want"
}
names() { fw list --json | grep -o '"name":"[a-z0-9-]*","text"' | cut -d'"' -f4 | tr '\n' ' '; }
generation() { fw status --json | grep -o '"generation":[0-9]*' | head -n 1 | cut -d: -f2; }

before=$(generation)
run 0 "one generation" <<-'EOF'
	# a script
	begin
	add allow tcp dport { 8081,
	    8082 } name two   # over two lines
	add before two \
	    drop src 198.51.100.0/24 comment "a # in a text" name dark
	del trial
	commit
EOF
same "it is" "$(generation)" $((before + 1))
same "no prompt" "$(grep -c '> ' "$work/out")" 0
same "what it made" "$(names)" "ping4 ping6 ssh-office web quic dark two "
ok "over two lines" grep -q '"allow tcp dport 8081,8082 name two"' <(fw list --json)
ok "the text" grep -q '"comment":"a # in a text"' <(fw list --json)
ok "history tells the commands" grep -q 'commit: add allow tcp dport' <(fw history)
run 2 "stops" <<-'EOF'
	add allow tcp dport 1 name one
	list

	add allow tcp port 22
	add allow tcp dport 3 name three
EOF
says "at this line" "^error: line 4: stopped at 'add allow tcp port 22'"
says "what was wrong" "write 'dport'"
same "what is before it ran, behind it not" "$(names)" \
	"ping4 ping6 ssh-office web quic dark two one "
same "no colour" "$(cat "$work/out" "$work/said" | grep -c $'\033')" 0
run 4 "-k goes on" -k <<-'EOF'
	del nothing
	add allow tcp port 22
	add allow tcp dport 3 name three
EOF
same "to the end" "$(names | grep -c three)" 1
run 4 "a second command of a line" <<<'list -q; del nothing; del three'
same "did not run" "$(names | grep -c three)" 1
run 1 "no is an answer" <<<'diff -q'
run 0 "and no error" <<<$'diff -q\ndel three\nlist'
run 0 "a bare rule is added" <<<'allow udp dport 5 name bare'
same "it is there" "$(names | grep -c bare)" 1
run 0 "quit ends it" <<<$'quit\ndel nothing'
run 2 "an open brace" <<<'add allow tcp dport {'
says "its line" "line 1: the command ends too early"
run 2 "an open batch" <<<$'begin\nadd allow tcp dport 4 name four'
says "is dropped" 'the batch was dropped'
same "nothing of it is there" "$(names | grep -c four)" 0
run 2 "a mistake in a batch" <<<$'begin\nadd allow tcp dport 4 name four\nadd allow tcp prot 5\ncommit'
same "nothing of that one either" "$(names | grep -c four)" 0
run 2 "a mistake, with -k" -k <<<$'begin\nadd allow tcp dport 4 name four\nadd allow tcp dport 6 name four\nmove four before web\ncommit'
same "the others of the batch" "$(names)" "ping4 ping6 ssh-office four web quic dark two one bare "
run 1 "the diff of a batch" <<<$'begin\ndel four\ndiff\nabort\ndiff -q'
ok "shows it" grep -qx -- '-allow tcp dport 4 name four' "$work/out"

# What may stop a change stops a batch.
run 4 "no such rule in a batch" <<<$'begin\nmove r99 after web\ncommit'
run 3 "a test refuses" <<<$'begin\nadd before ssh-office drop src 192.0.2.0/24\ncommit'
says "which one" E183
run 0 "--force" <<<$'begin\nadd before ssh-office drop src 192.0.2.0/24 name forced\ncommit --force'
ok "history tells that it was forced" grep -q 'commit --force: add before' <(fw history)
run 0 "undone" <<<'del forced'
export SSH_CONNECTION="192.0.2.7 50122 $server4 22"
run 3 "a batch that locks out" <<<$'begin\ndefault drop log every 1s\ndel ssh-office\ncommit'
unset SSH_CONNECTION
run 0 "an empty batch" <<<$'begin\ncommit'
run 3 "somebody else was faster" < <(
	printf 'begin\nadd allow tcp dport 7 name seven\n'
	sleep 0.3
	fw -q add allow tcp dport 8 name eight
	echo commit
)
says "who" 'refused: generation [0-9]* no longer runs'
same "nothing of the batch" "$(names)" \
	"ping4 ping6 ssh-office four web quic dark two one bare eight "
run 0 "JSON" --json <<<$'begin\nadd allow tcp dport 9 name nine\ncommit'
ok "every line is an object" "$PYTHON" -c 'import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$work/out"
same "of a draft, then of the commit" "$(grep -o 'bpffw\.[a-z]*/1' "$work/out" | tr '\n' ' ')" \
	"bpffw.draft/1 bpffw.commit/1 "
finish
