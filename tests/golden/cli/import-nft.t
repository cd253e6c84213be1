# `import nft`: each construct, the file it becomes and the report.

# Sets, defines, lists, ranges, pairs and verdict maps.
cli bpffw import nft -
stdin
| define LAN = { 10.0.0.0/8, 192.168.0.0/16 }
| define PORTS = { 22, 80-90 }
| table inet filter {
| 	set bad {
| 		type ipv4_addr
| 		flags interval
| 		elements = { 203.0.113.0/24, 198.51.100.7 counter packets 1 bytes 40 comment "x" }
| 	}
| 	set bad6 { type ipv6_addr; flags interval; elements = { 2001:db8:bad::/48 }; }
| 	set ports { type inet_service; elements = { 6881, 6889 } }
| 	set macs { type ether_addr; elements = { 02:00:00:00:00:01 } }
| 	set protos { type inet_proto; elements = { 47, esp } }
| 	set pairs { type ipv4_addr . inet_service; elements = { 192.0.2.1 . 22, 192.0.2.2 . 8000-8010 } }
| 	map svc { type inet_service : verdict; elements = { 25 : jump mail, 26 : drop } }
| 	chain mail { ip saddr 10.0.0.0/8 accept; drop; }
| 	chain input {
| 		type filter hook input priority filter; policy drop;
| 		iif "lo" accept
| 		iifname != "lo" ip daddr 127.0.0.0/8 drop
| 		ip saddr @bad counter packets 12 bytes 34 drop
| 		ip6 saddr @bad6 drop
| 		udp dport @ports drop
| 		ether saddr @macs accept
| 		meta l4proto @protos accept
| 		ip saddr $LAN tcp dport $PORTS accept
| 		ip saddr . tcp dport @pairs accept
| 		ip daddr . udp dport { 192.0.2.9 . 53, 192.0.2.9 . 123 } accept
| 		tcp dport vmap @svc
| 		ip saddr vmap { 10.0.0.1 : accept, 10.0.0.2-10.0.0.9 : drop }
| 		iifname { "eth0", "wan*" } udp sport != 53 ip ttl < 5 drop
| 		meta l4proto { tcp, udp } th dport 53 accept
| 		ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
| 		icmp type echo-request icmp code 0 accept
| 		meta nfproto ipv6 tcp dport 22 accept comment "ssh"
| 	}
| }
exit 0
out
| # imported: 19 rules read, 18 translated, 1 with a note, 0 not translated
| # policy: chain inet filter input drop became 'default drop'
| # output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| # 'default drop' is for what the input drops; frames other than IP are left alone at the end
| version 1
| interface eth0,wan*
| default drop
| option fragments pass
| set bad addr { 198.51.100.7, 203.0.113.0/24 }
| set bad6 addr { 2001:db8:bad::/48 }
| set ports port { 6881, 6889 }
| set macs mac { 02:00:00:00:00:01 }
|
| chain mail {
| 	allow src 10.0.0.0/8
| 	drop
| }
|
| # line 18: not needed: bpffw is on no loopback interface
| drop dst 127.0.0.0/8
| drop ip4 src @bad
| drop ip6 src @bad6
| drop udp dport @ports
| allow smac @macs
| allow proto gre,esp
| allow tcp src 10.0.0.0/8,192.168.0.0/16 dport 22,80-90
| allow tcp src 192.0.2.1 dport 22
| allow tcp src 192.0.2.2 dport 8000-8010
| allow udp dst 192.0.2.9 dport 53
| allow udp dst 192.0.2.9 dport 123
| jump mail tcp dport 25
| drop tcp dport 26
| allow src 10.0.0.1
| drop src 10.0.0.2-10.0.0.9
| drop ip4 udp not sport 53 ttl 0-4 on eth0,wan*
| allow proto tcp,udp dport 53
| allow icmp6 type 135-136 ttl 255
| allow icmp type echo-request code 0
| allow ip6 tcp dport 22 comment "ssh"
|
| # what the input leaves alone
| allow not ether 0x0800,0x86dd
err
| -: 19 rules read: 18 translated, 1 with a note, 0 not translated
|   line 18: not needed: bpffw is on no loopback interface
| policy: chain inet filter input drop became 'default drop'
| output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| 'default drop' is for what the input drops; frames other than IP are left alone at the end

# TCP flags, lengths, DSCP and what only ingress sees.
cli bpffw import nft -
stdin
| table netdev early {
| 	chain ingress {
| 		type filter hook ingress devices = { eth0, eth1 } priority -500; policy accept;
| 		ip frag-off & 0x1fff != 0 drop
| 		tcp flags & (fin | syn | rst | ack) == syn accept
| 		tcp flags syn,ack drop
| 		tcp flags == syn drop
| 		tcp flags ! syn drop
| 		tcp flags & (fin|syn) == (fin|syn) drop
| 		tcp flags & syn != 0 drop
| 		ip length 0-44 udp dport 53 drop
| 		ip6 length < 20 drop
| 		ip dscp { ef, af41 } accept
| 		vlan id 20 accept
| 		ether daddr 02:00:00:00:00:01 drop
| 		meta pkttype broadcast drop
| 	}
| }
exit 0
out
| # imported: 13 rules read, 13 translated, 0 with a note, 0 not translated
| # policy: chain netdev early ingress accept became 'default allow'
| # output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| version 1
| interface eth0
| default allow
|
| drop ip4 frag later
| allow tcp syn
| drop tcp not flags none/syn,ack
| drop tcp flags syn/all
| drop tcp flags none/syn
| drop tcp flags syn,fin/syn,fin
| drop tcp not flags none/syn
| drop ip4 udp dport 53 len 0-44
| drop ip6 len 40-59
| allow ip4 dscp af41,ef
| allow vlan 20
| drop dmac 02:00:00:00:00:01
| drop dmac ff:ff:ff:ff:ff:ff
err
| -: 13 rules read: 13 translated, 0 with a note, 0 not translated
| policy: chain netdev early ingress accept became 'default allow'
| output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)

# States, limits, meters, logs.
cli bpffw import nft -
stdin
| table inet filter {
| 	set denylist { type ipv4_addr; flags dynamic,timeout; timeout 10m; }
| 	set flood { type ipv4_addr; size 65535; flags dynamic; }
| 	chain input {
| 		type filter hook input priority 0; policy drop;
| 		ct state vmap { established : accept, related : accept, invalid : drop }
| 		ct state established,related accept
| 		ct state invalid drop
| 		ct state new tcp dport 22 accept
| 		ct state new,established tcp dport 80 accept
| 		icmp type echo-request limit rate 10/second burst 20 packets accept
| 		tcp dport 22 ct state new limit rate over 6/minute burst 6 packets drop
| 		udp dport 53 add @flood { ip saddr limit rate over 20/second } drop
| 		udp dport 54 limit rate over 30/second burst 40 packets accept
| 		tcp dport 80 meter web { ip saddr ct count over 20 } reject with tcp reset
| 		tcp dport 23 add @denylist { ip saddr } drop
| 		ip saddr @denylist drop
| 		limit rate 5/minute log prefix "in: "
| 		tcp dport 113 log drop
| 		udp dport 1 limit rate over 10 mbytes/second drop
| 		reject with icmpx type admin-prohibited
| 	}
| }
exit 0
out
| # imported: 16 rules read, 0 translated, 13 with a note, 3 not translated
| # policy: chain inet filter input drop became 'default drop'
| # output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
| set denylist addr timeout 600s
|
| # line 6: the state became 'established': answers to what this host sent, by bpffw's own table of flows; invalid is left out: bpffw has no conntrack
| allow established
| # line 7: the state became 'established': answers to what this host sent, by bpffw's own table of flows
| allow established
| # line 8 is not translated: ct state invalid drop
| #   bpffw has no conntrack: it drops malformed packets before any rule and knows no other such state; WHAT IT DROPS GOES ON
| # line 9: new is not looked at: what is established was allowed before
| allow tcp dport 22
| # line 10: the states are not looked at: they are all but invalid
| allow tcp dport 80
| # line 11: what is over the limit is dropped; in nft it goes on to the next rule
| allow icmp type echo-request rate 10/s burst 20
| # line 12: the limit became a syn-limit: the same rate, buckets of bpffw's own kind
| syn-limit 6/min burst 6 tcp dport 22
| # line 13: the limit became a rate-limit: the same rate, buckets of bpffw's own kind
| rate-limit 20/s burst 5 per src ip4 udp dport 53
| # line 14: the limit became a rate-limit: the same rate, buckets of bpffw's own kind
| rate-limit 30/s burst 40 udp dport 54 exceed allow
| # line 15: reject became drop (XDP cannot send a reply); it became a conn-limit: it counts what bpffw has seen
| conn-limit 20 per src ip4 tcp dport 80
| # line 16 is not translated: tcp dport 23 add @denylist { ip saddr } drop
| #   set @denylist is filled by packets: write 'blacklist @set for T' or a limit with 'exceed blacklist'; WHAT IT DROPS GOES ON
| # line 17: set denylist holds here what it held when it was listed
| drop ip4 src @denylist
| # line 18: it goes to the events of bpffw, not to the kernel log; its limit became one event a second at most
| log every 1s comment "in: "
| # line 19: it goes to the events of bpffw, not to the kernel log
| drop tcp dport 113 log
| # line 20 is not translated: udp dport 1 limit rate over 10 mbytes/second drop
| #   a limit of bytes is not translated; WHAT IT DROPS GOES ON
| # line 21: reject became drop (XDP cannot send a reply)
| drop
|
| # what the input leaves alone
| allow not ether 0x0800,0x86dd
err
| -: 16 rules read: 0 translated, 13 with a note, 3 not translated (comments mark them in the output)
|   line 6: the state became 'established': answers to what this host sent, by bpffw's own table of flows; invalid is left out: bpffw has no conntrack
|   line 7: the state became 'established': answers to what this host sent, by bpffw's own table of flows
|   line 8: bpffw has no conntrack: it drops malformed packets before any rule and knows no other such state; WHAT IT DROPS GOES ON
|   line 9: new is not looked at: what is established was allowed before
|   line 10: the states are not looked at: they are all but invalid
|   line 11: what is over the limit is dropped; in nft it goes on to the next rule
|   line 12: the limit became a syn-limit: the same rate, buckets of bpffw's own kind
|   line 13: the limit became a rate-limit: the same rate, buckets of bpffw's own kind
|   line 14: the limit became a rate-limit: the same rate, buckets of bpffw's own kind
|   line 15: reject became drop (XDP cannot send a reply); it became a conn-limit: it counts what bpffw has seen
|   line 16: set @denylist is filled by packets: write 'blacklist @set for T' or a limit with 'exceed blacklist'; WHAT IT DROPS GOES ON
|   line 17: set denylist holds here what it held when it was listed
|   line 18: it goes to the events of bpffw, not to the kernel log; its limit became one event a second at most
|   line 19: it goes to the events of bpffw, not to the kernel log
|   line 20: a limit of bytes is not translated; WHAT IT DROPS GOES ON
|   line 21: reject became drop (XDP cannot send a reply)
| policy: chain inet filter input drop became 'default drop'
| output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; frames other than IP are left alone at the end

# Hooks: two chains at input, one at prerouting; other hooks and tables.
cli bpffw import nft -
stdin
| table inet a {
| 	chain pre { type filter hook prerouting priority raw; policy accept;
| 		ip saddr 192.0.2.0/24 accept
| 		udp dport 19 drop
| 		jump more
| 	}
| 	chain more { ip saddr 198.51.100.1 accept; ip saddr 198.51.100.2 return; }
| 	chain last { type filter hook input priority 10; policy drop;
| 		tcp dport 22 accept
| 	}
| 	chain forward { type filter hook forward priority 0; policy drop; tcp dport 80 accept; }
| }
| table ip nat {
| 	chain pre { type nat hook prerouting priority dstnat; tcp dport 80 dnat to 10.0.0.1; }
| }
| table ip6 only6 {
| 	chain in { type filter hook input priority 20; policy accept; tcp dport 23 drop; }
| }
exit 0
out
| # imported: 9 rules read, 6 translated, 0 with a note, 3 not translated
| # policy: chain ip6 only6 in accept became 'default allow'
| # output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| version 1
| interface eth0
| default allow
| option fragments pass
|
| chain pre {
| 	return src 192.0.2.0/24
| 	drop udp dport 19
| 	jump more
| }
|
| chain more {
| 	# line 7 is not translated: ip saddr 198.51.100.1 accept
| 	#   it accepts for this hook only: another chain decides later, and bpffw has no word for that in a chain; what it lets pass goes on
| 	return src 198.51.100.2
| }
|
| chain last {
| 	return tcp dport 22
| 	drop
| }
|
| jump pre
| jump last
| drop ip6 tcp dport 23
|
| # line 11 is not translated: tcp dport 80 accept
| #   chain forward: not on the way of packets that come in
| # line 14 is not translated: tcp dport 80 dnat to 10.0.0.1
| #   chain pre-1: not on the way of packets that come in
err
| -: 9 rules read: 6 translated, 0 with a note, 3 not translated (comments mark them in the output)
|   line 7: it accepts for this hook only: another chain decides later, and bpffw has no word for that in a chain; what it lets pass goes on
|   line 11: chain forward: not on the way of packets that come in
|   line 14: chain pre-1: not on the way of packets that come in
| policy: chain ip6 only6 in accept became 'default allow'
| output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)

# A file of commands, and what is not understood.
cli bpffw import nft -
stdin
| #!/usr/sbin/nft -f
| flush ruleset
| include "/etc/nftables.d/*.nft"
| add table inet t
| add chain inet t input { type filter hook input priority 0; policy accept; }
| add set inet t s { type ipv4_addr; }
| add element inet t s { 192.0.2.1, 192.0.2.2 }
| add rule inet t input ip saddr @s drop
| add rule inet t input tcp dport ssh accept
| add rule inet t input fib daddr type broadcast drop
| add rule inet t input meta mark 1 accept
| add rule inet t input ip saddr @missing drop
| add rule inet t input jump nowhere
| add rule inet t input tcp dport $UNDEFINED drop
| add rule inet t input ip saddr 10.0.0.1 ip6 saddr ::1 drop
| add rule inet t input queue num 0
| what is this { ; }
| }
exit 0
out
| # imported: 11 rules read, 2 translated, 1 with a note, 8 not translated
| # policy: chain inet t input accept became 'default allow'
| # output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| version 1
| interface eth0
| default allow
| option fragments pass
| set s addr { 192.0.2.1-192.0.2.2 }
|
| drop ip4 src @s
| allow tcp dport 22
| # line 10 is not translated: fib daddr type broadcast drop
| #   'fib' has no counterpart in bpffw; WHAT IT DROPS GOES ON
| # line 11 is not translated: meta mark 1 accept
| #   'meta' has no counterpart in bpffw; what it lets pass goes on
| # line 12 is not translated: ip saddr @missing drop
| #   there is no set 'missing' in the file; WHAT IT DROPS GOES ON
| # line 13 is not translated: jump nowhere
| #   there is no chain 'nowhere'
| # line 14 is not translated: tcp dport $UNDEFINED drop
| #   value '$UNDEFINED' is not understood; WHAT IT DROPS GOES ON
| # line 15: it can never match
| # line 16 is not translated: queue num 0
| #   'queue' has no counterpart in bpffw
|
| # line 3 is not translated: include "/etc/nftables.d/*.nft
| #   included files are not read: use 'nft list ruleset'
| # line 17 is not translated: what is this { ; }
| #   it is not understood
err
| -: 11 rules read: 2 translated, 1 with a note, 8 not translated (comments mark them in the output)
|   line 3: included files are not read: use 'nft list ruleset'
|   line 10: 'fib' has no counterpart in bpffw; WHAT IT DROPS GOES ON
|   line 11: 'meta' has no counterpart in bpffw; what it lets pass goes on
|   line 12: there is no set 'missing' in the file; WHAT IT DROPS GOES ON
|   line 13: there is no chain 'nowhere'
|   line 14: value '$UNDEFINED' is not understood; WHAT IT DROPS GOES ON
|   line 15: it can never match
|   line 16: 'queue' has no counterpart in bpffw
|   line 17: it is not understood
| policy: chain inet t input accept became 'default allow'
| output and forward hooks are not covered; if this host forwards packets (a router, containers): they meet these rules, too
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: the input hook sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)

# And back: what is over a rate gets its own line.
cli bpffw export nft -
stdin
| version 1
| interface eth0
| default drop
| essential off
| rate-limit 10/s udp dport 53 exceed allow
| allow tcp rate 10/s exceed count
exit 0
out
| # made by 'bpffw export nft': the same at the input hook, as far as nft can say it
| # the input hook sees whole packets, and not those that this host forwards
| table inet bpffw
| delete table inet bpffw
| table inet bpffw {
| 	chain input {
| 		type filter hook input priority filter; policy drop;
| 		iifname != { "eth0" } accept
| 		 meta l4proto { 17 } th dport { 53 } limit rate over 10/second burst 10 packets counter accept
| 		 meta l4proto { 6 } limit rate over 10/second burst 10 packets counter
| 		 meta l4proto { 6 } counter accept
| 	}
| }
