with    set s addr { 192.0.2.1, 198.51.100.0/24, 2001:db8::/32 }
rule    allow src @s
list    allow src @s
packet  tcp 192.0.2.1:1 > 203.0.113.1:2 allow
packet  tcp 192.0.2.2:1 > 203.0.113.1:2 drop
packet  tcp 198.51.100.255:1 > 203.0.113.1:2 allow
packet  tcp [2001:db8::9]:1 > [2001:db9::1]:2 allow
packet  tcp [2001:db9::9]:1 > [2001:db9::1]:2 drop

# 'not src @set' keeps both families.
with    set s addr { 192.0.2.1 }
rule    drop not src @s
packet  tcp 192.0.2.1:1 > 203.0.113.1:2 allow
packet  tcp 192.0.2.2:1 > 203.0.113.1:2 drop
packet  tcp [2001:db8::9]:1 > [2001:db9::1]:2 drop

with    set s addr { 192.0.2.1 }
rule    allow src @s,203.0.113.0/24,@t
with    set t addr { 198.51.100.1 }
packet  tcp 192.0.2.1:1 > 192.0.2.9:2 allow
packet  tcp 203.0.113.9:1 > 192.0.2.9:2 allow
packet  tcp 198.51.100.1:1 > 192.0.2.9:2 allow
packet  tcp 198.51.100.2:1 > 192.0.2.9:2 drop

with    set p port { 22, 80-90, http }
rule    allow tcp dport @p
list    allow tcp dport @p
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:85 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:91 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:22 drop

with    set p port { 27015-27030, 7777 }
rule    drop udp sport @p dport 1024-
packet  udp 192.0.2.1:7777 > 198.51.100.1:2000 drop
packet  udp 192.0.2.1:7778 > 198.51.100.1:2000 allow
packet  udp 192.0.2.1:7777 > 198.51.100.1:1000 allow

# An empty set holds nothing; a negated one everything.
with    set s addr { }
rule    drop src @s
packet  tcp 192.0.2.1:1 > 203.0.113.1:2 allow

with    set s addr { }
rule    drop not src @s
packet  tcp 192.0.2.1:1 > 203.0.113.1:2 drop
packet  tcp [2001:db8::9]:1 > [2001:db9::1]:2 drop
packet  ether 0x88cc allow

# Sets may be used before they are defined.
file
| version 1
| interface eth0
| default drop
| allow src @later
| set later addr { 192.0.2.1 }
packet  tcp 192.0.2.1:1 > 203.0.113.1:2 allow

file
| version 1
| interface eth0
| default drop
| set s addr {
|     192.0.2.1 comment "one"
|     192.0.2.2,
|     192.0.2.3
| }
| allow src @s
packet  tcp 192.0.2.1:1 > 203.0.113.1:2 allow
packet  tcp 192.0.2.2:1 > 203.0.113.1:2 allow
packet  tcp 192.0.2.3:1 > 203.0.113.1:2 allow
packet  tcp 192.0.2.4:1 > 203.0.113.1:2 drop

# From a file: an entry a line, comments, CRLF, both families.
file
| version 1
| interface eth0
| default drop
| set s addr file "list.txt"
| allow src @s
file list.txt
| # a comment
| ; another
|
| 192.0.2.1
| 198.51.100.0/24 # with a comment
|   2001:db8::/32
packet  tcp 192.0.2.1:1 > 203.0.113.1:2 allow
packet  tcp 192.0.2.2:1 > 203.0.113.1:2 drop
packet  tcp 198.51.100.77:1 > 203.0.113.1:2 allow
packet  tcp [2001:db8::9]:1 > [2001:db9::1]:2 allow

file
| version 1
| interface eth0
| default drop
| set s addr file "list.txt"
| allow src @s
file list.txt
| 192.0.2.1
| foo
| bar
error   E182 list.txt:2:1-3
says    'foo' is not an address

file
| version 1
| interface eth0
| default drop
| set s addr file "missing.txt"
| allow src @s
error   E182 4:17-29
says    missing.txt

file
| version 1
| interface eth0
| default drop
| set s addr size 2 { 192.0.2.1, 192.0.2.3, 192.0.2.5 }
| allow src @s
error   E181 4:17-17
help    size

file
| version 1
| interface eth0
| default drop
| set s addr { 192.0.2.1, 22 }
| allow src @s
error   E007 4:25-26

file
| version 1
| interface eth0
| default drop
| set s addr { 192.0.2.1 }
| set s port { 22 }
error   E161 5:5-5

file
| version 1
| interface eth0
| default drop
| set s numbers { 22 }
error   E001 4:7-13
