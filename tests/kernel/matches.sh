#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every match over the wire: a `count` rule each, frames made by scapy, exact counters. Then the
# options of the file, each with the frame that shows it.
. "$(dirname "$0")/lib.sh"
setup
settle_neighbours

# totals NAME=COUNT...: wait a moment for the frames to arrive, then all must be exact.
totals() {
	local wanted
	for wanted in "$@"; do same "$label: ${wanted%=*}" "$(counter "${wanted%=*}")" "${wanted#*=}"; done
}

for mode in native generic; do
	label="$mode, matches"
	rules <<-EOF
		version 1
		interface eth0 mode $mode
		default allow
		set nets addr { 203.0.113.0/24, 2001:db8:5::/48 }
		set ports port { 1000-1999, 5353 }
		set macs mac { 02:00:00:00:00:07 }
		drop icmp6 type 143 name mld
		count src 203.0.113.5 name src4
		count src 2001:db8:5::1-2001:db8:5::ff name src6
		count dst 198.51.100.0/24 ip4 proto 99 name dst4
		count dst 2001:db8:1::1 proto 99 name dst6
		count tcp sport 4000-4010 name sport
		count tcp dport 4001,4003 name dport
		count tcp not dport 4001,4003 sport 4000 name not-dport
		count src @nets proto 99 name set-addr
		count udp dport @ports name set-port
		count smac @macs name set-mac
		count smac 02:00:00:00:00:08 name smac
		count dmac 01:00:5e:00:00:01 name dmac
		count ether 0x88cc name ether
		count tcp syn dport 4002 name syn
		count tcp flags none/all name null
		count tcp flags syn,fin/syn,fin name syn-fin
		count icmp type echo-request code 7 name icmp
		count icmp6 type 200 code 3 name icmp6
		count proto 99 len 120-130 name len
		count proto 99 ttl 7 name ttl
		count proto 99 dscp ef name dscp
		count proto 99 vlan 20 name vlan
		count proto 99 on eth0 name on
		count frag first name first
		count frag later name later
		count proto 99 frag no not src @nets name whole
		count proto gre,132 name protos
	EOF
	ok "$label: apply" fw apply "$work/rules.fw"
	ok "$label: reset" fw reset
	send 3 "mac()/IP(src='203.0.113.5',dst='$server4',proto=99)" \
		"mac()/IPv6(src='2001:db8:5::ff',dst='$server6',nh=99)" \
		"mac()/IP(src='$client4',dst='$server4')/TCP(sport=4000,dport=4001,flags='A')" \
		"mac()/IP(src='$client4',dst='$server4')/TCP(sport=4010,dport=4002,flags='S')" \
		"mac()/IP(src='$client4',dst='$server4')/TCP(sport=4000,dport=4004,flags='')" \
		"mac()/IPv6(src='$client6',dst='$server6')/TCP(sport=4011,dport=4003,flags='SF')" \
		"mac()/IPv6(src='$client6',dst='$server6')/UDP(sport=9,dport=1999)" \
		"mac()/IP(src='$client4',dst='$server4')/UDP(sport=9,dport=2000)" \
		"Ether(src='02:00:00:00:00:07',dst='01:00:5e:00:00:01')/IP(src='$client4',dst='224.0.0.1',proto=98)" \
		"Ether(src='02:00:00:00:00:08',dst='ff:ff:ff:ff:ff:ff')/IPv6(src='$client6',dst='$server6',nh=98)" \
		"mac()/IP(src='$client4',dst='$server4')/ICMP(type=8,code=7)" \
		"mac()/IPv6(src='$client6',dst='$server6',nh=58)/(b'\xc8\x03\0\0'+b'x'*8)" \
		"mac()/IP(src='$client4',dst='$server4',proto=99,ttl=7,tos=0xb8)/(b'x'*100)" \
		"mac()/IPv6(src='$client6',dst='$server6',nh=99,hlim=7,tc=0xb9)/(b'x'*90)" \
		"Ether(src='02:00:00:00:00:02',dst='ff:ff:ff:ff:ff:ff')/Dot1Q(vlan=20)/IP(src='$client4',dst='$server4',proto=99)" \
		"mac()/IP(src='$client4',dst='$server4',flags='MF')/UDP(dport=1000)/(b'x'*16)" \
		"mac()/IP(src='$client4',dst='$server4',frag=9,proto=17)/(b'\x03\xe8\x03\xe8'*4)" \
		"mac()/IPv6(src='$client6',dst='$server6')/IPv6ExtHdrFragment(offset=9,nh=6)/(b'\x0f\xa1\x0f\xa1'*6)" \
		"mac()/IP(src='$client4',dst='$server4')/GRE()/(b'x'*20)" \
		"mac()/IPv6(src='$client6',dst='$server6',nh=132)/(b'x'*20)" \
		"Ether(src='02:00:00:00:00:02',dst='01:80:c2:00:00:0e',type=0x88cc)/(b'x'*50)"
	totals src4=3 src6=3 dst4=9 dst6=6 sport=9 dport=6 not-dport=3 set-addr=6 set-port=6 \
		set-mac=3 smac=3 dmac=3 ether=3 syn=3 null=3 syn-fin=3 icmp=3 icmp6=3 len=6 ttl=6 \
		dscp=6 vlan=3 on=15 first=3 later=6 whole=9 protos=6

	label="$mode, options"
	option() { # option LINE... : the ruleset with these lines
		rules <<-EOF
			version 1
			interface eth0 mode $mode
			default drop
			drop icmp6 type 143 name mld
			allow udp dport 53 name dns
			allow src $client4 name client
			$(printf '%s\n' "$@")
		EOF
		ok "$label: apply '$*'" fw apply "$work/rules.fw"
		ok "$label: reset" fw reset
		send 2 "mac()/IP(src='$client4',dst='$server4',flags='MF')/UDP(dport=53)/(b'x'*16)" \
			"mac()/IP(src='$client4',dst='$server4',frag=9,proto=17)/(b'x'*16)" \
			"mac()/IP(src='127.0.0.1',dst='$server4')/UDP(dport=53)" \
			"mac()/IP(src='$client4',dst='$server4',ihl=4)/UDP(dport=53)" \
			"mac()/ARP(psrc='$client4',pdst='198.51.100.77')"
	}
	json() { fw list --json | "$PYTHON" -c "
import json, sys
r = json.load(sys.stdin)
m = {k: v['packets'] for k, v in r['malformed'].items()}
e = r['essential']
print(m.get('spoof-source', 0), m.get('ip4-header', 0), 'off' if e is None else e['packets'] >= 2)"; }
	option
	totals dns=2 client=2 default=0
	same "$label: malformed, essential" "$(json)" "2 2 True"
	option "option fragments drop"
	totals dns=0 client=0
	option "option fragments pass"
	totals dns=2 client=0
	option "option antispoof off"
	totals dns=4 client=2
	same "$label: antispoof off" "$(json)" "0 2 True"
	option "option malformed pass"
	totals dns=2 client=2
	same "$label: malformed pass, still counted" "$(json)" "2 2 True"
	option "essential off" "allow ether 0x0806 name arp"
	totals arp=2
	same "$label: essential off" "$(json)" "2 2 off"
	ok "$label: panic open" fw panic open
done
finish
