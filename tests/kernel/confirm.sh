#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `apply --confirm`: a lock-out ends by itself, whoever dies and whatever is removed meanwhile.
. "$(dirname "$0")/lib.sh"
setup
veth eth1 c1 198.51.101.1 2001:db8:2::1 198.51.101.2 2001:db8:2::2

rules <<-'EOF'
	version 1
	interface eth0, eth1
	default drop
	allow established
	allow icmp type echo-request
	allow icmp6
	allow tcp dport 7000 name echo
EOF
printf 'version 1\ninterface eth0\ndefault drop\n' >"$work/shut.fw"
ping0() { on_client ping -c 1 -W 1 -q $server4 >/dev/null; }
ping1() { on_client ping -c 1 -W 1 -q 198.51.101.1 >/dev/null; }
generation() {
	fw status --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["generation"])'
}
timer() {
	"$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["timer"])' \
		"${work:?}/run/confirm"
}
timers() { # how many there are
	local pid
	for pid in $(ip netns pids "$server"); do
		cat "/proc/$pid/comm"
	done 2>/dev/null | grep -c bpffw-confirm
}
back() { # back SECONDS: ping passes again, looked for often
	local i
	for i in $(seq "${1}0"); do
		on_client ping -c 1 -W 0.1 -q $server4 >/dev/null 2>&1 && return
	done
	return 1
}
state() { fw history | sed -n "s/^$1 .*   *\([a-z].*\)$/\1/p"; }

ok "apply" fw apply "$work/rules.fw"
exits 4 "nothing waits" fw confirm
says "nothing waits" '^error: no change waits for a confirmation$'

# A live connection; the caller is killed, its terminal closed.
cat >"$work/echo.py" <<-'EOF'
	import socket
	s = socket.create_server(("0.0.0.0", 7000))
	c = s.accept()[0]
	while True:
	    data = c.recv(100)
	    if not data: break
	    c.sendall(data)
EOF
serve "$PYTHON" "$work/echo.py"
listens tcp 7000
cat >"$work/drive.py" <<-'EOF'
	import ctypes, os, pty, signal, socket, subprocess, sys, time
	server, client, *apply = sys.argv[1:]
	libc = ctypes.CDLL(None)
	def enter(name):
	    fd = os.open("/run/netns/" + name, os.O_RDONLY)
	    assert libc.setns(fd, 0) == 0
	    os.close(fd)
	enter(client)
	c = socket.create_connection(("198.51.100.1", 7000))
	c.settimeout(12)
	c.sendall(b"one"); assert c.recv(9) == b"one"
	enter(server)
	pid, terminal = pty.fork()
	if pid == 0:
	    os.execvp("sh", ["sh", "-c", '"$@"; echo done; sleep 60', "sh", *apply])
	seen = b""
	while b"done" not in seen: seen += os.read(terminal, 999)
	start = time.monotonic()
	os.killpg(pid, signal.SIGKILL); os.close(terminal); os.waitpid(pid, 0)
	enter(client)
	c.sendall(b"two")
	while subprocess.call(["ping", "-c1", "-W0.1", "-q", "198.51.100.1"], stdout=subprocess.DEVNULL):
	    assert time.monotonic() - start < 10
	after = time.monotonic() - start
	assert 3 < after < 6, after
	assert c.recv(9) == b"two"
	c.sendall(b"three"); assert c.recv(9) == b"three"
	print("back after %.1f s, the connection lives" % after)
EOF
args=(--bpffs "$work/bpf/fw" --state-dir "$work/state" --run-dir "$work/run")
ok "drop all, caller killed" "$PYTHON" "$work/drive.py" "$server" "$client" \
	"$BPFFW" "${args[@]}" apply --confirm=5 "$work/shut.fw"
says "the connection lives" 'the connection lives'
cat "$work/said"
ok "eth1 is filtered again" ping1
ok "answers come back" on_server ping -c 1 -W 1 -q $client4
same "the old generation runs" "$(generation)" 1
same "history" "$(state 2)" "rolled back"
exits 6 "confirm comes too late" fw confirm
says "too late" '^error: generation 2 was not confirmed in time: generation 1 runs again$'
ok "no litter" [ ! -e "$work/run/confirm" ]

# What the admin sees, and what is refused meanwhile.
ok "on trial" fw apply --confirm=30 "$work/shut.fw"
says "what will happen" "^rolls back to generation 1 in 30 s unless you run 'bpffw confirm'\$"
exits 1 "it is live" ping0
exits 3 "a change" fw add allow udp dport 53
says "why" "^refused: generation 3 waits for 'bpffw confirm' \\(.. s left\\)\$"
says "what to do" "'bpffw confirm' keeps it, 'bpffw rollback' goes back to generation 1"
exits 3 "another trial" fw apply --confirm "$work/rules.fw"
exits 3 "save" fw save "$work/saved.fw"
ok "status" fw status
says "status" '^confirm +NOT CONFIRMED: in .. s generation 1 comes back'
ok "list" fw list
says "list" '^generation 3, not saved, NOT CONFIRMED \(.. s left\) '
same "history" "$(state 3 | sed 's/[0-9]\+ s/N s/')" "running, not confirmed (N s left)"
ok "confirm" fw confirm
says "confirm" "^generation 3 confirmed; kept as $work/state/gen/3.fw\$"
same "confirmed" "$(generation)" 3
same "what it does not list is free" "$(on_server ip -d link show dev eth1 | grep -c xdp)" 0
same "no timer is left" "$(timers)" 0
ok "history" fw history
says "how" 'apply .*/shut.fw --confirm=30'
ok "on trial" fw apply --confirm=30 "$work/rules.fw"
ok "rollback ends it" fw rollback
same "rolled back" "$(state 4)" "rolled back"
exits 4 "nothing waits" fw confirm
same "no timer is left" "$(timers)" 0

# A trial that puts another flow table in place.
ok "apply" fw apply --force "$work/rules.fw"
sed 's/^default drop/&\noption flows 524288/; s/echo-request/echo-reply/' "$work/rules.fw" >"$work/flows.fw"
ok "on trial" fw apply --confirm=1 "$work/flows.fw"
exits 1 "it is live" ping0
ok "back" back 30
# A generation of its own follows, which looks into the table that is pinned now.
answered() { on_server ping -c 1 -W 0.2 -q $client4 >/dev/null; }
for i in $(seq 20); do answered && break; done
ok "answers come back" answered
same "what was on trial" "$(fw history --json | "$PYTHON" -c '
import json, sys
print(*[g["generation"] for g in json.load(sys.stdin)["generations"] if g["how"].endswith("--confirm=1") and g["rolled_back"]])')" 7

# A terminal is told; a lock-out is a warning.
ok "apply" fw apply --force "$work/rules.fw"
cat >"$work/tell.py" <<-'EOF'
	import os, pty, sys
	pid, terminal = pty.fork()
	if pid == 0: os.execvp("sh", ["sh", "-c", '"$@"; sleep 3', "sh", *sys.argv[1:]])
	seen = b""
	while b"rolled back to" not in seen: seen += os.read(terminal, 999)
	print(seen.decode().replace("\r", ""))
EOF
ok "locked out" env SSH_CONNECTION="$client4 50122 $server4 22" timeout 8 nsenter \
	--net="/run/netns/$server" "$PYTHON" "$work/tell.py" "$BPFFW" "${args[@]}" apply \
	--confirm=1 "$work/shut.fw"
says "a warning" "^warning: this ssh session .* would be dropped by 'default drop' \\[W204\\]"
says "and then" '^bpffw: generation [0-9]+ not confirmed within 1 s: rolled back to generation [0-9]+ on eth[01], eth[01]'
ok "history -v" fw history -v
says "the terminal" '^[0-9]+ .*uid 0, /dev/pts/[0-9]+ .*rolled back$'

# Pins and files are removed in between.
ok "on trial" fw apply --confirm=2 "$work/shut.fw"
rm -rf "${work:?}/bpf/fw" "${work:?}/state/gen" "${work:?}/run"
ok "back without pins" back 40
ok "and eth1" ping1
sleep 0.5
ok "answers come back" on_server ping -c 1 -W 1 -q $client4
same "slot and links are pinned" \
	"$(ls "$work/bpf/fw/link" "$work/bpf/fw"/abi*/jmp | grep -c 'eth[01]\|jmp')" 3
exits 1 "it filters" on_client nc -z -w 1 $server4 22
ok "repair" fw apply --force "$work/rules.fw"

# The timer is killed: whoever comes next notices.
ok "on trial" fw apply --confirm=1 "$work/shut.fw"
kill -9 "$(timer)"
sleep 1.6
exits 1 "still shut" ping0
ok "a reader" fw status
says "says so" 'was not confirmed within 1 s and its timer is gone: rolled back to generation'
ok "and rolls back" ping0
ok "on trial" fw apply --confirm=1 "$work/shut.fw"
kill -9 "$(timer)"
sleep 1.6
exits 6 "a writer" fw add allow udp dport 53
ok "and rolls back" ping0

# The first ruleset of all: nothing ran, nothing is filtered again.
fw panic open >/dev/null
rm -rf "${work:?}/bpf/fw" "${work:?}/state" "${work:?}/run"
ok "first" fw apply --confirm=1 "$work/shut.fw"
says "what will happen" '^detaches again in 1 s unless'
exits 1 "shut" ping0
ok "open" back 30
ok "status" fw status
says "nothing runs" 'no ruleset: NOTHING IS FILTERED'
ok "apply" fw apply "$work/rules.fw"
exits 2 "no time" fw apply --confirm=soon "$work/rules.fw"
finish
