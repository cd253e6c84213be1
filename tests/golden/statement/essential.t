# Essential traffic passes even a drop of everything; turned off, the rules decide.
file
| version 1
| interface eth0
| default drop
| essential on
| drop
| drop ether 0x0806
packet  arp essential
packet  icmp6 2001:db8::1 > 2001:db8::2 type 135 essential essential

file
| version 1
| interface eth0
| default drop
| essential off
packet  arp drop
packet  icmp6 2001:db8::1 > 2001:db8::2 type 135 essential drop

file
| version 1
| interface eth0
| default drop
| essential off
| allow ether 0x0806
packet  arp allow

file
| version 1
| interface eth0
| default drop
| essential off
| essential on
error   E161 5:1-9

file
| version 1
| interface eth0
| default drop
| essential maybe
error   E001 4:11-15
