# The mistakes of limits and of what happens above them.
rule    allow tcp dport 22 rate 10/s per source
error   E131 34-39
says    unknown key 'source'
help    did you mean 'src'

rule    rate-limit 10mb/s udp
error   E132 12-17
says    unknown unit 'mb'
help    mbit

rule    rate-limit 0/s udp
error   E132 12-14

rule    rate-limit 10 udp
error   E132 12-13

rule    rate-limit 10/y udp
error   E132 12-15

# The fastest rates that are exact, and what is faster.
rule    rate-limit 400gbit/s udp
list    rate-limit 400gbit/s udp

rule    rate-limit 401gbit/s udp
error   E132 12-20
says    a rate is at most 400gbit/s

rule    rate-limit 24001gbit/m udp
error   E132 12-22

rule    rate-limit 50gB/s udp
list    rate-limit 50GB/s udp

rule    rate-limit 51gB/s udp
error   E132 12-17

rule    rate-limit 1g/s udp
list    rate-limit 1000000000/s udp

rule    rate-limit 1100m/s udp
error   E132 12-18
says    a rate is at most 1g/s

rule    rate-limit 99999999999999999999999gbit/d udp
error   E132 12-40
says    a rate is at most 400gbit/s

rule    rate-limit 010/s udp
error   E132 12-16

rule    rate-limit 10/s per src/64 udp
error   E133 21-26
says    IPv4 prefix length is 0 to 32
help    src/32/64

rule    rate-limit 10/s per src/24/129 udp
error   E133 21-30

rule    syn-limit 10/s udp dport 53
error   E134 1-9
says    syn-limit needs tcp

rule    syn-limit 10/s tcp flags syn
error   E135 20-24
says    syn-limit already means syn

rule    rate-limit 10/s udp exceed blacklist for 1m
error   E137 28-36
says    add 'per src'

rule    rate-limit 10/s per src udp exceed syncookie
error   E138 36-44
says    only TCP connections have cookies

rule    rate-limit 10/s per src udp exceed blacklist verified for 1m
error   E138 36-44

rule    drop tcp exceed drop
error   E142 10-15
says    'exceed' needs a rate

rule    drop tcp rate 10/s
error   E142 10-13

rule    drop tcp per src
error   E142 10-12

rule    allow tcp burst 10
error   E142 11-15

rule    count tcp rate 1/s
error   E142 11-14

rule    rate-limit 10/s burst 0 udp
error   E136 23-23

rule    rate-limit 10/s burst 64kB udp
error   E136 23-26

rule    rate-limit 10mbit/s burst 20 udp
error   E136 27-28

rule    rate-limit 10/s rate 20/s udp
error   E142 17-20

rule    rate-limit 10/s burst 5 burst 6 udp
error   E006 25-29

rule    allow tcp until 2020-13-01
error   E171 17-26

rule    allow tcp when "mon-fryday 22:00-06:00"
error   E172 16-39

rule    rate-limit 10/s udp exceed jump
error   E144 28-31
help    drop, count, blacklist, syncookie

rule    drop udp exceed allow
error   E142 10-15

rule    rate-limit 10/s udp exceed accept
list    rate-limit 10/s udp exceed allow

rule    scan-limit 20 within 0s per src
error   E171 22-23

rule    drop tcp log every 0s
error   E171 20-21
