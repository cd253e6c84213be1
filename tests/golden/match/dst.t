rule    allow dst 198.51.100.1
list    allow dst 198.51.100.1
packet  tcp 192.0.2.7:1 > 198.51.100.1:2 allow
packet  tcp 198.51.100.1:1 > 192.0.2.7:2 drop
packet  tcp [2001:db8::7]:1 > [2001:db8::1]:2 drop

rule    allow to 198.51.100.0/24
list    allow dst 198.51.100.0/24

rule    allow daddr 198.51.100.0/24
list    allow dst 198.51.100.0/24

rule    allow dst ff02::fb
list    allow dst ff02::fb
packet  udp [2001:db8::7]:5353 > [ff02::fb]:5353 allow
packet  udp [2001:db8::7]:5353 > [ff02::fc]:5353 drop

rule    drop not dst 224.0.0.0/4
list    drop not dst 224.0.0.0/4
packet  udp 192.0.2.7:1 > 224.0.0.1:2 allow
packet  udp 192.0.2.7:1 > 239.255.255.255:2 allow
packet  udp 192.0.2.7:1 > 240.0.0.0:2 drop
packet  udp 192.0.2.7:1 > 223.255.255.255:2 drop

# Source and destination pair within a family.
rule    allow src 192.0.2.1,2001:db8::1 dst 192.0.2.2,2001:db8::2
list    allow src 192.0.2.1,2001:db8::1 dst 192.0.2.2,2001:db8::2
packet  tcp 192.0.2.1:1 > 192.0.2.2:1 allow
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:1 allow
packet  tcp 192.0.2.1:1 > 192.0.2.3:1 drop
packet  tcp [2001:db8::1]:1 > [2001:db8::3]:1 drop

# The IPv6 source has no counterpart: only IPv4 is left.
rule    allow src 192.0.2.1,2001:db8::1 dst 192.0.2.2
packet  tcp 192.0.2.1:1 > 192.0.2.2:1 allow
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:1 drop

rule    allow src 192.0.2.1 dst 2001:db8::1
error   E115 25-35
