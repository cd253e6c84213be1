# W201: a rule that an earlier one decides, only when provable.
file
| version 1
| interface eth0
| default drop
| allow udp dport 400-500 name udp-low
| allow udp dport 443 name quic
warning W201 5:1-29
says    'udp-low' (line 4)

file
| version 1
| interface eth0
| default drop
| drop src 192.0.2.0/24
| allow tcp dport 22 src 192.0.2.7
warning W201 5:1-32

file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 src 192.0.2.0/24
| drop tcp dport 22
| allow tcp dport 80
no      W201

# A chain's return can jump over the terminal rule: the last rule is not covered.
file
| version 1
| interface eth0
| default drop
| chain c {
|     return src 192.0.2.1
|     drop tcp
| }
| jump c
| allow tcp
no      W201
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow

# A counting rule covers nothing.
file
| version 1
| interface eth0
| default drop
| count tcp
| allow tcp dport 22
no      W201

# Two families together: the wider rule is IPv4 only.
file
| version 1
| interface eth0
| default drop
| drop ip4 tcp dport 22
| allow tcp dport 22
no      W201

# W202: same result as the next rule.
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22
| allow tcp dport 20-30
warning W202 4:1-18

# W203: default drop cuts the answers to what this host asks.
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22
warning W203 3:1-12

file
| version 1
| interface eth0
| default allow
| drop tcp dport 22
no      W203

# W205: UDP port rules without a word on fragments.
file
| version 1
| interface eth0
| default drop
| allow udp dport 53
warning W205 4:1-18

file
| version 1
| interface eth0
| default allow
| drop udp dport 53
warning W205 4:1-17

file
| version 1
| interface eth0
| default drop
| option fragments drop
| allow udp dport 53
no      W205

file
| version 1
| interface eth0
| default drop
| allow frag later
| allow udp dport 53
no      W205

file
| version 1
| interface eth0
| default allow
| allow udp dport 53
no      W205

# W206: a management port open to everybody.
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22
warning W206 4:1-18

file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 src 192.0.2.0/24
| allow tcp dport 443
no      W206

# W211: no IPv6 counterpart; always for a negated drop of one family.
file
| version 1
| interface eth0
| default allow
| drop not src 192.0.2.0/24
warning W211 4:6-25

# W204: no rule lets this ssh session in.
session 198.51.100.7
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 src 192.0.2.0/24
warning W204 3:1-12

session 192.0.2.7
file
| version 1
| interface eth0
| default drop
| allow tcp dport 22 src 192.0.2.0/24
no      W204
