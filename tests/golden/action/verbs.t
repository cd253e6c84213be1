rule    allow
list    allow
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  udp [2001:db8::1]:1 > [2001:db8::2]:2 frag later allow
packet  ether 0x88cc drop

rule    accept tcp dport 22
list    allow tcp dport 22

rule    pass tcp dport 22
list    allow tcp dport 22

rule    drop
list    drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  ether 0x88cc allow

rule    deny tcp dport 22
list    drop tcp dport 22

rule    block tcp dport 22
list    drop tcp dport 22

# The first allow or drop wins.
with    drop tcp dport 1-100
rule    allow tcp dport 50-200
packet  tcp 192.0.2.1:1 > 198.51.100.1:50 drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:101 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:201 drop

# count counts and goes on.
rule    count udp dport 1900
list    count udp dport 1900
packet  udp 192.0.2.1:1 > 198.51.100.1:1900 allow
packet  udp 192.0.2.1:1 > 198.51.100.1:1901 allow

with    count udp dport 1900
rule    drop udp dport 1900
packet  udp 192.0.2.1:1 > 198.51.100.1:1900 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:1901 allow

rule    Allow tcp
error   E001 1-5
help    allow

rule    reject tcp dport 22
error   E001 1-6

rule    alow tcp dport 22
error   E001 1-4
help    did you mean 'allow'
