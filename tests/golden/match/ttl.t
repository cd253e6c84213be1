rule    drop ttl 0-1
list    drop ttl 0-1
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 0 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 1 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 2 allow
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 ttl 1 drop
packet  ether 0x88cc allow

rule    drop ttl 0-1 not dst 224.0.0.0/4
list    drop ttl 0-1 not dst 224.0.0.0/4
packet  udp 192.0.2.1:1 > 224.0.0.251:2 ttl 1 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 1 drop

rule    drop not ttl 255
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 255 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 254 drop

rule    drop ttl 256
error   E103 10-12

rule    drop ttl 1,5,64-128
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 5 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 6 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 ttl 100 drop
