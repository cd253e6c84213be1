rule    drop udp len 0-44
list    drop udp len 0-44
packet  udp 192.0.2.1:1 > 198.51.100.1:2 len 28 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 len 44 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 len 45 allow
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 len 48 allow

rule    drop len 64-128
list    drop len 64-128
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 len 63 allow
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 len 64 drop
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 len 128 drop
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 len 129 allow
packet  ether 0x88cc allow

rule    drop len not 40-1500
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 len 40 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 len 1501 drop

rule    drop len 128-64
error   E102 10-15
