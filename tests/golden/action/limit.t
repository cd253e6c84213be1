# A limit acts on the excess only: within it a packet goes on to the next rule.
file
| version 1
| interface eth0
| default drop
| option fragments drop
| chain udp-services {
|     rate-limit 10/s per src,dport udp
|     return udp dport 53
|     rate-limit 20kbit/s udp
|     drop udp dport 54
| }
| rate-limit 1k/s per src/24/56 tcp exceed count
| syn-limit 6/m burst 6 per src tcp dport 22
| jump udp-services
| allow tcp dport 22
| allow udp dport 53-55
| allow icmp rate 10/s
| drop icmp
| test {
|     expect allow tcp dport 22 syn
|     expect exceed tcp dport 22 syn
|     expect allow udp dport 53
|     expect exceed udp dport 53
|     expect drop udp dport 54
|     expect allow icmp type echo-request
|     expect exceed icmp type echo-request
| }
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 syn  allow
packet  tcp [2001:db8::1]:4000 > [2001:db8::2]:22 syn  allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:23 syn  drop
packet  udp 192.0.2.1:4000 > 198.51.100.1:53  allow
packet  udp 192.0.2.1:4000 > 198.51.100.1:54  drop
packet  udp 192.0.2.1:4000 > 198.51.100.1:55  allow
packet  icmp 192.0.2.1 > 198.51.100.1 type 8 allow
warning W203
warning W201
warning W211

# What no limit meets.
file
| version 1
| interface eth0
| default allow
| rate-limit 10/s udp dport 53
| test {
|     expect exceed udp dport 54
|     expect exceed udp
| }
error   E183 6:5-30
error   E183 7:5-21

# A packet's way holds 13 limits; those that cannot meet do not count.
file
| version 1
| interface eth0
| default allow
| rate-limit 1/s udp name l1
| rate-limit 2/s udp name l2
| rate-limit 3/s udp
| rate-limit 4/s udp
| rate-limit 5/s udp
| rate-limit 6/s udp
| rate-limit 7/s udp
| rate-limit 8/s udp
| rate-limit 9/s udp
| rate-limit 10/s udp
| rate-limit 11/s udp
| rate-limit 12/s udp
| rate-limit 13/s udp
| rate-limit 15/s udp dport 53
error   E192 3:1-13
says    'l1', 'l2' and 12 more

file
| version 1
| interface eth0
| default allow
| rate-limit 1/s udp dport 1
| rate-limit 1/s udp dport 2
| rate-limit 1/s udp dport 3
| rate-limit 1/s udp dport 4
| rate-limit 1/s udp dport 5
| rate-limit 1/s udp dport 6
| rate-limit 1/s udp dport 7
| rate-limit 1/s udp dport 8
| rate-limit 1/s udp dst 192.0.2.1
| rate-limit 1/s udp dst 192.0.2.2
| rate-limit 1/s udp dst 192.0.2.3
| rate-limit 1/s udp dst 192.0.2.4
| rate-limit 1/s udp dst 192.0.2.5
| rate-limit 1/s udp dst 192.0.2.6
| rate-limit 1/s udp dst 192.0.2.7
| rate-limit 1/s udp dst 192.0.2.8
| rate-limit 1/s tcp
| allow udp rate 1/s
| allow tcp dport 99
packet  udp 192.0.2.1:4000 > 192.0.2.8:8  allow
warning W211

# What lets the excess in decides nothing within the limit.
file
| version 1
| interface eth0
| default drop
| option fragments drop
| allow established
| rate-limit 10/s per src udp dport 53 exceed allow
| drop udp dport 53
| allow tcp dport 80 rate 100/s exceed allow
| test {
|     expect drop udp dport 53
|     expect exceed udp dport 53
|     expect allow tcp dport 80
| }
packet  udp 192.0.2.1:4000 > 198.51.100.1:53 drop
packet  udp [2001:db8::1]:4000 > [2001:db8::2]:53 drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:80 allow

rule    rate-limit 10/s burst 100000000 udp
error   E136 23-31

# SYNs only.
rule    syn-limit 6/m per src tcp dport 22
list    syn-limit 6/min per src tcp dport 22
