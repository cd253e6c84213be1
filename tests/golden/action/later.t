# What this version only parses: each use is E190, at the word, and nothing else is wrong.
rule    scan-limit 5 within 1m per src
error   E190 1-10
says    'scan-limit' is not supported yet

rule    scan-limit 20 within 10s per src
error   E190 1-10

rule    conn-limit 65 per src tcp dport 443
error   E190 12-13
says    'conn-limit above 64' is not supported yet

# A disabled rule is a use, too.
rule    conn-limit 65 per src tcp dport 443 disabled
error   E190 12-13
