#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `apply --boot`: something is loaded in any case, and it says what. A reboot takes pins and locks
# away and leaves the state.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

reboot() {
	fw panic open >/dev/null 2>&1
	rm -rf "${work:?}/bpf/fw" "${work:?}/run"
}
ping0() { on_client ping -c 1 -W 1 -q $server4 >/dev/null; }
id_of() { fw list | sed -n "s/^\(r[0-9]*\) *$1 .*/\1/p"; }

write_rules() {
	rules <<-'EOF'
		version 1
		interface eth0
		default drop
		set good addr file "good.txt"
		allow icmp src @good name ping
		allow tcp dport 22 name ssh
		allow established
		test { expect allow udp dport 53 }
	EOF
}
write_rules
echo "$client4" >"$work/good.txt"

# A failing test refuses an apply, never a boot.
exits 3 "apply" fw apply
start=${EPOCHREALTIME/.}
ok "boot" fw apply --boot
[ $((${EPOCHREALTIME/.} - start)) -lt 900000 ] || same "time for learning" some none
says "what it loads" "^boot: $work/rules.fw is generation 1 on eth0 \\(native\\)\$"
says "the test is reported" 'warning: .*expect'
ok "it filters" ping0
exits 1 "it filters" on_client nc -z -w 1 $server4 80
same "how" "$(fw history --json | grep -c '"how":"boot"')" 1
same "last good" "$(cat "$work/state/last-good")" 1
# What runs already is not booted again.
exits 3 "a service that is restarted" fw apply --boot
sed -i '/^test/d' "$work/rules.fw"
ok "the test is out" fw apply

# Ids outlive a reboot.
ok "another rule in front" fw add before ping count tcp name first
same "its id" "$(id_of first)" r4
ok "save" fw save
reboot
ok "boot" fw apply --boot
same "ids" "$(id_of first)$(id_of ssh)" r4r2

# A list that is missing or broken: the last copy that loaded.
reboot
rm "$work/good.txt"
ok "a list is missing" fw apply --boot
says "it says so" "^warning: $work/good.txt: no such file: the copy of generation [0-9]+ is used \\[W216\\]"
ok "the copy serves" ping0
reboot
echo "not one" >"$work/good.txt"
ok "a list is broken" fw apply --boot
says "it says so" "^warning: $work/good.txt: 'not' is not an address .*: the copy of generation [0-9]+ is used"
ok "the copy serves" ping0
reboot
rm -r "${work:?}/state"
ok "no copy" fw apply --boot
says "it says so" "^warning: .*good.txt: .*, and no copy is kept: the list is EMPTY \\[W216\\]"
exits 1 "an empty list" ping0
echo "$client4" >"$work/good.txt"
ok "apply" fw apply

# The built-in lists likewise.
printf 'version 1\ninterface eth0\ndefault allow\nblacklist file "bad.txt"\n' >"$work/rules.fw"
echo "$client4" >"$work/bad.txt"
ok "apply" fw apply
rm "$work/bad.txt"
reboot
ok "the blacklist's file is missing" fw apply --boot
says "it says so" "^warning: $work/bad.txt: no such file: the copy of generation [0-9]+ is used"
exits 1 "the copy serves" ping0
echo "$client4" >"$work/bad.txt"
rm -f "$work/state/bans"
ln -s /etc/passwd "$work/state/bans"
reboot
ok "bans that cannot be read" fw apply --boot
says "it says so" "^warning: .*/bans: .*are not restored \\[W216\\]"
exits 1 "the rules are loaded" ping0
rm "$work/state/bans"

# Damaged lines of it: the others come back, they are told, and the file as it was is kept.
cat >"$work/state/bans" <<-EOF2
	+ blacklist $client4 forever
	+ blacklist nonsense forever
	garbage
	+ blacklist $client6 forever
EOF2
printf '+ blacklist 203.0.113.77 9' >>"$work/state/bans"
cp "$work/state/bans" "$work/bans.then"
echo 203.0.113.1 >"$work/bad.txt"
reboot
ok "bans with damaged lines" fw apply --boot
says "it says so" "^warning: .*/state/bans:2: not an entry \(3 such lines\): .* \[W216\]"
exits 1 "the lines before and behind serve" ping0
exits 1 "for both families" on_client ping -c 1 -W 1 -q $server6
ok "a ban behind a torn line" fw ban 203.0.113.78
ok "save" fw save
says "which says what is kept" "bans.damaged has them"
same "all of it" "$(head -c "$(stat -c %s "$work/bans.then")" "$work/state/bans.damaged")" \
	"$(cat "$work/bans.then")"
same "the new file has the others" "$(cut -d' ' -f3 "$work/state/bans" | sort | xargs)" \
	"198.51.100.2 2001:db8:1::2 203.0.113.78"
ok "save once more" fw save
same "nothing is damaged any more" "$(ls "$work/state" | grep -c damaged)" 1
rm "$work"/state/bans*
reboot
write_rules
sed -i '/^test/d' "$work/rules.fw"
ok "apply" fw apply

# A broken file: the last good generation, loudly; what was not saved is not it.
ok "not saved" fw add allow udp dport 9 name unsaved
good=$(cat "$work/state/last-good")
echo 'defualt drop' >"$work/rules.fw"
reboot
ok "a broken file" fw apply --boot
says "the mistake" '1:1: error:'
says "it says so" "^bpffw: $work/rules.fw does not load: the last good generation $good of .* runs; mend the file"
ok "it filters" ping0
same "what was not saved" "$(fw list | grep -c unsaved)" 0
same "how" "$(fw history --json | grep -c "\"how\":\"boot: last good generation $good\"")" 1

# Neither: the minimal ruleset, on the interfaces that can be read, else on all but lo.
for text in 'interface eth0\ndefualt drop\n' 'nonsense\n'; do
	reboot
	rm -r "${work:?}/state"
	printf "$text" >"$work/rules.fw"
	exits 5 "nothing to load" fw apply --boot
	says "it says so" '^bpffw: neither .* nor a kept generation loads: only essential traffic.* and ssh pass'
	exits 1 "it drops" ping0
	serve nc -l $server4 22
	listens tcp 22
	ok "ssh passes" on_client nc -z -w 1 $server4 22
	ok "lo is left alone" on_server ping -c 1 -W 1 -q 127.0.0.1
done

# A kept generation that is damaged is passed over.
write_rules
sed -i '/^test/d' "$work/rules.fw"
reboot
rm -r "${work:?}/state"
ok "boot" fw apply --boot
ok "a second one" fw apply
echo garbage >"$work/state/gen/2.fw"
echo 'defualt drop' >"$work/rules.fw"
reboot
ok "damaged state" fw apply --boot
says "the one before it" 'the last good generation 1 of'

# With the capabilities and the mount namespace that the service has.
write_rules
sed -i '/^test/d' "$work/rules.fw"
reboot
bounded() {
	nsenter --net="/run/netns/$server" unshare -m setpriv --no-new-privs \
		--bounding-set=-all,+bpf,+net_admin,+perfmon \
		"$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" --run-dir "$work/run" "$@"
}
ok "boot with three capabilities" bounded apply --boot
ok "apply with them" bounded apply
ok "it filters" ping0
exits 1 "it filters" on_client nc -z -w 1 $server4 80
finish
