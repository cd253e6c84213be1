#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `top` and `stats`: numbers against what was sent, the screen and its keys at a real terminal.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
rules <<-EOF2
	version 1
	interface eth0
	default drop
	blacklist { 203.0.113.9 }
	allow icmp
	allow icmp6
	allow udp dport 53 name dns
	drop udp dport 54 name noise
EOF2
ok "apply" fw apply

# flood SECONDS: each millisecond 3 packets to dns, 1 that is dropped by a rule, 1 of a banned one,
# 1 of IPv6 by the default. Prints how many of each.
flood() {
	on_client "$PYTHON" - "$1" "$server4" "$client4" "$server6" "$client6" <<-'EOF2'
		import socket, struct, sys, time
		seconds, s4, c4, s6, c6 = float(sys.argv[1]), *sys.argv[2:]
		raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); raw.bind(("c0", 0))
		ether = b"\xff" * 6 + bytes.fromhex("020000000002")
		def udp(port): return struct.pack("!HHHH", 4000, port, 8, 0)
		def ip4(src, port):
		    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 17, 0, socket.inet_aton(src), socket.inet_aton(s4))
		    return ether + b"\x08\x00" + head + udp(port)
		ip6 = ether + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, 8, 17, 64) + socket.inet_pton(10, c6) + socket.inet_pton(10, s6) + udp(55)
		frames = [ip4(c4, 53)] * 3 + [ip4("192.0.2.7", 54), ip4("203.0.113.9", 53), ip6]
		end, n = time.time() + seconds, 0
		while time.time() < end:
		    for frame in frames: raw.send(frame)
		    n += 1
		    time.sleep(.001)
		print(n)
	EOF2
}

fw reset >/dev/null
flood 3.2 >"$work/sent" &
sender=$!
sleep 0.4
fw top src --json --interval=2s >"$work/json" 2>"$work/said"
wait "$sender"
"$PYTHON" - "$work/json" "$(cat "$work/sent")" >"$work/sum" <<-'EOF2'
	import json, sys
	top, n = json.load(open(sys.argv[1])), int(sys.argv[2]) / 3.2
	rows = {row["address"]: row for row in top["rows"]}
	def near(rate, wanted): return abs(rate - wanted) < wanted * .25
	print(near(rows["198.51.100.2"]["packets_per_second"], 3 * n),
	      near(rows["2001:db8:1::/64"]["packets_per_second"], n), near(top["packets_per_second"], 6 * n),
	      near(top["dropped_per_second"], 3 * n), top["rows"][0]["address"],
	      rows["198.51.100.2"]["by"], rows["192.0.2.7"]["by"], rows["2001:db8:1::/64"]["by"],
	      rows["203.0.113.9"]["by"], rows["203.0.113.9"]["state"])
EOF2
same "sources" "$(cat "$work/sum")" \
	"True True True True 198.51.100.2 dns noise default blacklist banned"

# What was decided of all that, by the counters.
n=$(cat "$work/sent")
fw stats eth0 --json >"$work/json"
"$PYTHON" - "$work/json" "$n" >"$work/sum" <<-'EOF2'
	import json, sys
	stats, n = json.load(open(sys.argv[1])), int(sys.argv[2])
	by = stats["drop"]["by"]
	print(by["rules"]["packets"] - n, by["blacklist"]["packets"] - n, by["default"]["packets"] - n,
	      stats["rx"]["packets"] == stats["allow"]["packets"] + stats["drop"]["packets"],
	      stats["mode"], stats["interface"])
EOF2
same "stats" "$(cat "$work/sum")" "0 0 0 True native eth0"
ok "as text" fw stats eth0
says "its lines" "^dropped +$((3 * n)) packets, "
says "by whom" "^  blacklist +$n packets, "
exits 4 "no such interface" fw stats eth9

flood 2 >"$work/sent" &
sender=$!
ok "by rule" fw top rule
wait "$sender"
says "the head" "^eth0  [0-9]+pps in  [0-9]+pps dropped  every 1s"
says "a rule" "^dns +[0-9]+ +[0-9]+ +0%$"
says "the blacklist" "^blacklist +[0-9]+ +[0-9]+ +100%$"
exits 2 "no such kind" fw top everything
exits 2 "no such interval" fw top src --interval=0

# Over a limit.
ok "a limit" fw add before dns rate-limit 1/m burst 2 per src udp dport 53,55 name slow
flood 2 >"$work/sent" &
sender=$!
sleep 0.4
fw top src --json --interval=1s >"$work/json" 2>"$work/said"
wait "$sender"
"$PYTHON" - "$work/json" >"$work/sum" <<-'EOF2'
	import json, sys
	for r in sorted(json.load(open(sys.argv[1]))["rows"], key=lambda r: r["address"]):
	    print(r["address"], r["state"], r["by"], r["dropped_per_second"] > 0.9 * r["packets_per_second"])
EOF2
cp "$work/sum" "$work/said"
says "IPv4" "^198.51.100.2 over limit slow True"
says "IPv6" "^2001:db8:1::/64 over limit slow True"
says "a ban comes first" "^203.0.113.9 banned blacklist True"
ok "without it" fw del slow

# At a terminal: the screen, and a ban by a key.
flood 5 >"$work/sent" &
sender=$!
nsenter --net="/run/netns/$server" "$PYTHON" - "$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" \
	--run-dir "$work/run" top src >"$work/screen" <<-'EOF2'
	import os, pty, select, struct, sys, fcntl, termios, time
	pid, fd = pty.fork()
	if pid == 0:
	    os.environ["TERM"] = "xterm"
	    os.execv(sys.argv[1], sys.argv[1:])
	fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 140, 0, 0))
	def read(seconds):
	    end, seen = time.time() + seconds, b""
	    while time.time() < end:
	        if select.select([fd], [], [], .05)[0]:
	            try: seen += os.read(fd, 65536)
	            except OSError: break
	    return seen.decode()
	print("first", read(1.6))
	os.write(fd, b"s")
	print("sorted", read(0.3))
	os.write(fd, b"d")
	print("details", read(0.3))
	os.write(fd, b"b")
	print("ask", read(0.3))
	os.write(fd, b"y\n")
	print("banned", read(0.8))
	os.write(fd, b"\n")
	read(0.3)
	os.write(fd, b"q")
	print("end", read(0.5))
	print("status", os.waitpid(pid, 0)[1])
EOF2
wait "$sender"
tr '\r' '\n' <"$work/screen" | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g' >"$work/said"
says "the head of the screen" "eth0  .*pps in  .*by packets  \[q\]uit \[s\]ort \[d\]etails \[b\]an$"
says "a source" "^198.51.100.2 +[0-9.k]+ +[0-9.k]+ +0%  dns +-"
says "sorted by bits" "by bits"
says "the last packet" "198.51.100.2:4000 > 198.51.100.1:53 udp len 28"
says "the question" "ban [0-9a-f.:/]+ for 10m\? \[y/N\]"
says "and what the command says" "blacklisted until"
says "it ends" "^status 0$"
says "the screen is given back" "^end"
ok "banned" fw blacklist list
says "it is on the list" "198.51.100.2"
finish
