rule    allow tcp
list    allow tcp
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  icmp 192.0.2.1 > 198.51.100.1 drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 frag later allow

rule    drop not tcp
list    drop not tcp
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  proto 47 192.0.2.1 > 198.51.100.1 drop
packet  icmp6 2001:db8::1 > 2001:db8::2 drop
packet  ether 0x88cc allow

# Ports cannot follow 'not tcp'.
rule    drop not tcp dport 53
error   E106 14-18
