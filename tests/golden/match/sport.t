rule    allow tcp sport 1024-65535
list    allow tcp sport 1024-65535
packet  tcp 192.0.2.1:1023 > 198.51.100.1:22 drop
packet  tcp 192.0.2.1:1024 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:65535 > 198.51.100.1:22 allow
packet  udp 192.0.2.1:2000 > 198.51.100.1:22 drop

rule    allow tcp sport 1024-
packet  tcp 192.0.2.1:1023 > 198.51.100.1:22 drop
packet  tcp 192.0.2.1:1024 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:65535 > 198.51.100.1:22 allow

rule    drop udp sport 123
list    drop udp sport 123
packet  udp 192.0.2.1:123 > 198.51.100.1:123 drop
packet  udp 192.0.2.1:124 > 198.51.100.1:123 allow
packet  udp [2001:db8::1]:123 > [2001:db8::2]:1 drop
packet  tcp 192.0.2.1:123 > 198.51.100.1:123 allow

rule    drop udp not sport 53
list    drop udp not sport 53
packet  udp 192.0.2.1:53 > 198.51.100.1:1 allow
packet  udp 192.0.2.1:54 > 198.51.100.1:1 drop
packet  udp 192.0.2.1:0 > 198.51.100.1:0 frag later allow
packet  tcp 192.0.2.1:54 > 198.51.100.1:1 allow
