rule    allow udp
list    allow udp
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag later allow
packet  arp essential
