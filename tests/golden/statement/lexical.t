# Statements may share a line; a backslash continues one; newlines vanish after a comma and {.
file
| version 1; interface eth0; default drop
| allow tcp \
|     dport 22
| allow tcp dport 80,
|     443
| allow src {
|     192.0.2.1
|     192.0.2.2
| }
packet  tcp 203.0.113.1:1 > 198.51.100.1:22 allow
packet  tcp 203.0.113.1:1 > 198.51.100.1:443 allow
packet  tcp 192.0.2.2:1 > 198.51.100.1:1 allow
packet  tcp 192.0.2.3:1 > 198.51.100.1:1 drop

file
| version 1; interface eth0; default drop
| allow tcp dport 22 # comment; drop
packet  tcp 203.0.113.1:1 > 198.51.100.1:22 allow

rule    allow tcp dport 22 comment "unclosed
error   E003 28-36

rule    allow tcp dport 22 comment "a # no comment"
list    allow tcp dport 22 comment "a # no comment"

file
| version 1; interface eth0; default drop
| chain c {
|     allow tcp
error   E003 2:9-9

file
| version 1; interface eth0; default drop
| allow tcp
| }
error   E001 3:1-1

rule    allow tcp dport 22 ?
error   E003 20-20

# Recovery: every faulty line once, and the next line is read.
file
| version 1; interface eth0; default drop
| alow tcp; alow udp
| allow tcp dport 70000 src 10.0.0.0/33
error   E001 2:1-4
error   E001 2:11-14
error   E103 3:17-21
error   E111 3:27-37
