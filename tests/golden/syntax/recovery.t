# One mistake is one error, also for who refers to what is broken.
file
| version 1; interface eth0
| defualt drop
| chian web {
|     allow tcp dport 80
| }
| jump web
error   E001 2:1-7
help    did you mean 'default'?
error   E001 3:1-5
help    did you mean 'chain'?

file
| version 1; interface eth0; default drop
| set bad addr {
|     192.0.2.1
|     192.0.2.2 192.0.2.3
| }
| drop src @bad
| define office 192.0.2.0/24
| allow src $office
error   E105 4:15-23
error   E001 7:15-26
help    write 'define NAME = VALUE'

# An unclosed brace is blamed on the brace; what follows is read as usual.
file
| version 1; interface eth0; default drop
| chain a {
|     allow tcp dport 80
| chain b {
|     allow tpc dport 80
| }
| jump a
| jump b
error   E003 2:9-9
error   E001 5:11-13
help    did you mean 'tcp'?

file
| version 1; interface eth0; default drop
| allow tcp dport { 22, 80
| allow udp dport 53 nmae dns
error   E003 2:17-17
error   E001 3:20-23
help    did you mean 'name'?

# A keyword in a value's place begins the next clause.
rule    drop src dport 22 nmae x
error   E007 10-14
says    'dport' is not an address
error   E001 19-22

rule    rate-limit per src udp
error   E007 12-14
says    'per' is not a rate

rule    allow TCP dport 22
error   E001 7-9
help    did you mean 'tcp'?

# More values, as a shell leaves {22,80,443}.
rule    allow tcp dport 22 80 443
error   E105 20-21
help    separate values with commas: 22,80,443 (your shell may have expanded {22,80,443})

rule    allow dport { 22 80 } tcp
error   E105 18-19
