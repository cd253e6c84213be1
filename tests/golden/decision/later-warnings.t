# Warnings about what this version only parses: reported beside the E190 of each use.

# W207: a limit per source behind a proxy counts the proxy.
file
| version 1
| interface eth0
| default drop
| set cdn addr { 192.0.2.0/24 }
| rate-limit 5/s per src tcp src @cdn
warning W207
warning W203

# W208: the allowlist always wins.
file
| version 1
| interface eth0
| default drop
| allowlist { 192.0.2.0/24 comment "office" }
| blacklist { 192.0.2.7, 198.51.100.1 }
warning W208 5:13-21
says    192.0.2.7 is on the allowlist
warning W203

# W209: past in a file only warns, because a saved file must still load after the date.
now     1795000000
rule    allow tcp dport 22 until 2020-01-01T00:00Z
warning W209

now     1795000000
rule    allow tcp dport 22 until 2036-01-01T00:00Z
no      W209

# W212: a forged source has anybody banned.
rule    syn-limit 60/s per src tcp exceed blacklist for 1m
warning W212
warning W203

rule    syn-limit 60/s per src tcp exceed blacklist verified for 1m
no      W212
