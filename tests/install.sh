#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# `make install` and `make uninstall` into a folder: what lands where, and that an administrator's
# files are never touched.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() { # check NAME COMMAND...
	name=$1
	shift
	if "$@" >"$work/said" 2>&1; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "install: $name: $*"
		head -n 5 "$work/said"
	fi
}
run() { make -s O="$O" "$1" DESTDIR="$work/image" PREFIX=/usr; }
absent() { [ ! -e "$1" ]; }

check "install" run install
check "the program" "$work/image/usr/sbin/bpffw" version
for file in etc/bpffw/rules.fw etc/bpffw/bogons.txt usr/share/man/man8/bpffw.8 \
	usr/lib/systemd/system/bpffw.service usr/lib/systemd/system/bpffw-watch.service \
	usr/share/man/man5/bpffw-rules.5 usr/share/bash-completion/completions/bpffw \
	usr/share/zsh/site-functions/_bpffw usr/share/fish/vendor_completions.d/bpffw.fish usr/share/doc/bpffw/examples/1-server.fw; do
	check "$file" test -s "$work/image/$file"
done
for unit in bpffw.service bpffw-watch.service; do
	# The pages are not installed where `man` looks for them.
	sed "s|=/usr/sbin/bpffw|=$work/image/usr/sbin/bpffw|; /^Documentation=/d" \
		"$work/image/usr/lib/systemd/system/$unit" >"$work/$unit"
done
check "no other path in the units" test "$(grep -c '^Exec.*=/usr/sbin/bpffw ' \
	"$work/image/usr/lib/systemd/system/bpffw.service")" = 2
check "the units are clean" systemd-analyze verify "$work/bpffw.service" "$work/bpffw-watch.service"
check "and say nothing" test ! -s "$work/said"
for unit in bpffw.service bpffw-watch.service; do
	check "exposure of $unit below 2.5" systemd-analyze security --offline=true --threshold=25 \
		"$work/$unit"
done
check "the rules are not for everybody" test "$(stat -c %a "$work/image/etc/bpffw/rules.fw")" = 640
echo "mine" >"$work/image/etc/bpffw/rules.fw"
check "install again" run install
check "an own file stays" grep -qx mine "$work/image/etc/bpffw/rules.fw"
check "uninstall" run uninstall
check "the program is gone" absent "$work/image/usr/sbin/bpffw"
check "the units are gone" absent "$work/image/usr/lib/systemd/system/bpffw.service"
check "the pages are gone" absent "$work/image/usr/share/man/man8/bpffw.8"
for file in bash-completion/completions/bpffw zsh/site-functions/_bpffw \
	fish/vendor_completions.d/bpffw.fish; do
	check "the completion is gone" absent "$work/image/usr/share/$file"
done
check "an own file stays behind" grep -qx mine "$work/image/etc/bpffw/rules.fw"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
