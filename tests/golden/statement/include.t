file
| version 1
| interface eth0
| default drop
| include "more.fw"
| allow tcp dport 80
file more.fw
| allow tcp dport 22
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:1 > 198.51.100.1:80 allow

# A pattern: sorted bytewise, and it may match nothing.
file
| version 1
| interface eth0
| default drop
| include "conf.d/*.fw"
| include "none.d/*.fw"
file conf.d/20-b.fw
| drop tcp dport 22
file conf.d/10-a.fw
| allow tcp dport 22 src 192.0.2.1
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow
packet  tcp 192.0.2.2:1 > 198.51.100.1:22 drop

# A plain path must exist.
file
| version 1
| interface eth0
| default drop
| include "missing.fw"
error   E004 4:9-20
says    missing.fw

# A mistake in an included file is reported there.
file
| version 1
| interface eth0
| default drop
| include "more.fw"
file more.fw
| allow tcp dport 22
| allow tcp port 22
error   E001 more.fw:2:11-14

# Includes that loop.
file
| version 1
| interface eth0
| default drop
| include "a.fw"
file a.fw
| include "b.fw"
file b.fw
| include "a.fw"
error   E005 b.fw:1:9-14
says    a.fw

# A define and a set of one file are known in the other.
file
| version 1
| interface eth0
| default drop
| include "defs.fw"
| allow src $office
| allow src @more
file defs.fw
| define office = 192.0.2.0/24
| set more addr { 198.51.100.1 }
packet  tcp 192.0.2.1:1 > 198.51.100.9:22 allow
packet  tcp 198.51.100.1:1 > 198.51.100.9:22 allow

# Once over all files.
file
| version 1
| interface eth0
| default drop
| include "more.fw"
file more.fw
| default allow
error   E161 more.fw:1:1-7
says    t.fw:3

# Relative to the including file.
file
| version 1
| interface eth0
| default drop
| include "d/a.fw"
file d/a.fw
| include "b.fw"
file d/b.fw
| allow tcp dport 22
packet  tcp 192.0.2.1:1 > 198.51.100.1:22 allow

# Top level only.
file
| version 1
| interface eth0
| default drop
| chain c {
|     include "more.fw"
| }
| jump c
file more.fw
| allow tcp dport 22
error   E001 5:5-11
