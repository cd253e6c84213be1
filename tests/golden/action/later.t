# What this version only parses: each use is E190, at the word, and nothing else is wrong.
rule    scan-limit 5 within 1m per src
error   E190 1-10
says    'scan-limit' is not supported yet

rule    conn-limit 20 per src tcp dport 443
error   E190 1-10

rule    scan-limit 20 within 10s per src
error   E190 1-10

rule    blacklist for 10m tcp dport 23
error   E190 1-9

rule    syncookie tcp syn dport 443
error   E190 1-9

# A disabled rule is a use, too.
rule    conn-limit 20 per src tcp dport 443 disabled
error   E190 1-10

file
| version 1
| interface eth0
| default drop
| allowlist { 192.0.2.0/24 comment "office", 2001:db8:10::/48 }
| blacklist 198.51.100.7, 203.0.113.0/24 for 10m
error   E190 4:1-9
error   E190 5:1-9

# A timeout of a set or of an element: at its keyword.
file
| version 1
| interface eth0
| default drop
| set s addr timeout 30m { 192.0.2.1 timeout 10m }
error   E190 4:12-18
error   E190 4:36-42
