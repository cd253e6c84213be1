#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The sample files: each is checked and its tests run. Those that use what is not there yet give
# exactly the E190 lines of tests/examples.expected, written from the samples by hand. The files
# are copies, so that their absolute paths lead into a temporary folder.
set -u
cd "$(dirname "$0")/.." || exit 1
O=$(realpath "${O:-build}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
export BPFFW_STATE_DIR=$work/state BPFFW_RUN_DIR=$work/run BPFFW_BPFFS=$work/bpf TERM=dumb
unset SSH_CONNECTION

pass() { passed=$((passed + 1)); }
wrong() {
	failed=$((failed + 1))
	echo "examples: $*"
}

mkdir "$work/conf.d" "$work/bpf"
printf '203.0.113.0/24\n2001:db8:bad::/48 # documentation\n' >"$work/blacklist.txt"
cp etc/bogons.txt "$work"
# The first block of the readme is a ruleset, too.
awk '/^```/ { n++; next } n == 1' README.md >"$work/readme.fw"
mkdir "$work/in"
mv "$work/readme.fw" "$work/in"
for file in etc/examples/*.fw etc/rules.fw "$work/in/readme.fw"; do
	name=$(basename "$file")
	sed "s|/etc/bpffw/|$work/|; s|/var/lib/bpffw/|$work/|" "$file" >"$work/$name"
	(cd "$work" && "$O/bpffw" check "$name") >"$work/out" 2>"$work/err" </dev/null ||
		true
	sed -n "s|^$name: ||p" tests/examples.expected >"$work/want"
	# An interface that this machine does not have is no matter here.
	sed -n "s|^$name:\([0-9]*:[0-9]*: [a-z]*\): .*\[\([EW][0-9]*\)\]\$|\1 \2|p" "$work/err" |
		grep -v W151 >"$work/got"
	if diff "$work/want" "$work/got" >"$work/diff"; then pass; else
		wrong "$name: '<' is expected, '>' is reported"
		cat "$work/diff"
		head -n 10 "$work/err"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
