# Mixed lists give v4-v4 and v6-v6.
rule    drop src 10.0.0.0/8,fd00::/8 dst 192.0.2.0/24,2001:db8::/32
packet  udp 10.1.1.1:1 > 192.0.2.1:1 drop
packet  udp [fd00::1]:1 > [2001:db8::1]:1 drop
packet  udp 10.1.1.1:1 > 192.0.3.1:1 allow
packet  udp [fd00::1]:1 > [2001:db9::1]:1 allow

rule    drop not src 192.0.2.0/24 dst 2001:db8::/32
error   E115 31-43

rule    allow icmp6 dst 192.0.2.1
error   E114 17-25

rule    allow icmp ip6
error   E109 12-14

# A negated list keeps the families of its addresses.
rule    drop not src 2001:db8::/32
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  tcp [2001:db8::1]:1 > [2001:db9::2]:2 allow
packet  tcp [2001:db9::1]:1 > [2001:db8::2]:2 drop

rule    allow ip6 not src fe80::/10
packet  tcp [fe80::1]:1 > [2001:db8::2]:2 drop
packet  tcp [2001:db9::1]:1 > [2001:db8::2]:2 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 drop
