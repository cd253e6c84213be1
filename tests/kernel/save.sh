#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `save`: where each change lands in the admin's files, what stays, and when it is refused.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
mkdir "$work/conf.d"

write_files() {
	rules <<-"EOF2"
		version 1
		interface eth0
		default drop
		include "conf.d/*.fw"   # parts
		chain from-wan {
		    drop src 10.0.0.0/8  name spoofed
		    allow udp dport 500,4500 name vpn  # ike
		}
		chain empty { }
		jump from-wan on eth0
		allow icmp; allow icmp6
	EOF2
	printf 'allow tcp dport 22 name ssh\r\n# here\r\ncount udp dport 1900 name ssdp' \
		>"$work/conf.d/a.fw"
}

write_files
ok "apply" fw apply
ok "nothing to save" fw save
says "nothing to save" '^nothing to save: '
ok "nothing was written" [ ! -e "$work/rules.fw~" ]

# Into the chain, the one-line chain, the include, behind ';'.
ok "add in a chain" fw add before vpn allow proto esp
ok "add in an empty chain" fw add in empty count tcp
ok "add in the include" fw add after ssh allow tcp dport 2222 name ssh2
ok "del in the include" fw del ssdp
ok "disable" fw disable spoofed
ok "add at the end" fw add allow tcp dport 80
ok "default" fw default allow
ok "save" fw save
says "save names both files" 'saved 10 rules to .*/rules.fw, .*/conf.d/a.fw \(previous file: rules.fw~, a.fw~\); comments kept'
same "the main file" "$(cat "$work/rules.fw")" "$(
	cat <<-"EOF2"
		version 1
		interface eth0
		default allow
		include "conf.d/*.fw"   # parts
		chain from-wan {
		    drop src 10.0.0.0/8 name spoofed disabled
		    allow proto esp
		    allow udp dport 500,4500 name vpn  # ike
		}
		chain empty { count tcp }
		jump from-wan on eth0
		allow icmp; allow icmp6; allow tcp dport 80
	EOF2
)"
same "the include, its line ends too" "$(od -An -c "$work/conf.d/a.fw" | tr -d ' \n')" \
	'allowtcpdport22namessh\r\nallowtcpdport2222namessh2\r\n#here\r\n'
ok "no difference" fw diff
ok "status says saved" fw status
says "status says saved" '^running +generation [0-9]+ since .*, saved$'

# Files that the pattern finds more, or no longer.
echo 'allow udp dport 99 name more' >"$work/conf.d/zz.fw"
fw status >"$work/said"
says "a new one" 'saved, but .*/conf.d/zz.fw is new - '
mv "$work/conf.d/a.fw" "$work"
fw status >"$work/said"
says "one that is gone" 'saved, but .*/conf.d/a.fw has changed since'
mv "$work/a.fw" "$work/conf.d"
ok "another rule" fw add allow tcp dport 99 name other
exits 3 "nor is it saved over" fw save
rm "$work/conf.d/zz.fw"
ok "as before" fw apply

# Elsewhere: one file, includes inlined, the same rules.
ok "save elsewhere" fw save "$work/copy.fw"
ok "the copy is whole" fw diff "$work/copy.fw"
exits 1 "no include left" grep -q '^include' "$work/copy.fw"
ok "comments come along" grep -q '^# here' "$work/copy.fw"

# A rollback behind a save, and saved again.
ok "apply" fw apply
ok "add" fw add before ssh allow tcp dport 81 name web
ok "save" fw save
ok "rollback" fw rollback
ok "save after rollback" fw save
exits 1 "the rule is out again" grep -q 'name web' "$work/conf.d/a.fw"
ok "no difference" fw diff

# A file that somebody else changed is left alone, also where another file is as it was applied.
ok "apply another file" fw apply "$work/copy.fw"
ok "apply" fw apply
echo '# by hand' >>"$work/rules.fw"
cp "$work/rules.fw" "$work/before"
ok "add" fw add allow tcp dport 82
exits 3 "changed on disk" fw save
says "why" '^refused: .*/rules.fw changed on disk'
ok "untouched" cmp "$work/rules.fw" "$work/before"
ok "save elsewhere still works" fw save "$work/other.fw"
ok "with the rules that run" fw diff "$work/other.fw"

# From standard input: written whole.
ok "apply from standard input" fw apply - <"$work/copy.fw"
ok "status" fw status
says "not saved" 'NOT SAVED'
ok "save" fw save
ok "no difference" fw diff

# A link stays a link; mode and owner stay.
mkdir "$work/real"
mv "$work/rules.fw" "$work/real/r.fw"
chmod 600 "$work/real/r.fw"
chown 65534:65534 "$work/real/r.fw"
ln -s real/r.fw "$work/rules.fw"
ok "apply by a link" fw apply
ok "add" fw add allow tcp dport 83
ok "save by a link" fw save
ok "still a link" [ -L "$work/rules.fw" ]
same "mode and owner" "$(stat -c '%a %u:%g' "$work/real/r.fw")" "600 65534:65534"
ok "no difference" fw diff

# The emergency ruleset never becomes the file; ids are as before it.
ids() { fw list --json | "$PYTHON" -c '
import json, sys
print(*[r["id"] for r in json.load(sys.stdin)["rules"]])'; }
before=$(ids)
ok "panic closed" fw panic closed
exits 3 "save of panic" fw save
ok "apply" fw apply
same "ids over panic" "$(ids)" "$before"
finish
