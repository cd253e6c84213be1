rule    drop smac 02:00:00:aa:bb:cc
list    drop smac 02:00:00:aa:bb:cc
packet  udp 192.0.2.1:1 > 198.51.100.1:2 smac 02:00:00:aa:bb:cc drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 smac 02:00:00:aa:bb:cd allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dmac 02:00:00:aa:bb:cc allow
packet  tcp [2001:db8::1]:1 > [2001:db8::2]:2 smac 02:00:00:aa:bb:cc drop

rule    drop dmac FF:FF:FF:FF:FF:FF
list    drop dmac ff:ff:ff:ff:ff:ff
packet  udp 192.0.2.1:1 > 198.51.100.1:2 dmac ff:ff:ff:ff:ff:ff drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow

rule    drop not smac 02:00:00:aa:bb:cc,02:00:00:aa:bb:cd
packet  udp 192.0.2.1:1 > 198.51.100.1:2 smac 02:00:00:aa:bb:cd allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 smac 02:00:00:aa:bb:ce drop

rule    drop smac 02:00:00:aa:bb
error   E007 11-24

rule    drop smac 192.0.2.1
error   E007 11-19

with    set macs mac { 02:00:00:00:00:05, 02:00:00:00:00:06 }
rule    drop smac @macs
list    drop smac @macs
packet  udp 192.0.2.1:1 > 198.51.100.1:2 smac 02:00:00:00:00:06 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 smac 02:00:00:00:00:07 allow
