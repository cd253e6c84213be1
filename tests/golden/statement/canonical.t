file
| version 1
| interface eth0
| default deny
canonical
| version 1
| interface eth0
| default drop

# Aliases, defines and service names are gone, the order is kept.
file
| version 1
| interface eth0
| default drop
| define office = 192.0.2.0/24
| accept tcp dport ssh from $office name ssh   # a comment
| block icmpv6
canonical
| version 1
| interface eth0
| default drop
| allow tcp dport 22 src 192.0.2.0/24 name ssh
| drop icmp6
