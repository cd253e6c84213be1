rule    allow dport 22
error   E106 7-11
says    a port needs a protocol
help    allow tcp dport 22

rule    drop sport 22
error   E106 6-10

rule    allow icmp dport 80
error   E107 12-16
says    icmp has no ports

rule    allow proto gre dport 80
error   E107 17-21

rule    allow tcp udp dport 53
error   E108 11-13
says    two protocols in one rule
help    proto tcp,udp

rule    allow icmp icmp6
error   E108 12-16

rule    allow tcp proto udp
error   E108 11-15

rule    allow tcp tcp
error   E006 11-13

# A port behind the protocol or in front of it: the order does not matter.
rule    allow dport 22 tcp
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:22 drop

rule    drop dport 22 src 192.0.2.1 tcp not sport 1-1023
packet  tcp 192.0.2.1:1024 > 198.51.100.1:22 drop
packet  tcp 192.0.2.1:1023 > 198.51.100.1:22 allow
