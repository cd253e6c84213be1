# The long form of rates, the units kept; 'm' behind '/' is a minute, in front of it a million.
rule    rate-limit 5/m udp
list    rate-limit 5/min udp

rule    rate-limit 1m/s udp
list    rate-limit 1000000/s udp

rule    rate-limit 50mbit/s per dst udp exceed drop
list    rate-limit 50mbit/s per dst udp exceed drop

rule    syn-limit 6/m burst 6 per src/32/64 tcp dport ssh exceed count name ssh
list    syn-limit 6/min burst 6 per src tcp dport 22 exceed count name ssh

rule    allow icmp type echo-request rate 10/s burst 20 per src/24,dst
list    allow icmp type echo-request rate 10/s burst 20 per src/24,dst
