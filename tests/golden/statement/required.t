file
| version 1
| interface eth0
| allow tcp dport 22
error   E162
help    write 'default drop' or 'default allow'

# An empty file.
file
| 
error   E162

file
| version 1
| default drop
| allow tcp dport 22
error   E163

file
| version 1
| interface eth0
| default drop
| default allow
error   E161 4:1-7

file
| version 1
| version 1
| interface eth0
| default drop
error   

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
error   E001 2:21-24
help    
