# fragments l3, the default: later fragments are decided by rules without layer-4 matches.
file
| version 1
| interface eth0
| default drop
| allow udp dport 53
| allow src 192.0.2.1
packet  udp 192.0.2.1:1 > 198.51.100.1:53 frag later allow
packet  udp 192.0.2.2:1 > 198.51.100.1:53 frag later drop
packet  udp 192.0.2.2:1 > 198.51.100.1:53 frag first allow

# drop: as a first rule 'drop frag any'.
file
| version 1
| interface eth0
| default drop
| option fragments drop
| allow udp dport 53
| allow src 192.0.2.1
packet  udp 192.0.2.1:1 > 198.51.100.1:53 frag later drop
packet  udp 192.0.2.1:1 > 198.51.100.1:53 frag first drop
packet  udp 192.0.2.1:1 > 198.51.100.1:53 allow

# pass: as a first rule 'allow frag later'.
file
| version 1
| interface eth0
| default drop
| option fragments pass
| drop src 192.0.2.1
packet  udp 192.0.2.1:1 > 198.51.100.1:53 frag later allow
packet  udp 192.0.2.1:1 > 198.51.100.1:53 frag first drop
packet  udp 192.0.2.1:1 > 198.51.100.1:53 drop

# Essential traffic comes before the fragments.
file
| version 1
| interface eth0
| default drop
| option fragments drop
packet  icmp6 2001:db8::1 > 2001:db8::2 type 135 essential essential

# malformed pass: at once, no rule sees such packets.
file
| version 1
| interface eth0
| default drop
| option malformed pass
| drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 malformed malformed-pass

file
| version 1
| interface eth0
| default drop
| option malformed drop
| allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 malformed malformed

# antispoof off: the reasons from spoof-source on do not count.
file
| version 1
| interface eth0
| default drop
| option antispoof off
| allow tcp
packet  tcp 127.0.0.1:1 > 198.51.100.1:22 spoofed allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 malformed malformed

file
| version 1
| interface eth0
| default drop
| option antispoof on
| option fail open
| allow tcp
packet  tcp 127.0.0.1:1 > 198.51.100.1:22 spoofed malformed

file
| version 1
| interface eth0
| default drop
| option fragments sometimes
error   E165 4:18-26

file
| version 1
| interface eth0
| default drop
| option fragmants drop
error   E165 4:8-16
help    fragments

file
| version 1
| interface eth0
| default drop
| option fragments drop
| option fragments l3
error   E161 5:1-6
