# Everything that no rule decides, IP or not.
file
| version 1
| interface eth0
| default drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 drop
packet  ether 0x88cc drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 frag later drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 malformed malformed
packet  arp essential
packet  udp 192.0.2.1:67 > 198.51.100.1:68 essential essential

file
| version 1
| interface eth0
| default allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  ether 0x88cc allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 malformed malformed
