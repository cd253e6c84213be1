rule    allow tcp syn
list    allow tcp syn
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,ack drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,rst drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,fin drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags ack drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,ece,cwr allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,psh,urg allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags none drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 syn frag later drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 drop

# 'syn' implies tcp.
rule    allow syn dport 22
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 syn allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:23 syn drop

rule    drop not syn
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 syn allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 drop
packet  udp 192.0.2.1:1 > 198.51.100.1:2 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 frag later allow

# SET: these set, the others free; listed with their mask.
rule    allow tcp flags syn,ack
list    allow tcp flags syn,ack/syn,ack
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,ack allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,ack,fin,rst,psh,urg,ece,cwr allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags ack drop

# SET/MASK: exactly SET among MASK.
rule    drop tcp flags syn,fin/syn,fin
list    drop tcp flags syn,fin/syn,fin
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,fin drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,fin,psh drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags fin allow

rule    drop tcp flags none/all
list    drop tcp flags none/all
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags none drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags cwr allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags none frag later allow

rule    allow tcp flags syn/syn,ack
list    allow tcp flags syn/syn,ack
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,rst allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,ack drop

rule    drop tcp flags all/all
list    drop tcp flags all/all
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags fin,syn,rst,psh,ack,urg,ece,cwr drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags fin,psh,urg allow

# Xmas.
rule    drop tcp flags fin,psh,urg/all
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags fin,psh,urg drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags fin,psh,urg,ack allow

rule    drop tcp not flags ack
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn,ack allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags syn frag later allow

rule    drop tcp flags syn,foo
error   E101 20-22

rule    drop udp flags syn
error   E109 10-14

rule    drop icmp syn
error   E109 11-13

# A keyword is a word where a word is wanted; rst is no keyword anywhere.
rule    drop flags rst
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags rst drop
packet  tcp 192.0.2.1:1 > 198.51.100.1:2 flags ack allow
