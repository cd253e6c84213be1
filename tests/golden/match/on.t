rule    drop on eth1
list    drop on eth1
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth1 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth0 allow

rule    drop on eth0,eth1
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth1 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth0 drop

rule    drop not on eth0
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth0 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth1 drop

rule    drop on "eth*"
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth0 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth1 drop

rule    drop on wan0
error   E152 9-12
says    'interface' line

with    interface wan0, "eth*"
rule    drop on eth1
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on eth1 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 on wan0 allow

# Not there yet is only a warning.
with    interface eth7
rule    drop on eth7
warning W151 3:11-14
