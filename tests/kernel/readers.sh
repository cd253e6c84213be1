#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Readers take no lock. Two commits at any moment take away the generation that they are reading:
# then they read again, and never say that it is gone.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
killat=$O/tests/kernel/killat
rules <<-'EOF'
	version 1
	interface eth0
	default allow
	allow icmp type echo-request name ping
EOF
ok "apply" fw apply
places="--bpffs $work/bpf/fw --state-dir $work/state --run-dir $work/run"
commits="$BPFFW $places -q disable ping && $BPFFW $places -q enable ping"

for reader in list 'list --json' status 'explain tcp dport 1' diff history; do
	count=0 bad=0
	for n in $(seq 200); do
		# shellcheck disable=SC2086
		on_server "$killat" "$n" -r "$commits" "$BPFFW" $places $reader >"$work/said" 2>&1
		code=$?
		[ $code = 99 ] && break
		count=$((count + 1))
		[ $code = 0 ] && continue
		bad=$((bad + 1))
		echo "$reader: at $n: exits with $code: $(head -n 1 "$work/said")"
	done
	same "$reader: read in vain" "$bad" 0
	ok "$reader: in between $count times" [ "$count" -ge 3 ]
done
finish
