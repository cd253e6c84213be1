#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes corpus.txt: packets, and what a parser must make of them.

The bytes come from scapy or are put together here by hand; what is expected is written beside
them by hand. Nothing is taken from our own parser. Run by hand after a change:

    tests/packets/generate.py > tests/packets/corpus.txt
"""
import struct
import sys

from scapy.all import (
    ARP, DHCP, BOOTP, GRE, ICMP, IP, TCP, UDP, VXLAN, Dot1AD, Dot1Q, Dot3, Ether, LLC, SNAP, STP,
    IPOption_LSRR, IPOption_NOP, IPOption_RR, IPOption_Router_Alert, IPOption_SSRR,
    IPOption_Timestamp, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting, IPv6ExtHdrSegmentRouting, ICMPv6EchoRequest, ICMPv6MLQuery, ICMPv6MLReport,
    ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6ND_Redirect,
    ICMPv6PacketTooBig, ICMPv6DestUnreach, DHCP6_Reply, Jumbo, PadN, Pad1, RouterAlert, Raw, raw,
)

A4, B4 = "192.0.2.1", "198.51.100.2"
A6, B6 = "2001:db8::1", "2001:db8:1::2"
MACS = dict(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
ETHER = bytes.fromhex("020000000001020000000002")
NAMES = set()

# Bytes that would be the ports 22 > 22, a SYN and an ICMP echo, where no layer-4 header is.
DECOY = bytes.fromhex("0016001600000001000000005002200000000000")


def add(name, frame, linear=None, **expect):
    """One entry. Fields that are not given do not matter; the reason always does."""
    assert name not in NAMES, name
    NAMES.add(name)
    expect.setdefault("reason", "none")
    print(f"packet {name}")
    print("expect", " ".join(f"{key}={value}" for key, value in expect.items()))
    if linear is not None:
        print(f"linear {linear}")
    data = raw(frame)
    for at in range(0, len(data), 40):
        print("hex    " + data[at:at + 40].hex())
    if not data:
        print("hex")
    print()


def section(text):
    print(f"# {text}\n")


def ether(kind, payload=b""):
    return ETHER + struct.pack(">H", kind) + raw(payload)


def ip4(payload, pad=0, cut=0, **fields):
    """IPv4 by scapy in Ethernet; @pad bytes behind it, @cut bytes missing."""
    fields.setdefault("src", A4)
    fields.setdefault("dst", B4)
    data = raw(Ether(**MACS) / IP(**fields) / payload) + b"\xee" * pad
    return data[:len(data) - cut]


def ip6(payload, pad=0, cut=0, **fields):
    fields.setdefault("src", A6)
    fields.setdefault("dst", B6)
    data = raw(Ether(**MACS) / IPv6(**fields) / payload) + b"\xee" * pad
    return data[:len(data) - cut]


def tcp(**fields):
    fields.setdefault("sport", 40000)
    fields.setdefault("dport", 80)
    return TCP(**fields)


def udp(**fields):
    fields.setdefault("sport", 40000)
    fields.setdefault("dport", 53)
    return UDP(**fields)


def raw4(header_words, options, payload, total=None, frag=0, proto=6, version=4, ihl=None):
    """IPv4 by hand: @header_words of 4 bytes are really there."""
    if ihl is None:
        ihl = header_words
    if total is None:
        total = header_words * 4 + len(payload)
    head = struct.pack(">BBHHHBBH4s4s", version << 4 | ihl, 0, total, 1, frag, 64, proto, 0,
                       bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2]))
    return ether(0x800, head + options.ljust(header_words * 4 - 20, b"\0") + payload)


def raw6(first, payload, length=None, version=6, hops=64):
    """IPv6 by hand."""
    head = struct.pack(">IHBB", version << 28, len(payload) if length is None else length, first,
                       hops)
    addresses = bytes.fromhex("20010db8000000000000000000000001" "20010db8000100000000000000000002")
    return ether(0x86dd, head + addresses + payload)


def ext(following, body=b"\1\4\0\0\0\0", units=None):
    """An extension header of 8-byte units by hand; @body follows the two fixed bytes."""
    if units is None:
        units = (len(body) + 2) // 8 - 1
    return bytes([following, units]) + body


def fragment(following, offset=0, more=0, reserved=0):
    return struct.pack(">BBHI", following, 0, offset | more | reserved, 7)


TCP_BYTES = raw(tcp(flags="S"))
TCP4 = dict(family=4, proto=6, sport=40000, dport=80, flags=2, frag="no")
TCP6 = dict(family=6, proto=6, sport=40000, dport=80, flags=2, frag="no")
NO_L4 = dict(sport=0, dport=0, flags=0, icmp_type=0, icmp_code=0, essential=0)


def ethernet():
    section("1. Ethernet")
    whole = ip4(tcp(flags="S"))
    add("eth-empty", b"", reason="eth-short", frame_len=0)
    add("eth-1-byte", whole[:1], reason="eth-short")
    add("eth-13-bytes", whole[:13], reason="eth-short", frame_len=13, smac="00:00:00:00:00:00")
    add("eth-14-bytes-unknown", ether(0x9999), ethertype=0x9999, family=0, frame_len=14)
    add("eth-14-bytes-ip4", ether(0x800), reason="ip4-header", ethertype=0x800)
    add("eth-14-bytes-ip6", ether(0x86dd), reason="ip6-header", ethertype=0x86dd)
    add("eth-14-bytes-arp", ether(0x806), reason="arp-short", essential=0)
    add("eth-macs", raw(Ether(dst="ff:ee:dd:cc:bb:aa", src="12:34:56:78:9a:bc", type=0x9999)),
        dmac="ff:ee:dd:cc:bb:aa", smac="12:34:56:78:9a:bc", l3_off=14)
    add("eth-lldp", ether(0x88cc, b"\2\7\4" + bytes(20)), ethertype=0x88cc, family=0, **NO_L4)
    add("eth-pppoe-is-not-ip", ether(0x8864, bytes.fromhex("110000010016 0021") + whole[14:]),
        ethertype=0x8864, family=0, **NO_L4)
    add("eth-mpls-is-not-ip", ether(0x8847, b"\0\1\1\x40" + whole[14:]), ethertype=0x8847,
        family=0, **NO_L4)
    add("eth-802.3-stp", raw(Dot3(**MACS) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP()),
        ethertype=38, family=0, **NO_L4)
    add("eth-802.3-snap-ip-is-not-ip",
        raw(Dot3(**MACS) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(code=0x800)) + whole[14:],
        family=0, **NO_L4)
    add("eth-type-05ff", ether(0x5ff, bytes(40)), ethertype=0x5ff, family=0)
    add("eth-type-0600", ether(0x600, bytes(40)), ethertype=0x600, family=0)
    add("eth-rarp-is-not-arp", raw(Ether(**MACS, type=0x8035) / ARP(op=3)), ethertype=0x8035,
        essential=0, family=0)
    request = raw(Ether(**MACS) / ARP(psrc=A4, pdst=B4))
    add("arp-request", request, essential=1, family=0, ethertype=0x806, l3_off=14)
    add("arp-reply-padded", raw(Ether(**MACS) / ARP(op=2, psrc=A4, pdst=B4)) + bytes(18),
        essential=1, frame_len=60)
    add("arp-27-bytes", request[:-1], reason="arp-short", essential=0)
    add("arp-8-bytes", request[:22], reason="arp-short", essential=0)
    add("arp-7-bytes", request[:21], reason="arp-short", essential=0)
    add("arp-lengths-overrun", request[:18] + b"\xff\xff" + request[20:], reason="arp-short")
    add("arp-lengths-zero", request[:18] + b"\0\0" + request[20:22], essential=1)
    add("arp-length-one-over", request[:19] + b"\5" + request[20:], reason="arp-short")


def vlan():
    section("2. VLAN")
    inner = IP(src=A4, dst=B4) / tcp(flags="S")
    add("vlan-1-tag", raw(Ether(**MACS) / Dot1Q(vlan=20) / inner), vlan=20, ethertype=0x800,
        l3_off=18, l4_off=38, **TCP4)
    add("vlan-1-stag", raw(Ether(**MACS) / Dot1AD(vlan=21) / inner), vlan=21, l3_off=18, **TCP4)
    add("vlan-ip6", raw(Ether(**MACS) / Dot1Q(vlan=20) / IPv6(src=A6, dst=B6) / tcp(flags="S")),
        vlan=20, l3_off=18, l4_off=58, **TCP6)
    add("vlan-2-tags", raw(Ether(**MACS) / Dot1AD(vlan=100) / Dot1Q(vlan=20) / inner), vlan=100,
        l3_off=22, l4_off=42, **TCP4)
    add("vlan-2-ctags", raw(Ether(**MACS) / Dot1Q(vlan=101) / Dot1Q(vlan=20) / inner), vlan=101,
        l3_off=22, **TCP4)
    add("vlan-2-tags-stag-inside", raw(Ether(**MACS) / Dot1Q(vlan=102) / Dot1AD(vlan=3) / inner),
        vlan=102, l3_off=22, **TCP4)
    add("vlan-3-tags", raw(Ether(**MACS) / Dot1AD(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / inner),
        reason="vlan-depth", family=0, vlan=1, **NO_L4)
    add("vlan-3-stags", raw(Ether(**MACS) / Dot1AD(vlan=1) / Dot1AD(vlan=2) / Dot1AD(vlan=3)
                            / inner), reason="vlan-depth")
    add("vlan-third-tag-without-room", ether(0x8100, b"\0\1\x81\0" b"\0\2\x81\0"),
        reason="vlan-depth")
    add("vlan-9100-is-not-unwrapped", ether(0x9100, b"\0\x14\x08\0" + raw(inner)),
        ethertype=0x9100, vlan=0, family=0, **NO_L4)
    add("vlan-9100-inside", ether(0x8100, b"\0\x14\x91\0" b"\0\5\x08\0" + raw(inner)),
        ethertype=0x9100, vlan=20, family=0, **NO_L4)
    add("vlan-2-tags-then-9100", ether(0x88a8, b"\0\1\x81\0" b"\0\2\x91\0" + bytes(30)),
        ethertype=0x9100, vlan=1, family=0)
    add("vlan-vid-0-is-untagged", raw(Ether(**MACS) / Dot1Q(vlan=0, prio=5) / inner), vlan=0,
        l3_off=18, **TCP4)
    add("vlan-vid-0-outside", raw(Ether(**MACS) / Dot1Q(vlan=0) / Dot1Q(vlan=20) / inner), vlan=20,
        l3_off=22, **TCP4)
    add("vlan-vid-1", raw(Ether(**MACS) / Dot1Q(vlan=1) / inner), vlan=1, **TCP4)
    add("vlan-vid-4095-and-priority", raw(Ether(**MACS) / Dot1Q(vlan=4095, prio=7, id=1) / inner),
        vlan=4095, **TCP4)
    add("vlan-priority-is-no-vid", raw(Ether(**MACS) / Dot1Q(vlan=20, prio=7, id=1) / inner),
        vlan=20, **TCP4)
    add("vlan-tag-cut-short", ether(0x8100, b"\0\x14\x08"), reason="eth-short", vlan=0)
    add("vlan-tag-missing", ether(0x88a8), reason="eth-short")
    add("vlan-tag-whole-nothing-behind", ether(0x8100, b"\0\x14\x08\0"), reason="ip4-header",
        vlan=20)
    add("vlan-second-tag-cut-short", ether(0x8100, b"\0\x14\x81\0" b"\0\1\x08"),
        reason="eth-short", vlan=20)
    add("vlan-arp", raw(Ether(**MACS) / Dot1Q(vlan=20) / ARP(psrc=A4, pdst=B4)), vlan=20,
        essential=1, l3_off=18)
    add("vlan-unknown-type", ether(0x8100, b"\0\x14\x99\x99"), vlan=20, ethertype=0x9999)


def ipv4():
    section("3. IPv4 header and options")
    add("ip4-tcp", ip4(tcp(flags="S"), ttl=61, tos=0xb8), src=A4, dst=B4, ip_len=40, ttl=61,
        dscp=46, l3_off=14, l4_off=34, frame_len=54, ethertype=0x800, vlan=0, essential=0, **TCP4)
    add("ip4-udp", ip4(udp() / b"abcd"), family=4, proto=17, sport=40000, dport=53, flags=0,
        ip_len=32)
    add("ip4-icmp", ip4(ICMP(type=8, code=0) / b"x"), family=4, proto=1, icmp_type=8, icmp_code=0,
        sport=0, dport=0)
    add("ip4-icmp-code", ip4(ICMP(type=3, code=13) / bytes(28)), icmp_type=3, icmp_code=13,
        essential=0)
    add("ip4-ttl-0", ip4(tcp(flags="S"), ttl=0), ttl=0, **TCP4)
    add("ip4-ttl-255-ecn", ip4(tcp(flags="S"), ttl=255, tos=3), ttl=255, dscp=0, **TCP4)
    add("ip4-dscp-63", ip4(tcp(flags="S"), tos=0xff), dscp=63, **TCP4)
    add("ip4-bad-checksum-is-for-the-stack", ip4(tcp(flags="S", chksum=1), chksum=1), **TCP4)
    add("ip4-address-bytes", ip4(tcp(flags="S"), src="1.2.3.4", dst="5.6.7.8"), src="1.2.3.4",
        dst="5.6.7.8", **TCP4)
    for version in (0, 3, 5, 6, 15):
        add(f"ip4-version-{version}", raw4(5, b"", TCP_BYTES, version=version),
            reason="ip4-header", **NO_L4)
    add("ip4-ihl-0", raw4(5, b"", TCP_BYTES, ihl=0), reason="ip4-header")
    add("ip4-ihl-4", raw4(5, b"", TCP_BYTES, ihl=4), reason="ip4-header", family=0)
    add("ip4-ihl-5", raw4(5, b"", TCP_BYTES), l4_off=34, **TCP4)
    add("ip4-ihl-6", raw4(6, b"\1\1\1\1", TCP_BYTES), l4_off=38, ip_len=44, **TCP4)
    add("ip4-ihl-15", raw4(15, b"\1" * 40, TCP_BYTES), l4_off=74, ip_len=80, **TCP4)
    add("ip4-ihl-is-not-ignored", raw4(10, bytes([130, 20]) + DECOY[2:20], TCP_BYTES), l4_off=54,
        **TCP4)
    add("ip4-ihl-15-total-59", raw4(15, b"\1" * 40, TCP_BYTES, total=59), reason="ip4-header")
    add("ip4-ihl-15-total-60", raw4(15, b"\1" * 40, b"", total=60, proto=253), proto=253,
        l4_off=74, ip_len=60)
    add("ip4-ihl-15-frame-ends", raw4(15, b"\1" * 40, b"", total=60, proto=253)[:-1],
        reason="ip4-header")
    add("ip4-ihl-6-total-20", raw4(6, b"\1\1\1\1", b"", total=20), reason="ip4-header")
    add("ip4-total-0", raw4(5, b"", TCP_BYTES, total=0), reason="ip4-header")
    add("ip4-total-19", raw4(5, b"", TCP_BYTES, total=19), reason="ip4-header")
    add("ip4-total-20-no-layer-4", raw4(5, b"", b"", total=20, proto=253), proto=253, ip_len=20,
        l4_off=34, **NO_L4)
    add("ip4-total-is-frame", raw4(5, b"", TCP_BYTES, total=40), **TCP4)
    add("ip4-total-1-beyond-frame", raw4(5, b"", TCP_BYTES, total=41), reason="ip4-header",
        family=0, **NO_L4)
    add("ip4-total-65535", raw4(5, b"", TCP_BYTES, total=65535), reason="ip4-header")
    add("ip4-padding-is-not-payload", raw4(5, b"", TCP_BYTES + bytes(20), total=40), ip_len=40,
        frame_len=74, **TCP4)
    add("ip4-tcp-ends-in-padding", raw4(5, b"", TCP_BYTES + bytes(20), total=39),
        reason="tcp-header", **NO_L4)
    add("ip4-tcp-options-in-padding", raw4(5, b"", TCP_BYTES[:12] + b"\x60\2" + bytes(26),
                                           total=40), reason="tcp-header")
    add("ip4-udp-ends-in-padding", raw4(5, b"", raw(udp()) + bytes(18), total=27, proto=17),
        reason="udp-header", **NO_L4)
    add("ip4-udp-length-in-padding", raw4(5, b"", raw(udp(len=9)) + bytes(18), total=28, proto=17),
        reason="udp-header")
    add("ip4-icmp-ends-in-padding", raw4(5, b"", raw(ICMP()) + bytes(18), total=27, proto=1),
        reason="icmp-header", **NO_L4)
    add("ip4-19-bytes", ip4(tcp(flags="S"), cut=21), reason="ip4-header")
    add("ip4-20-bytes-of-40", ip4(tcp(flags="S"), cut=20), reason="ip4-header")
    add("ip4-in-ip6-type", ether(0x86dd, ip4(tcp(flags="S"))[14:]), reason="ip6-header", family=0)
    add("ip6-in-ip4-type", ether(0x800, ip6(tcp(flags="S"))[14:]), reason="ip4-header", family=0)
    ipv4_options()


def ipv4_options():
    def options(name, data, words=6, **expect):
        add(name, raw4(words, data, TCP_BYTES), **expect)

    options("ip4-option-end-then-anything", b"\0\x83\x44\xff", **TCP4)
    options("ip4-option-nops", b"\1\1\1\1", **TCP4)
    options("ip4-option-nop-end", b"\1\1\1\0", **TCP4)
    options("ip4-option-fills", b"\x82\4\0\0", **TCP4)
    options("ip4-option-length-1-over", b"\x82\5\0\0", reason="ip4-options", **NO_L4)
    options("ip4-option-length-0", b"\x82\0\0\0", reason="ip4-options")
    options("ip4-option-length-1", b"\x82\1\0\0", reason="ip4-options")
    options("ip4-option-length-2", b"\x82\2\1\1", **TCP4)
    options("ip4-option-length-255", b"\x82\xff\0\0", reason="ip4-options")
    options("ip4-option-length-missing", b"\1\1\1\x82", reason="ip4-options")
    options("ip4-option-second-bad", b"\x82\2\x44\3", reason="ip4-options")
    options("ip4-option-second-fills", b"\x82\2\x44\2", **TCP4)
    options("ip4-option-40-bytes", b"\x82\x28".ljust(40, b"\xaa"), 15, l4_off=74, **TCP4)
    options("ip4-option-41-of-40-bytes", b"\x82\x29".ljust(40, b"\xaa"), 15, reason="ip4-options")
    options("ip4-option-last-of-40-bytes", b"\1" * 39 + b"\x82", 15, reason="ip4-options")
    options("ip4-option-lsrr", b"\x83\7\4\xc0\0\2\7\0", 7, reason="ip4-route", **NO_L4)
    options("ip4-option-ssrr", b"\x89\7\4\xc0\0\2\7\0", 7, reason="ip4-route", **NO_L4)
    options("ip4-option-lsrr-behind-nops", b"\1\1\1\x83\7\4\xc0\0\2\7\0\0", 8, reason="ip4-route")
    options("ip4-option-ssrr-behind-option", b"\x82\4\0\0\x89\3\4\0", 7, reason="ip4-route")
    options("ip4-option-lsrr-behind-end", b"\0\0\0\0\x83\7\4\xc0\0\2\7\0", 8, **TCP4)
    options("ip4-option-lsrr-bytes-inside-another", b"\x82\7\x83\3\4\x89\3\1", 7, **TCP4)
    options("ip4-option-neighbours-of-lsrr", b"\x82\2\x84\2\x88\2\x8a\2", 7, **TCP4)
    for name, option in (("rr", IPOption_RR(routers=["0.0.0.0"])),
                         ("router-alert", IPOption_Router_Alert()),
                         ("timestamp", IPOption_Timestamp())):
        add(f"ip4-scapy-option-{name}", ip4(tcp(flags="S"), options=[option]), **TCP4)
    for name, option in (("lsrr", IPOption_LSRR(routers=["192.0.2.7"])),
                         ("ssrr", IPOption_SSRR(routers=["192.0.2.7"]))):
        add(f"ip4-scapy-option-{name}", ip4(tcp(flags="S"), options=[IPOption_NOP(), option]),
            reason="ip4-route")


def ipv4_fragments():
    section("4. IPv4 fragments")
    first, later = dict(frag="first"), dict(frag="later")
    more, reserved, dont = 0x2000, 0x8000, 0x4000

    def tcp_frag(name, payload, bits, **expect):
        add(name, raw4(5, b"", payload, frag=bits), **expect)

    def udp_frag(name, payload, bits, **expect):
        add(name, raw4(5, b"", payload, frag=bits, proto=17), **expect)

    tcp24 = TCP_BYTES + b"abcd"
    tcp_frag("frag4-first", tcp24, more, sport=40000, dport=80, flags=2, **first)
    tcp_frag("frag4-first-dont", tcp24, more | dont, sport=40000, dport=80, **first)
    tcp_frag("frag4-dont-only", TCP_BYTES, dont, **TCP4)
    tcp_frag("frag4-reserved-bit-only", TCP_BYTES, reserved, **TCP4)
    tcp_frag("frag4-first-tcp-8", TCP_BYTES[:8], more, reason="frag-tiny", **first, **NO_L4)
    tcp_frag("frag4-first-tcp-16", TCP_BYTES[:16], more, reason="frag-tiny", **first, **NO_L4)
    options = TCP_BYTES[:12] + b"\x60\2" + TCP_BYTES[14:] + b"\1\1\1\1"
    tcp_frag("frag4-first-tcp-whole-options", options, more, dport=80, flags=2, **first)
    longer = TCP_BYTES[:12] + b"\x70\2" + TCP_BYTES[14:] + b"\1\1\1\1"
    tcp_frag("frag4-first-tcp-part-of-options", longer, more, reason="frag-tiny", **NO_L4)
    bad = TCP_BYTES[:12] + b"\x40\2" + TCP_BYTES[14:] + b"\1\1\1\1"
    tcp_frag("frag4-first-tcp-offset-4", bad, more, reason="tcp-header")
    add("frag4-first-padded", raw4(5, b"", tcp24 + bytes(6), total=44, frag=more), dport=80,
        **first)
    add("frag4-first-header-in-padding", raw4(5, b"", tcp24, total=36, frag=more),
        reason="frag-tiny")
    tcp_frag("frag4-syn-in-8-byte-pieces-1", TCP_BYTES[0:8], more, reason="frag-tiny")
    tcp_frag("frag4-syn-in-8-byte-pieces-2", TCP_BYTES[8:16], more | 1, reason="frag-tiny")
    tcp_frag("frag4-syn-in-8-byte-pieces-3", TCP_BYTES[16:20], 2, reason="frag-tiny", **later)
    tcp_frag("frag4-tcp-at-8-long", DECOY[:16] * 2, more | 1, reason="frag-tiny")
    tcp_frag("frag4-tcp-at-24", DECOY, 3, proto=6, family=4, **later, **NO_L4)
    udp_frag("frag4-udp-at-8", DECOY, 1, proto=17, **later, **NO_L4)
    udp_frag("frag4-later-payload-is-no-ports", DECOY, 185, proto=17, ip_len=40, l4_off=34,
             **later, **NO_L4)
    tcp_frag("frag4-later-and-more", DECOY[:16], more | 185, proto=6, **later, **NO_L4)
    tcp_frag("frag4-later-dont", DECOY, dont | 185, proto=6, **later, **NO_L4)
    tcp_frag("frag4-later-bad-header-is-payload", bytes(20), 185, **later, **NO_L4)
    tcp_frag("frag4-later-1-byte", b"x", 185, **later, **NO_L4)
    add("frag4-later-icmp", raw4(5, b"", raw(ICMP(type=8)), frag=185, proto=1), proto=1, **later,
        **NO_L4)
    add("frag4-later-icmp-too-big-is-not-essential",
        raw4(5, b"", raw(ICMP(type=3, code=4)), frag=185, proto=1), **later, **NO_L4)
    add("frag4-first-icmp", raw4(5, b"", raw(ICMP(type=8)), frag=more, proto=1), icmp_type=8,
        **first)
    add("frag4-first-icmp-too-big-is-not-essential",
        raw4(5, b"", raw(ICMP(type=3, code=4)), frag=more, proto=1), icmp_type=3, icmp_code=4,
        essential=0, **first)
    add("frag4-later-with-options", raw4(7, b"\1" * 8, DECOY, frag=185), l4_off=42, **later,
        **NO_L4)
    add("frag4-later-source-route", raw4(7, b"\x83\7\4\xc0\0\2\7\0", DECOY, frag=185),
        reason="ip4-route")
    udp_frag("frag4-first-udp", raw(udp(len=2000)), more, sport=40000, dport=53, **first)
    udp_frag("frag4-first-udp-length-7", raw(udp(len=7)), more, reason="udp-header")
    udp_frag("frag4-first-dhcp-reply-is-not-essential", raw(udp(sport=67, dport=68, len=1000)),
             more, essential=0, **first)
    tcp_frag("frag4-first-length-25", tcp24 + b"x", more, reason="frag-bad", **NO_L4)
    tcp_frag("frag4-first-length-28", tcp24 + b"1234", more, reason="frag-bad")
    tcp_frag("frag4-first-length-31", tcp24 + b"1234567", more, reason="frag-bad")
    tcp_frag("frag4-first-length-32", tcp24 + b"12345678", more, dport=80, **first)
    tcp_frag("frag4-first-length-0", b"", more, reason="frag-bad")
    tcp_frag("frag4-later-more-length-0", b"", more | 185, reason="frag-bad")
    tcp_frag("frag4-later-more-length-7", DECOY[:7], more | 185, reason="frag-bad")
    tcp_frag("frag4-later-last-length-7", DECOY[:7], 185, **later)
    udp_frag("frag4-end-65535", b"1234567", 8191, **later)
    udp_frag("frag4-end-65536", b"12345678", 8191, reason="frag-bad", **NO_L4)
    udp_frag("frag4-end-65536-more", b"12345678", more | 8191, reason="frag-bad")
    udp_frag("frag4-end-65528-more", b"12345678", more | 8190, **later)
    udp_frag("frag4-end-far", bytes(1400), 8191, reason="frag-bad")
    add("frag4-unknown-protocol", raw4(5, b"", bytes(8), frag=more, proto=253), proto=253,
        **first, **NO_L4)
    add("frag4-vlan-later", ether(0x8100, b"\0\x14\x08\0" + raw4(5, b"", DECOY, frag=185)[14:]),
        vlan=20, **later, **NO_L4)


def ipv6():
    section("5. IPv6 header and extension headers")
    add("ip6-tcp", ip6(tcp(flags="S"), hlim=61, tc=0xb9, fl=0xfffff), src=A6, dst=B6, ip_len=60,
        ttl=61, dscp=46, l3_off=14, l4_off=54, ethertype=0x86dd, essential=0, **TCP6)
    add("ip6-udp", ip6(udp() / b"abcd"), family=6, proto=17, sport=40000, dport=53)
    add("ip6-icmp6", ip6(ICMPv6EchoRequest()), family=6, proto=58, icmp_type=128, icmp_code=0)
    add("ip6-address-bytes", ip6(tcp(flags="S"), src="102:304:506:708:90a:b0c:d0e:f10",
                                 dst="1112:1314:1516:1718:191a:1b1c:1d1e:1f20"),
        src="102:304:506:708:90a:b0c:d0e:f10", dst="1112:1314:1516:1718:191a:1b1c:1d1e:1f20",
        **TCP6)
    for version in (0, 4, 5, 7):
        add(f"ip6-version-{version}", raw6(6, TCP_BYTES, version=version), reason="ip6-header",
            family=0, **NO_L4)
    add("ip6-39-bytes", raw6(59, b"")[:-1], reason="ip6-header")
    add("ip6-40-bytes-nothing-behind", raw6(59, b""), proto=59, ip_len=40, l4_off=54, **NO_L4)
    add("ip6-payload-1-beyond-frame", raw6(6, TCP_BYTES, length=21), reason="ip6-header",
        family=0, **NO_L4)
    add("ip6-payload-65535", raw6(6, TCP_BYTES, length=65535), reason="ip6-header")
    add("ip6-padding-is-not-payload", raw6(6, TCP_BYTES + bytes(6), length=20), ip_len=60, **TCP6)
    add("ip6-tcp-ends-in-padding", raw6(6, TCP_BYTES + bytes(6), length=19), reason="tcp-header",
        **NO_L4)
    add("ip6-udp-ends-in-padding", raw6(17, raw(udp()) + bytes(9), length=7), reason="udp-header")
    add("ip6-icmp6-ends-in-padding", raw6(58, raw(ICMPv6EchoRequest()), length=3),
        reason="icmp-header")
    add("ip6-payload-0-tcp", raw6(6, TCP_BYTES, length=0), reason="tcp-header")
    add("ip6-payload-0-hop-by-hop", raw6(0, ext(6) + TCP_BYTES, length=0), reason="ip6-header",
        **NO_L4)
    add("ip6-payload-0-destination", raw6(60, ext(6) + TCP_BYTES, length=0), reason="ip6-chain")
    add("ip6-payload-8-hop-by-hop", raw6(0, ext(59)), proto=59, l4_off=62)
    ipv6_chain()
    ipv6_ah()
    ipv6_options()


def ipv6_chain():
    add("ip6-hop-by-hop", ip6(IPv6ExtHdrHopByHop(options=RouterAlert()) / tcp(flags="S")),
        l4_off=62, **TCP6)
    add("ip6-destination", ip6(IPv6ExtHdrDestOpt() / tcp(flags="S")), l4_off=62, **TCP6)
    add("ip6-routing-2", ip6(IPv6ExtHdrRouting(type=2, addresses=[A6]) / tcp(flags="S")),
        l4_off=78, **TCP6)
    add("ip6-segment-routing", ip6(IPv6ExtHdrSegmentRouting(addresses=[A6]) / tcp(flags="S")),
        l4_off=78, **TCP6)
    add("ip6-routing-0", ip6(IPv6ExtHdrRouting(type=0, addresses=[A6], segleft=1)
                             / tcp(flags="S")), reason="ip6-route0", **NO_L4)
    add("ip6-routing-0-no-segments-left", ip6(IPv6ExtHdrRouting(type=0, addresses=[A6], segleft=0)
                                              / tcp(flags="S")), reason="ip6-route0")
    add("ip6-routing-0-behind-destination", raw6(60, ext(43) + ext(6, bytes(6)) + TCP_BYTES),
        reason="ip6-route0")
    add("ip6-routing-1", raw6(43, ext(6, b"\1\0\0\0\0\0") + TCP_BYTES), **TCP6)
    add("ip6-routing-255", raw6(43, ext(6, b"\xff\0\0\0\0\0") + TCP_BYTES), **TCP6)
    add("ip6-hop-by-hop-second", raw6(60, ext(0) + ext(6) + TCP_BYTES), reason="ip6-chain",
        **NO_L4)
    add("ip6-hop-by-hop-twice", raw6(0, ext(0) + ext(6) + TCP_BYTES), reason="ip6-chain")
    for number, last in ((1, 6), (2, 17), (7, 6), (8, 6)):
        chain = b"".join(ext(60) for _ in range(number - 1)) + ext(last)
        payload = TCP_BYTES if last == 6 else raw(udp())
        add(f"ip6-{number}-headers", raw6(60, chain + payload), proto=last, family=6,
            sport=40000, l4_off=54 + 8 * number)
    nine = b"".join(ext(60) for _ in range(8)) + ext(6)
    add("ip6-9-headers", raw6(60, nine + TCP_BYTES), reason="ip6-chain", **NO_L4)
    add("ip6-9-headers-decoy-behind-8", raw6(60, nine[:64] + ext(6, DECOY[:6]) + TCP_BYTES),
        reason="ip6-chain")
    mixed = (ext(60) + ext(43) + ext(44, b"\2\0\0\0\0\0") + fragment(60) + ext(60) + ext(60)
             + ext(60) + ext(6) + TCP_BYTES)
    add("ip6-8-headers-mixed", raw6(0, mixed), l4_off=118, **TCP6)
    add("ip6-7-headers-bpfilter", raw6(60, b"".join(ext(60) for _ in range(6)) + ext(6)
                                       + raw(tcp(flags="S", dport=22))), dport=22, proto=6)
    add("ip6-long-headers", raw6(0, ext(60, b"\1\xff" + bytes(255) + b"\1\xff" + bytes(255)
                                        + b"\1\x0a" + bytes(10)) + ext(6) + TCP_BYTES),
        l4_off=54 + 528 + 8, **TCP6)
    eight_kilobytes = ext(60, b"".join(b"\x1e\xff" + bytes(255) for _ in range(7))
                          + b"\x1e\xf5" + bytes(245)) * 4
    add("ip6-4-headers-of-2048", raw6(60, eight_kilobytes[:-2048] + b"\6"
                                      + eight_kilobytes[-2047:] + TCP_BYTES),
        l4_off=54 + 4 * 2048, linear=54 + 4 * 2048 + 20, **TCP6)
    add("ip6-header-cut-short", raw6(60, ext(6)[:7]), reason="ip6-chain")
    add("ip6-header-missing", raw6(60, b""), reason="ip6-chain")
    add("ip6-header-1-unit-beyond", raw6(60, ext(6, units=1) + b"\1\4\0\0\0\0\0"),
        reason="ip6-chain")
    add("ip6-header-ends-with-packet", raw6(60, ext(59, units=1) + b"\1\6\0\0\0\0\0\0"),
        proto=59, l4_off=70)
    add("ip6-header-length-255", raw6(43, ext(6, b"\2\0\0\0\0\0", units=255) + TCP_BYTES),
        reason="ip6-chain")
    add("ip6-header-ends-in-padding", raw6(60, ext(6) + TCP_BYTES, length=7), reason="ip6-chain")
    add("ip6-tcp-behind-headers-cut-short", raw6(60, ext(6) + TCP_BYTES[:19]),
        reason="tcp-header")
    for number, name in ((50, "esp"), (59, "no-next"), (135, "mobility"), (139, "hip"),
                         (140, "shim6"), (253, "unknown"), (132, "sctp"), (136, "udplite")):
        add(f"ip6-{name}-ends-the-walk", raw6(number, DECOY), proto=number, l4_off=54, family=6,
            **NO_L4)
        add(f"ip6-{name}-behind-destination", raw6(60, ext(number) + DECOY), proto=number,
            l4_off=62, **NO_L4)


def ipv6_ah():
    ah24 = bytes([6, 4]) + bytes(2) + b"\0\0\0\1" + b"\0\0\0\1" + bytes(12)
    add("ip6-ah-24-bytes", raw6(51, ah24 + TCP_BYTES), l4_off=78, **TCP6)
    add("ip6-ah-is-not-in-8-byte-units", raw6(51, ah24 + TCP_BYTES[:16] + TCP_BYTES[16:]
                                              + DECOY + DECOY), l4_off=78, **TCP6)
    ah12 = bytes([6, 1]) + bytes(10)
    add("ip6-ah-12-bytes", raw6(51, ah12 + TCP_BYTES), l4_off=66, **TCP6)
    add("ip6-ah-length-0", raw6(51, bytes([6, 0]) + bytes(6) + TCP_BYTES), reason="ip6-chain",
        **NO_L4)
    add("ip6-ah-cut-short", raw6(51, (ah24 + TCP_BYTES)[:23]), reason="ip6-chain")
    add("ip6-ah-ends-with-packet", raw6(51, b"\x3b" + ah24[1:]), proto=59, l4_off=78)
    add("ip6-ah-then-destination", raw6(51, b"\x3c" + ah24[1:] + ext(6) + TCP_BYTES), l4_off=86,
        **TCP6)
    add("ip6-ah-length-255", raw6(51, bytes([6, 255]) + bytes(1026) + TCP_BYTES),
        l4_off=54 + 1028, **TCP6)


def ipv6_options():
    def options(name, body, first=60, **expect):
        add(name, raw6(first, ext(6, body) + TCP_BYTES), **expect)

    options("ip6-option-padn-fills", b"\1\4\0\0\0\0", **TCP6)
    options("ip6-option-1-over", b"\1\5\0\0\0\0", reason="ip6-options", **NO_L4)
    options("ip6-option-255-over", b"\1\xff\0\0\0\0", reason="ip6-options")
    options("ip6-option-pad1", b"\0\0\0\0\0\0", **TCP6)
    options("ip6-option-pad1-last", b"\x1e\3\0\0\0\0", **TCP6)
    options("ip6-option-without-length", b"\x1e\3\0\0\0\x1e", reason="ip6-options")
    options("ip6-option-length-0-last", b"\x1e\2\0\0\x1e\0", **TCP6)
    options("ip6-option-length-1-last", b"\x1e\2\0\0\x1e\1", reason="ip6-options")
    options("ip6-option-pad1-then-over", b"\0\1\4\0\0\0", reason="ip6-options")
    options("ip6-option-hop-1-over", b"\5\5\0\0\0\0", 0, reason="ip6-options")
    options("ip6-option-router-alert", b"\5\2\0\0\1\0", 0, **TCP6)
    options("ip6-option-jumbo", b"\xc2\4\0\1\0\0", 0, reason="ip6-options", **NO_L4)
    options("ip6-option-jumbo-in-destination", b"\xc2\4\0\1\0\0", reason="ip6-options")
    options("ip6-option-jumbo-behind-padding", b"\1\0\0\0\xc2\0", 0, reason="ip6-options")
    options("ip6-option-jumbo-number-as-data", b"\x1e\4\xc2\4\xc2\4", 0, **TCP6)
    options("ip6-option-neighbours-of-jumbo", b"\xc1\1\0\xc3\0\0", **TCP6)
    add("ip6-scapy-jumbo", ip6(IPv6ExtHdrHopByHop(options=Jumbo(jumboplen=70000))
                               / tcp(flags="S"), plen=28), reason="ip6-options")
    add("ip6-scapy-padding", ip6(IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 3), Pad1()])
                                 / tcp(flags="S")), **TCP6)
    for name, body in (("pad1", b"\x1e\3\0\0\0\0"), ("length-0", b"\x1e\2\0\0\x1e\0")):
        add(f"ip6-option-{name}-ends-packet", raw6(60, ext(59, body)), proto=59, l4_off=62)
    many = b"\x1e\0" * 31
    options("ip6-31-options", many, **TCP6)
    options("ip6-32-options", b"\x1e\0" * 30 + b"\0\0", **TCP6)
    options("ip6-33-options", b"\x1e\0" * 29 + b"\0" * 4, reason="ip6-options")
    options("ip6-38-padding", b"\0" * 38, reason="ip6-options")
    options("ip6-routing-has-no-options", b"\2\xff\xff\xff\xff\xff", 43, **TCP6)


def ipv6_fragments():
    section("4 and 5. IPv6 fragments")
    first, later = dict(frag="first"), dict(frag="later")
    tcp24 = TCP_BYTES + b"abcd"

    def frag(name, following, payload, offset=0, more=0, reserved=0, **expect):
        add(name, raw6(44, fragment(following, offset, more, reserved) + payload), **expect)

    frag("frag6-atomic", 6, TCP_BYTES, l4_off=62, **TCP6)
    frag("frag6-atomic-reserved-bits", 6, TCP_BYTES, reserved=6, **TCP6)
    frag("frag6-atomic-odd-length", 6, TCP_BYTES + b"xyz", **TCP6)
    frag("frag6-atomic-then-destination", 60, ext(6) + TCP_BYTES, l4_off=70, **TCP6)
    frag("frag6-atomic-tcp-cut-short", 6, TCP_BYTES[:16], reason="tcp-header")
    frag("frag6-atomic-twice", 44, fragment(6) + TCP_BYTES, reason="frag-bad", **NO_L4)
    frag("frag6-atomic-then-first", 44, fragment(6, 0, 1) + tcp24, reason="frag-bad")
    frag("frag6-atomic-then-later", 44, fragment(6, 1480) + DECOY, reason="frag-bad")
    frag("frag6-atomic-destination-atomic", 60, ext(44) + fragment(6) + TCP_BYTES,
         reason="frag-bad")
    frag("frag6-first-then-atomic", 44, fragment(6) + TCP_BYTES + b"abcd", more=1,
         reason="frag-bad")
    frag("frag6-later-says-fragment", 44, fragment(6) + TCP_BYTES, 1480, reason="frag-bad")
    add("frag6-scapy-first", ip6(IPv6ExtHdrFragment(m=1, id=9) / tcp(flags="S") / b"abcd"),
        dport=80, flags=2, **first)
    add("frag6-scapy-later", ip6(IPv6ExtHdrFragment(offset=185, nh=17, id=9) / Raw(DECOY)),
        proto=17, l4_off=62, **later, **NO_L4)
    frag("frag6-first", 6, tcp24, more=1, family=6, proto=6, sport=40000, dport=80, flags=2,
         **first)
    frag("frag6-first-tcp-8", 6, TCP_BYTES[:8], more=1, reason="frag-tiny", **NO_L4)
    frag("frag6-first-tcp-16", 6, TCP_BYTES[:16], more=1, reason="frag-tiny")
    longer = TCP_BYTES[:12] + b"\x70\2" + TCP_BYTES[14:] + b"\1\1\1\1"
    frag("frag6-first-tcp-part-of-options", 6, longer, more=1, reason="frag-tiny")
    frag("frag6-first-udp", 17, raw(udp(len=3000)), more=1, dport=53, **first)
    frag("frag6-first-icmp6", 58, raw(ICMPv6EchoRequest()), more=1, icmp_type=128, **first)
    frag("frag6-first-chain-and-tcp", 60, ext(6) + tcp24, more=1, dport=80, **first)
    frag("frag6-first-chain-without-tcp", 60, ext(6), more=1, reason="frag-tiny", **NO_L4)
    frag("frag6-first-chain-cut-short", 60, ext(6, units=1), more=1, reason="frag-tiny")
    frag("frag6-first-chain-is-all", 60, ext(59), more=1, proto=59, **first)
    frag("frag6-first-esp", 50, DECOY[:16], more=1, proto=50, **first, **NO_L4)
    frag("frag6-later", 6, DECOY, 1480, proto=6, family=6, l4_off=62, **later, **NO_L4)
    frag("frag6-later-udp-is-no-ports", 17, DECOY, 1480, proto=17, **later, **NO_L4)
    frag("frag6-later-icmp6", 58, raw(ICMPv6PacketTooBig()), 1480, proto=58, **later, **NO_L4)
    frag("frag6-later-is-not-walked", 60, ext(6) + TCP_BYTES, 1480, proto=60, l4_off=62, **later,
         **NO_L4)
    frag("frag6-later-routing-0-is-payload", 43, ext(6, bytes(6)) + TCP_BYTES, 1480, proto=43,
         **later, **NO_L4)
    frag("frag6-later-says-hop-by-hop", 0, ext(6) + TCP_BYTES, 1480, reason="ip6-chain")
    frag("frag6-atomic-then-hop-by-hop", 0, ext(6) + TCP_BYTES, reason="ip6-chain")
    frag("frag6-tcp-at-8", 6, DECOY[:16], 8, 1, reason="frag-tiny", **NO_L4)
    frag("frag6-tcp-at-16", 6, DECOY[:4], 16, reason="frag-tiny")
    frag("frag6-tcp-at-24", 6, DECOY, 24, proto=6, **later, **NO_L4)
    frag("frag6-udp-at-8", 17, DECOY, 8, proto=17, **later, **NO_L4)
    frag("frag6-first-length-25", 6, tcp24 + b"x", more=1, reason="frag-bad")
    frag("frag6-first-length-0", 6, b"", more=1, reason="frag-bad")
    frag("frag6-later-more-length-7", 6, DECOY[:7], 1480, 1, reason="frag-bad")
    frag("frag6-later-last-length-7", 6, DECOY[:7], 1480, **later)
    frag("frag6-end-65535", 17, b"1234567", 65528, **later)
    frag("frag6-end-65536", 17, b"12345678", 65528, reason="frag-bad")
    frag("frag6-end-65528-more", 17, b"12345678", 65520, 1, **later)
    add("frag6-header-cut-short", raw6(44, fragment(6)[:7]), reason="ip6-chain")
    add("frag6-padding-does-not-count",
        raw6(44, fragment(6, 0, 1) + tcp24 + bytes(8), length=8 + 16), reason="frag-tiny")
    add("frag6-behind-routing", raw6(43, ext(44, b"\2\0\0\0\0\0") + fragment(6, 1480) + DECOY),
        proto=6, **later, **NO_L4)
    add("frag6-behind-hop-by-hop-first",
        raw6(0, ext(44, b"\5\2\0\0\1\0") + fragment(6, 0, 1) + tcp24), dport=80, **first)
    seven = b"".join(ext(60) for _ in range(6)) + ext(44)
    add("frag6-8th-header-later", raw6(60, seven + fragment(6, 1480) + DECOY), proto=6, **later,
        **NO_L4)
    add("frag6-8th-header-then-9th", raw6(60, seven + fragment(60, 1480) + ext(6) + TCP_BYTES),
        reason="ip6-chain")


def layer4():
    section("6. TCP, UDP, ICMP")
    for family, build in ((4, ip4), (6, ip6)):
        base = {4: TCP4, 6: TCP6}[family]

        def flags(name, value, byte):
            expect = dict(base, flags=byte)
            add(f"tcp{family}-flags-{name}", build(tcp(flags=value)), **expect)

        flags("null", 0, 0)
        flags("xmas", "FPU", 0x29)
        flags("syn-fin", "SF", 3)
        flags("syn-ack", "SA", 0x12)
        flags("rst", "R", 4)
        flags("ece-cwr", "SEC", 0xc2)
        flags("all", 0xff, 0xff)
        add(f"tcp{family}-reserved-bits", build(tcp(flags="S", reserved=7)), **base)
        add(f"tcp{family}-offset-0", build(tcp(flags="S", dataofs=0)), reason="tcp-header")
        add(f"tcp{family}-offset-4", build(tcp(flags="S", dataofs=4)), reason="tcp-header",
            family=family, **NO_L4)
        add(f"tcp{family}-offset-5", build(tcp(flags="S", dataofs=5)), **base)
        add(f"tcp{family}-offset-6-beyond", build(tcp(flags="S", dataofs=6) / b"xyz"),
            reason="tcp-header", **NO_L4)
        add(f"tcp{family}-offset-6", build(tcp(flags="S", dataofs=6) / b"\1\1\1\1"), **base)
        add(f"tcp{family}-offset-15", build(tcp(flags="S", dataofs=15) / bytes(40)), **base)
        add(f"tcp{family}-offset-15-beyond", build(tcp(flags="S", dataofs=15) / bytes(39)),
            reason="tcp-header")
        add(f"tcp{family}-options", build(tcp(flags="S", options=[("MSS", 1460), ("SAckOK", b"")])),
            **base)
        add(f"tcp{family}-19-bytes", build(Raw(TCP_BYTES[:19]), **proto_of(family, 6)),
            reason="tcp-header", **NO_L4)
        add(f"tcp{family}-0-bytes", build(Raw(b""), **proto_of(family, 6)), reason="tcp-header")
        add(f"tcp{family}-ports-65535", build(tcp(sport=65535, dport=65535)), sport=65535,
            dport=65535)
        add(f"udp{family}-length-0", build(udp(len=0)), reason="udp-header")
        add(f"udp{family}-length-7", build(udp(len=7)), reason="udp-header", **NO_L4)
        add(f"udp{family}-length-8", build(udp(len=8)), sport=40000, dport=53, proto=17)
        add(f"udp{family}-length-exact", build(udp(len=12) / b"abcd"), sport=40000, dport=53)
        add(f"udp{family}-length-1-beyond", build(udp(len=13) / b"abcd"), reason="udp-header",
            **NO_L4)
        add(f"udp{family}-length-shorter", build(udp(len=9) / b"abcd"), sport=40000, dport=53)
        add(f"udp{family}-length-65535", build(udp(len=65535) / b"abcd"), reason="udp-header")
        add(f"udp{family}-7-bytes", build(Raw(raw(udp())[:7]), **proto_of(family, 17)),
            reason="udp-header")
    add("icmp-7-bytes", raw4(5, b"", raw(ICMP())[:7], proto=1), reason="icmp-header", **NO_L4)
    add("icmp-8-bytes", raw4(5, b"", raw(ICMP(type=11, code=7))[:8], proto=1), icmp_type=11,
        icmp_code=7)
    add("icmp6-3-bytes", raw6(58, raw(ICMPv6EchoRequest())[:3]), reason="icmp-header", **NO_L4)
    add("icmp6-4-bytes", raw6(58, b"\x81\x05\0\0"), icmp_type=129, icmp_code=5)
    add("icmp-over-ip6-has-no-type", raw6(1, b"\x08\0"), proto=1, **NO_L4)
    add("icmp6-over-ip4-has-no-type", raw4(5, b"", b"\x80\0", proto=58), proto=58, **NO_L4)
    add("icmp6-over-ip4-is-not-essential", raw4(5, b"", b"\2\0" + bytes(30), proto=58), proto=58,
        **NO_L4)
    add("sctp-has-no-ports", raw4(5, b"", DECOY, proto=132), proto=132, **NO_L4)
    add("udplite-has-no-ports", raw4(5, b"", DECOY, proto=136), proto=136, **NO_L4)
    add("ip4-protocol-0-is-a-number", raw4(5, b"", DECOY, proto=0), proto=0, l4_off=34, **NO_L4)
    add("ip4-protocol-44-is-a-number", raw4(5, b"", DECOY, proto=44), proto=44, frag="no", **NO_L4)
    add("ip4-protocol-60-is-a-number", raw4(5, b"", ext(6) + TCP_BYTES, proto=60), proto=60,
        l4_off=34, **NO_L4)


def proto_of(family, number):
    return {"proto": number} if family == 4 else {"nh": number}


def antispoof():
    section("7. Addresses")
    for what, address, reason in (
            ("126.255.255.255", "126.255.255.255", "none"),
            ("127.0.0.0", "127.0.0.0", "spoof-source"),
            ("127.0.0.1", "127.0.0.1", "spoof-source"),
            ("127.255.255.255", "127.255.255.255", "spoof-source"),
            ("128.0.0.0", "128.0.0.0", "none"),
            ("223.255.255.255", "223.255.255.255", "none"),
            ("multicast", "224.0.0.0", "spoof-source"),
            ("multicast-end", "239.255.255.255", "spoof-source"),
            ("class-e", "240.0.0.0", "spoof-source"),
            ("class-e-end", "255.255.255.254", "spoof-source"),
            ("broadcast", "255.255.255.255", "spoof-source"),
            ("unspecified", "0.0.0.0", "spoof-source"),
            ("0.0.0.1", "0.0.0.1", "none"),
            ("private", "10.0.0.1", "none")):
        add(f"spoof4-source-{what}", ip4(tcp(flags="S"), src=address), src=address,
            **{**TCP4, "reason": reason})
    for what, address, reason in (
            ("126.255.255.255", "126.255.255.255", "none"),
            ("127.0.0.1", "127.0.0.1", "spoof-dest"),
            ("127.255.255.255", "127.255.255.255", "spoof-dest"),
            ("128.0.0.0", "128.0.0.0", "none"),
            ("unspecified", "0.0.0.0", "spoof-dest"),
            ("multicast", "224.0.0.1", "none"),
            ("broadcast", "255.255.255.255", "none"),
            ("class-e-is-for-the-rules", "240.0.0.1", "none")):
        add(f"spoof4-dest-{what}", ip4(tcp(flags="S"), dst=address), dst=address,
            **{**TCP4, "reason": reason})
    add("spoof4-land", ip4(tcp(flags="S"), src=A4, dst=A4), reason="spoof-land", **TCP4)
    add("spoof4-land-near", ip4(tcp(flags="S"), src="192.0.2.1", dst="192.0.2.0"), **TCP4)
    any4 = dict(src="0.0.0.0", dst="255.255.255.255")
    discover = BOOTP(op=1) / DHCP(options=[("message-type", "discover"), "end"])
    add("spoof4-dhcp-discover", ip4(UDP(sport=68, dport=67) / discover, **any4), sport=68,
        dport=67, essential=0)
    add("spoof4-dhcp-from-67", ip4(UDP(sport=67, dport=67), **any4), reason="spoof-source")
    add("spoof4-dhcp-to-68", ip4(UDP(sport=68, dport=68), **any4), reason="spoof-source")
    add("spoof4-dhcp-to-66", ip4(UDP(sport=68, dport=66), **any4), reason="spoof-source")
    add("spoof4-dhcp-swapped", ip4(UDP(sport=67, dport=68), **any4), reason="spoof-source")
    add("spoof4-dhcp-tcp", ip4(TCP(sport=68, dport=67), **any4), reason="spoof-source")
    add("spoof4-dhcp-first-fragment", ip4(UDP(sport=68, dport=67, len=600), flags="MF", **any4),
        frag="first", sport=68)
    add("spoof4-dhcp-later-fragment", ip4(Raw(raw(UDP(sport=68, dport=67))), proto=17, frag=185,
                                          **any4), reason="spoof-source", frag="later")
    add("spoof4-dhcp-to-unspecified", ip4(UDP(sport=68, dport=67), src="0.0.0.0", dst="0.0.0.0"),
        reason="spoof-dest")
    add("spoof4-later-fragment", ip4(Raw(DECOY), proto=17, frag=185, src="127.0.0.1"),
        reason="spoof-source", frag="later")
    add("spoof4-malformed-comes-first", ip4(tcp(flags="S", dataofs=4), src="127.0.0.1"),
        reason="tcp-header")
    add("spoof4-icmp", ip4(ICMP(type=8), src="127.0.0.1"), reason="spoof-source", icmp_type=8)
    add("spoof4-essential-too", ip4(ICMP(type=3, code=4), src="127.0.0.1"), reason="spoof-source",
        essential=1)
    antispoof6()
    unspecified6()


def antispoof6():
    cases = (
        ("loopback", "::1", True), ("2", "::2", False), ("loopback-high", "1::1", False),
        ("mapped", "::ffff:192.0.2.1", True), ("mapped-0", "::ffff:0:0", True),
        ("mapped-end", "::ffff:ffff:ffff", True), ("below-mapped", "::fffe:ffff:ffff", False),
        ("above-mapped", "::1:0:0:0", False), ("mapped-high", "1::ffff:0:0", False),
        ("translated", "::ffff:0:192.0.2.1", False), ("nat64", "64:ff9b::192.0.2.1", False),
        ("link-local", "fe80::1", False), ("unique-local", "fd00::1", False))
    for what, address, bad in cases:
        add(f"spoof6-source-{what}", ip6(tcp(flags="S"), src=address), src=address,
            **{**TCP6, "reason": "spoof-source" if bad else "none"})
        add(f"spoof6-dest-{what}", ip6(tcp(flags="S"), dst=address), dst=address,
            **{**TCP6, "reason": "spoof-dest" if bad else "none"})
    add("spoof6-source-multicast", ip6(tcp(flags="S"), src="ff02::1"), reason="spoof-source",
        **TCP6)
    add("spoof6-source-ff00", ip6(tcp(flags="S"), src="ff00::"), reason="spoof-source")
    add("spoof6-source-feff", ip6(tcp(flags="S"), src="feff::1"))
    add("spoof6-dest-multicast", ip6(tcp(flags="S"), dst="ff02::1"), **TCP6)
    add("spoof6-dest-unspecified", ip6(tcp(flags="S"), dst="::"), reason="spoof-dest", **TCP6)
    add("spoof6-land", ip6(tcp(flags="S"), src=A6, dst=A6), reason="spoof-land", **TCP6)
    add("spoof6-land-low-half", ip6(tcp(flags="S"), src="2001:db8:1::1", dst="2001:db8:2::1"),
        **TCP6)
    add("spoof6-land-high-half", ip6(tcp(flags="S"), src="2001:db8::1", dst="2001:db8::2"), **TCP6)


def unspecified6():
    none6 = dict(src="::", dst="ff02::1:ff00:2")
    add("spoof6-unspecified-tcp", ip6(tcp(flags="S"), src="::"), reason="spoof-source", **TCP6)
    add("spoof6-unspecified-udp", ip6(udp(sport=546, dport=547), src="::"), reason="spoof-source")
    add("spoof6-unspecified-echo", ip6(ICMPv6EchoRequest(), src="::", hlim=255),
        reason="spoof-source")
    add("spoof6-unspecified-no-next", ip6(Raw(b""), nh=59, src="::"), reason="spoof-source")
    add("spoof6-duplicate-address-detection", ip6(ICMPv6ND_NS(tgt=B6), hlim=255, **none6),
        icmp_type=135, essential=1)
    add("spoof6-duplicate-address-hops-254", ip6(ICMPv6ND_NS(tgt=B6), hlim=254, **none6),
        reason="spoof-source", essential=0)
    add("spoof6-router-solicitation", ip6(ICMPv6ND_RS(), hlim=255, src="::", dst="ff02::2"),
        icmp_type=133, essential=1)
    alert = IPv6ExtHdrHopByHop(options=RouterAlert())
    add("spoof6-mld-report", ip6(alert / ICMPv6MLReport(), hlim=1, **none6), icmp_type=131,
        essential=0)
    add("spoof6-mld2-report", ip6(alert / ICMPv6MLReport2(), hlim=1, src="::", dst="ff02::16"),
        icmp_type=143, essential=0)
    add("spoof6-mld-report-hops-2", ip6(alert / ICMPv6MLReport(), hlim=2, **none6),
        reason="spoof-source")
    add("spoof6-mld2-report-hops-2", ip6(alert / ICMPv6MLReport2(), hlim=2, **none6),
        reason="spoof-source")
    add("spoof6-mld-query", ip6(alert / ICMPv6MLQuery(), hlim=1, src="::", dst="ff02::1"),
        icmp_type=130, essential=1)
    add("spoof6-mld-neighbour-142", raw6_from_nobody(142, 1), reason="spoof-source")
    add("spoof6-mld-neighbour-144", raw6_from_nobody(144, 1), reason="spoof-source")
    add("spoof6-mld-neighbour-129", raw6_from_nobody(129, 1), reason="spoof-source")
    add("spoof6-discovery-133-hops-1", raw6_from_nobody(133, 1), reason="spoof-source")
    add("spoof6-discovery-138", raw6_from_nobody(138, 255), reason="spoof-source")
    add("spoof6-mld-done", raw6_from_nobody(132, 1), icmp_type=132)
    first = bytearray(raw6(44, fragment(58, 0, 1) + bytes([135, 0]) + bytes(22), hops=255))
    first[22:38] = bytes(16)
    add("spoof6-discovery-first-fragment", bytes(first), frag="first", icmp_type=135, essential=0)
    add("spoof6-discovery-later-fragment",
        ip6(IPv6ExtHdrFragment(offset=185, nh=58) / Raw(raw(ICMPv6ND_NS(tgt=B6))), hlim=255,
            **none6), reason="spoof-source", frag="later")


def raw6_from_nobody(kind, hops):
    frame = bytearray(raw6(58, bytes([kind, 0]) + bytes(22), hops=hops))
    frame[22:38] = bytes(16)
    return bytes(frame)


def essential():
    section("Essential traffic")
    nd = dict(src="fe80::1", dst="fe80::2", hlim=255)
    for name, packet, number in (("ns", ICMPv6ND_NS(), 135), ("na", ICMPv6ND_NA(), 136),
                                 ("rs", ICMPv6ND_RS(), 133), ("ra", ICMPv6ND_RA(), 134),
                                 ("redirect", ICMPv6ND_Redirect(), 137)):
        add(f"essential-{name}", ip6(packet, **nd), essential=1, icmp_type=number, ttl=255)
        add(f"essential-{name}-hops-254", ip6(packet, **{**nd, "hlim": 254}), essential=0)
        whole = raw(packet)
        padded = whole + bytes(-len(whole) % 8)
        add(f"essential-{name}-fragment", raw6(44, fragment(58, 0, 1) + padded, hops=255),
            essential=0, frag="first", icmp_type=number)
    add("essential-132-is-not", raw6(58, bytes([132, 0]) + bytes(22), hops=255), essential=0)
    add("essential-138-is-not", raw6(58, bytes([138, 0]) + bytes(22), hops=255), essential=0)
    add("essential-mld-query", ip6(IPv6ExtHdrHopByHop(options=RouterAlert()) / ICMPv6MLQuery(),
                                   src="fe80::1", dst="ff02::1", hlim=1), essential=1)
    add("essential-mld-query-hops-2", ip6(ICMPv6MLQuery(), src="fe80::1", dst="ff02::1", hlim=2),
        essential=0)
    add("essential-mld-report-is-not", ip6(ICMPv6MLReport(), src="fe80::1", dst="ff02::1", hlim=1),
        essential=0)
    reply = BOOTP(op=2) / DHCP(options=[("message-type", "offer"), "end"])
    add("essential-dhcp-reply", ip4(UDP(sport=67, dport=68) / reply, dst="255.255.255.255"),
        essential=1, sport=67, dport=68)
    add("essential-dhcp-request-is-not", ip4(UDP(sport=68, dport=67) / reply), essential=0)
    add("essential-dhcp-relay-is-not", ip4(UDP(sport=67, dport=67) / reply), essential=0)
    add("essential-dhcp-tcp-is-not", ip4(TCP(sport=67, dport=68)), essential=0)
    add("essential-dhcp-ports-ip6-is-not", ip6(UDP(sport=67, dport=68)), essential=0)
    add("essential-dhcp6-reply", ip6(UDP(sport=547, dport=546) / DHCP6_Reply(), src="fe80::1",
                                     dst="fe80::2"), essential=1)
    add("essential-dhcp6-request-is-not", ip6(UDP(sport=546, dport=547)), essential=0)
    add("essential-dhcp6-ports-ip4-is-not", ip4(UDP(sport=547, dport=546)), essential=0)
    add("essential-frag-needed", ip4(ICMP(type=3, code=4, nexthopmtu=1400) / bytes(28)),
        essential=1, icmp_type=3, icmp_code=4)
    add("essential-port-unreachable-is-not", ip4(ICMP(type=3, code=3) / bytes(28)), essential=0)
    add("essential-unreachable-5-is-not", ip4(ICMP(type=3, code=5) / bytes(28)), essential=0)
    add("essential-icmp-4-4-is-not", ip4(ICMP(type=4, code=4) / bytes(28)), essential=0)
    add("essential-too-big", ip6(ICMPv6PacketTooBig(mtu=1280) / bytes(48)), essential=1,
        icmp_type=2)
    add("essential-icmp6-unreachable-is-not", ip6(ICMPv6DestUnreach() / bytes(48)), essential=0)
    add("essential-icmp6-type-3-is-not", raw6(58, bytes([3, 0]) + bytes(22)), essential=0)
    add("essential-icmp-type-2-ip4-is-not", raw4(5, b"", bytes([2, 0]) + bytes(22), proto=1),
        essential=0)


def tunnels():
    section("8. Tunnels: the outer header only")
    inner4 = IP(src="10.0.0.1", dst="10.0.0.2") / tcp(flags="S", dport=22)
    inner6 = IPv6(src="fd00::1", dst="fd00::2") / tcp(flags="S", dport=22)
    outer = dict(src=A4, dst=B4)
    add("tunnel-ipip", ip4(inner4), proto=4, **outer, **NO_L4)
    add("tunnel-6in4", ip4(inner6), proto=41, family=4, **outer, **NO_L4)
    add("tunnel-gre", ip4(GRE() / inner4), proto=47, **outer, **NO_L4)
    add("tunnel-vxlan", ip4(UDP(sport=5000, dport=4789) / VXLAN(vni=5) / Ether(**MACS) / inner4),
        proto=17, sport=5000, dport=4789, **outer)
    add("tunnel-esp-ip4", raw4(5, b"", DECOY, proto=50), proto=50, **outer, **NO_L4)
    add("tunnel-ah-ip4", raw4(5, b"", bytes([6, 4]) + bytes(22) + TCP_BYTES, proto=51), proto=51,
        l4_off=34, **outer, **NO_L4)
    add("tunnel-ip6-in-ip6", ip6(inner6), proto=41, src=A6, dst=B6, **NO_L4)
    add("tunnel-ip4-in-ip6", ip6(inner4), proto=4, src=A6, dst=B6, family=6, **NO_L4)


def buffers():
    section("9. Frames in several buffers: only the linear part can be read")
    long4 = ip4(tcp(flags="S") / bytes(200))
    add("buffers-tcp-linear-exact", long4, linear=54, **TCP4)
    add("buffers-tcp-1-short", long4, linear=53, reason="unreadable", src=A4, **NO_L4)
    add("buffers-ip4-linear-exact", raw4(5, b"", bytes(200), proto=253), linear=34, proto=253)
    add("buffers-ip4-1-short", long4, linear=33, reason="unreadable", family=0)
    add("buffers-ip4-missing", long4, linear=14, reason="unreadable", ethertype=0x800)
    add("buffers-tcp-options-need-not-be-read", ip4(tcp(flags="S", dataofs=15) / bytes(200)),
        linear=54, **TCP4)
    add("buffers-ip4-options-1-short", raw4(6, b"\1\1\1\1", TCP_BYTES), linear=37,
        reason="unreadable")
    add("buffers-ip4-option-length-1-short", raw4(6, b"\1\1\x82\2", TCP_BYTES), linear=37,
        reason="unreadable")
    add("buffers-tag-1-short", ether(0x8100, b"\0\x14\x08\0" + long4[14:]), linear=17,
        reason="unreadable")
    add("buffers-arp-8-bytes", raw(Ether(**MACS) / ARP(psrc=A4, pdst=B4)), linear=22, essential=1)
    add("buffers-arp-7-bytes", raw(Ether(**MACS) / ARP(psrc=A4, pdst=B4)), linear=21,
        reason="unreadable", essential=0)
    long6 = ip6(IPv6ExtHdrDestOpt() / udp() / bytes(100))
    add("buffers-ip6-udp-exact", long6, linear=70, dport=53)
    add("buffers-ip6-udp-1-short", long6, linear=69, reason="unreadable")
    add("buffers-ip6-header-1-short", long6, linear=61, reason="unreadable")
    add("buffers-ip6-1-short", long6, linear=53, reason="unreadable", family=0)
    options = raw6(60, ext(6, b"\1\4\0\0\0\0" b"\1\6\0\0\0\0\0\0") + TCP_BYTES)
    add("buffers-ip6-options-1-short", options, linear=63, reason="unreadable")
    add("buffers-icmp6-exact", ip6(ICMPv6EchoRequest() / bytes(64)), linear=58, icmp_type=128)
    add("buffers-icmp-1-short", ip4(ICMP() / bytes(64)), linear=41, reason="unreadable")
    add("buffers-later-fragment-needs-no-more", raw4(5, b"", DECOY * 3, frag=185), linear=34,
        frag="later", **NO_L4)


def main():
    print("# SPDX-License-Identifier: GPL-3.0-or-later")
    print("# Written by generate.py. Fields that are not given do not matter; reason always does.")
    print("# `linear N`: only the first N bytes can be read.\n")
    for part in (ethernet, vlan, ipv4, ipv4_fragments, ipv6, ipv6_fragments, layer4, antispoof,
                 essential, tunnels, buffers):
        part()
    print(f"{len(NAMES)} packets", file=sys.stderr)


main()
