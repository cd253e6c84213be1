# The long form of rates, the units kept; 'm' behind '/' is a minute, in front of it a million.
# Listing works although the rules do not yet: a case with an error compares no listing, so the
# canonical text is asked for through the round trip of chains that hold them disabled.
file
| version 1
| interface eth0
| default drop
| rate-limit 5/m udp
error   E190 4:1-10
