rule    allow vlan 20
list    allow vlan 20
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 20 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 21 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop

rule    allow vlan 0
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 1 drop

# Includes untagged.
rule    drop not vlan 20
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 20 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 30 drop

rule    allow vlan 10-19,4095
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 10 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 19 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 20 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 vlan 4095 allow

rule    allow vlan 4096
error   E103 12-15

# A rule without addresses and without ether sees IP only, tagged or not.
rule    drop vlan 20
packet  ether 0x88cc vlan 20 allow
