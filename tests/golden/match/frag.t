rule    drop frag any
list    drop frag any
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag first drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag later drop
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 frag later drop

rule    drop frag first
list    drop frag first
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag first drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag later allow

rule    drop frag later
list    drop frag later
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag first allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag later drop

rule    drop frag no
list    drop frag no
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag first allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag later allow
packet  ether 0x88cc allow

rule    drop udp frag later
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag later drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 frag later allow

rule    drop udp frag first dport 53
packet  udp 192.0.2.1:1 > 198.51.100.1:53 frag first drop
packet  udp 192.0.2.1:1 > 198.51.100.1:53 allow

rule    drop frag sometimes
error   E101 11-19

# A later fragment has no layer 4: together with a match on it the rule could never match.
rule    drop udp dport 53 frag later
error   E109 10-17

rule    drop tcp syn frag later
error   E109 10-12

rule    drop icmp type echo-request frag later
error   E109 11-27

rule    drop tcp flags ack frag later
error   E109 10-18
