rule    allow ether 0x88cc
packet  ether 0x88cc allow
packet  ether 0x88cd drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 drop

# A rule without 'ether' sees IP only.
rule    drop on eth0
packet  ether 0x88cc allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 drop

rule    drop ether 0x0842 smac 02:00:00:00:00:01
packet  ether 0x0842 drop
packet  ether 0x0842 smac 02:00:00:00:00:02 allow

rule    allow ether 0x10000
error   E103 13-19

rule    allow ether 0x88CC,0x893a
packet  ether 0x88cc allow
packet  ether 0x893a allow
packet  ether 0x8942 drop
