# Help comes from the tables.

cli bpffw version
out
| bpffw 0.1

cli bpffw --version --json
out
| {"schema":"bpffw.version/1","version":"0.1","abi":2}

cli bpffw help
out *

cli bpffw help move
out
| bpffw move RULE before|after RULE
|   move a rule; id, name and counter stay
|   --force                      override a failing test or guard; history records it
|   --confirm[=TIME]             roll back in TIME (60s) unless 'bpffw confirm' is run
|   example: bpffw move r10 before noisy-net

cli bpffw move --help
out
| bpffw move RULE before|after RULE
|   move a rule; id, name and counter stay
|   --force                      override a failing test or guard; history records it
|   --confirm[=TIME]             roll back in TIME (60s) unless 'bpffw confirm' is run
|   example: bpffw move r10 before noisy-net

cli bpffw help e102
out
| E102
|   A range whose first end is above its last.

cli bpffw help dprot
exit 2
err
| error: no help on 'dprot'
|   help: did you mean 'dport'?

cli bpffw help syncookie
out *

cli bpffw help verbs
out *
