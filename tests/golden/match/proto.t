rule    allow proto esp, gre, 47
packet  proto 50 192.0.2.1 > 198.51.100.1 allow
packet  proto 47 192.0.2.1 > 198.51.100.1 allow
packet  proto 51 192.0.2.1 > 198.51.100.1 drop
packet  proto 50 2001:db8::1 > 2001:db8::2 allow

rule    allow proto 132
packet  proto 132 192.0.2.1 > 198.51.100.1 allow
packet  proto 131 192.0.2.1 > 198.51.100.1 drop

rule    allow proto 0-255
packet  proto 0 192.0.2.1 > 198.51.100.1 allow
packet  proto 255 2001:db8::1 > 2001:db8::2 allow
packet  ether 0x0842 drop

# 'proto icmp' means icmp: IPv4.
rule    allow proto icmp
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 allow
packet  proto 1 2001:db8::1 > 2001:db8::2 drop

rule    allow proto tcp
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop

rule    drop proto not tcp,udp
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  proto 47 192.0.2.1 > 198.51.100.1 drop
packet  icmp6 2001:db8::1 > 2001:db8::2 drop

rule    allow proto not tcp dport 53
error   E106 21-25

rule    allow proto tcp,gre dport 53
error   E106 21-25

rule    allow proto 256
error   E103 13-15

rule    allow proto gree
error   E101 13-16
help    gre
