#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `edit`: copy, editor, check, difference, question, apply, save. And a power cut at any step of
# `save` leaves the old file or the new one, whole.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
killat=$O/tests/kernel/killat

rules <<-'EOF'
	version 1
	interface eth0
	default drop
	include "conf.d/*.fw"
	allow icmp name ping # comment
	allow tcp dport 22 name ssh
	test { expect allow tcp dport 22 }
EOF
mkdir "$work/conf.d"
echo 'allow udp dport 53 name dns' >"$work/conf.d/a.fw"
ok "apply" fw apply
cp "$work/rules.fw" "$work/first"

# edit SCRIPT ANSWERS...: sed scripts, one for each time that the editor is opened.
edit() {
	printf '%s\n' "$1" >"$work/scripts"
	shift
	cat >"$work/editor" <<-EOF
		#!/bin/sh
		sed -i "\$(head -n 1 "$work/scripts")" "\$2"
		sed -i 1d "$work/scripts"
		[ ! -e "$work/other" ] || echo '# by hand' >>"$work/rules.fw"
		[ "\$1" = -x ]
	EOF
	chmod +x "$work/editor"
	printf '%s\n' "$@" | VISUAL="$work/editor -x" EDITOR=false fw edit $options
}
options=
ok "nothing is changed" edit 's/a/a/' n
says "nothing is changed" "^$work/rules.fw is as it was; nothing was changed\$"
ok "applied and saved" edit '$a allow tcp dport 80 name web' y
says "the difference" '^\+allow tcp dport 80 name web$'
says "what was done" "applied generation 2 on eth0 \\(native\\) and saved it as $work/rules.fw"
ok "comments stay" grep -q 'name ping # comment' "$work/rules.fw"
ok "the includes are in force" fw explain udp dport 53
ok "the backup" cmp "$work/first" "$work/rules.fw~"
ok "status" fw status
says "it is saved" 'generation 2 .*, saved$'
ok "no copy is left" [ ! -e "$work/rules.fw.edit" ]
ok "declined" edit 's/80/81/' n
says "declined" "nothing was changed; your text is kept as $work/rules.fw.edit"
exits 2 "a mistake" edit 's/dport 80/dprot 80/' n
says "its place" "^$work/rules.fw:8:11: error: 'dprot' is not understood here"
exits 3 "a failing test" edit '/name ssh/d' n
says "which" 'expect allow tcp dport 22'
ok "mended at the second try" edit $'s/dport 80/dprot 80/\ns/dprot 80/dport 8080/' y y
ok "it is live" fw list
says "it is live" 'allow tcp dport 8080'
touch "$work/other"
exits 3 "somebody else was faster" edit '$a allow tcp dport 90' y n
says "somebody else was faster" 'was changed by somebody else meanwhile'
rm "$work/other"
locked() { SSH_CONNECTION="$client4 50122 $server4 2222" edit "$@"; }
exits 3 "a lock-out" locked '$a allow tcp dport 91' y n
says "a lock-out" 'would be dropped by .* \[W204\]'
options=--confirm=30
ok "on trial" edit '$a allow tcp dport 92' y
says "on trial" "rolls back to generation"
ok "confirm" fw confirm
export VISUAL=false
exits 5 "an editor that fails" fw edit
unset VISUAL

# Power cuts.
cp "$work/rules.fw" "$work/a"
ok "apply" fw apply
cuts=0 bad=0 seen=
for n in $(seq 200); do
	cp "$work/a" "$work/rules.fw"
	fw apply >/dev/null 2>&1
	fw add allow tcp dport 99 name cut >/dev/null 2>&1
	on_server "$killat" "$n" "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
		--run-dir "$work/run" save >/dev/null 2>&1
	code=$?
	if cmp -s "$work/rules.fw" "$work/a"; then seen=$seen\ old
	elif [ "$(grep -v 'name cut' "$work/rules.fw")" = "$(cat "$work/a")" ]; then seen=$seen\ new
	else
		bad=$((bad + 1))
		echo "cut at $n: the file is neither"
	fi
	[ $code = 137 ] || break
	cuts=$((cuts + 1))
done
echo "$cuts cuts"
same "cuts that leave half a file" "$bad" 0
same "the last one is not cut" "$code" 99
[ "$cuts" -ge 5 ] || same "cuts" "$cuts" "5 or more"
same "cuts before and behind the rename" "$(tr ' ' '\n' <<<"$seen" | sort -u | xargs)" "new old"
finish
