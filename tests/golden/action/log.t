# `log`: as a verb, as an option, of the default. What is told is tested in tests/kernel/monitor.sh.
rule    drop tcp dport 23 log
list    drop tcp dport 23 log
packet  tcp 192.0.2.1:4000 > 198.51.100.1:23 drop

rule    log every 90s tcp dport 23
list    log every 1m30s tcp dport 23
packet  tcp 192.0.2.1:4000 > 198.51.100.1:23 drop

rule    count udp dport 9 log name seen
list    count udp dport 9 log name seen
packet  udp 192.0.2.1:4000 > 198.51.100.1:9 allow

with    default drop log every 10s
rule    allow tcp dport 22
list    allow tcp dport 22
packet  tcp 192.0.2.1:4000 > 198.51.100.1:23 drop

rule    log tcp dport 23 log
error   E144 1-3

file
| version 1
| interface eth0
| default drop
| chain c { drop udp }
| jump c tcp log
error   E144 5:1-6
