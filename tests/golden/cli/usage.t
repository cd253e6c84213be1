# Command lines that are refused, and by which words.

# Alone it is the shell; its options are not those of a command.
cli bpffw

cli bpffw -k list
exit 2
err
| error: unknown option '-k'

cli bpffw begin
exit 5
err
| error: 'begin' needs root (or CAP_BPF and CAP_NET_ADMIN)
|   help: run it as root, or with both capabilities

cli bpffw abort
exit 2
err
| error: 'abort' belongs to the shell
|   help: start 'bpffw', or give it the commands on standard input

cli bpffw chekc
exit 2
err
| error: unknown command 'chekc'
|   help: did you mean 'check'?

cli bpffw allow tcp
exit 2
err
| error: unknown command 'allow'
|   help: write 'bpffw add allow ...'

cli bpffw check --dmup=ast
exit 2
err
| error: unknown option '--dmup=ast'
|   help: did you mean '--dump'?

cli bpffw check a.fw b.fw
exit 2
err
| error: unexpected argument 'b.fw' for 'check'
|   help: usage: bpffw check [FILE]

cli bpffw move web
exit 2
err
| error: 'move' needs more arguments
|   help: usage: bpffw move RULE before|after RULE

cli bpffw add -A INPUT -j ACCEPT
exit 2
err
| error: unknown option '-A'
|   help: rules have no options: write 'allow tcp dport 22'

# Every command that changes or reads the kernel says what it needs, with code 5.
cli bpffw list
exit 5
err
| error: 'list' needs root (or CAP_BPF and CAP_NET_ADMIN)
|   help: run it as root, or with both capabilities

cli bpffw --json apply
exit 5
err
| {"schema":"bpffw.error/1","errors":[{"file":null,"line":null,"col":null,"end_col":null,"code":null,"severity":"error","message":"'apply' needs root (or CAP_BPF and CAP_NET_ADMIN)","help":"run it as root, or with both capabilities"}]}

# Habits from elsewhere.
cli bpffw show
exit 2
err
| error: unknown command 'show'
|   help: write 'bpffw list'

cli bpffw flush
exit 2
err
| error: unknown command 'flush'
|   help: write 'bpffw panic open', which filters nothing

cli bpffw version x
exit 2
err
| error: unexpected argument 'x' for 'version'
|   help: usage: bpffw version
