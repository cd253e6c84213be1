# Ports: decimal without leading zeros.
rule    allow tcp dport 022
error   E007 17-19

rule    allow tcp dport 70000
error   E103 17-21
says    port 70000 is above 65535

rule    drop tcp dport 70000
error   E103 16-20

rule    allow tcp dport 99999999999999999999
error   E103 17-36

rule    allow tcp dport -5
error   E007 17-18

rule    allow tcp dport 22-20
error   E102 17-21
says    port range runs backwards
help    write 20-22

rule    allow tcp dport 22:25
error   E104 17-21
says    ranges are written with '-'
help    write 22-25

rule    allow tcp dport 22 80
error   E105 20-21
says    unexpected '80'
help    22,80

rule    allow tcp dport shh
error   E101 17-19
says    unknown service 'shh'
help    did you mean 'ssh' (22/tcp)?

rule    allow tcp dport 22,shh,80
error   E101 20-22

rule    allow tcp dport 22,
error   E002 20-20

rule    allow tcp dport {22 80}
error   E105 21-22

rule    allow tcp dport { 22, 80, }
list    allow tcp dport 22,80

rule    allow tcp dport {}
error   E007 11-18

rule    allow tcp dport
error   E002 16-16

rule    drop src
error   E002 9-9
says    the rule ends too early
help    a value is expected here

# A keyword where a value is wanted is reported at that word.
rule    drop src dport 22
error   E007 10-14
says    'dport' is not an address

# Names of two protocols: a name with different numbers is unknown.
rule    allow tcp dport two-ports
list    allow tcp dport 1000

rule    allow udp dport two-ports
list    allow udp dport 2000

rule    allow proto tcp,udp dport two-ports
error   E101 27-35

rule    allow proto tcp,udp dport domain
list    allow proto tcp,udp dport 53

# ... and one that the rule's protocol does not have.
rule    allow udp dport rsync
error   E101 17-21

rule    allow tcp dport only-udp
error   E101 17-24

# Ranges of numbers only, never of names.
rule    allow tcp dport ssh-http
error   E101 17-24

rule    allow TCP dport 22
error   E001 7-9
help    did you mean 'tcp'?

rule    allow tpc dport 22
error   E001 7-9
help    did you mean 'tcp'?

rule    allow tcp dprot 22
error   E001 11-15
help    did you mean 'dport'?

rule    drop lgo
error   E001 6-8
help    did you mean 'log'?

rule    allow tcp port 22
error   E001 11-14
help    write 'dport' (destination port) or 'sport' (source port)

rule    allow tcp dport ssh quick
error   E001 21-25
help    not needed: the first matching rule always wins

rule    allow tcp dport 22 state new
error   E001 20-24
help    established

rule    allow tcp src any
error   E001 15-17
help    

rule    -A INPUT -p tcp --dport 22 -j ACCEPT
error   E001 1-2
help    iptables syntax: write 'allow tcp dport 22', or use 'bpffw import iptables'

rule    defualt drop
error   E001 1-7
help    did you mean 'default'?

rule    allow limit 10/s tcp
error   E001 7-11

rule    drop not
error   E002 9-9

rule    drop not name x
error   E001 10-13
