file
| version 1
| interface eth0, eth1
| default drop
| allow tcp dport 22 src 192.0.2.0/24 name ssh
| allow udp dport 53 on eth0
| allow icmp type echo-request
explain tcp src 192.0.2.7 dport 22 syn = allow
explain tcp src 192.0.3.7 dport 22 = drop
explain tcp dport 22 = depends src
explain tcp dport 23 = drop
explain tcp = depends
explain udp dport 53 = depends on
explain udp dport 53 on eth1 = drop
explain icmp type echo-request = allow
explain icmp6 type echo-request = drop
# Neighbour discovery is essential traffic.
explain icmp6 = depends
explain src 192.0.2.0/24 tcp dport 22 = allow
explain src 192.0.0.0/16 tcp dport 22 = depends src
explain tcp not dport 22 = drop

# No rule asks about it yet, so it makes no difference.
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22
| test { expect allow established tcp dport 22 }
explain established tcp dport 22 = allow
explain established tcp dport 23 = drop
explain not established tcp dport 22 = allow
