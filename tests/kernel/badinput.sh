#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bad input gives a clear error within a second and changes nothing.
. "$(dirname "$0")/lib.sh"
setup

rules <<-'EOF'
	version 1
	interface eth0
	default drop
	allow icmp type echo-request name ping
EOF
ok "apply" fw apply "$work/rules.fw"
running=$(fw list --json | sed 's/"packets.*//')

# bad NAME "CODES" PATTERN FILE: `apply FILE` and `check FILE` say PATTERN within a second.
bad() {
	local name=$1 codes=$2 pattern=$3 file=$4 command code start took
	for command in check apply; do
		start=$(date +%s%N)
		timeout 10 nsenter --net="/run/netns/$server" "$BPFFW" --bpffs "$work/bpf/fw" \
			--state-dir "$work/state" --run-dir "$work/run" $command "$file" \
			>"$work/said" 2>&1 </dev/null
		code=$?
		took=$((($(date +%s%N) - start) / 1000000))
		case " $codes " in
		*" $code "*) same "$name, $command" refused refused ;;
		*) same "$name, $command: exit code" "$code" "$codes" ;;
		esac
		says "$name, $command: why" "$pattern"
		same "$name, $command: within a second ($took ms)" "$((took < 1000))" 1
		same "$name, $command: says it short" "$(($(wc -c <"$work/said") < 20000))" 1
		same "$name, $command: no control characters" \
			"$(LC_ALL=C tr -d '\n\t -~\200-\377' <"$work/said" | wc -c)" 0
	done
	same "$name: the ruleset still runs" "$(fw list --json | sed 's/"packets.*//')" "$running"
}

head='version 1\ninterface eth0\ndefault drop\n'
printf "${head}allow tcp prot 22\n" >"$work/words.fw"
bad "unknown words" 2 "words.fw:4:11: error: 'prot' is not understood here" "$work/words.fw"
printf "${head}allow tcp dport 22\0drop\n" >"$work/nul.fw"
bad "NUL bytes" "2 5" 'nul.fw.*error' "$work/nul.fw"
head -c 100000000 /dev/zero | tr '\0' '#' >"$work/large.fw"
bad "100 MB in one line" "2 5" 'large' "$work/large.fw"
yes 'allow tcp dport 22' | head -c 100000000 >"$work/large.fw"
bad "100 MB of rules" "2 5" 'large' "$work/large.fw"
rm "$work/large.fw"
printf "${head}include \"loop.fw\"\n" >"$work/loop.fw"
bad "a file that includes itself" 2 'E005' "$work/loop.fw"
printf "${head}include \"b.fw\"\n" >"$work/a.fw"
printf 'include "a.fw"\n' >"$work/b.fw"
bad "an include loop" 2 'E005' "$work/a.fw"
for i in $(seq 0 20); do printf 'include "deep%d.fw"\n' $((i + 1)) >"$work/deep$i.fw"; done
bad "includes too deep" 2 'E005|deep' "$work/deep0.fw"
mkfifo "$work/fifo.fw"
bad "a FIFO" "2 5" 'FIFO' "$work/fifo.fw"
bad "a directory" "2 5" 'directory' "$work"
bad "a missing file" "2 5" '[Nn]o such file' "$work/missing.fw"
bad "a device" "2 5" 'device|regular' /dev/zero
head -c 20000 /bin/sh >"$work/binary.fw"
bad "a program" "2 5" 'error' "$work/binary.fw"
head -c 200000 /dev/urandom >"$work/random.fw"
bad "random bytes" "2 5" 'error' "$work/random.fw"
printf "${head}include \"fifo.fw\"\n" >"$work/includes.fw"
bad "an included FIFO" "2 5" 'FIFO' "$work/includes.fw"
printf "${head}set s addr file \"fifo.fw\"\ndrop src @s\n" >"$work/list.fw"
bad "a FIFO as a list" "2 5" 'FIFO' "$work/list.fw"
printf "${head}allow src $(printf '10.0.0.1,%.0s' $(seq 20000))\n" >"$work/wide.fw"
bad "a list that ends too early" 2 'E002|too early' "$work/wide.fw"
{ printf "$head"; printf '{%.0s' $(seq 50000); } >"$work/braces.fw"
bad "50 000 braces" 2 'error' "$work/braces.fw"
{ printf "$head"; printf 'allow tcp dport %.0s' $(seq 50000); } >"$work/oneline.fw"
bad "one endless line" 2 'error' "$work/oneline.fw"
printf "${head}jump c0\n" >"$work/chains.fw"
for i in $(seq 0 40); do
	printf 'chain c%d { jump c%d; jump c%d; }\n' $i $((i + 1)) $((i + 1)) >>"$work/chains.fw"
done
echo 'chain c41 { drop tcp; }' >>"$work/chains.fw"
bad "chains that double 41 times" 2 'E191' "$work/chains.fw"
printf "${head}allow tcp name \033[31mred\n" >"$work/escape.fw"
bad "escape sequences" 2 'error' "$work/escape.fw"
printf "${head}option nonsense \xff\xfe\n" >"$work/utf8.fw"
bad "bytes that are no text" 2 'error' "$work/utf8.fw"
exits 2 "no such command" fw aply
exits 2 "no such option" fw apply --fast
exits 2 "a NUL-less empty argument" fw add ''
exits 2 "half a rule" fw add allow tcp dport
for text in $'two\nlines' $'a\n' $'\033[31m' $'\xff' $'\xc2\x9b'; do
	exits 2 "a comment that no file can hold" fw add allow tcp dport 81 comment "$text"
	says "and why" 'E003'
done
ok "a comment with all that it can hold" fw add allow tcp dport 81 comment $'ä "b"\t\\ \r#;{$x}\\'
ok "it can be read back" fw add allow tcp dport 82

# A record that somebody wrote into: ids are indexes.
record=$(ls -v "$work"/state/gen/*.json | tail -n 1)
for id in 4294967295 2147483648 0; do
	sed -i.good "s/\"rules\":\[\[[0-9]*,/\"rules\":[[$id,/" "$record"
	exits 5 "id $id" fw save "$work/saved.fw"
	says "why" 'cannot be read back: .* does not fit its record'
	mv "$record.good" "$record"
done
ok "the record is whole again" fw save "$work/saved.fw"
ok "still alive" on_client ping -c 1 -W 1 -q $server4
finish
