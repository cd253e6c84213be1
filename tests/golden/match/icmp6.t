rule    allow icmp6
list    allow icmp6
packet  icmp6 2001:db8::1 > 2001:db8::2 type 128 allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 drop
packet  proto 58 192.0.2.1 > 198.51.100.1 drop

rule    allow icmpv6 type echo-request
list    allow icmp6 type echo-request
packet  icmp6 2001:db8::1 > 2001:db8::2 type 128 allow
packet  icmp6 2001:db8::1 > 2001:db8::2 type 129 drop
packet  icmp6 2001:db8::1 > 2001:db8::2 type 8 drop

rule    allow icmp6 type packet-too-big
list    allow icmp6 type packet-too-big
packet  icmp6 2001:db8::1 > 2001:db8::2 type 2 allow

rule    allow icmp6 type destination-unreachable code 4
list    allow icmp6 type destination-unreachable code 4
packet  icmp6 2001:db8::1 > 2001:db8::2 type 1 code 4 allow
packet  icmp6 2001:db8::1 > 2001:db8::2 type 1 code 3 drop
packet  icmp6 2001:db8::1 > 2001:db8::2 type 3 code 4 drop

rule    drop not icmp6
packet  icmp6 2001:db8::1 > 2001:db8::2 type 128 allow
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:2 drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 allow
