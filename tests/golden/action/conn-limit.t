# A conn-limit meets SYNs only, and acts on the excess.
file
| version 1
| interface eth0
| default drop
| option fragments drop
| conn-limit 3 per src/32/128 tcp dport 22 exceed blacklist for 1m
| conn-limit 64 tcp dport 80-89 exceed count
| allow tcp dport 22,80
| test {
|     expect allow tcp dport 22 syn
|     expect exceed tcp dport 22 syn
|     expect exceed tcp dport 80 syn
| }
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 syn  allow
packet  tcp [2001:db8::1]:4000 > [2001:db8::2]:22 syn  allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:81 syn  drop
warning W203

rule    conn-limit 3 per src tcp dport 22 syn
error   E135 35-37
says    conn-limit already means syn
