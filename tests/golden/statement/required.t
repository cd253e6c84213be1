file
| version 1
| interface eth0
| allow tcp dport 22
error   E162 4:1-1
help    write 'default drop' or 'default allow'

# An empty file.
file
| 
error   E162 2:1-1

# One interface is needed for `apply`, not for `check`.
file
| version 1
| default drop
| allow tcp dport 22 src 192.0.2.1
no      E163
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow

file
| version 1
| interface eth0
| default drop
| default allow
error   E161 4:1-7

file
| version 2
| interface eth0
| default drop
error   E165 1:9-9

file
| version 1
| interface eth0
| default maybe
error   E001 3:9-13

file
| version 1
| interface eth0 mode fast
| default drop
error   E165 2:21-24
