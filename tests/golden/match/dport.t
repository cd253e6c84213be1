rule    allow tcp dport 22
list    allow tcp dport 22
packet  tcp 192.0.2.1:4000 > 198.51.100.1:21 drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:23 drop
packet  tcp 192.0.2.1:22 > 198.51.100.1:4000 drop
packet  udp 192.0.2.1:4000 > 198.51.100.1:22 drop
packet  tcp [2001:db8::1]:4000 > [2001:db8::2]:22 allow

rule    drop tcp dport 22-25
list    drop tcp dport 22-25
packet  tcp 192.0.2.1:4000 > 198.51.100.1:21 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:25 drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:26 allow
packet  udp 192.0.2.1:4000 > 198.51.100.1:22 allow

rule    allow tcp dport 80,443,8000-8010
list    allow tcp dport 80,443,8000-8010
packet  tcp 192.0.2.1:4000 > 198.51.100.1:80 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:443 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:444 drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:8005 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:8011 drop

rule    allow tcp dport http,https
list    allow tcp dport 80,443

rule    allow tcp dport { ssh, smtp }
list    allow tcp dport 22,25

rule    allow udp dport dns,ntp,wireguard
list    allow udp dport 53,123,51820

# Looked up as a name first, so that '-' is not a range.
rule    allow tcp dport ftp-data
list    allow tcp dport 20

rule    allow tcp dport 0
list    allow tcp dport 0
packet  tcp 192.0.2.1:4000 > 198.51.100.1:0 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:1 drop

rule    allow tcp dport 65535
list    allow tcp dport 65535
packet  tcp 192.0.2.1:4000 > 198.51.100.1:65535 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:65534 drop

rule    allow tcp dport 0-65535
packet  tcp 192.0.2.1:4000 > 198.51.100.1:0 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:65535 allow
packet  tcp 192.0.2.1:0 > 198.51.100.1:0 frag later drop
packet  udp 192.0.2.1:4000 > 198.51.100.1:1 drop

rule    allow proto tcp,udp dport 53
list    allow proto tcp,udp dport 53
packet  tcp 192.0.2.1:4000 > 198.51.100.1:53 allow
packet  udp 192.0.2.1:4000 > 198.51.100.1:53 allow
packet  udp 192.0.2.1:4000 > 198.51.100.1:54 drop
packet  icmp 192.0.2.1 > 198.51.100.1 drop

# Negated, inside packets that have the field.
rule    drop tcp not dport 22
list    drop tcp not dport 22
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:23 drop
packet  tcp 192.0.2.1:0 > 198.51.100.1:0 frag later allow
packet  udp 192.0.2.1:4000 > 198.51.100.1:23 allow

rule    drop tcp dport not 22,80-90
list    drop tcp not dport 22,80-90
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:79 drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:80 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:90 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:91 drop

rule    drop tcp dport 1-100 not dport 22
list    drop tcp dport 1-100 not dport 22
packet  tcp 192.0.2.1:4000 > 198.51.100.1:21 drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 allow
packet  tcp 192.0.2.1:4000 > 198.51.100.1:101 allow

# A later fragment has payload where the ports would be.
rule    drop tcp dport 22
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 frag first drop
packet  tcp 192.0.2.1:4000 > 198.51.100.1:22 frag later allow
