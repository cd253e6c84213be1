# What this version only parses: each use is E190, at the word, and nothing else is wrong.
rule    scan-limit 5 within 1m per src
error   E190 1-10
says    'scan-limit' is not supported yet

rule    conn-limit 20 per src tcp dport 443
error   E190 1-10

rule    scan-limit 20 within 10s per src
error   E190 1-10

# A disabled rule is a use, too.
rule    conn-limit 20 per src tcp dport 443 disabled
error   E190 1-10
