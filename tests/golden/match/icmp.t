rule    allow icmp
list    allow icmp
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 0 allow
packet  icmp6 2001:db8::1 > 2001:db8::2 type 128 drop
packet  proto 1 2001:db8::1 > 2001:db8::2 drop
packet  icmp 192.0.2.1 > 198.51.100.1 frag later allow

rule    allow icmp type echo-request
list    allow icmp type echo-request
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 0 drop
packet  icmp 192.0.2.1 > 198.51.100.1 frag later drop
packet  icmp6 2001:db8::1 > 2001:db8::2 type 8 drop

rule    allow icmp type 8
list    allow icmp type echo-request

# Type 0 is the echo reply; a later fragment has no type.
rule    allow icmp type echo-reply
list    allow icmp type echo-reply
packet  icmp 192.0.2.1 > 198.51.100.1 type 0 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 0 frag later drop

rule    allow icmp type destination-unreachable code 4
list    allow icmp type destination-unreachable code 4
packet  icmp 192.0.2.1 > 198.51.100.1 type 3 code 4 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 3 code 1 drop
packet  icmp 192.0.2.1 > 198.51.100.1 type 5 code 4 drop

rule    allow icmp type echo-request,echo-reply,time-exceeded
list    allow icmp type echo-request,echo-reply,time-exceeded
packet  icmp 192.0.2.1 > 198.51.100.1 type 11 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 12 drop

rule    allow icmp type 0-8 code 0
packet  icmp 192.0.2.1 > 198.51.100.1 type 0 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 9 drop
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 code 1 drop

rule    drop icmp type not echo-request
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 5 drop
packet  icmp 192.0.2.1 > 198.51.100.1 type 0 frag later allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow

rule    allow icmp type 256
error   E103 17-19

rule    allow icmp type echo-requst
error   E101 17-27
help    echo-request

rule    allow icmp code 4
error   E001 12-15
