#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the commands that need a kernel print: the layouts of the language page, and the schemas.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

rules <<-'EOF'
	version 1
	interface eth0
	default drop
	option fragments drop
	allow icmp type echo-request name ping
	allow tcp dport 22 src 192.0.2.0/24,2001:db8:10::/48 name ssh-office comment "by night"
	allow tcp dport 80,443 name web
	drop src 203.0.113.0/24 udp
	allow udp dport 53 name dns disabled
EOF
said() { cat "$work/said"; }
field() { "$PYTHON" -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(json.dumps(value))' "$1"; }

exits 4 "list of nothing" fw list
says "list of nothing" '^error: no ruleset is running: nothing is filtered$'
ok "status of nothing" fw status
says "status of nothing" '^running +no ruleset: NOTHING IS FILTERED'

ok "apply" fw apply -q
ok "reset" fw reset
send 3 "mac()/IP(src='203.0.113.9',dst='$server4')/UDP(dport=9)" \
	"mac()/IP(src='$client4',dst='$server4')/UDP(dport=9)" \
	"mac()/IP(src='127.0.0.1',dst='$server4')/UDP(dport=9)"

# The kernel's own multicast may reach the default, too.
fw list | grep -vE '^- +(essential|default)' >"$work/said"
same "list" "$(said)" "$(
	cat <<-'EOF'
		generation 1, saved    interfaces: eth0 (native)
		ID   NAME        RULE                                                  PACKETS    BYTES
		-    malformed   not well formed (-v shows the reasons)                 3 drop      126
		r1   ping        allow icmp type echo-request                                0        0
		r2   ssh-office  allow tcp dport 22 src 192.0.2.0/24,2001:db8:10::/48        0        0
		r3   web         allow tcp dport 80,443                                      0        0
		r4   -           drop src 203.0.113.0/24 udp  (IPv4 only)               3 drop      126
		r5   dns         allow udp dport 53 disabled                                 0        0
	EOF
)"
ok "list -v" fw list -v
says "list: the default" '^- +default +drop +[0-9]+ drop +[0-9]+$'
says "list -v: the reason" '^- +malformed +spoof-source: source address that no sender can have +3 drop +126$'
says "list -v: comments" 'comment "by night"'
ok "no blanks at a line's end" [ -z "$(fw list | grep ' $')" ]

fw list --json >"$work/said"
same "one line" "$(wc -l <"$work/said")" 1
same "list: schema" "$(said | field schema)" '"bpffw.ruleset/1"'
same "list: text parses back" "$(said | field rules.1.text)" \
	'"allow tcp dport 22 src 192.0.2.0/24,2001:db8:10::/48 name ssh-office comment \"by night\""'
same "list: match" "$(said | field rules.0.match)" '{"icmp": true, "type": "echo-request"}'
same "list: origin" "$(said | field rules.3.origin.line)" 8
same "list: packets" "$(said | field rules.3.packets)" 3
same "list: malformed" "$(said | field malformed)" '{"spoof-source": {"packets": 3, "bytes": 126}}'
same "list: disabled" "$(said | field rules.4.disabled)" true

ok "explain" fw explain src 203.0.113.9 tcp sport 40000 dport 22 syn
same "explain" "$(said)" "$(
	cat <<-'EOF'
		packet: eth0, IPv4, 203.0.113.9:40000 -> any:22, tcp syn
		  essential      no match
		  allowlist      no match
		  blacklist      no match
		  r1 ping        no match   not icmp
		  r2 ssh-office  no match   src 203.0.113.9 is not in 192.0.2.0/24,2001:db8:10::/48
		  r3 web         no match   dport 22 is not in 80,443
		  r4             no match   not udp
		  default        DROP
		answer: dropped by the default
	EOF
)"
fw explain src 203.0.113.9 tcp dport 443 --json >"$work/said"
same "explain: verdict" "$(said | field verdict)" '"allow"'
same "explain: rule" "$(said | field rule)" '{"id": "r3", "name": "web"}'
fw explain tcp dport 22 --json >"$work/said"
same "explain: depends" "$(said | field verdict) $(said | field depends_on)" '"depends" ["src"]'
fw explain tcp dport 22 >"$work/said"
says "explain: the answer" "^answer: depends on 'src', first in 'ssh-office' \(r2\)\$"
for port in 1 2 3 4 5; do ok "add" fw add before web allow udp dport "$port"; done
fw explain src 2001:db8::1 tcp dport 443 >"$work/said"
says "explain folds" '^  r1 \.\.\. r[0-9]+ +no match   [0-9] more: not icmp, .*\(-v lists them\)$'
says "explain, IPv6" '^packet: eth0, IPv6, 2001:db8::1 -> any:443, tcp$'
fw explain -v src 2001:db8::1 tcp dport 443 >"$work/said"
same "-v folds nothing" "$(grep -c " more: " "$work/said")" 0

exits 2 "explain what is no match" fw explain nonsense
says "explain what is no match" "help: a match is expected here: src, tcp, dport ... \('bpffw help matches'\)"
fw status >"$work/said"
says "status" "^running +generation 6 since [0-9:]+, NOT SAVED \(differs from $work/rules.fw: 5 rules\) - 'bpffw diff'\$"
says "status" '^interfaces +eth0 native \(veth\)$'
fw status --json >"$work/said"
same "status" "$(said | field schema) $(said | field generation) $(said | field saved)" \
	'"bpffw.status/1" 6 false'

exits 1 "diff" fw diff
says "diff: head" '^--- running \(generation 6\)$'
says "diff: place" '^@@ after ssh-office @@$'
says "diff: sum" '^0 added, 5 removed, 5 unchanged \(counters kept\)$'

ok "add of what cannot match" fw add drop tcp dport 443 src 198.51.100.9 name late
same "the answer and the advice" "$(said)" "$(
	cat <<-'EOF'
		r11 late: added as the last rule, live on eth0 (generation 7, not saved)
		warning: rule 'late' can never match: 'web' (r3) already allows tcp dport 80,443 [W201]
		  help: bpffw move r11 before web
	EOF
)"
exits 2 "a name that is taken" fw add allow tcp dport 1 name web
says "a name that is taken" "^command:1:[0-9]+: error: name 'web' already used by r3 \[E161\]\$"
exits 2 "taken by a later rule" fw add before web allow tcp dport 1 name web
says "taken by a later rule" "^command:1:[0-9]+: error: name 'web' already used by r3 \[E161\]\$"
exits 4 "del by position" fw del 7
same "del by position" "$(said)" \
	"error: no rule named '7'; rules are deleted by name or id (r7), not by position [E201]"
exits 4 "del with a typo" fw del ltae
same "del with a typo" "$(said)" "$(printf "error: no rule named 'ltae' [E201]\n  help: did you mean 'late'?")"
exits 4 "move of an unknown id, JSON" fw --json move r99 before web
same "move of an unknown id, JSON" "$(said | field errors.0.code)" '"E201"'
ok "del" fw del late
same "del" "$(said)" "r11 late: deleted (generation 8, not saved); it had matched 0 packets"
ok "replace" fw replace web allow tcp dport 8080
same "replace keeps the name" "$(said)" "r3 web: replaced, live on eth0 (generation 9, not saved)"
ok "history" fw history --json
same "history" "$(said | field generations.0.how)" '"replace web allow tcp dport 8080"'

# The admin's session is never locked out, and the answer says by what.
rules <<-'EOF'
	version 1
	interface eth0
	default drop
	option fragments drop
	allow tcp dport 80
EOF
locked() { SSH_CONNECTION="$client4 50122 $server4 22" fw "$@"; }
exits 3 "lock-out" locked apply
says "lock-out" "^$work/rules.fw: refused: this ssh session \($client4:50122 -> $server4:22\) would be dropped by 'default drop' \[W204\]\$"
same "lock-out: said once" "$(grep -c W204 "$work/said")" 1
says "lock-out: nothing changed" '^nothing was changed$'
exits 3 "lock-out by a rule" locked add before web drop tcp dport 22
same "lock-out by a rule: said once" "$(grep -c W204 "$work/said")" 1
ok "lock-out, forced" locked apply --force
says "lock-out, forced: told" 'W204'
echo "allow tcp dport 22 src $client4 name ssh-office" >>"$work/rules.fw"
ok "no lock-out" locked apply
says "no lock-out: by what" "^this ssh session \($client4:50122 -> $server4:22\) is still allowed by 'ssh-office'\$"
veth eth1 c1 203.0.113.1 2001:db8:2::1 203.0.113.9 2001:db8:2::9
SSH_CONNECTION='203.0.113.9 50122 203.0.113.1 22' ok "a session from elsewhere" fw apply
same "a session from elsewhere" "$(grep -cE 'W204|session' "$work/said")" 0

printf 'chain c { return udp }\njump c name hop\n' >>"$work/rules.fw"
ok "a chain" fw apply
fw list >"$work/said"
says "a jump counts nothing" '^r[0-9]+ +hop +jump c +- +-$'
same "not 0 in JSON either" "$(fw list --json | "$PYTHON" -c '
import json, sys
print([r["packets"] for r in json.load(sys.stdin)["rules"] if r["verb"] in ("jump", "return")])')" \
	'[None, None]'
ok "del of a jump" fw del hop
same "no packets are spoken of" "$(grep -c matched "$work/said")" 0

# What reads, too, has a line on a terminal when it takes long: this much surely takes a second.
"$PYTHON" - "$BPFFW" "$work/big" >"$work/said" <<-'EOF2'
	import os, pty, sys
	with open(sys.argv[2], "w") as big:
	    big.write("*filter\n:INPUT DROP [0:0]\n")
	    for i in range(400000):
	        big.write(f"-A INPUT -s 10.{i >> 16}.{i >> 8 & 255}.{i & 255} -p tcp --dport 22 -j ACCEPT\n")
	    big.write("COMMIT\n")
	pid, fd = pty.fork()
	if pid == 0:
	    os.environ["TERM"] = "xterm"
	    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
	    os.execv(sys.argv[1], [sys.argv[1], "import", "iptables", sys.argv[2]])
	try:
	    while data := os.read(fd, 65536): print(data.decode().replace("\r", "\n"))
	except OSError: pass
	os.waitpid(pid, 0)
EOF2
rm "$work/big"
says "import" '^translating the rules: 1 s'

ok "panic open" fw panic open
same "panic open" "$(said)" "detached from eth0: NOTHING IS FILTERED. Return with 'bpffw apply'."
fw status >"$work/said"
says "status after panic open" '^interfaces +eth0 NOT ATTACHED: NOTHING IS FILTERED'
finish
