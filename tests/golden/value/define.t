with    define office = 192.0.2.0/24, 2001:db8:10::/48
rule    allow tcp dport 22 src $office
list    allow tcp dport 22 src 192.0.2.0/24,2001:db8:10::/48
packet  tcp 192.0.2.7:1 > 198.51.100.1:22 allow
packet  tcp 192.0.3.7:1 > 198.51.100.1:22 drop
packet  tcp [2001:db8:10::7]:1 > [2001:db8::1]:22 allow

with    define web = 80, https
rule    allow tcp dport $web,8080
list    allow tcp dport 80,443,8080

# A define may use an earlier one.
with    define one = 192.0.2.1
with    define two = $one, 192.0.2.2
rule    allow src $two
list    allow src 192.0.2.1,192.0.2.2

# The clause decides what the words must be.
with    define x = 192.0.2.1
rule    allow tcp dport $x
error   E007 17-18

with    define x = 1
with    define x = 2
rule    allow tcp dport $x
error   E161 5:8-8

with    define x = { 22, 80 }
rule    allow tcp dport $x
list    allow tcp dport 22,80
