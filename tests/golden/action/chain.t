with    chain c {; allow tcp dport 22; drop tcp dport 1-100; }
rule    jump c
list    jump c
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:23 drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:101 allow

# Falling off the end returns.
file
| version 1
| interface eth0
| default drop
| chain c {
|     allow tcp dport 22
| }
| jump c src 192.0.2.0/24
| allow tcp dport 80
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  tcp 192.0.3.1:1 > 198.51.100.1:22 drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:80 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:81 drop

# return leaves the chain; the rules behind the jump go on.
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
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  tcp 192.0.2.2:1 > 198.51.100.1:22 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:22 drop

# return skips only its own chain, also when chains nest.
file
| version 1
| interface eth0
| default allow
| chain inner {
|     return tcp dport 1
|     drop tcp dport 1-2
| }
| chain outer {
|     jump inner
|     drop tcp dport 3
|     return tcp dport 4
|     drop tcp dport 1-4
| }
| jump outer
| drop tcp dport 4-5
packet  tcp 192.0.2.1:9 > 198.51.100.1:1 drop
packet  tcp 192.0.2.1:9 > 198.51.100.1:2 drop
packet  tcp 192.0.2.1:9 > 198.51.100.1:3 drop
packet  tcp 192.0.2.1:9 > 198.51.100.1:4 drop
packet  tcp 192.0.2.1:9 > 198.51.100.1:5 drop
packet  tcp 192.0.2.1:9 > 198.51.100.1:6 allow

# One chain, two places.
file
| version 1
| interface eth0, eth1
| default drop
| chain c {
|     allow tcp dport 22
|     return udp
|     drop src 192.0.2.9
| }
| jump c on eth0
| allow udp dport 53
| jump c on eth1
| allow tcp dport 80
packet  tcp 192.0.2.1:9 > 198.51.100.1:22 on eth0 allow
packet  tcp 192.0.2.1:9 > 198.51.100.1:22 on eth1 allow
packet  tcp 192.0.2.9:9 > 198.51.100.1:80 on eth0 drop
packet  tcp 192.0.2.9:9 > 198.51.100.1:80 on eth1 drop
packet  tcp 192.0.2.1:9 > 198.51.100.1:80 on eth1 allow
packet  udp 192.0.2.9:9 > 198.51.100.1:53 on eth0 allow
packet  udp 192.0.2.9:9 > 198.51.100.1:53 on eth1 allow

# An unconditional return.
file
| version 1
| interface eth0
| default drop
| chain c {
|     return
|     drop tcp dport 22
| }
| jump c
| allow tcp
packet  tcp 192.0.2.1:9 > 198.51.100.1:22 allow

# Chains may be used before they are defined.
file
| version 1
| interface eth0
| default drop
| jump later
| chain later {
|     allow tcp dport 22
| }
packet  tcp 192.0.2.1:9 > 198.51.100.1:22 allow

# An empty chain does nothing.
file
| version 1
| interface eth0
| default drop
| chain empty { }
| jump empty
| allow tcp
packet  tcp 192.0.2.1:9 > 198.51.100.1:22 allow
packet  udp 192.0.2.1:9 > 198.51.100.1:22 drop

# jump with a name: it has a counter of its own.
with    chain c {; drop tcp; }
rule    jump c on eth0 name to-c comment "into c"
list    jump c on eth0 name to-c comment "into c"
packet  tcp 192.0.2.1:9 > 198.51.100.1:22 on eth0 drop
packet  tcp 192.0.2.1:9 > 198.51.100.1:22 on eth1 allow

rule    jump wna
error   E141 6-8
says    no chain 'wna'

with    chain wan {; drop tcp; }
rule    jump wna
error   E141 6-8
help    wan

file
| version 1
| interface eth0
| default drop
| chain a { jump b; }
| chain b { jump a; }
| jump a
error   E141 5:16-16
says    loop

file
| version 1
| interface eth0
| default drop
| chain a {
|     jump a
| }
| jump a
error   E141 5:10-10
says    a -> a

rule    return
error   E143 1-6
says    return belongs in a chain

rule    return src 192.0.2.1
error   E143 1-6

# jump takes no limit.
with    chain c {; drop tcp; }
rule    jump c rate 10/s
error   E142 8-11

# Disabled rules are kept and not used.
rule    drop tcp dport 22 disabled
list    drop tcp dport 22 disabled
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow

with    chain c {; drop tcp; }
rule    jump c disabled
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow

file
| version 1
| interface eth0
| default drop
| chain c {
|     return src 192.0.2.1 disabled
|     drop tcp
| }
| jump c
| allow tcp
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 drop

# Chains that double: more places than the classifier has.
file
| version 1
| interface eth0
| default drop
| chain c0 { jump c1; jump c1; }
| chain c1 { jump c2; jump c2; }
| chain c2 { jump c3; jump c3; }
| chain c3 { jump c4; jump c4; }
| chain c4 { jump c5; jump c5; }
| chain c5 { jump c6; jump c6; }
| chain c6 { jump c7; jump c7; }
| chain c7 { jump c8; jump c8; }
| chain c8 { jump c9; jump c9; }
| chain c9 { jump c10; jump c10; }
| chain c10 { jump c11; jump c11; }
| chain c11 { jump c12; jump c12; }
| chain c12 { jump c13; jump c13; }
| chain c13 { jump c14; jump c14; }
| chain c14 { jump c15; jump c15; }
| chain c15 { jump c16; jump c16; }
| chain c16 { jump c17; jump c17; }
| chain c17 { jump c18; jump c18; }
| chain c18 { jump c19; jump c19; }
| chain c19 { jump c20; jump c20; }
| chain c20 { jump c21; jump c21; }
| chain c21 { jump c22; jump c22; }
| chain c22 { jump c23; jump c23; }
| chain c23 { jump c24; jump c24; }
| chain c24 { jump c25; jump c25; }
| chain c25 { jump c26; jump c26; }
| chain c26 { jump c27; jump c27; }
| chain c27 { jump c28; jump c28; }
| chain c28 { jump c29; jump c29; }
| chain c29 { jump c30; jump c30; }
| chain c30 { drop tcp; }
| jump c0
error   E191
