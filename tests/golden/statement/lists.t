# Allowlist and blacklist: several statements of each; the allowlist wins whatever the lengths.
file
| version 1
| interface eth0
| default allow
| define office = 192.0.2.0/24, 2001:db8:10::/48
| allowlist { $office comment "office", 203.0.113.9 timeout 1h }
| blacklist 203.0.113.0/24,2001:db8:bad::/48 for 10m comment "scanners"
| blacklist { 198.51.100.1-198.51.100.9 }
| drop proto tcp,udp dport 23
| test {
|     expect allow tcp src 192.0.2.7 dport 23 syn
|     expect blacklist tcp src 198.51.100.3 dport 80 syn
|     expect drop tcp src 198.51.100.3 dport 80 syn
|     expect allow tcp src 203.0.113.9 dport 80 syn
|     expect blacklist tcp src 2001:db8:bad::1 dport 80 syn
|     expect drop tcp dport 23 syn
|     expect allow tcp dport 80 syn
| }
canonical
| version 1
| interface eth0
| default allow
| allowlist { 192.0.2.0/24 comment "office", 2001:db8:10::/48 comment "office", 203.0.113.9 timeout 1h }
| blacklist { 203.0.113.0/24, 2001:db8:bad::/48 } for 10m comment "scanners"
| blacklist { 198.51.100.1-198.51.100.9 }
| drop proto tcp,udp dport 23
| test {
| 	expect allow tcp src 192.0.2.7 dport 23 syn
| 	expect blacklist tcp src 198.51.100.3 dport 80 syn
| 	expect drop tcp src 198.51.100.3 dport 80 syn
| 	expect allow tcp src 203.0.113.9 dport 80 syn
| 	expect blacklist tcp src 2001:db8:bad::1 dport 80 syn
| 	expect drop tcp dport 23 syn
| 	expect allow tcp dport 80 syn
| }
explain tcp src 192.0.2.7 dport 23 = allow
explain tcp src 203.0.113.9 dport 80 = allow
explain tcp src 203.0.113.8 dport 80 = drop
explain tcp src 203.0.113.0/24 dport 80 = depends allowlist
explain tcp src 198.51.100.0/24 dport 80 = depends blacklist
explain tcp dport 80 = allow

# A set that can change at run time: alone in its clause, or with other sets.
file
| version 1
| interface eth0
| default drop
| set fast addr timeout 5m
| set slow addr { 192.0.2.1 }
| set ports port size 4 { 22 }
| allow tcp src @fast,@slow dport @ports
| allow tcp not src @slow dport 80
| drop udp sport @ports
warning W203
explain tcp src 192.0.2.1 dport 22 = allow

file
| version 1
| interface eth0
| default drop
| set fast addr timeout 5m
| allow tcp src @fast,192.0.2.1 dport 22
error   E123 5:11-29
help    put the values into a set too

file
| version 1
| interface eth0
| default drop
| set few addr size 1 { 192.0.2.1, 192.0.2.2 }
error   E181 4:19-19
says    set full at
