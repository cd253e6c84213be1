# `import iptables`: each construct, the file it becomes and the report.

# Addresses, protocols, ports; what has its own word in our language.
cli bpffw import iptables -
stdin
| *filter
| :INPUT DROP [0:0]
| :FORWARD ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| -A INPUT -i lo -j ACCEPT
| -A INPUT ! -i lo -s 127.0.0.0/8 -j DROP
| -A INPUT -i eth0 -s 192.0.2.0/255.255.255.0 -p tcp -m tcp --dport 22 -j ACCEPT
| -A INPUT -i ppp+ ! -s 10.0.0.0/8 -d 10.0.0.1/32 -p udp -m udp --sport 1024:65535 --dport 53 -j ACCEPT
| -A INPUT -p tcp -m multiport --dports 80,443,8000:8010 -j ACCEPT
| -A INPUT -p tcp -m multiport ! --sports 80,443 -j ACCEPT
| -A INPUT -p tcp -m multiport --ports 6881,6889 -j DROP
| -A INPUT -p tcp -m tcp --tcp-flags SYN,RST,ACK,FIN SYN -j ACCEPT
| -A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP
| -A INPUT -p tcp -m tcp ! --tcp-flags SYN,ACK SYN -j DROP
| -A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT
| -A INPUT -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
| -A INPUT -p icmp -m icmp --icmp-type any -j DROP
| -A INPUT -m iprange --src-range 192.0.2.10-192.0.2.20 ! --dst-range 198.51.100.1-198.51.100.4 -j DROP
| -A INPUT -m mac --mac-source 02:00:00:AA:BB:CC -j ACCEPT
| -A INPUT -m ttl --ttl-lt 5 -j DROP
| -A INPUT -m length --length 0:128 -j DROP
| -A INPUT -m dscp --dscp-class EF -j ACCEPT
| -A INPUT -m addrtype --dst-type MULTICAST -j DROP
| -A INPUT ! -p tcp -m comment --comment "not \"tcp\"" -j DROP
| -A INPUT -p 47
| COMMIT
exit 0
out
| # imported: 21 rules read, 20 translated, 1 with a note, 0 not translated
| # policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end
| version 1
| interface eth0,ppp*
| default drop
| option fragments pass
|
| # line 5: not needed: bpffw is on no loopback interface
| drop src 127.0.0.0/8
| allow tcp src 192.0.2.0/24 dport 22 on eth0
| allow udp not src 10.0.0.0/8 dst 10.0.0.1 sport 1024-65535 dport 53 on ppp*
| allow ip4 tcp dport 80,443,8000-8010
| allow ip4 tcp not sport 80,443
| drop ip4 tcp sport 6881,6889
| drop ip4 tcp dport 6881,6889
| allow ip4 tcp syn
| drop ip4 tcp flags none/syn,ack,fin,rst,psh,urg
| drop ip4 tcp not flags syn/syn,ack
| allow icmp type echo-request
| allow icmp type destination-unreachable code 4
| drop icmp
| drop src 192.0.2.10-192.0.2.20 not dst 198.51.100.1-198.51.100.4
| allow ip4 smac 02:00:00:aa:bb:cc
| drop ip4 ttl 0-4
| drop ip4 len 0-128
| allow ip4 dscp ef
| drop dst 224.0.0.0/4
| drop ip4 not tcp comment "not \"tcp\""
| count ip4 proto gre
|
| # what the input leaves alone
| allow not ether 0x0800
err
| -: 21 rules read: 20 translated, 1 with a note, 0 not translated
|   line 5: not needed: bpffw is on no loopback interface
| policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end

# Chains: jump, goto, RETURN; a chain that nothing leads to; one that FORWARD uses.
cli bpffw import iptables -
stdin
| *filter
| :INPUT DROP [0:0]
| :FORWARD ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| :services - [0:0]
| :office - [0:0]
| :unused - [0:0]
| -A INPUT -p tcp -j services
| -A INPUT -s 192.0.2.0/24 -g office
| -A INPUT -j RETURN
| -A FORWARD -j services
| -A services -s 203.0.113.7/32 -j RETURN
| -A services -p tcp -m tcp --dport 80 -j ACCEPT
| -A office -p tcp -m tcp --dport 22 -j ACCEPT
| -A unused -j DROP
| COMMIT
exit 0
out
| # imported: 8 rules read, 6 translated, 0 with a note, 2 not translated
| # policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| # if this host forwards packets (a router, containers): they meet these rules, too, before they are forwarded
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
|
| chain services {
| 	return src 203.0.113.7
| 	allow tcp dport 80
| }
|
| chain office {
| 	allow tcp dport 22
| }
|
| jump services ip4 tcp
| jump office src 192.0.2.0/24
| drop src 192.0.2.0/24
| drop ip4
|
| # what the input leaves alone
| allow not ether 0x0800
|
| # line 11 is not translated: -A FORWARD -j services
| #   chain FORWARD: not on the way of packets that come in
| # line 15 is not translated: -A unused -j DROP
| #   chain unused: not on the way of packets that come in
err
| -: 8 rules read: 6 translated, 0 with a note, 2 not translated (comments mark them in the output)
|   line 11: chain FORWARD: not on the way of packets that come in
|   line 15: chain unused: not on the way of packets that come in
| policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| if this host forwards packets (a router, containers): they meet these rules, too, before they are forwarded
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end

# States: established, NEW before and behind it, INVALID.
cli bpffw import iptables -
stdin
| *filter
| :INPUT DROP [0:0]
| :FORWARD ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| -A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP
| -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
| -A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j ACCEPT
| -A INPUT -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT
| -A INPUT -m conntrack --ctstate INVALID -j DROP
| -A INPUT -m conntrack --ctstate DNAT -j ACCEPT
| COMMIT
exit 0
out
| # imported: 6 rules read, 0 translated, 4 with a note, 2 not translated
| # policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
|
| # line 5: NEW became 'not established'
| drop ip4 tcp not syn not established
| # line 6: the state became 'established': answers to what this host sent, by bpffw's own table of flows
| allow ip4 established
| # line 7: NEW is not looked at: what is established was allowed before
| allow ip4 tcp dport 22
| # line 8: the states are not looked at: they are all but INVALID
| allow ip4 tcp dport 80
| # line 9 is not translated: -A INPUT -m conntrack --ctstate INVALID -j DROP
| #   bpffw has no conntrack: it drops malformed packets before any rule and knows no other such state; WHAT IT DROPS GOES ON
| # line 10 is not translated: -A INPUT -m conntrack --ctstate DNAT -j ACCEPT
| #   bpffw has no such connection state; what it lets pass goes on
|
| # what the input leaves alone
| allow not ether 0x0800
err
| -: 6 rules read: 0 translated, 4 with a note, 2 not translated (comments mark them in the output)
|   line 5: NEW became 'not established'
|   line 6: the state became 'established': answers to what this host sent, by bpffw's own table of flows
|   line 7: NEW is not looked at: what is established was allowed before
|   line 8: the states are not looked at: they are all but INVALID
|   line 9: bpffw has no conntrack: it drops malformed packets before any rule and knows no other such state; WHAT IT DROPS GOES ON
|   line 10: bpffw has no such connection state; what it lets pass goes on
| policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end

# Limits: limit, recent, hashlimit, connlimit; LOG and REJECT.
cli bpffw import iptables -
stdin
| *filter
| :INPUT DROP [0:0]
| :FORWARD ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| :flood - [0:0]
| -A INPUT -p icmp -m limit --limit 10/sec --limit-burst 20 -j ACCEPT
| -A INPUT -p tcp -m tcp --dport 22 -m state --state NEW -m recent --set --name SSH --mask 255.255.255.255 --rsource
| -A INPUT -p tcp -m tcp --dport 22 -m state --state NEW -m recent --update --seconds 60 --hitcount 4 --name SSH --mask 255.255.255.255 --rsource -j DROP
| -A INPUT -p udp -m udp --dport 53 -m hashlimit --hashlimit-above 20/sec --hashlimit-burst 50 --hashlimit-mode srcip --hashlimit-name dns -j DROP
| -A INPUT -p tcp -m tcp --dport 80 --tcp-flags FIN,SYN,RST,ACK SYN -m hashlimit --hashlimit-above 5/min --hashlimit-mode srcip --hashlimit-srcmask 24 --hashlimit-name web -j DROP
| -A INPUT -p tcp -m tcp --dport 80 -m connlimit --connlimit-above 20 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with tcp-reset
| -A INPUT -p tcp -m tcp --dport 80 -m connlimit --connlimit-above 2000 --connlimit-mask 32 --connlimit-saddr -j DROP
| -A INPUT -p tcp -j flood
| -A INPUT -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[BLOCK] "
| -A INPUT -m limit --limit 3/min -j DROP
| -A INPUT -p udp -j REJECT --reject-with icmp-port-unreachable
| -A INPUT -j TARPIT
| -A flood -m limit --limit 25/sec --limit-burst 50 -j RETURN
| -A flood -j DROP
| COMMIT
exit 0
out
| # imported: 14 rules read, 2 translated, 10 with a note, 2 not translated
| # policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
|
| chain flood {
| 	# line 18: what is over the limit is dropped; in iptables it goes on to the next rule
| 	rate-limit 25/s burst 50
| 	return
| 	drop
| }
|
| # line 6: what is over the limit is dropped; in iptables it goes on to the next rule
| allow icmp rate 10/s burst 20
| # line 7: -m recent --set only counts: the line that checks it carries the limit
| # line 8: -m recent --seconds 60 --hitcount 4 became syn-limit 4/min burst 4 per src
| syn-limit 4/min burst 4 per src ip4 tcp dport 22
| # line 9: hashlimit became a rate-limit: the same rate, buckets of bpffw's own kind
| rate-limit 20/s burst 50 per src ip4 udp dport 53
| # line 10: hashlimit became a syn-limit: the same rate, buckets of bpffw's own kind
| syn-limit 5/min burst 5 per src/24 ip4 tcp dport 80
| # line 11: connlimit became a conn-limit: it counts what bpffw has seen
| conn-limit 20 per src ip4 tcp dport 80
| # line 12 is not translated: -A INPUT -p tcp -m tcp --dport 80 -m connlimit --connlimit-above 2000 --connlimit-mask 32 --connlimit-saddr -j DROP
| #   bpffw limits up to 64 TCP connections of a source, and drops what is above; WHAT IT DROPS GOES ON
| jump flood ip4 tcp
| # line 14: it goes to the events of bpffw, not to the kernel log
| log every 20s ip4 comment "[BLOCK] "
| # line 15 is not translated: -A INPUT -m limit --limit 3/min -j DROP
| #   -m limit goes with ACCEPT, RETURN and LOG in bpffw; WHAT IT DROPS GOES ON
| # line 16: REJECT became drop (XDP cannot send a reply)
| drop ip4 udp
| # line 17: TARPIT became drop
| drop ip4
|
| # what the input leaves alone
| allow not ether 0x0800
err
| -: 14 rules read: 2 translated, 10 with a note, 2 not translated (comments mark them in the output)
|   line 6: what is over the limit is dropped; in iptables it goes on to the next rule
|   line 7: -m recent --set only counts: the line that checks it carries the limit
|   line 8: -m recent --seconds 60 --hitcount 4 became syn-limit 4/min burst 4 per src
|   line 9: hashlimit became a rate-limit: the same rate, buckets of bpffw's own kind
|   line 10: hashlimit became a syn-limit: the same rate, buckets of bpffw's own kind
|   line 11: connlimit became a conn-limit: it counts what bpffw has seen
|   line 12: bpffw limits up to 64 TCP connections of a source, and drops what is above; WHAT IT DROPS GOES ON
|   line 14: it goes to the events of bpffw, not to the kernel log
|   line 15: -m limit goes with ACCEPT, RETURN and LOG in bpffw; WHAT IT DROPS GOES ON
|   line 16: REJECT became drop (XDP cannot send a reply)
|   line 17: TARPIT became drop
|   line 18: what is over the limit is dropped; in iptables it goes on to the next rule
| policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end

# ufw: its limit leads to a chain that logs and rejects.
cli bpffw import iptables -
stdin
| *filter
| :INPUT DROP [0:0]
| :FORWARD ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| :ufw-user-input - [0:0]
| :ufw-user-limit - [0:0]
| :ufw-user-limit-accept - [0:0]
| -A INPUT -j ufw-user-input
| -A ufw-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name DEFAULT --mask 255.255.255.255 --rsource
| -A ufw-user-input -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 30 --hitcount 6 --name DEFAULT --mask 255.255.255.255 --rsource -j ufw-user-limit
| -A ufw-user-input -p tcp -m tcp --dport 22 -j ufw-user-limit-accept
| -A ufw-user-limit -m limit --limit 3/min -j LOG --log-prefix "[UFW LIMIT BLOCK] "
| -A ufw-user-limit -j REJECT --reject-with icmp-port-unreachable
| -A ufw-user-limit-accept -j ACCEPT
| COMMIT
exit 0
out
| # imported: 7 rules read, 3 translated, 2 with a note, 2 not translated
| # policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
|
| chain ufw-user-input {
| 	# line 9: -m recent --set only counts: the line that checks it carries the limit
| 	# line 10: chain ufw-user-limit drops what comes, and so does the limit; -m recent --seconds 30 --hitcount 6 became syn-limit 12/min burst 6 per src
| 	syn-limit 12/min burst 6 per src tcp dport 22
| 	jump ufw-user-limit-accept tcp dport 22
| }
|
| chain ufw-user-limit-accept {
| 	allow
| }
|
| jump ufw-user-input ip4
|
| # what the input leaves alone
| allow not ether 0x0800
|
| # line 12 is not translated: -A ufw-user-limit -m limit --limit 3/min -j LOG --log-prefix "[UFW LIMIT BLOCK] "
| #   chain ufw-user-limit: no rule of the output leads there
| # line 13 is not translated: -A ufw-user-limit -j REJECT --reject-with icmp-port-unreachable
| #   chain ufw-user-limit: no rule of the output leads there
err
| -: 7 rules read: 3 translated, 2 with a note, 2 not translated (comments mark them in the output)
|   line 9: -m recent --set only counts: the line that checks it carries the limit
|   line 10: chain ufw-user-limit drops what comes, and so does the limit; -m recent --seconds 30 --hitcount 6 became syn-limit 12/min burst 6 per src
|   line 12: chain ufw-user-limit: no rule of the output leads there: 2 rules
| policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end

# Sets, and matches and targets that bpffw does not have.
cli bpffw import iptables -
stdin
| *filter
| :INPUT DROP [0:0]
| :FORWARD ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| -A INPUT -m set --match-set bad-guys src -j DROP
| -A INPUT -m set --match-set pairs src,dst -j ACCEPT
| -A INPUT -m geoip --source-country XX -j DROP
| -A INPUT -m string --string "x" --algo bm -j DROP
| -A INPUT -f -j DROP
| -A INPUT -m owner --uid-owner 0 -j ACCEPT
| -A INPUT -m addrtype --dst-type LOCAL -j ACCEPT
| -A INPUT -m addrtype --src-type LOCAL -j DROP
| -A INPUT -s www.example.com -j DROP
| -A INPUT -d 10.0.0.1/255.0.255.0 -j DROP
| -A INPUT -p sctp -m sctp --dport 80 -j ACCEPT
| -A INPUT -p tcp -j MARK --set-xmark 0x1/0xffffffff
| -A INPUT -j NFQUEUE --queue-num 0
| -A INPUT -s 10.0.0.0/8 -m iprange --src-range 192.0.2.1-192.0.2.2 -j DROP
| COMMIT
exit 0
out
| # imported: 14 rules read, 0 translated, 4 with a note, 10 not translated
| # policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
| set bad-guys addr
|
| # line 5: set bad-guys is empty here: 'ipset save' has what it holds, 'bpffw set bad-guys load FILE' fills it
| drop ip4 src @bad-guys
| # line 6 is not translated: -A INPUT -m set --match-set pairs src,dst -j ACCEPT
| #   a set of more than addresses ('src,dst'); what it lets pass goes on
| # line 7 is not translated: -A INPUT -m geoip --source-country XX -j DROP
| #   bpffw has no match like -m geoip; WHAT IT DROPS GOES ON
| # line 8 is not translated: -A INPUT -m string --string "x" --algo bm -j DROP
| #   bpffw has no match like -m string; WHAT IT DROPS GOES ON
| # line 9: the host reassembles before INPUT: -f never matches there ('drop frag any' drops fragments)
| # line 10 is not translated: -A INPUT -m owner --uid-owner 0 -j ACCEPT
| #   bpffw has no match like -m owner; what it lets pass goes on
| # line 11: local became: neither multicast nor broadcast
| allow not dst 224.0.0.0/4,255.255.255.255
| # line 12 is not translated: -A INPUT -m addrtype --src-type LOCAL -j DROP
| #   source type LOCAL needs the routing table; WHAT IT DROPS GOES ON
| # line 13 is not translated: -A INPUT -s www.example.com -j DROP
| #   'www.example.com' is no address with a mask that a prefix can say (host names are not looked up); WHAT IT DROPS GOES ON
| # line 14 is not translated: -A INPUT -d 10.0.0.1/255.0.255.0 -j DROP
| #   '10.0.0.1/255.0.255.0' is no address with a mask that a prefix can say (host names are not looked up); WHAT IT DROPS GOES ON
| # line 15 is not translated: -A INPUT -p sctp -m sctp --dport 80 -j ACCEPT
| #   bpffw has no match like -m sctp; what it lets pass goes on
| # line 16 is not translated: -A INPUT -p tcp -j MARK --set-xmark 0x1/0xffffffff
| #   target MARK: bpffw only decides, it does not mark, change or queue packets
| # line 17 is not translated: -A INPUT -j NFQUEUE --queue-num 0
| #   target NFQUEUE: bpffw only decides, it does not mark, change or queue packets
| # line 18: it can never match
|
| # what the input leaves alone
| allow not ether 0x0800
err
| -: 14 rules read: 0 translated, 4 with a note, 10 not translated (comments mark them in the output)
|   line 5: set bad-guys is empty here: 'ipset save' has what it holds, 'bpffw set bad-guys load FILE' fills it
|   line 6: a set of more than addresses ('src,dst'); what it lets pass goes on
|   line 7: bpffw has no match like -m geoip; WHAT IT DROPS GOES ON
|   line 8: bpffw has no match like -m string; WHAT IT DROPS GOES ON
|   line 9: the host reassembles before INPUT: -f never matches there ('drop frag any' drops fragments)
|   line 10: bpffw has no match like -m owner; what it lets pass goes on
|   line 11: local became: neither multicast nor broadcast
|   line 12: source type LOCAL needs the routing table; WHAT IT DROPS GOES ON
|   line 13: 'www.example.com' is no address with a mask that a prefix can say (host names are not looked up); WHAT IT DROPS GOES ON
|   line 14: '10.0.0.1/255.0.255.0' is no address with a mask that a prefix can say (host names are not looked up); WHAT IT DROPS GOES ON
|   line 15: bpffw has no match like -m sctp; what it lets pass goes on
|   line 16: target MARK: bpffw only decides, it does not mark, change or queue packets
|   line 17: target NFQUEUE: bpffw only decides, it does not mark, change or queue packets
|   line 18: it can never match
| policy: *filter INPUT DROP (IPv4) became 'default drop'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; IPv6 and frames other than IP are left alone at the end

# Tables: what accepts in raw and mangle goes on; nat is left out.
cli bpffw import iptables -
stdin
| *raw
| :PREROUTING ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| :early - [0:0]
| -A PREROUTING -s 192.0.2.0/24 -j ACCEPT
| -A PREROUTING -p udp -m udp --dport 19 -j DROP
| -A PREROUTING -j early
| -A early -s 198.51.100.1/32 -j ACCEPT
| -A early -s 198.51.100.2/32 -j RETURN
| COMMIT
| *nat
| :PREROUTING ACCEPT [0:0]
| -A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80
| -A PREROUTING -p tcp -m tcp --dport 8081 -j DNAT --to-destination 10.0.0.3:80
| COMMIT
| *filter
| :INPUT ACCEPT [0:0]
| -A INPUT -p tcp -m tcp --dport 23 -j DROP
| COMMIT
exit 0
out
| # imported: 8 rules read, 5 translated, 0 with a note, 3 not translated
| # policy: *filter INPUT ACCEPT (IPv4) became 'default allow'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| version 1
| interface eth0
| default allow
| option fragments pass
|
| chain raw-PREROUTING {
| 	return src 192.0.2.0/24
| 	drop udp dport 19
| 	jump early
| }
|
| chain early {
| 	# line 8 is not translated: -A early -s 198.51.100.1/32 -j ACCEPT
| 	#   it accepts for this table only: another one decides later, and bpffw has no word for that in a chain; what it lets pass goes on
| 	return src 198.51.100.2
| }
|
| jump raw-PREROUTING ip4
| drop ip4 tcp dport 23
|
| # line 13 is not translated: -A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80
| #   table nat ignored (bpffw sees packets before NAT; keep it in nftables)
| # line 14 is not translated: -A PREROUTING -p tcp -m tcp --dport 8081 -j DNAT --to-destination 10.0.0.3:80
| #   table nat ignored (bpffw sees packets before NAT; keep it in nftables)
err
| -: 8 rules read: 5 translated, 0 with a note, 3 not translated (comments mark them in the output)
|   line 8: it accepts for this table only: another one decides later, and bpffw has no word for that in a chain; what it lets pass goes on
|   line 13: table nat ignored (bpffw sees packets before NAT; keep it in nftables): 2 rules
| policy: *filter INPUT ACCEPT (IPv4) became 'default allow'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)

# Both families, one behind the other: each keeps its own rules and policy.
cli bpffw import iptables -
stdin
| # Generated by iptables-save v1.8.9 on Sun Nov 22 07:00:00 2026
| *filter
| :INPUT ACCEPT [0:0]
| :web - [0:0]
| [12:720] -A INPUT -p tcp -m tcp --dport 80 -j web
| [0:0] -A web -s 203.0.113.0/24 -j DROP
| COMMIT
| # Generated by ip6tables-save v1.8.9 on Sun Nov 22 07:00:00 2026
| *filter
| :INPUT DROP [0:0]
| :web - [0:0]
| -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j ACCEPT
| -A INPUT -m rt --rt-type 0 -j DROP
| -A INPUT -s fe80::/10 -p udp -m udp --dport 546 -j ACCEPT
| -A INPUT -p tcp -m tcp --dport 80 -j web
| -A web ! -s 2001:db8::/32 -j ACCEPT
| COMMIT
exit 0
out
| # imported: 7 rules read, 6 translated, 0 with a note, 1 not translated
| # policy: *filter INPUT ACCEPT (IPv4) became a rule at the end; OUTPUT and FORWARD are not covered
| # policy: *filter INPUT DROP (IPv6) became 'default drop'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| # 'default drop' is for what the input drops; IPv4 and frames other than IP are left alone at the end
| version 1
| interface eth0
| default drop
| option fragments pass
|
| chain web {
| 	drop src 203.0.113.0/24
| }
|
| chain web-6 {
| 	allow not src 2001:db8::/32
| }
|
| jump web ip4 tcp dport 80
| allow icmp6 type neighbor-solicitation ttl 255
| # line 13 is not translated: -A INPUT -m rt --rt-type 0 -j DROP
| #   bpffw drops routing header type 0 before any rule; WHAT IT DROPS GOES ON
| allow udp src fe80::/10 dport 546
| jump web-6 ip6 tcp dport 80
|
| # what the input leaves alone
| allow not ether 0x86dd
err
| -: 7 rules read: 6 translated, 0 with a note, 1 not translated (comments mark them in the output)
|   line 13: bpffw drops routing header type 0 before any rule; WHAT IT DROPS GOES ON
| policy: *filter INPUT ACCEPT (IPv4) became a rule at the end; OUTPUT and FORWARD are not covered
| policy: *filter INPUT DROP (IPv6) became 'default drop'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| 'default drop' is for what the input drops; IPv4 and frames other than IP are left alone at the end

# Broken text: what is not understood is named, loops are cut.
cli bpffw import iptables -
stdin
| -A INPUT -p tcp -m tcp --dport
| -A INPUT -p tcp -m tcp --dport 70000 -j ACCEPT
| -A INPUT -p nonsense -j ACCEPT
| -A INPUT --frob 1 -j DROP
| -A INPUT -s 10.0.0.0/33 -j DROP
| -A INPUT -m comment --comment "never closed -j DROP
| -I INPUT 1 -j DROP
| :loop - [0:0]
| -A INPUT -j loop
| -A loop -j loop
| -A
| garbage
exit 0
out
| # imported: 11 rules read, 1 translated, 0 with a note, 10 not translated
| # policy: *filter INPUT ACCEPT (IPv4) became 'default allow'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| # no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)
| version 1
| interface eth0
| default allow
| option fragments pass
|
| chain loop {
| 	# line 10 is not translated: -A loop -j loop
| 	#   the chain leads back to itself
| }
|
| # line 1 is not translated: -A INPUT -p tcp -m tcp --dport
| #   the rule ends behind '--dport'
| # line 2 is not translated: -A INPUT -p tcp -m tcp --dport 70000 -j ACCEPT
| #   port '70000' is not understood; what it lets pass goes on
| # line 3 is not translated: -A INPUT -p nonsense -j ACCEPT
| #   protocol 'nonsense' is not understood; what it lets pass goes on
| # line 4 is not translated: -A INPUT --frob 1 -j DROP
| #   option '--frob' has no counterpart in bpffw; WHAT IT DROPS GOES ON
| # line 5 is not translated: -A INPUT -s 10.0.0.0/33 -j DROP
| #   '10.0.0.0/33' is no address with a mask that a prefix can say (host names are not looked up); WHAT IT DROPS GOES ON
| jump loop ip4
|
| # line 6 is not translated: -A INPUT -m comment --comment "never closed -j DROP
| #   a quote is open or the line has more than 512 words
| # line 7 is not translated: -I INPUT 1 -j DROP
| #   it is not understood: a rule opens with -A
| # line 11 is not translated: -A
| #   it is not understood: a rule opens with -A
| # line 12 is not translated: garbage
| #   it is not understood: a rule opens with -A
err
| -: 11 rules read: 1 translated, 0 with a note, 10 not translated (comments mark them in the output)
|   line 1: the rule ends behind '--dport'
|   line 2: port '70000' is not understood; what it lets pass goes on
|   line 3: protocol 'nonsense' is not understood; what it lets pass goes on
|   line 4: option '--frob' has no counterpart in bpffw; WHAT IT DROPS GOES ON
|   line 5: '10.0.0.0/33' is no address with a mask that a prefix can say (host names are not looked up); WHAT IT DROPS GOES ON
|   line 6: a quote is open or the line has more than 512 words
|   line 7: it is not understood: a rule opens with -A
|   line 10: the chain leads back to itself
|   line 11: it is not understood: a rule opens with -A
|   line 12: it is not understood: a rule opens with -A
| policy: *filter INPUT ACCEPT (IPv4) became 'default allow'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| no rule names an interface: 'interface eth0' stands for yours (--interface NAME writes another)

# Interfaces given by hand: a rule for another one is refused by our own checker.
cli bpffw import --interface eth0 iptables -
stdin
| *filter
| :INPUT ACCEPT [0:0]
| :FORWARD ACCEPT [0:0]
| :OUTPUT ACCEPT [0:0]
| -A INPUT -i eth1 -p tcp -m tcp --dport 22 -j ACCEPT
| -A INPUT -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT
| COMMIT
exit 0
out
| # imported: 2 rules read, 1 translated, 0 with a note, 1 not translated
| # policy: *filter INPUT ACCEPT (IPv4) became 'default allow'; OUTPUT and FORWARD are not covered
| # essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| # fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
| version 1
| interface eth0
| default allow
| option fragments pass
|
| # line 5 is not translated: -A INPUT -i eth1 -p tcp -m tcp --dport 22 -j ACCEPT
| #   bpffw refuses it: eth1 is on no 'interface' line
| allow ip4 tcp dport 80 on eth0
err
| -: 2 rules read: 1 translated, 0 with a note, 1 not translated (comments mark them in the output)
|   line 5: bpffw refuses it: eth1 is on no 'interface' line
| policy: *filter INPUT ACCEPT (IPv4) became 'default allow'; OUTPUT and FORWARD are not covered
| essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too big) passes and malformed packets are dropped before any rule
| fragments: INPUT sees whole packets; 'option fragments pass' leaves the decision to the first one
