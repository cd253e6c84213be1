rule    allow tcp dport 22 dport 23
error   E006 20-24

rule    allow tcp ttl 1 ttl 2
error   E006

rule    allow tcp syn syn
error   E006 15-17

rule    allow frag any frag later
error   E006 16-19

rule    allow tcp dport 22 not dport 23 not dport 24
error   E006 37-41

rule    drop not not tcp
error   E001 10-12
