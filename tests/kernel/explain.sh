#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `explain` of frames: as hex and from capture files, against what the kernel counts for the same
# frames.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw

rules <<-EOF2
	version 1
	interface eth0
	default drop
	allow icmp6 type 143 name mld
	allow tcp dport 22 src 192.0.2.0/24,2001:db8:10::/48 name ssh
	drop tcp flags syn,fin/syn,fin name syn-fin
	count udp name udp-seen
	allow udp dport 53,123 name answers
	drop frag later name pieces
	allow vlan 20 name tagged
EOF2
ok "apply" fw apply

# The same frames on the wire and in a file of each kind.
on_client "$PYTHON" - "$work" <<-'EOF2'
	import logging, random, sys
	logging.getLogger("scapy").setLevel(logging.ERROR)
	from scapy.all import *
	conf.verb = 0
	random.seed(5)
	net4, net6 = ["192.0.2.7", "203.0.113.9"], ["2001:db8:10::7", "2001:db8:99::9"]
	frames = []
	for i in range(120):
	    ip = (IP(src=random.choice(net4), dst="198.51.100.1") if i % 2 else
	          IPv6(src=random.choice(net6), dst="2001:db8:1::1"))
	    l4 = random.choice([TCP(sport=4000, dport=random.choice([22, 80]),
	                            flags=random.choice(["S", "SF", "A", ""])),
	                        UDP(sport=4000, dport=random.choice([53, 123, 161])),
	                        ICMP(type=13) if i % 2 else ICMPv6EchoRequest()])
	    if i % 11 == 0:
	        ip = IP(src="192.0.2.7", dst="198.51.100.1", frag=100, proto=17)
	        l4 = Raw(b"x" * 32)
	    if i % 17 == 0:
	        ip = IP(src="127.0.0.1", dst="198.51.100.1")
	    frames.append(Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / ip / l4)
	frames = [Ether(bytes(f)) for f in frames]
	wrpcap(sys.argv[1] + "/ether.pcap", frames)
	wrpcap(sys.argv[1] + "/raw.pcap", [f.payload for f in frames], linktype=101)
	cooked = [CookedLinux(proto=f.type) / f.payload for f in frames]
	wrpcap(sys.argv[1] + "/cooked.pcap", cooked, linktype=113)
	wrpcapng(sys.argv[1] + "/ether.pcapng", frames)
	open(sys.argv[1] + "/ssh.hex", "w").write(bytes(
	    Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") /
	    IP(src="192.0.2.7", dst="198.51.100.1", ttl=61) /
	    TCP(sport=4000, dport=22, flags="S")).hex(":"))
	sendp(frames, iface="c0")
EOF2

# "rule packets" of the capture and of the kernel's counters, those that are not 0.
summary() {
	"$PYTHON" -c '
import json, sys
said = json.load(open(sys.argv[1]))
print(sorted((row.get("rule", row["by"]), row["packets"]) for row in said["summary"]))' "$1"
}
counted() {
	fw list --json | "$PYTHON" -c '
import json, sys
r = json.load(sys.stdin)
rows = [(rule["id"], rule["packets"]) for rule in r["rules"] if rule["packets"] and rule["verb"] != "count" and rule["name"] != "mld"]
rows += [("default", r["default"]["packets"])] if r["default"]["packets"] else []
malformed = sum(m["packets"] for m in r["malformed"].values())
rows += [("malformed", malformed)] if malformed else []
print(sorted(rows))'
}
wanted=$(counted)
for file in ether.pcap raw.pcap cooked.pcap ether.pcapng; do
	fw explain --pcap "$work/$file" on eth0 --json >"$work/$file.json"
	same "$file: as the kernel counts" "$(summary "$work/$file.json")" "$wanted"
done
ok "as text" fw explain --pcap "$work/ether.pcap"
says "a line for each packet" \
	'^[0-9:.]+ 192\.0\.2\.7:4000 > 198\.51\.100\.1:22 tcp (none|syn|ack) len 40   r2 ssh ALLOW$'
says "the summary" '^120 packets: [0-9]+ allowed, [0-9]+ dropped$'
exits 2 "only the interface can be told" fw explain --pcap "$work/ether.pcap" src 192.0.2.1
head -c 100 "$work/ether.pcap" >"$work/cut.pcap"
exits 5 "a capture cut short" fw explain --pcap "$work/cut.pcap"
says "and why" "cannot read the capture .*cut.pcap: truncated"
exits 5 "no capture" fw explain --pcap /dev/null

ok "hex" fw explain --hex "$(cat "$work/ssh.hex")" on eth0
says "hex: its fields" '^packet: eth0, IPv4, 192\.0\.2\.7:4000 -> 198\.51\.100\.1:22, tcp flags syn/.* ttl 61'
says "hex: the answer" "^answer: allowed by 'ssh' \(r2\)$"
for case in '0x0806:neither IPv4 nor IPv6' '0x0800:IPv4' '0x86dd:IPv6' 'not 0x0800:IPv6' \
	'0x88cc,0x0800:IPv4' 'not 0x88cc:IPv4 or IPv6'; do
	# shellcheck disable=SC2086
	ok "ether ${case%:*}" fw explain ether ${case%:*}
	says "ether ${case%:*}: its family" "^packet: eth0, ${case#*:}, any -> any"
done
ok "malformed hex" fw explain --hex "$(cut -c 1-59 "$work/ssh.hex")"
says "hex: why" 'ip4-header: IPv4 version'
says "hex: malformed" '^answer: dropped as malformed'
exits 2 "no hex" fw explain --hex "zz"
exits 2 "nothing" fw explain
finish
