# What `check --dump=cubes` prints: place, verdict, line, box, & tests.

cli bpffw check --dump=cubes cubes.fw
file cubes.fw
| version 1
| interface eth0
| default drop
| set s addr { 192.0.2.1, 192.0.2.9-192.0.2.11, 2001:db8::1 }
| chain c {
|   return src 10.9.9.9
|   drop tcp dport 1,3,5 src @s
|   allow smac 02:00:00:00:00:01 dmac 02:00:00:00:00:02
|   allow tcp dport 3 src 192.0.2.9
| }
| allow ether 0x88cc
| allow tcp dport 22 src 10.0.0.0/8,2001:db8::5-2001:db8:0:7::9
| count tcp syn ttl 0-1
| jump c vlan 20
| allow ip6
| drop
| allow icmp type 8
out
| IPv4: 8 cubes
|   1 allow line 12: src 10.0.0.0/8 dport 22 proto 6 frag 0-1
|   2 count line 13: proto 6 frag 0-1 flags 2-234 ttl 0-1 & flags 2,10,34,42,... (16 ranges)
|   4 return line 6: src 10.9.9.9 vlan 20
|   5 drop line 7: src 192.0.2.1-192.0.2.11 dport 1 proto 6 frag 0-1 vlan 20 & src 192.0.2.1,192.0.2.9-192.0.2.11
|   5 drop line 7: src 192.0.2.1-192.0.2.11 dport 3 proto 6 frag 0-1 vlan 20 & src 192.0.2.1,192.0.2.9-192.0.2.11
|   5 drop line 7: src 192.0.2.1-192.0.2.11 dport 5 proto 6 frag 0-1 vlan 20 & src 192.0.2.1,192.0.2.9-192.0.2.11
|   6 allow line 8: vlan 20 smac 02:00:00:00:00:01 dmac 02:00:00:00:00:02
|   9 drop line 16: any
| IPv6: 9 cubes
|   1 allow line 12: src 2001:db8::5-2001:db8::ffff:ffff:ffff:ffff dport 22 proto 6 frag 0-1
|   1 allow line 12: src 2001:db8:0:1::-2001:db8:0:6:ffff:ffff:ffff:ffff dport 22 proto 6 frag 0-1
|   1 allow line 12: src 2001:db8:0:7::-2001:db8:0:7::9 dport 22 proto 6 frag 0-1
|   2 count line 13: proto 6 frag 0-1 flags 2-234 & flags 2,10,34,42,... (16 ranges) & ttl 0-1
|   5 drop line 7: src 2001:db8::1 dport 1 proto 6 frag 0-1 vlan 20
|   5 drop line 7: src 2001:db8::1 dport 3 proto 6 frag 0-1 vlan 20
|   5 drop line 7: src 2001:db8::1 dport 5 proto 6 frag 0-1 vlan 20
|   6 allow line 8: vlan 20 smac 02:00:00:00:00:01 dmac 02:00:00:00:00:02
|   8 allow line 15: any
| not IP: 1 cube
|   0 allow line 11: ether 35020

cli bpffw check --dump=cubes later.fw
file later.fw
| version 1
| interface eth0
| default drop
| scan-limit 20 within 10s per src
exit 2
err
| later.fw:4:1: error: 'scan-limit' is not supported yet [E190]
|   scan-limit 20 within 10s per src
|   ^~~~~~~~~~
| later.fw: 1 error; nothing was changed

# Few rules are not worth a forest, but it can be looked at.
cli bpffw check --dump=stats few.fw
file few.fw
| version 1
| interface eth0
| default drop
| allow tcp dport 22
| allow udp dport 53
out
| classifier: straight-line code, 2 places, proven

cli bpffw check --dump=forest one.fw
file one.fw
| version 1
| interface eth0
| default drop
| allow ip4 tcp dport 22
out
| group 0: ipv4, first place 0, depth 0, largest leaf 1
|   0: leaf 0
