# Source addresses: single, prefix, range, list, both families.

rule    allow src 192.0.2.7
list    allow src 192.0.2.7
packet  tcp 192.0.2.7:1 > 198.51.100.1:2 allow
packet  tcp 192.0.2.6:1 > 198.51.100.1:2 drop
packet  tcp 192.0.2.8:1 > 198.51.100.1:2 drop
packet  udp 192.0.2.7:1 > 198.51.100.1:2 allow
packet  icmp 192.0.2.7 > 198.51.100.1 type 8 allow
packet  proto 47 192.0.2.7 > 198.51.100.1 allow
packet  tcp [2001:db8::7]:1 > [2001:db8::1]:2 drop

rule    allow src 192.0.2.0/24
list    allow src 192.0.2.0/24
packet  tcp 192.0.1.255:1 > 198.51.100.1:2 drop
packet  tcp 192.0.2.0:1 > 198.51.100.1:2 allow
packet  tcp 192.0.2.255:1 > 198.51.100.1:2 allow
packet  tcp 192.0.3.0:1 > 198.51.100.1:2 drop

rule    allow src 10.0.0.1-10.0.0.9
list    allow src 10.0.0.1-10.0.0.9
packet  tcp 10.0.0.0:1 > 198.51.100.1:2 drop
packet  tcp 10.0.0.1:1 > 198.51.100.1:2 allow
packet  tcp 10.0.0.9:1 > 198.51.100.1:2 allow
packet  tcp 10.0.0.10:1 > 198.51.100.1:2 drop

rule    allow src 192.0.2.1/32
list    allow src 192.0.2.1

rule    allow src 0.0.0.0/0
list    allow src 0.0.0.0/0
packet  tcp 203.0.113.1:1 > 198.51.100.1:2 allow
packet  tcp [2001:db8::7]:1 > [2001:db8::1]:2 drop

rule    allow src ::/0
list    allow src ::/0
packet  tcp 203.0.113.1:1 > 198.51.100.1:2 drop
packet  tcp [2001:db8::7]:1 > [2001:db8::1]:2 allow

rule    allow src 2001:db8::/32
list    allow src 2001:db8::/32
packet  tcp [2001:db7:ffff:ffff:ffff:ffff:ffff:ffff]:1 > [2001:db8::1]:2 drop
packet  tcp [2001:db8::]:1 > [2001:db8::1]:2 allow
packet  tcp [2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:1 > [2001:db8::1]:2 allow
packet  tcp [2001:db9::]:1 > [2001:db8::1]:2 drop

rule    allow src 2001:db8::1-2001:db8::ff
list    allow src 2001:db8::1-2001:db8::ff
packet  udp [2001:db8::]:1 > [2001:db8:1::1]:2 drop
packet  udp [2001:db8::1]:1 > [2001:db8:1::1]:2 allow
packet  udp [2001:db8::ff]:1 > [2001:db8:1::1]:2 allow
packet  udp [2001:db8::100]:1 > [2001:db8:1::1]:2 drop

# A range across the middle of the address: three boxes of two 64-bit fields.
rule    allow src 2001:db8:0:1::f-2001:db8:0:3::2
list    allow src 2001:db8:0:1::f-2001:db8:0:3::2
packet  udp [2001:db8:0:1::e]:1 > [2001:db8:1::1]:2 drop
packet  udp [2001:db8:0:1::f]:1 > [2001:db8:1::1]:2 allow
packet  udp [2001:db8:0:2::]:1 > [2001:db8:1::1]:2 allow
packet  udp [2001:db8:0:2:ffff:ffff:ffff:ffff]:1 > [2001:db8:1::1]:2 allow
packet  udp [2001:db8:0:3::2]:1 > [2001:db8:1::1]:2 allow
packet  udp [2001:db8:0:3::3]:1 > [2001:db8:1::1]:2 drop

rule    allow src 2001:0DB8:0000:0000:0000:0000:0000:0001
list    allow src 2001:db8::1

rule    allow src 2001:db8::192.0.2.33
list    allow src 2001:db8::c000:221

rule    allow src 192.0.2.0/24,2001:db8:10::/48
list    allow src 192.0.2.0/24,2001:db8:10::/48
packet  tcp 192.0.2.9:1 > 198.51.100.1:2 allow
packet  tcp 192.0.3.9:1 > 198.51.100.1:2 drop
packet  tcp [2001:db8:10:ffff::9]:1 > [2001:db8::1]:2 allow
packet  tcp [2001:db8:11::9]:1 > [2001:db8::1]:2 drop

rule    allow src { 192.0.2.0/24, 203.0.113.9 }
list    allow src 192.0.2.0/24,203.0.113.9
packet  tcp 203.0.113.9:1 > 198.51.100.1:2 allow
packet  tcp 203.0.113.10:1 > 198.51.100.1:2 drop

rule    allow src 192.0.2.0/24, 203.0.113.9
list    allow src 192.0.2.0/24,203.0.113.9

rule    allow from 192.0.2.7
list    allow src 192.0.2.7

rule    allow saddr 192.0.2.7
list    allow src 192.0.2.7

rule    drop not src 192.0.2.0/24
list    drop not src 192.0.2.0/24
packet  tcp 192.0.2.9:1 > 198.51.100.1:2 allow
packet  tcp 192.0.3.9:1 > 198.51.100.1:2 drop
packet  tcp [2001:db8::9]:1 > [2001:db8::1]:2 allow
warning W211 6-25

rule    drop src not 192.0.2.0/24,198.51.100.7
list    drop not src 192.0.2.0/24,198.51.100.7
packet  tcp 192.0.2.9:1 > 198.51.100.1:2 allow
packet  tcp 198.51.100.7:1 > 198.51.100.1:2 allow
packet  tcp 198.51.100.8:1 > 198.51.100.1:2 drop

rule    drop src != 192.0.2.0/24
list    drop not src 192.0.2.0/24

rule    drop not src 192.0.2.0/24,2001:db8::/32
list    drop not src 192.0.2.0/24,2001:db8::/32
packet  tcp 192.0.2.9:1 > 198.51.100.1:2 allow
packet  tcp 192.0.3.9:1 > 198.51.100.1:2 drop
packet  tcp [2001:db8::9]:1 > [2001:db8::1]:2 allow
packet  tcp [2001:db9::9]:1 > [2001:db8::1]:2 drop

# Once plain and once negated.
rule    allow src 10.0.0.0/8 not src 10.1.0.0/16
list    allow src 10.0.0.0/8 not src 10.1.0.0/16
packet  tcp 10.0.0.9:1 > 198.51.100.1:2 allow
packet  tcp 10.1.0.9:1 > 198.51.100.1:2 drop
packet  tcp 10.2.0.9:1 > 198.51.100.1:2 allow
packet  tcp 11.0.0.9:1 > 198.51.100.1:2 drop

rule    allow src 10.0.0.0/8 src 11.0.0.0/8
error   E006 22-24

rule    allow not src 10.0.0.0/8 not src 11.0.0.0/8
error   E006 30-32

rule    allow not src not 10.0.0.0/8
error   E001 15-17
