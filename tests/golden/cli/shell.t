# The shell without a terminal, as a user without privileges; and what completion says.

cli bpffw
stdin
| # a comment
| version; version
| help E102   # behind a command
out
| bpffw 0.1
| bpffw 0.1
| E102
|   A range whose first end is above its last.

cli bpffw shell
stdin
| version
| lsit
| version
exit 2
out
| bpffw 0.1
err
| error: unknown command 'lsit'
|   help: did you mean 'list'?
| error: line 2: stopped at 'lsit'
|   help: -k goes on behind an error

cli bpffw -k
stdin
| lsit
| version
exit 2
out
| bpffw 0.1
err
| error: unknown command 'lsit'
|   help: did you mean 'list'?

cli bpffw shell
stdin
| check \
|    rules.fw
exit 2
err
| error: rules.fw: no such file [E004]
| error: line 2: stopped at 'check     rules.fw'
|   help: -k goes on behind an error

cli bpffw --json
stdin
| lsit
exit 2
err
| {"schema":"bpffw.error/1","errors":[{"file":null,"line":null,"col":null,"end_col":null,"code":null,"severity":"error","message":"unknown command 'lsit'","help":"did you mean 'list'?"}]}
| {"schema":"bpffw.error/1","errors":[{"file":null,"line":null,"col":null,"end_col":null,"code":null,"severity":"error","message":"line 1: stopped at 'lsit'","help":"-k goes on behind an error"}]}

cli bpffw
stdin
| begin; version
exit 5
err
| error: 'begin' needs root (or CAP_BPF and CAP_NET_ADMIN)
|   help: run it as root, or with both capabilities
| error: line 1: stopped at 'begin; version'
|   help: -k goes on behind an error

cli bpffw
stdin
| abort
exit 2
err
| error: no batch is open
|   help: 'begin' opens one
| error: line 1: stopped at 'abort'
|   help: -k goes on behind an error

cli bpffw
stdin
| version "x
exit 2
err
| error: the quote is never closed
| error: line 1: stopped at 'version "x'
|   help: -k goes on behind an error

cli bpffw
stdin
| shell
exit 2
err
| error: this is the shell
|   help: 'quit' leaves it
| error: line 1: stopped at 'shell'
|   help: -k goes on behind an error

cli bpffw __complete -- explain tcp dpo
out
| dport	destination port: number, name, A-B, A-, @set, comma list

cli bpffw __complete -- add allow icmp type echo
out
| echo
| echo-reply
| echo-request
| 	an ICMP type: ICMP type by name or number

cli bpffw __complete -- move r1 ''
out
| after	behind a rule
| before	in front of a rule

file folder/rules.fw
| version 1
cli bpffw __complete -- check fol
out
| folder/

file folder/rules.fw
| version 1
cli bpffw __complete -- check folder/
out
| folder/rules.fw

cli bpffw __complete -- nonsense al

cli bpffw __complete
