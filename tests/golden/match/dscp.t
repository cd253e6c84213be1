rule    allow dscp ef
list    allow dscp ef
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 46 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 45 drop
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 dscp 46 allow

rule    allow dscp cs0,af11,cs7
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 0 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 10 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 56 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 8 drop

rule    allow dscp 10-14
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 9 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 10 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 14 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dscp 15 drop

rule    allow dscp 64
error   E103 12-13

rule    allow dscp eff
error   E101 12-14
