#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A session over the commands of the language page, word for word as in commands.txt: what varies
# (times, paths, counts of instructions, the kernel's own multicast) is replaced. UPDATE=1 writes the file anew.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
cp etc/examples/1-server.fw "$BPFFW_RULES"
sed -e 's/^allow udp dport 443 .*/allow tcp dport 8443 name web-alt/' etc/examples/1-server.fw >"$work/next.fw"
printf '203.0.113.0/24\n203.0.113.7\n2001:db8:9::/48 # a comment\n' >"$work/list.txt"
printf 'version 1\ninterface eth0\ndefault drop\nallow tcp port 22\n' >"$work/broken.fw"
printf '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -j REJECT\nCOMMIT\n' \
	>"$work/rules.v4"

plain() {
	sed -E -e "s|$work|WORK|g" -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}/DATE/g' -e 's/[0-9]{2}:[0-9]{2}:[0-9]{2}/TIME/g' \
		-e 's/[0-9]+ ms/N ms/; s/[0-9.]+ s;/N s;/' -e 's/[0-9 ]+ instructions/ N instructions/' \
		-e 's/[0-9]+m[0-9]+s left/LEFT left/' -e 's/tables [0-9 ]+ bytes/tables N bytes/' \
		-e 's/^(- +essential .*[^0-9 ]) +[0-9]+ +[0-9]+$/\1 .../; s/^(allowed|dropped) .*/\1 .../' \
		-e 's/^(- +default +drop) +[0-9]+ drop +[0-9]+$/\1 .../; /^  default +[0-9]+ packet/d' \
		-e 's/^(link (in|out)) .*/\1 .../' -e 's/ +$//'
}

# run WORDS...: the command, what it says, and its exit code where that is not 0.
run() {
	local code
	echo "\$ bpffw $*" | plain
	fw "$@" </dev/null 2>&1 | plain
	code=${PIPESTATUS[0]}
	[ "$code" = 0 ] || echo "exit $code"
}

session() {
	run check
	run check "$work/broken.fw"
	run apply -q
	fw reset >/dev/null
	run diff "$work/next.fw"
	run add allow tcp dport 8080 src 192.0.2.0/24 name staging
	run add before web drop src 198.51.100.0/24 name noisy-net
	run add allow tcp dport 443 src 198.51.100.9
	run del 7
	run del staging
	run save
	run explain src 203.0.113.9 tcp sport 40000 dport 22 syn
	run explain src 203.0.113.9 tcp dport 443 --json
	run blacklist add 203.0.113.9 for 10m comment scanner
	run blacklist add 203.0.113.9 for 1h
	run blacklist test 203.0.113.9
	run blacklist test 203.0.113.99
	run allowlist add 192.0.2.0/24
	run blacklist add 192.0.2.0/24
	run blacklist load "$work/list.txt"
	run add set game-ports port size 100
	run set game-ports add 28000-28010
	run import iptables "$work/rules.v4"
	run apply -q --confirm=60s "$work/next.fw"
	run confirm
	run rollback
	run list
	run status
	run stats eth0
	run help dport
	run panic open
}
session >"$work/transcript"
[ -z "${UPDATE:-}" ] || cp "$work/transcript" tests/kernel/commands.txt
ok "word for word" diff tests/kernel/commands.txt "$work/transcript"

# Colour: on a terminal only, and not where it is unwanted; a table fits the terminal.
terminal() { # terminal COLUMNS COMMAND...: its output, on a terminal
	"$PYTHON" - "$@" <<-'EOF2'
		import fcntl, os, pty, struct, sys, termios
		pid, fd = pty.fork()
		if pid == 0:
		    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
		    os.execvp(sys.argv[2], sys.argv[2:])
		out = b""
		while True:
		    try: part = os.read(fd, 65536)
		    except OSError: break
		    if not part: break
		    out += part
		sys.stdout.write(out.decode().replace("\r", ""))
	EOF2
}
listed() { terminal "$1" nsenter --net="/run/netns/$server" env "${@:2}" "$BPFFW" --bpffs "$work/bpf/fw" \
	--state-dir "$work/state" --run-dir "$work/run" list; }
fw apply -q
listed 72 TERM=xterm >"$work/coloured"
ok "colour on a terminal" grep -q $'\033\[31mdrop' "$work/coloured"
listed 72 TERM=xterm NO_COLOR=1 >"$work/listed"
same "NO_COLOR" "$(grep -c $'\033' "$work/listed")" 0
same "TERM=dumb" "$(listed 72 TERM=dumb | grep -c $'\033')" 0
same "the same words" "$(sed 's/\x1b\[[0-9;]*m//g' "$work/coloured")" "$(cat "$work/listed")"
same "it fits" "$(sed 1d "$work/listed" | awk 'length > 72' | wc -l)" 0
finish
