# `import pf`: each construct, the file it becomes and the report.

# The last match wins, unless it is quick: so quick rules first, the others in reverse.
cli bpffw import pf -
stdin
| block all
| pass in proto udp to port 53 no state
| block in quick from 203.0.113.0/24
| pass in proto tcp to port 22 no state flags any
| block in from 198.51.100.0/24
| pass in quick proto icmp no state
exit 0
out
| # imported: 6 rules read, 5 translated, 1 with a note, 0 not translated
| # policy: the default is drop; rules for outgoing packets are not covered
| # order: in pf the last match wins; here the first does, so 'quick' rules stand first and the others in reverse
| # packets with IP options pass where a rule allows them (pf wants 'allow-opts'); source routes are always dropped
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: pf reassembles; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
|
| drop src 203.0.113.0/24
| allow icmp
| drop src 198.51.100.0/24
| allow tcp dport 22
| allow udp dport 53
| # line 1: it became 'default drop'
|
| # what the input leaves alone
| allow not ether 0x0800,0x86dd
err
| -: 6 rules read: 5 translated, 1 with a note, 0 not translated
|   line 1: it became 'default drop'
| policy: the default is drop; rules for outgoing packets are not covered
| order: in pf the last match wins; here the first does, so 'quick' rules stand first and the others in reverse
| packets with IP options pass where a rule allows them (pf wants 'allow-opts'); source routes are always dropped
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: pf reassembles; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; frames other than IP are left alone at the end

# Macros, lists, tables, ports, negations.
cli bpffw import pf -
stdin
| ext_if = "em0"
| web = "{ http, https, 8000:8010 }"
| lan = "10/8"
| set skip on lo0
| set block-policy return
| table <bad> persist { 203.0.113.0/24, !203.0.113.9, 2001:db8::/32 }
| table <spam> persist file "/etc/spam.txt"
| table <hosts> { mail.example.com }
| block in quick on $ext_if from <bad>
| block in quick from <spam> to any
| block in quick from <hosts>
| block in quick on egress from any
| pass in quick on lo0
| pass in quick on ! $ext_if inet proto { tcp, udp } from { $lan, 192.168.0.0/16 } \
| 	to any port 53 no state
| pass in quick on $ext_if proto tcp to port $web flags S/SA keep state
| pass in quick proto udp from ! $lan port 1024 >< 2000 to any port != 53 no state
| pass in quick proto udp to any port > 1023 no state
| block in quick proto tcp from any to any flags FS/FS
| pass in quick inet proto icmp icmp-type { echoreq, unreach } no state
| pass in quick inet6 proto icmp6 icmp6-type { neighbrsol, 135, toobig } no state
| pass in quick from { any, 10.0.0.1 } to ($ext_if) no state
| block in quick from { 10.0.0.0/8, !10.1.0.0/16 }
exit 0
out
| # imported: 14 rules read, 8 translated, 2 with a note, 4 not translated
| # policy: the default is allow, as in pf; rules for outgoing packets are not covered
| # order: in pf the last match wins; here the first does, so 'quick' rules stand first and the others in reverse
| # states: 'allow established' stands for what passes by state; TCP rules allow the SYN (flags S/SA)
| # packets with IP options pass where a rule allows them (pf wants 'allow-opts'); source routes are always dropped
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: pf reassembles; 'option fragments pass' leaves the decision to the first one
| version 1
| interface em0
| default allow
| option fragments pass
| set bad addr { 203.0.113.0-203.0.113.8, 203.0.113.10-203.0.113.255, 2001:db8::/32 }
| set spam addr
|
| # packets of connections that a rule let pass
| allow established
| drop src @bad on em0
| # line 10: table <spam>: the file '/etc/spam.txt' is not read: 'bpffw set spam load FILE' does
| drop src @spam
| # line 11 is not translated: block in quick from <hosts>
| #   table <hosts>: it names hosts or interfaces; WHAT IT BLOCKS GOES ON
| # line 12 is not translated: block in quick on egress from any
| #   'egress' is a group of interfaces, or all: bpffw needs names; WHAT IT BLOCKS GOES ON
| # line 13: not needed: bpffw is on no loopback interface
| allow proto tcp,udp src 10.0.0.0/8,192.168.0.0/16 dport 53 not on em0
| allow tcp flags syn/syn,ack dport 80,443,8000-8010 on em0
| allow udp not src 10.0.0.0/8 sport 1025-1999 dport 0-52,54-65535
| allow udp dport 1024-65535
| drop tcp flags syn,fin/syn,fin
| allow icmp type destination-unreachable,echo-request
| allow icmp6 type packet-too-big,neighbor-solicitation
| # line 22 is not translated: pass in quick from { any, 10.0.0.1 } to ($ext_if) no state
| #   the address of an interface is not known here
| # line 23 is not translated: block in quick from { 10.0.0.0/8, !10.1.0.0/16 }
| #   '!' in a list matches all but that address: pf takes each entry for a rule of its own; WHAT IT BLOCKS GOES ON
err
| -: 14 rules read: 8 translated, 2 with a note, 4 not translated (comments mark them in the output)
|   line 10: table <spam>: the file '/etc/spam.txt' is not read: 'bpffw set spam load FILE' does
|   line 11: table <hosts>: it names hosts or interfaces; WHAT IT BLOCKS GOES ON
|   line 12: 'egress' is a group of interfaces, or all: bpffw needs names; WHAT IT BLOCKS GOES ON
|   line 13: not needed: bpffw is on no loopback interface
|   line 22: the address of an interface is not known here
|   line 23: '!' in a list matches all but that address: pf takes each entry for a rule of its own; WHAT IT BLOCKS GOES ON
| policy: the default is allow, as in pf; rules for outgoing packets are not covered
| order: in pf the last match wins; here the first does, so 'quick' rules stand first and the others in reverse
| states: 'allow established' stands for what passes by state; TCP rules allow the SYN (flags S/SA)
| packets with IP options pass where a rule allows them (pf wants 'allow-opts'); source routes are always dropped
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: pf reassembles; 'option fragments pass' leaves the decision to the first one

# States, limits, overload, logs, and what has no counterpart.
cli bpffw import pf -
stdin
| table <bruteforce> persist
| scrub in all
| match in all scrub (no-df)
| nat on em0 from 10.0.0.0/8 to any -> (em0)
| antispoof quick for em0
| anchor "ftp-proxy/*"
| block return log all
| block in quick from <bruteforce>
| pass out keep state
| pass in on em0 proto tcp to port 22 keep state \
| 	(max-src-conn 10, max-src-conn-rate 5/30, overload <bruteforce> flush global)
| pass in proto tcp to port 80 synproxy state (max-src-conn-rate 100/10)
| pass in on em0 proto { tcp, udp } to port 53 label "dns"
| pass in proto tcp to port 25 user mail
| pass in proto tcp to port 26 probability 50%
| pass in inet proto tcp from no-route to any port 27
| broken {
exit 0
out
| # imported: 15 rules read, 2 translated, 3 with a note, 10 not translated
| # policy: the default is allow, as in pf; rules for outgoing packets are not covered
| # order: in pf the last match wins; here the first does, so 'quick' rules stand first and the others in reverse
| # states: 'allow established' stands for what passes by state; TCP rules allow the SYN (flags S/SA)
| # packets with IP options pass where a rule allows them (pf wants 'allow-opts'); source routes are always dropped
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: pf reassembles; 'option fragments pass' leaves the decision to the first one
| version 1
| interface em0
| default allow
| option fragments pass
| set bruteforce addr
|
| # packets of connections that a rule let pass
| allow established
| drop src @bruteforce
| # line 16 is not translated: pass in inet proto tcp from no-route to any port 27
| #   'no-route' is no address (names, 'self' and interfaces are not looked up)
| # line 15 is not translated: pass in proto tcp to port 26 probability 50%
| #   'probability' has no counterpart in bpffw
| # line 14 is not translated: pass in proto tcp to port 25 user mail
| #   'user' has no counterpart in bpffw
| allow tcp flags syn/syn,ack dport 53 on em0 comment "dns"
| allow udp dport 53 on em0 comment "dns"
| # line 12: max-src-conn-rate became a syn-limit
| syn-limit 10/s burst 100 per src/32/128 tcp dport 80
| allow tcp flags syn/syn,ack dport 80
| # line 10: max-src-conn-rate became a syn-limit that bans for 1d; max-src-conn became a conn-limit: it counts what bpffw has seen
| syn-limit 10/min burst 5 per src/32/128 tcp dport 22 on em0 exceed blacklist @bruteforce verified for 1d
| conn-limit 10 per src/32/128 tcp dport 22 on em0
| allow tcp flags syn/syn,ack dport 22 on em0
| # line 9 is not translated: pass out keep state
| #   for outgoing packets: bpffw sees what comes in
| # line 7: return became drop (XDP cannot send a reply); it goes to the events of bpffw, not to pflog
| drop log
|
| # line 2 is not translated: scrub in all
| #   bpffw does not change packets; it drops malformed ones
| # line 3 is not translated: match in all scrub (no-df)
| #   bpffw only decides, it does not tag, queue or change packets
| # line 4 is not translated: nat on em0 from 10.0.0.0/8 to any -> (em0)
| #   bpffw does not translate addresses
| # line 5 is not translated: antispoof quick for em0
| #   it needs the addresses of the interface: write 'drop src NET not on IF'
| # line 6 is not translated: anchor "ftp-proxy/*"
| #   anchors are not read
| # line 17 is not translated: broken {
| #   it is not understood
err
| -: 15 rules read: 2 translated, 3 with a note, 10 not translated (comments mark them in the output)
|   line 2: bpffw does not change packets; it drops malformed ones
|   line 3: bpffw only decides, it does not tag, queue or change packets
|   line 4: bpffw does not translate addresses
|   line 5: it needs the addresses of the interface: write 'drop src NET not on IF'
|   line 6: anchors are not read
|   line 7: return became drop (XDP cannot send a reply); it goes to the events of bpffw, not to pflog
|   line 9: for outgoing packets: bpffw sees what comes in
|   line 10: max-src-conn-rate became a syn-limit that bans for 1d; max-src-conn became a conn-limit: it counts what bpffw has seen
|   line 12: max-src-conn-rate became a syn-limit
|   line 14: 'user' has no counterpart in bpffw
|   line 15: 'probability' has no counterpart in bpffw
|   line 16: 'no-route' is no address (names, 'self' and interfaces are not looked up)
|   line 17: it is not understood
| policy: the default is allow, as in pf; rules for outgoing packets are not covered
| order: in pf the last match wins; here the first does, so 'quick' rules stand first and the others in reverse
| states: 'allow established' stands for what passes by state; TCP rules allow the SYN (flags S/SA)
| packets with IP options pass where a rule allows them (pf wants 'allow-opts'); source routes are always dropped
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: pf reassembles; 'option fragments pass' leaves the decision to the first one
