rule    allow tcp dport 22 name ssh
list    allow tcp dport 22 name ssh

rule    allow tcp dport 22 name "ssh"
list    allow tcp dport 22 name ssh

rule    allow tcp dport 22 comment "for the \"office\""
list    allow tcp dport 22 comment "for the \"office\""

rule    allow tcp dport 22 comment word
list    allow tcp dport 22 comment "word"

# Options in any order are listed in one order.
rule    drop comment "c" disabled name n tcp dport 22
list    drop tcp dport 22 name n comment "c" disabled

rule    allow tcp dport 22 name log
list    allow tcp dport 22 name log

rule    allow tcp dport 22 name a name b
error   E006 27-30

rule    allow tcp dport 22 comment "a" comment "b"
error   E006 32-38

rule    drop tcp disabled disabled
error   E006 19-26

rule    allow tcp dport 22 name r7
error   E164 25-26

rule    allow tcp dport 22 name default
error   E164 25-31

rule    allow tcp dport 22 name in
error   E164 25-26

rule    allow tcp dport 22 name before
error   E164 25-30

rule    allow tcp dport 22 name essential
error   E164 25-33

rule    allow tcp dport 22 name 9lives
error   E164 25-30

rule    allow tcp dport 22 name "two words"
error   E164 25-35

rule    allow tcp dport 22 name a23456789012345678901234567890123456789012345678901234567890123
list    allow tcp dport 22 name a23456789012345678901234567890123456789012345678901234567890123

rule    allow tcp dport 22 name a234567890123456789012345678901234567890123456789012345678901234
error   E164 25-88

# Names are case-sensitive.
with    allow tcp dport 80 name Web
rule    allow tcp dport 81 name web

with    allow tcp dport 80 name web
rule    allow tcp dport 81 name web
error   E161 25-27
says    'web' already used at t.fw:4

# ... and unique over all chains.
with    chain c {; allow tcp dport 80 name web; }
rule    allow tcp dport 81 name web
error   E161 25-27

rule    allow tcp dport 22 name
error   E002 24-24
