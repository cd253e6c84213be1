file
| version 1
| interface eth0
| default drop
| define office = 192.0.2.0/24, 2001:db8:10::/48
| allow tcp dport ssh src $office name ssh-office
| allow tcp dport http,https name web
| test {
|     expect allow tcp src 192.0.2.7 dport 22 syn
|     expect drop  tcp src 203.0.113.9 dport 22 syn
|     expect allow tcp src 2001:db8::5 dport 443 syn
|     expect drop  udp dport 161
| }

# One that does not hold names the rule and the field it depends on.
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 src 192.0.2.0/24 name ssh
| test {
|     expect allow tcp dport 22
| }
error   E183 6:5-29
says    src

file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 name ssh
| test {
|     expect drop tcp dport 22
|     expect drop tcp dport 23
| }
error   E183 6:5-28
says    ssh

# Any value of a field that is not given: both families.
file
| version 1
| interface eth0
| default drop
| allow ip4 tcp dport 22
| test {
|     expect allow tcp dport 22
| }
error   E183 6:5-29

# A description is unfragmented packets.
file
| version 1
| interface eth0
| default drop
| drop frag any
| allow udp dport 53
| test {
|     expect allow udp dport 53
| }

# Any listed interface.
file
| version 1
| interface eth0, eth1
| default drop
| allow tcp dport 22 on eth0
| test {
|     expect allow tcp dport 22
| }
error   E183 6:5-29
says    on

file
| version 1
| interface eth0, eth1
| default drop
| allow tcp dport 22 on eth0
| test {
|     expect allow tcp dport 22 on eth0
|     expect drop tcp dport 22 on eth1
|     expect drop tcp dport 22 not on eth0
| }

file
| version 1
| interface eth0
| default drop
| test {
|     expect maybe tcp
| }
error   E001 5:12-16

# Disabled rules are absent.
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 disabled
| test {
|     expect drop tcp dport 22
| }

# Rules that split a field between them are seen through.
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 src 192.0.2.0/24
| drop tcp dport 22
| allow tcp
| test {
|     expect drop tcp src 192.0.3.9 dport 22
|     expect allow tcp src 192.0.3.9 dport 23
| }
