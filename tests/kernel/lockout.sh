#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The lock-out check knows the connection that an ancestor holds, whatever the environment says.
. "$(dirname "$0")/lib.sh"
setup

# A server on port 22 that runs a command for whoever connects, as sshd does.
cat >"$work/sshd.py" <<-'EOF'
	import os, socket, subprocess, sys
	family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
	s = socket.create_server(("", 22), family=family, dualstack_ipv6=family == socket.AF_INET6)
	while True:
	    c, peer = s.accept()
	    environ = {k: v for k, v in os.environ.items() if not k.startswith("SSH")}
	    line = b""
	    while not line.endswith(b"\n"): line += c.recv(999)
	    words = line.decode().split()
	    if words[0].startswith("SSH_"):
	        key, value = words.pop(0).split("=", 1)
	        environ[key] = value.replace("_", " ")
	    # Two processes in between hold nothing of the connection.
	    run = subprocess.run(["sh", "-c", '"$@"; exit $?', "sh", *words], env=environ, close_fds=True,
	        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	    c.sendall(b"%d\n%s" % (run.returncode, run.stdout))
	    c.close()
EOF
cat >"$work/ssh.py" <<-'EOF'
	import socket, sys
	c = socket.create_connection((sys.argv[1], 22), 10)
	c.sendall(" ".join(sys.argv[2:]).encode() + b"\n")
	data = b""
	while part := c.recv(9999): data += part
	code, _, text = data.partition(b"\n")
	print(text.decode())
	sys.exit(int(code))
EOF
args=(--bpffs "$work/bpf/fw" --state-dir "$work/state" --run-dir "$work/run")
ssh() { on_client "$PYTHON" "$work/ssh.py" "$@"; }
via() { # via ADDRESS [SSH_...] ARGUMENTS...
	local to=$1 set=
	shift
	case $1 in SSH_*) set=$1 && shift ;; esac
	ssh "$to" $set "$BPFFW" "${args[@]}" "$@"
}
serve "$PYTHON" "$work/sshd.py" 6
listens tcp 22

rules <<-'EOF'
	version 1
	interface eth0
	default drop
	option fragments drop
	allow tcp dport 22 src 198.51.100.2,2001:db8:1::2 name admin
	allow tcp flags ack name rest
EOF
sed 's/name admin/disabled name admin/' "$work/rules.fw" >"$work/shut.fw"
sed 's/198.51.100.2,2001:db8:1::2/198.51.100.99/' "$work/rules.fw" >"$work/other.fw"

ok "apply" via $server4 apply "$work/rules.fw"
says "the session is named" "^this ssh session \\($client4:[0-9]+ -> $server4:22\\) is still allowed by 'admin'"
# An existing connection that `rest` would let live is not enough.
exits 3 "no environment at all" via $server4 apply "$work/shut.fw"
says "which" "^.*refused: this ssh session \\($client4:[0-9]+ -> $server4:22\\) would be dropped by 'default drop' \\[W204\\]"
exits 3 "an environment that lies" via $server4 "SSH_CONNECTION=198.51.100.99_4_${server4}_22" \
	apply "$work/other.fw"
says "the socket counts" "refused: this ssh session \\($client4:"
exits 3 "it can add a session" via $server4 "SSH_CONNECTION=198.51.100.77_4_${server4}_22" \
	apply "$work/rules.fw"
says "the added one" 'refused: this ssh session \(198.51.100.77:4 '
exits 3 "IPv6" via $server6 apply "$work/shut.fw"
says "IPv6" "refused: this ssh session \\(\\[$client6\\]:[0-9]+ -> \\[$server6\\]:22\\)"
exits 3 "every change" via $server4 disable admin
exits 3 "every change" via $server4 del admin
exits 3 "every change" via $server4 replace admin allow tcp dport 23
exits 3 "every change" via $server4 add before admin drop src $client4
ok "another rule" via $server4 add allow udp dport 53 name dns
ok "force" via $server4 disable admin --force
ok "history" fw history
says "recorded" 'disable admin --force'
finish
