rule    allow ip4
list    allow ip4
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:2 drop
packet  ether 0x88cc drop

rule    allow ip6
list    allow ip6
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:2 allow

rule    allow ip4 ip6
error   E109 11-13

rule    allow ip4 src 192.0.2.1,2001:db8::1
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:2 drop

rule    allow ip4 src 2001:db8::1
error   E114 15-25
says    IPv6 address in an IPv4-only rule

rule    allow ip6 src 192.0.2.1
error   E114 15-23

rule    allow icmp src 2001:db8::1
error   E114 16-26
