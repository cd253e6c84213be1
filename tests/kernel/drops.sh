#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `monitor drops`: every drop is told by who drops it, also where no rule says `log`; a flood is
# told in part and counted in whole; the ruleset does not notice.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

# start [ARGUMENTS]: a monitor that writes to `lines`; it is in place when start returns.
start() {
	nsenter --net="/run/netns/$server" "$BPFFW" --bpffs "$work/bpf/fw" \
		--state-dir "$work/state" --run-dir "$work/run" monitor drops "$@" \
		>"$work/lines" 2>&1 </dev/null &
	monitor=$!
	children+=("$monitor")
	for _ in $(seq 50); do
		[ "$(words config 1)" = 1 ] && return
		sleep 0.1
	done
}

# stop: end it; its lines without the time in `said`.
stop() {
	sleep 0.5
	kill "${1:--INT}" "$monitor"
	wait "$monitor" 2>/dev/null
	sed 's/^[0-9:]\{8\} //' "$work/lines" >"$work/said"
}

# words MAP [drops]: how many slots of the program array are filled; or the word of the settings
# that sends packets to the monitor.
words() {
	"$PYTHON" - "$work/bpf/fw/abi2/$1" "${2:-}" <<-'EOF2'
		import ctypes, struct, sys
		libc = ctypes.CDLL(None, use_errno=True)
		def bpf(cmd, attr):
		    attr = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
		    return libc.syscall(321, cmd, attr, 128)
		def lookup(slot):
		    key, value = ctypes.c_uint32(slot), ctypes.create_string_buffer(16)
		    found = bpf(1, struct.pack("IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0)) == 0
		    return found, struct.unpack("QII", value.raw)[2]
		path = ctypes.create_string_buffer(sys.argv[1].encode())
		fd = bpf(7, struct.pack("QII", ctypes.addressof(path), 0, 0))
		print(lookup(0)[1] if sys.argv[2] else sum(lookup(slot)[0] for slot in range(4)))
	EOF2
}

# sum WHO [EVENT]: lines of one teller, and packets with those that were left out.
sum() {
	"$PYTHON" - "$work/lines" "$@" <<-'EOF2'
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		own = [l for l in lines if l.get("by") == sys.argv[2] and l["event"] == (sys.argv[3:] or ["drop"])[0]]
		print(len(own), len(own) + sum(l["left_out"] for l in own))
	EOF2
}

syn4() { echo "mac()/IP(src='${2:-$client4}',dst='$server4')/TCP(sport=4000,dport=$1,flags='S')"; }
udp4() { echo "mac()/IP(src='${2:-$client4}',dst='$server4')/UDP(sport=4000,dport=$1)"; }
udp6() { echo "mac()/IPv6(src='${2:-$client6}',dst='$server6')/UDP(sport=4000,dport=$1)"; }

# Rules of which none tells anything, until one does while it runs.
rules <<-EOF2
	version 1
	interface eth0
	default drop
	allow icmp6
EOF2
ok "apply" fw apply
exits 4 "nothing is logged" fw monitor --count 1
says "but drops can be told" "bpffw monitor drops"
start
send 1 "$(udp4 9)" "$(udp6 9)"
fw add drop udp dport 24 name quiet >/dev/null
send 1 "$(udp4 24)"
fw add drop udp dport 25 log name loud >/dev/null
sleep 0.5
send 1 "$(udp6 25)"
stop
cat >"$work/wanted" <<-EOF2
	DROP  default    eth0 $client4:4000 > :9 udp
	DROP  default    eth0 [$client6]:4000 > :9 udp
	DROP  quiet      eth0 $client4:4000 > :24 udp
	DROP  loud       eth0 [$client6]:4000 > :25 udp
EOF2
same "by rules that came later" "$(cat "$work/said")" "$(cat "$work/wanted")"

n=0
for mode in native generic; do
for filler in "" "$(printf 'drop udp dport 1000 src 203.0.113.%d\n' $(seq 20))"; do
n=$((n + 1)) # other limits each time: what one has seen outlives the rules
rules <<-EOF2
	version 1
	interface eth0 mode $mode
	default drop
	option fragments drop
	allow icmp6
	$filler
	drop tcp dport 23 name telnet
	drop udp dport 24 log name loud
	log udp dport 25 name heard
	rate-limit $n/h burst 1 udp dport 11 name slow$n
	rate-limit $n/h burst 1 udp dport 12 exceed count name shadow$n
	rate-limit $n/h burst 1 per src udp dport 13 exceed blacklist for 10m name flood$n
	allow udp dport 14 rate $n/h burst 1 name few$n
	blacklist for 5m udp dport 15 name trap
	allow udp dport 11,13
EOF2
ok "apply" fw apply
ok "from zero" fw reset
ok "an entry" fw blacklist add 203.0.113.5,2001:db8:5::/48
start
send 1 "$(syn4 23)" "$(udp4 24)" "$(udp6 25)" "$(udp4 99)" "$(udp6 99)" \
	"$(udp4 11)" "$(udp4 11)" "$(udp6 12)" "$(udp6 12)" "$(udp6 14)" "$(udp6 14)" \
	"$(udp4 1 203.0.113.5)" "$(udp6 1 2001:db8:5::1)" \
	"mac()/IP(src='$client4',dst='$server4',ihl=4)/UDP(sport=4000,dport=99)" \
	"mac()/IP(src='127.0.0.1',dst='$server4')/UDP(sport=4000,dport=99)" \
	"mac()/IP(src='$client4',dst='$server4',flags='MF')/UDP(sport=4000,dport=11)/(b'x'*16)" \
	"$(udp4 13 192.0.2.7)" "$(udp4 13 192.0.2.7)" "$(udp4 13 192.0.2.7)" \
	"$(udp6 15 2001:db8:7::1)" "$(udp6 15 2001:db8:7::1)"
stop
label="$mode, ${#filler}"
cat >"$work/wanted" <<-EOF2
	DROP  telnet     eth0 $client4:4000 > :23 tcp syn
	DROP  loud       eth0 $client4:4000 > :24 udp
	DROP  default    eth0 [$client6]:4000 > :25 udp
	DROP  default    eth0 $client4:4000 > :99 udp
	DROP  default    eth0 [$client6]:4000 > :99 udp
	OVER  slow$n      eth0 $client4:4000 > :11 udp  dropped
	DROP  default    eth0 [$client6]:4000 > :12 udp
	DROP  default    eth0 [$client6]:4000 > :12 udp
	OVER  few$n       eth0 [$client6]:4000 > :14 udp  dropped
	DROP  blacklist  eth0 203.0.113.5:4000 > :1 udp
	DROP  blacklist  eth0 [2001:db8:5::1]:4000 > :1 udp
	DROP  malformed  eth0 02:00:00:00:00:02 > ff:ff:ff:ff:ff:ff ether ip4  ip4-header
	DROP  malformed  eth0 127.0.0.1:4000 > :99 udp  spoof-source
	DROP  fragments  eth0 $client4:4000 > :11 udp first fragment
	BAN   flood$n     192.0.2.7 for 10m, over $n/h burst 1
	DROP  blacklist  eth0 192.0.2.7:4000 > :13 udp
	BAN   trap       2001:db8:7::1 for 5m
	DROP  blacklist  eth0 [2001:db8:7::1]:4000 > :15 udp
EOF2
same "$label: each drop, once" "$(sort "$work/said")" "$(sort "$work/wanted")"
same "$label: counted as ever" "$(counter telnet) $(counter loud) $(counter heard) $(counter default)" \
	"1 1 1 5"
same "$label: nothing stays" "$(words jmp) $(words config 1)" "1 0"
ok "forgiven" fw blacklist del 192.0.2.7,2001:db8:7::/64
done
ok "panic" fw panic open
done

# A flood: ten a second of each place, and how many more; each place for itself.
rules <<-EOF2
	version 1
	interface eth0
	default drop
	allow icmp6
	drop udp dport 23 name telnet
	blacklist for 1h udp dport 31 name trap
	blacklist for 1h udp dport 32 name other
EOF2
ok "apply" fw apply
fw reset >/dev/null
start --json
exits 3 "one reader at a time" fw monitor drops --count 1
traps=()
for i in $(seq 60); do traps+=("$(udp4 31 192.0.2.$i)"); done
send 300 "$(udp4 23)"
send 1 "$(udp6 23)" "$(udp6 99)" "${traps[@]}" "$(udp4 32 203.0.113.77)"
sleep 1.1
send 40 "$(udp4 99)" "$(udp6 23)"
sleep 1.1
send 1 "$(udp4 23)" "$(udp6 99)" "$(udp6 31 2001:db8:9::1)"
stop
same "all are told or left out" "$(sum telnet | cut -d' ' -f2) $(sum default | cut -d' ' -f2)" "342 42"
same "as they are counted" "$(counter telnet) $(counter default)" "342 42"
same "and bans" "$(sum trap ban | cut -d' ' -f2) $(sum other ban)" "61 1 1"
# A second of the clock on the wall has two of those that are bounded.
same "no more than that" "$("$PYTHON" - "$work/lines" <<-'EOF2'
	import collections, json, sys
	n = collections.Counter((l["by"], l["time"]) for l in map(json.loads, open(sys.argv[1])))
	print(max(n.values()) <= 20)
EOF2
)" True

# Killed: the ruleset goes on, nothing is in its way after a while, and the next change cleans up.
fw reset >/dev/null
start
kill -9 "$monitor"
wait "$monitor" 2>/dev/null
same "it is still in front" "$(words jmp) $(words config 1)" "2 1"
send 3 "$(udp4 23)" "$(udp6 99)"
same "nothing is lost behind it" "$(counter telnet) $(counter default)" "3 3"
sleep 5
send 1 "$(udp4 23)"
same "it has gone out of the way" "$(words jmp) $(words config 1)" "2 0"
start
send 1 "$(udp4 23)"
stop
same "the next one sees" "$(wc -l <"$work/said")" 1
start
stop -9
fw del trap >/dev/null
same "the next change removes it" "$(words jmp) $(words config 1)" "1 0"

# A tracer beside it: both are told, whoever comes first.
start
fw trace udp --count 2 for 10s >"$work/traced" &
tracer=$!
sleep 0.5
send 1 "$(udp4 23)" "$(udp6 99)"
wait "$tracer"
stop
same "both see" "$(wc -l <"$work/said") $(grep -c DROP "$work/traced")" "2 2"

# A generation whose programs lost each other.
start
rm "$work/bpf/fw/gen/$(fw status --json | "$PYTHON" -c 'import json, sys
print(json.load(sys.stdin)["generation"])')/jmp"
send 1 "$(udp4 9)"
stop
says "a fault" "^DROP  fault      eth0 $client4:4000 > :9 udp  stage-missing$"
finish
