# SPDX-License-Identifier: GPL-3.0-or-later
"""bypasses.py MODE COMMAND...: send each frame from c0 and see which counter of `list --json`
(COMMAND) it moves. Prints `PASSED FAILED`; what fails goes to standard error."""
import json
import logging
import subprocess
import sys
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *  # noqa: E402

conf.verb = 0
A4, B4, A6, B6 = "198.51.100.2", "198.51.100.1", "2001:db8:1::2", "2001:db8:1::1"


def ether(type=None):
    frame = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
    if type is not None:
        frame.type = type
    return frame


def ip4(**fields):
    return ether() / IP(src=A4, dst=B4, **fields)


def ip6(**fields):
    return ether() / IPv6(src=A6, dst=B6, **fields)


def chain(*headers):
    packet = ip6()
    for header in headers:
        packet = packet / header
    return packet


def cut(packet, length):
    return Raw(bytes(packet)[:length])


SYN = TCP(sport=40000, dport=22, flags="S")
DNS_QUERY = UDP(sport=40000, dport=53) / (b"x" * 20)
SYN_BYTES = bytes(IP(src=A4, dst=B4) / SYN)[20:]
SYN6_BYTES = bytes(IPv6(src=A6, dst=B6) / SYN)[40:]
PAD = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
AUTH = b"\x06\x04\0\0" + b"\0" * 20  # next TCP, (4 + 2) * 4 = 24 bytes
LATER = UDP(sport=53, dport=22)  # what a careless reader takes for ports

FRAMES = [
    # name, frame, where it must be counted: a rule, default, malformed reason or essential
    ("plain SYN", ip4() / SYN, "ssh"),
    ("plain SYN, IPv6", ip6() / SYN, "ssh"),
    ("plain DNS", ip4() / DNS_QUERY, "dns"),
    ("another port", ip4() / TCP(dport=23), "default"),
    ("IHL: ten words of options", ip4(options=[IPOption(b"\x01" * 20)]) / SYN, "ssh"),
    ("IHL: full 40 bytes of options", ip4(options=[IPOption(b"\x01" * 40)]) / SYN, "ssh"),
    ("IHL below 5", ip4(ihl=4) / SYN, "ip4-header"),
    ("IHL beyond the packet", ip4(ihl=15, len=40) / SYN, "ip4-header"),
    ("version 6 in an IPv4 frame", ip4(version=6) / SYN, "ip4-header"),
    ("total length beyond the frame", ip4(len=400) / SYN, "ip4-header"),
    ("padding is not payload", cut(ip4(len=28) / SYN, 60), "tcp-header"),
    ("source route", ip4(options=[IPOption_LSRR(routers=["203.0.113.1"])]) / SYN, "ip4-route"),
    ("strict source route", ip4(options=[IPOption_SSRR(routers=["203.0.113.1"])]) / SYN,
     "ip4-route"),
    ("option with length 0", ip4(options=[IPOption(b"\x44\x00\x01\x01")]) / SYN, "ip4-options"),
    ("option beyond the header", ip4(options=[IPOption(b"\x44\x20\x01\x01")]) / SYN,
     "ip4-options"),
    ("a SYN cut into 8-byte fragments: first", ip4(flags="MF", proto=6) / SYN_BYTES[:8],
     "frag-tiny"),
    ("a SYN cut into 8-byte fragments: second", ip4(flags="MF", frag=1, proto=6) / SYN_BYTES[8:16],
     "frag-tiny"),
    ("a SYN cut into 8-byte fragments: last", ip4(frag=2, proto=6) / SYN_BYTES[16:20],
     "frag-tiny"),
    ("first fragment with its whole header", ip4(flags="MF", proto=6) / (SYN_BYTES + b"\0" * 4),
     "ssh"),
    ("later fragment whose payload looks like a port", ip4(frag=100, proto=17) / bytes(LATER),
     "later"),
    ("later fragment of TCP", ip4(frag=100, proto=6) / SYN_BYTES, "later"),
    ("fragment that ends beyond 65535", ip4(frag=8191, proto=17) / (b"x" * 64), "frag-bad"),
    ("middle fragment not a multiple of 8", ip4(flags="MF", frag=100, proto=17) / (b"x" * 33),
     "frag-bad"),
    ("one VLAN tag", ether() / Dot1Q(vlan=20) / IP(src=A4, dst=B4) / SYN, "ssh"),
    ("two VLAN tags", ether() / Dot1AD(vlan=20) / Dot1Q(vlan=30) / IP(src=A4, dst=B4) / SYN,
     "ssh"),
    ("three VLAN tags", ether() / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) /
     IP(src=A4, dst=B4) / SYN, "vlan-depth"),
    ("priority tag, VID 0", ether() / Dot1Q(vlan=0, prio=5) / IP(src=A4, dst=B4) / SYN, "ssh"),
    ("a priority tag before the VLAN tag",
     ether() / Dot1Q(vlan=0) / Dot1Q(vlan=66) / IP(src=A4, dst=B4) / TCP(dport=23), "vlan"),
    ("hop-by-hop first", chain(IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]), SYN), "ssh"),
    ("destination options", chain(PAD, SYN), "ssh"),
    ("seven extension headers", chain(*[PAD] * 7, SYN), "ssh"),
    ("eight extension headers", chain(*[PAD] * 8, SYN), "ssh"),
    ("nine extension headers", chain(*[PAD] * 9, SYN), "ip6-chain"),
    ("hop-by-hop not first", chain(PAD, IPv6ExtHdrHopByHop(), SYN), "ip6-chain"),
    ("routing header type 2", chain(IPv6ExtHdrRouting(type=2, addresses=["2001:db8::9"]), SYN),
     "ssh"),
    ("routing header type 0", chain(IPv6ExtHdrRouting(type=0, addresses=["2001:db8::9"]), SYN),
     "ip6-route0"),
    ("AH before TCP, length in 4-byte units", ip6(nh=51) / (AUTH + SYN6_BYTES), "ssh"),
    ("AH over IPv4 is a protocol", ip4(proto=51) / (AUTH + SYN_BYTES), "tunnel"),
    ("atomic fragment", chain(IPv6ExtHdrFragment(m=0, offset=0), SYN), "ssh"),
    ("IPv6 first fragment without its header",
     chain(IPv6ExtHdrFragment(m=1, offset=0, nh=6)) / SYN6_BYTES[:8], "frag-tiny"),
    ("IPv6 first fragment that ends in an extension header",
     chain(IPv6ExtHdrFragment(m=1, offset=0, nh=60)) / b"\x06\x01\x01\x04\0\0\0\0", "frag-tiny"),
    ("IPv6 later fragment", chain(IPv6ExtHdrFragment(m=0, offset=100, nh=6)) / SYN6_BYTES, "later"),
    ("IPv6 later fragment: its payload is no header",
     chain(IPv6ExtHdrFragment(m=1, offset=100, nh=60)) / (b"\x06\x00" + b"\0" * 14), "later"),
    ("two fragment headers", chain(IPv6ExtHdrFragment(m=0), IPv6ExtHdrFragment(m=0), SYN),
     "frag-bad"),
    ("option that overruns its header",
     ip6(nh=60) / (b"\x06\x00\x01\x20\0\0\0\0" + SYN6_BYTES), "ip6-options"),
    ("jumbo option", ip6(nh=0) / (b"\x06\x00\xc2\x04\0\1\0\0" + SYN6_BYTES), "ip6-options"),
    ("payload length 0 with hop-by-hop",
     ip6(nh=0, plen=0) / (b"\x06\x00\x01\x04\0\0\0\0" + SYN6_BYTES), "ip6-header"),
    ("payload length beyond the frame", ip6(plen=400) / SYN, "ip6-header"),
    ("ESP ends the walk", ip6(nh=50) / (b"\0" * 24), "tunnel"),
    ("no next header", ip6(nh=59) / SYN6_BYTES, "default"),
    ("TCP data offset 4", ip4() / TCP(dport=22, flags="S", dataofs=4), "tcp-header"),
    ("TCP data offset beyond the packet", ip4() / TCP(dport=22, flags="S", dataofs=15),
     "tcp-header"),
    ("UDP length 7", ip4() / UDP(dport=53, len=7), "udp-header"),
    ("UDP length beyond the packet", ip4() / UDP(dport=53, len=99), "udp-header"),
    ("UDP length shorter than the packet", ip4() / UDP(dport=53, len=8) / (b"x" * 8), "dns"),
    ("ICMP cut short", ip4(proto=1) / b"\x08\0\0\0", "icmp-header"),
    ("ICMPv6 cut short", ip6(nh=58) / b"\x80\0", "icmp-header"),
    ("echo request", ip4() / ICMP(), "ping"),
    ("echo request, IPv6", ip6() / ICMPv6EchoRequest(), "ping6"),
    ("null scan to another port", ip4() / TCP(dport=23, flags=""), "default"),
    ("Xmas to port 22", ip4() / TCP(dport=22, flags="FPU"), "ssh"),
    ("from loopback", ether() / IP(src="127.0.0.1", dst=B4) / SYN, "spoof-source"),
    ("from multicast", ether() / IP(src="224.0.0.1", dst=B4) / SYN, "spoof-source"),
    ("from class E", ether() / IP(src="240.0.0.1", dst=B4) / SYN, "spoof-source"),
    ("from ::1", ether() / IPv6(src="::1", dst=B6) / SYN, "spoof-source"),
    ("from an IPv4-mapped address", ether() / IPv6(src="::ffff:192.0.2.1", dst=B6) / SYN,
     "spoof-source"),
    ("to loopback", ether() / IP(src=A4, dst="127.0.0.1") / SYN, "spoof-dest"),
    ("source equal to destination", ether() / IP(src=B4, dst=B4) / SYN, "spoof-land"),
    ("source equal to destination, IPv6", ether() / IPv6(src=B6, dst=B6) / SYN, "spoof-land"),
    ("from 0.0.0.0", ether() / IP(src="0.0.0.0", dst=B4) / SYN, "spoof-source"),
    ("6in4: the outer header only", ip4(proto=41) / IPv6(src=A6, dst=B6) / SYN, "default"),
    ("GRE: the outer header only", ip4(proto=47) / (b"\0\0\x08\0" + bytes(IP() / SYN)), "tunnel"),
    ("IPv4 in an IPv6 frame", ether(0x86DD) / Raw(bytes(IP(src=A4, dst=B4) / SYN)), "ip6-header"),
    ("ARP", ether() / ARP(psrc=A4, pdst=B4), "essential"),
    ("ARP cut short", ether(0x0806) / Raw(b"\0\1\x08\0"), "arp-short"),
]


def counters(command):
    ruleset = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found = {r["name"]: r["packets"] for r in ruleset["rules"] if r["name"] != "mld"}
    found.update({k: v["packets"] for k, v in ruleset["malformed"].items()})
    found["default"] = ruleset["default"]["packets"]
    found["essential"] = ruleset["essential"]["packets"]
    return found


def main():
    mode, command = sys.argv[1], sys.argv[2:]
    passed = failed = 0
    sender = conf.L2socket(iface="c0")
    before = counters(command)
    for name, frame, wanted in FRAMES:
        for _ in range(3):
            sender.send(bytes(frame))
        moved, after = {}, before
        for _ in range(20):
            after = counters(command)
            moved = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
            if sum(moved.values()) >= 3:
                break
            time.sleep(0.02)
        # The kernel's own neighbour discovery is essential traffic and may come in between.
        if wanted != "essential":
            moved.pop("essential", None)
        if moved == {wanted: 3} or (wanted == "essential" and moved.get(wanted, 0) >= 3):
            passed += 1
        else:
            failed += 1
            print(f"FAILED: {mode}: {name}: counted as {moved}, not {wanted}", file=sys.stderr)
        before = after
    print(passed, failed)


main()
