file
| version 1
| interface eth0, eth1 mode generic
| interface "wan*" mode native
| default drop
| allow on wan0
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 on wan0 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 on eth0 drop

file
| version 1
| interface eth0
| interface eth1
| default drop
| allow on eth1
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 on eth1 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 on eth0 drop

file
| version 1
| interface
| default drop
error   E002 2:10-10
