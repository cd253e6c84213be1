#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Connections at a time, by real clients: what is open counts, what is forged does not.
. "$(dirname "$0")/lib.sh"
setup

# A server that keeps what it accepts, and ends a connection when its client does.
serve "$PYTHON" tests/kernel/talk.py echo 80
listens tcp 80

cat >"$work/hold.py" <<'EOF2'
"""`open ADDR SOURCE` tells ok or no; `many ADDR N SOURCE`: N at once, how many were answered;
`talk`: how many answer; `close`: the oldest; `clear`: all."""
import select, socket, struct, sys, time
held = []
def start(addr, source=""):
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET)
    s.setblocking(False)
    if source:
        s.bind((source, 0))
    s.connect_ex((addr, 80))
    return s
def alive(socks, seconds):
    """Those that answer to a byte."""
    asked, good = set(), []
    left = list(socks)
    end = time.monotonic() + seconds
    while left and time.monotonic() < end:
        r, w, _ = select.select(left, [s for s in left if s not in asked], [], 0.05)
        for s in w:
            try: s.send(b"x"); asked.add(s)
            except OSError: left.remove(s)
        for s in r:
            if s not in left: continue
            left.remove(s)
            try:
                if s.recv(10): good.append(s)
            except OSError: pass
    return good
for line in sys.stdin:
    what, *args = line.split()
    if what == "open":
        s = start(*args)
        good = alive([s], 0.8)
        if good: held.append(s)
        else: s.close()
        print("ok" if good else "no", flush=True)
    elif what == "many":
        socks = [start(args[0], args[2]) for _ in range(int(args[1]))]
        good = alive(socks, 1)
        for s in socks:
            if s in good: held.append(s)
            else:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); s.close()
        print(len(good), flush=True)
    elif what == "talk": print(len(alive(held, 1)), flush=True)
    elif what == "close": held.pop(0).close(); print("ok", flush=True)
    elif what == "clear":
        while held: held.pop().close()
        print("ok", flush=True)
EOF2
holder() {
	coproc HOLD { exec nsenter --net="/run/netns/$client" "$PYTHON" "$work/hold.py"; }
	children+=("$HOLD_PID")
	holds=$HOLD_PID
	exec {tell}>&"${HOLD[1]}" {hear}<&"${HOLD[0]}"
}
ask() { # ask WORDS: the holder's answer
	local said=none
	echo "$*" >&"$tell"
	read -r -t 5 said <&"$hear"
	echo "$said"
}
excess() {
	fw list --json | "$PYTHON" -c '
import json, sys
print([r["exceed"]["packets"] for r in json.load(sys.stdin)["rules"] if r.get("name") == "few"][0])'
}
opened() {
	fw status --json | "$PYTHON" -c '
import json, sys
print([r["open"] for r in json.load(sys.stdin)["connections"]["rules"] if r["rule"] == "few"][0])'
}
settle() { # settle N: until so many are open, 5 s at most: the server ends what its client ended
	for _ in $(seq 50); do
		[ "$(opened)" = "$1" ] && return
		sleep 0.1
	done
}
ruleset() { # ruleset LIMIT
	rules <<-EOF2
		version 1
		interface eth0
		default drop
		option learn 1s
		allow established
		allow icmp6
		$1 name few
		allow tcp dport 80 name web
	EOF2
}
holder
on_client ip addr add 198.51.100.3/24 dev c0
on_client ip -6 addr add 2001:db8:1::3/64 dev c0 nodad

ruleset "conn-limit 3 per src/32/128 tcp dport 80"
ok "applied" fw apply "$work/rules.fw"
for address in $server4 $server6; do
	own=$client4 other=198.51.100.3
	[ $address = $server6 ] && own=$client6 other=2001:db8:1::3
	same "$address: three connections" "$(for _ in 1 2 3; do ask open $address $own; done | tr '\n' ' ')" "ok ok ok "
	same "$address: they are counted" "$(opened)" 3
	same "$address: the fourth is refused" "$(ask open $address $own)" no
	same "$address: another source has its own" "$(ask open $address $other)" ok
	same "$address: what is open works" "$(ask talk)" 4
	ask close >/dev/null
	settle 3 # one of them is the other source's
	same "$address: closing one lets another in" "$(ask open $address $own)" ok
	same "$address: and no more" "$(ask open $address $own)" no
	ok "$address: another rule" fw add allow udp dport "7${#address}"
	same "$address: applies keep them" "$(ask open $address $own)" no
	same "$address: and cut none" "$(ask talk)" 4
	ok "$address: fewer" fw replace few conn-limit 1 per src/32/128 tcp dport 80
	same "$address: what is open stays open" "$(ask talk)" 4
	ask close >/dev/null
	settle 3
	same "$address: still too many" "$(ask open $address $own)" no
	ok "$address: as before" fw replace few conn-limit 3 per src/32/128 tcp dport 80
	same "$address: there is room again" "$(ask open $address $own)" ok
	ask clear >/dev/null
	settle 0
	same "$address: none is left" "$(opened)" 0
	# All SYNs come before the first handshake is complete.
	same "$address: many at once" "$(ask many $address 20 $own)" 3
	ask clear >/dev/null
	settle 0
done
fw status >"$work/said"
says "status" '^connections few 0 open / 131 072$'
same "more than twenty were too many" "$(($(excess) > 20))" 1
kill -9 "$holds"
wait "$holds" 2>/dev/null
settle 0
holder
same "those of a client that was killed are over" \
	"$(for _ in 1 2 3; do ask open $server4 $client4; done | tr '\n' ' ')" "ok ok ok "
ask clear >/dev/null
settle 0

# Forged SYNs open nothing: the client whose address they bear is not kept out, nor banned.
ruleset "conn-limit 3 per src tcp dport 80 exceed blacklist for 1m"
ok "with bans" fw apply "$work/rules.fw"
send 20 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=RandShort(),dport=80,flags='S')"
same "forged SYNs count for nothing" "$(opened)" 0
same "three" "$(for _ in 1 2 3; do ask open $server4 $client4; done | tr '\n' ' ')" "ok ok ok "
send 20 "mac()/IP(src='$client4',dst='$server4')/TCP(sport=RandShort(),dport=80,flags='S')"
same "nor is anybody banned for them" "$(ask talk)" 3
ask many $server4 2 $client4 >/dev/null
same "but for connections" "$(ask talk)" 0
finish
