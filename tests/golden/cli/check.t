# What `check` prints, without privileges.

# Example 2 of the language page.
cli bpffw check broken.fw
file broken.fw
| version 1
| interface eth0
| default drop
| allow tcp port 22
exit 2
err
| broken.fw:4:11: error: 'port' is not understood here [E001]
|   allow tcp port 22
|             ^~~~
|   help: write 'dport' (destination port) or 'sport' (source port)
| broken.fw: 1 error; nothing was changed

# Every mistake of the file in one run, sorted, without cascades.
cli bpffw check typos.fw
file typos.fw
| version 1
| interface eth0
| defualt drop
| allow tcp port 22
| allow tpc dport 22
| alow tcp dport 22
| allow tcp dport ssh quick
| default drop
| -A INPUT -p tcp --dport 22 -j ACCEPT
| allow tcp dprot 22
| drop src
| chain x {
|   allow tcp
|   drop lgo
| }
exit 2
err
| typos.fw:3:1: error: 'defualt' is not understood here [E001]
|   defualt drop
|   ^~~~~~~
|   help: did you mean 'default'?
| typos.fw:4:11: error: 'port' is not understood here [E001]
|   allow tcp port 22
|             ^~~~
|   help: write 'dport' (destination port) or 'sport' (source port)
| typos.fw:5:7: error: 'tpc' is not understood here [E001]
|   allow tpc dport 22
|         ^~~
|   help: did you mean 'tcp'?
| typos.fw:6:1: error: 'alow' is not understood here [E001]
|   alow tcp dport 22
|   ^~~~
|   help: did you mean 'allow'?
| typos.fw:7:21: error: 'quick' is not understood here [E001]
|   allow tcp dport ssh quick
|                       ^~~~~
|   help: not needed: the first matching rule always wins
| typos.fw:9:1: error: '-A' is not understood here [E001]
|   -A INPUT -p tcp --dport 22 -j ACCEPT
|   ^~
|   help: iptables syntax: write 'allow tcp dport 22', or use 'bpffw import iptables'
| typos.fw:10:11: error: 'dprot' is not understood here [E001]
|   allow tcp dprot 22
|             ^~~~~
|   help: did you mean 'dport'?
| typos.fw:11:9: error: the rule ends too early [E002]
|   drop src
|           ^
|   help: a value is expected here
| typos.fw:14:8: error: 'lgo' is not understood here [E001]
|     drop lgo
|          ^~~
|   help: did you mean 'log'?
| typos.fw: 9 errors; nothing was changed

cli bpffw check --json broken.fw
file broken.fw
| version 1
| interface eth0
| default drop
| allow tcp port 22
exit 2
err
| {"schema":"bpffw.error/1","errors":[{"file":"broken.fw","line":4,"col":11,"end_col":14,"code":"E001","severity":"error","message":"'port' is not understood here","help":"write 'dport' (destination port) or 'sport' (source port)"}]}

cli bpffw check -q broken.fw
file broken.fw
| version 1
| interface eth0
| default drop
| allow tcp port 22
exit 2
err
| broken.fw:4:11: error: 'port' is not understood here [E001]
|   allow tcp port 22
|             ^~~~
|   help: write 'dport' (destination port) or 'sport' (source port)

# An include prints where it was included.
cli bpffw check
file rules.fw
| version 1
| interface lo
| default allow
| include "conf.d/*.fw"
file conf.d/a.fw
| drop tcp dport 22-20
exit 2
err
| conf.d/a.fw:1:16: error: port range runs backwards [E102]
|   drop tcp dport 22-20
|                  ^~~~~
|   help: write 20-22
|   included from rules.fw:4
| rules.fw: 1 error; nothing was changed

# More than 20 errors: 20 are shown, the others counted.
cli bpffw check many.fw
file many.fw
| default allow; interface lo; version 1
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
| zzzz
exit 2
err
| many.fw:2:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:3:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:4:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:5:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:6:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:7:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:8:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:9:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:10:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:11:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:12:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:13:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:14:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:15:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:16:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:17:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:18:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:19:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:20:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| many.fw:21:1: error: 'zzzz' is not understood here [E001]
|   zzzz
|   ^~~~
| 2 more errors
| many.fw: 22 errors; nothing was changed

# Standard input, and a clean file.
cli bpffw check -
stdin
| version 1
| interface lo
| default allow
| set bad addr { 192.0.2.1, 2001:db8::1 }
| drop src @bad name bad
| test { expect drop tcp src 192.0.2.1; expect allow tcp src 192.0.2.2 }
out *

# Warnings are no failure, unless --strict.
cli bpffw check warn.fw
file warn.fw
| version 1
| interface lo
| default drop
| option fragments drop
out *
err
| warn.fw:3:1: warning: 'default drop' without 'allow established' also drops the answers to what this host itself asks [W203]
|   default drop
|   ^~~~~~~~~~~~
|   help: add 'allow established'

cli bpffw check --strict -q warn.fw
file warn.fw
| version 1
| interface lo
| default drop
| option fragments drop
exit 1

# A failing test is a refusal.
cli bpffw check test.fw
file test.fw
| version 1
| interface lo
| default allow
| drop tcp dport 22 name ssh
| test { expect allow tcp dport 22 }
exit 3
err
| test.fw:5:8: error: test at test.fw:5 fails: expect allow tcp dport 22 - now dropped by 'ssh' [E183]
|   test { expect allow tcp dport 22 }
|          ^~~~~~~~~~~~~~~~~~~~~~~~~
| test.fw: 1 error; nothing was changed

cli bpffw check --dump=rules comment.fw
file comment.fw
| version 1
| interface lo
| default allow
| drop tcp dport 22:25 name ssh
exit 2
err
| comment.fw:4:16: error: ranges are written with '-' [E104]
|   drop tcp dport 22:25 name ssh
|                  ^~~~~
|   help: write 22-25
| comment.fw: 1 error; nothing was changed

cli bpffw check nothing.fw
exit 2
err
| error: nothing.fw: no such file [E004]

cli bpffw check conf.d
file conf.d/a.fw
| default drop
exit 2
err
| error: conf.d: is a directory [E004]

cli bpffw check --dump=ast a.fw
file a.fw
| default drop
out *

cli bpffw check --dump=rules a.fw
file a.fw
| version 1
| interface lo
| default block
| accept proto tcp to 192.0.2.1 dport http
out
| version 1
| interface lo
| default drop
| allow tcp dst 192.0.2.1 dport 80
