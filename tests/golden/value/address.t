rule    allow src 10.0.0.0/33
error   E111 11-21
says    IPv4 prefix length is 0 to 32

rule    allow src 2001:db8::/129
error   E111 11-24
says    IPv6 prefix length is 0 to 128

# Host bits set: a warning, the network is taken.
rule    allow src 10.1.2.3/8
warning W112 11-20
says    10.0.0.0/8
list    allow src 10.0.0.0/8

rule    allow src 2001:db8::1/64
warning W112 11-24
list    allow src 2001:db8::/64

rule    allow src www.example.com
error   E113 11-25
says    host names are not looked up in rules
help    set

rule    allow src 010.0.0.1
error   E007 11-19

rule    allow src 10.0.0
error   E007 11-16

rule    allow src 10.0.0.256
error   E007 11-20

rule    allow src 10.0.0.1.2
error   E007 11-20

rule    allow src 10.0.0.9-10.0.0.1
error   E102 11-27

rule    allow src 10.0.0.1-2001:db8::1
error   E007 11-30

rule    allow src 2001:db8:::1
error   E007 11-22

rule    allow src 2001:db8::1::2
error   E007 11-24

rule    allow src 1:2:3:4:5:6:7:8:9
error   E007 11-27

rule    allow src 12345::1
error   E007 11-18

rule    allow src 10.0.0.0/
error   E111 11-19

rule    allow src 10.0.0.0/08
error   E111 11-21

rule    allow src 10.0.0.0/-1
error   E111 11-21

# A MAC where an address is wanted.
rule    allow src 02:00:00:aa:bb:cc
error   E007 11-27

# IPv4-mapped addresses are IPv6 addresses.
rule    allow src ::ffff:192.0.2.1
list    allow src ::ffff:192.0.2.1

rule    allow src @bda
with    set bad addr { 192.0.2.1 }
error   E121 11-14
says    no set 'bda'
help    did you mean '@bad' (t.fw:4)?

with    set bad addr { 192.0.2.1 }
rule    allow tcp dport @bad
error   E122 17-20
says    '@bad' holds addresses, dport needs ports

with    set ps port { 22 }
rule    allow src @ps
error   E122 11-13

with    set bad addr { 192.0.2.1 }
rule    allow smac @bad
error   E122 12-15

rule    allow src $office
error   E121 11-17

# $name only after its definition.
with    allow src $office
with    define office = 192.0.2.0/24
rule    allow tcp
error   E121 4:11-17
