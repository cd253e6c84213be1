# SPDX-License-Identifier: GPL-3.0-or-later
"""nft_oracle.py SERVER CLIENT MODE RULESETS SEED COMMAND...: random rulesets, written by this
file in two languages, to COMMAND (filtering on `fw`) and to nftables (on `nft`, netdev ingress);
the same frames to both. A frame is known again by its source MAC: a later nftables chain, on both
interfaces, notes what came through. Prints `PASSED FAILED`; what differs goes to standard error.

Left out, because nftables decides it otherwise by design: VLAN tags, malformed packets, and later
fragments where a rule reads layer 4 (kernels before 7.2 read ports out of the payload). nftables
counts the packets of `jump` and `return`, too; bpffw counts decisions and `count` only."""
import ctypes
import ipaddress
import json
import logging
import os
import random
import socket
import subprocess
import sys
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *  # noqa: E402

SERVER, CLIENT, MODE = sys.argv[1:4]
RULESETS, SEED, BPFFW = int(sys.argv[4]), int(sys.argv[5]), sys.argv[6:]
FRAMES = 120
CLONE_NEWNET = 0x40000000
dice = random.Random(f"{SEED} {MODE}")

V4 = ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.7", "10.0.0.8", "10.0.1.0", "10.255.255.255",
      "11.0.0.0", "9.255.255.255", "192.0.2.1", "223.255.255.255", "1.0.0.1"]
V6 = ["2001:db8::", "2001:db8::1", "2001:db8::2", "2001:db8::ffff", "2001:db8:0:1::",
      "2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db9::", "2001:db7:ffff:ffff::", "fd00::1",
      "fe80::1", "1::1", "2001:db8:0:1::1"]
PORTS = [0, 1, 21, 22, 23, 53, 79, 80, 81, 255, 256, 1023, 1024, 32767, 32768, 65534, 65535]
PROTOCOLS = {"tcp": 6, "udp": 17, "gre": 47, "esp": 50, "132": 132}
FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg"]
TYPES4 = {"echo-request": 8, "echo-reply": 0, "destination-unreachable": 3, "13": 13}
TYPES6 = {"echo-request": 128, "echo-reply": 129, "destination-unreachable": 1, "200": 200}


def enter(name):
    """This process into a network namespace."""
    with open(f"/run/netns/{name}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def spans(pool, count):
    """Ranges of numbers, as (first, last): single, between two of the pool, or its ends."""
    found = []
    for _ in range(count):
        first, last = dice.choice(pool), dice.choice(pool)
        if dice.random() < 0.5:
            last = first
        found.append((min(first, last), max(first, last)))
    return found


def join(ranges):
    """Sorted, and overlapping or touching ones as one: what an nftables set wants."""
    joined = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def nft_set(ranges, text=str):
    return "{ " + ", ".join(text(first) if first == last else f"{text(first)}-{text(last)}"
                            for first, last in join(ranges)) + " }"


def fw_list(ranges, text=str):
    return ",".join(text(first) if first == last else f"{text(first)}-{text(last)}"
                    for first, last in ranges)


class Rule:
    """One rule in both languages; nft[family] is the matches, family 4 or 6."""

    def __init__(self):
        self.fw = []
        self.nft = {4: [], 6: []}
        self.layer4 = False

    def both(self, fw, nft):
        self.fw.append(fw)
        for family in self.nft:
            self.nft[family].append(nft)

    def only(self, family):
        self.nft = {key: value for key, value in self.nft.items() if key == family}


def add_addresses(rule, field):
    families = dice.choice([[4], [6], [4, 6]])
    negated = dice.random() < 0.25
    texts = []
    ranges = {4: [], 6: []}
    for _ in range(dice.randint(1, 4)):
        family = dice.choice(families)
        pool = V4 if family == 4 else V6
        address = ipaddress.ip_address(dice.choice(pool))
        shape = dice.random()
        if shape < 0.4:
            texts.append(str(address))
            ranges[family].append((int(address), int(address)))
        elif shape < 0.8:
            bits = dice.choice([0, 1, 7, 8, 9, 16, 24, 29, 31, 32] if family == 4 else
                               [0, 1, 16, 31, 32, 33, 48, 63, 64, 65, 112, 127, 128])
            network = ipaddress.ip_network((address, bits), strict=False)
            texts.append(str(network))
            ranges[family].append((int(network[0]), int(network[-1])))
        else:
            other = ipaddress.ip_address(dice.choice(pool))
            first, last = min(address, other), max(address, other)
            texts.append(f"{first}-{last}")
            ranges[family].append((int(first), int(last)))
    dice.shuffle(texts)
    rule.fw.append(("not " if negated else "") + field + " " + ",".join(texts))
    address = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}
    for family in list(rule.nft):
        if not ranges[family]:
            del rule.nft[family]
            continue
        rule.nft[family].append(
            f"{'ip' if family == 4 else 'ip6'} {'saddr' if field == 'src' else 'daddr'} "
            f"{'!= ' if negated else ''}"
            f"{nft_set(ranges[family], lambda x, a=address[family]: str(a(x)))}")


def add_number(rule, field, pool, nft4, nft6, count=2, nft6_shift=0):
    ranges = spans(pool, dice.randint(1, count))
    negated = dice.random() < 0.25
    rule.fw.append(f"{field} {'not ' if negated else ''}{fw_list(ranges)}")
    for family, left, shift in ((4, nft4, 0), (6, nft6, nft6_shift)):
        if family in rule.nft:
            moved = [(max(first - shift, 0), last - shift) for first, last in ranges
                     if last >= shift]
            if not moved:
                # Nothing of it exists in this family.
                if negated:
                    continue
                del rule.nft[family]
                continue
            rule.nft[family].append(f"{left} {'!= ' if negated else ''}{nft_set(moved)}")


def add_protocol(rule):
    kind = dice.random()
    if kind < 0.6:
        names = dice.choice([["tcp"], ["udp"], ["tcp", "udp"]])
        rule.both("proto " + ",".join(names) if len(names) > 1 else names[0],
                  f"meta l4proto {nft_set([(PROTOCOLS[name],) * 2 for name in names])}")
        for field in ("sport", "dport"):
            if dice.random() < (0.3 if field == "sport" else 0.7):
                rule.layer4 = True
                add_number(rule, field, PORTS, "th " + field, "th " + field, 4)
        if names == ["tcp"] and dice.random() < 0.4:
            rule.layer4 = True
            if dice.random() < 0.3:
                rule.both("syn", "tcp flags & (syn|ack|rst|fin) == syn")
            else:
                some = dice.sample(FLAGS, dice.randint(1, 3))
                mask = dice.choice([some, FLAGS[:dice.randint(1, 6)] + some])
                mask = sorted(set(mask))
                rule.both(f"flags {','.join(some)}/{','.join(mask)}",
                          f"tcp flags & ({'|'.join(mask)}) == ({'|'.join(some)})")
    elif kind < 0.8:
        names = dice.sample(sorted(PROTOCOLS), dice.randint(1, 3))
        negated = dice.random() < 0.3
        rule.both(f"proto {'not ' if negated else ''}{','.join(names)}",
                  f"meta l4proto {'!= ' if negated else ''}"
                  f"{nft_set([(PROTOCOLS[name],) * 2 for name in names])}")
    else:
        family = dice.choice([4, 6])
        word, types = ("icmp", TYPES4) if family == 4 else ("icmp6", TYPES6)
        rule.fw.append(word)
        rule.only(family)
        match = f"meta l4proto {1 if family == 4 else 58}"
        if dice.random() < 0.7:
            rule.layer4 = True
            name = dice.choice(sorted(types))
            negated = dice.random() < 0.2
            left = "icmp" if family == 4 else "icmpv6"
            rule.fw.append(f"type {'not ' if negated else ''}{name}")
            match += f" {left} type {'!= ' if negated else ''}{types[name]}"
            if not negated and dice.random() < 0.3:
                code = dice.choice([0, 1, 4, 255])
                rule.fw.append(f"code {code}")
                match += f" {left} code {code}"
        if family in rule.nft:
            rule.nft[family].append(match)


def add_fragment(rule):
    word, nft = dice.choice([("later", "ip frag-off & 0x1fff != 0"),
                             ("any", "ip frag-off & 0x3fff != 0"),
                             ("no", "ip frag-off & 0x3fff == 0")])
    # nftables has no like word for IPv6.
    rule.fw.append("ip4 frag " + word)
    rule.only(4)
    rule.nft[4].append(nft)


def random_rule(name, verbs):
    while True:
        rule = Rule()
        if dice.random() < 0.75:
            add_protocol(rule)
        elif dice.random() < 0.2:
            add_fragment(rule)
        for field in ("src", "dst"):
            if dice.random() < 0.4:
                add_addresses(rule, field)
        if dice.random() < 0.12:
            add_number(rule, "ttl", [0, 1, 2, 63, 64, 128, 254, 255], "ip ttl", "ip6 hoplimit")
        if dice.random() < 0.12:
            add_number(rule, "dscp", [0, 1, 8, 32, 46, 62, 63], "ip dscp", "ip6 dscp")
        if dice.random() < 0.12:
            add_number(rule, "len", [20, 28, 40, 41, 48, 60, 61, 64, 100, 65535], "ip length",
                       "ip6 length", nft6_shift=40)
        if rule.fw and any(rule.nft.values()):
            break
    rule.verb = dice.choice(verbs)
    rule.name = name
    rule.text = " ".join([rule.verb, *rule.fw, "name", rule.name])
    return rule


def nft_lines(rule):
    verb = {"allow": "accept", "drop": "drop", "count": "", "return": "return",
            "jump c": "jump c"}[rule.verb]
    return [f'meta protocol ip{"6" if family == 6 else ""} {" ".join(matches)} counter {verb} '
            f'comment "{rule.name}"' for family, matches in rule.nft.items()]


def random_ruleset():
    default = dice.choice(["allow", "drop"])
    main = [random_rule(f"n{number}", ["allow", "drop", "allow", "drop", "count", "jump c"])
            for number in range(dice.randint(1, 14))]
    chain = [random_rule(f"c{number}", ["allow", "drop", "return", "count"])
             for number in range(dice.randint(1, 5))]
    fw = ["version 1", f"interface fw mode {MODE}", f"default {default}", "essential off",
          "option antispoof off", "chain c {", *[rule.text for rule in chain], "}",
          *[rule.text for rule in main]]
    policy = "accept" if default == "allow" else "drop"
    nft = ["flush ruleset", "table netdev t {", "set fw { type ether_addr; size 65535;",
           "flags dynamic; }", "set nft { type ether_addr; size 65535;", "flags dynamic; }",
           "chain c {", *[line for rule in chain for line in nft_lines(rule)], "}",
           f'chain f {{ type filter hook ingress device "nft" priority 0; policy {policy};',
           *[line for rule in main for line in nft_lines(rule)], "}"]
    for name in ("fw", "nft"):
        nft += [f'chain s{name} {{ type filter hook ingress device "{name}" priority 10;',
                f"add @{name} {{ ether saddr }}", "}"]
    return main + chain, "\n".join(fw) + "\n", "\n".join(nft + ["}"]) + "\n"


def random_payload(family):
    kind = dice.random()
    if kind < 0.45:
        return TCP(sport=dice.choice(PORTS), dport=dice.choice(PORTS),
                   flags=dice.choice([2, 2, 16, 18, 17, 4, 0, 63, 41, 3, 24]))
    if kind < 0.7:
        return (UDP(sport=dice.choice(PORTS), dport=dice.choice(PORTS)) /
                (b"x" * dice.choice([0, 1, 12, 20, 50])))
    if kind < 0.85:
        types = TYPES4 if family == 4 else TYPES6
        body = bytes([dice.choice([*types.values(), 77]), dice.choice([0, 1, 4, 255]), 0, 0])
        return Raw(body + b"\0" * 8)
    return Raw(b"\0" * dice.choice([8, 20, 40]))


def random_frame(number, fragments):
    mac = f"02:{MODE == 'generic':02x}:00:00:{number >> 8:02x}:{number & 255:02x}"
    ether = Ether(src=mac, dst="02:ff:00:00:00:01")
    family = dice.choice([4, 6])
    ttl = dice.choice([0, 1, 2, 63, 64, 128, 254, 255])
    dscp = dice.choice([0, 1, 8, 32, 46, 62, 63]) << 2 | dice.randint(0, 3)
    payload = random_payload(family)
    if isinstance(payload, Raw):
        icmp = len(payload) == 12
        proto = (1 if family == 4 else 58) if icmp else dice.choice(
            [47, 50, 132, 58 if family == 4 else 1])
    else:
        proto = 6 if isinstance(payload, TCP) else 17
    if family == 4:
        frag, flags = (dice.choice([64, 100]), dice.choice([0, "MF"])) if (
            fragments and dice.random() < 0.15) else (0, 0)
        if flags == "MF":
            payload = Raw(bytes(48))
        options = dice.choice([[], [], [IPOption(b"\x01" * 8)]])
        packet = IP(src=dice.choice(V4), dst=dice.choice(V4), ttl=ttl, tos=dscp, proto=proto,
                    frag=frag, flags=flags, options=options)
        return mac, bytes(ether / packet / payload)
    if proto == 50:
        proto = 47  # where the walk ends at ESP, nftables sees no protocol at all
    packet = IPv6(src=dice.choice(V6), dst=dice.choice(V6), hlim=ttl, tc=dscp)
    # The checksum is over the pseudo header, which the extension headers do not change.
    extension = dice.choice([None, None, None, IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()])
    if extension is None:
        packet.nh = proto
        return mac, bytes(ether / packet / payload)
    extension.nh = proto
    return mac, bytes(ether / packet / extension / payload)


def noted(ruleset, name):
    for entry in ruleset:
        if entry.get("set", {}).get("name") == name:
            return set(entry["set"].get("elem", []))
    return set()


def wait_for_all(links, count, before):
    """What a veth delivered, both ends up: the counters of the interface say so."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if all(received(name) - before[name] >= count for name in links):
            return
        time.sleep(0.001)


def received(name):
    with open("/proc/thread-self/net/dev") as file:
        for line in file:
            if line.strip().startswith(name + ":"):
                return int(line.split(":")[1].split()[1])
    return 0


def packets_of(ruleset):
    counts = {}
    for entry in ruleset:
        if "rule" not in entry or "comment" not in entry["rule"]:
            continue
        for part in entry["rule"]["expr"]:
            if "counter" in part:
                name = entry["rule"]["comment"]
                counts[name] = counts.get(name, 0) + part["counter"]["packets"]
    return counts


def compare(frames):
    """What differs in one ruleset, as lines."""
    wrong = []
    live = json.loads(run(["nft", "-j", "list", "ruleset"]).stdout)["nftables"]
    mine, theirs = noted(live, "fw"), noted(live, "nft")
    for mac, frame in frames:
        if (mac in mine) != (mac in theirs):
            wrong.append(f"bpffw {'allows' if mac in mine else 'drops'}, nft "
                         f"{'allows' if mac in theirs else 'drops'}: {Ether(frame).summary()} "
                         f"{frame.hex()}")
    listed = json.loads(run([*BPFFW, "list", "--json"]).stdout)
    counts = packets_of(live)
    for rule in listed["rules"]:
        if rule["verb"] in ("jump", "return"):
            continue
        if rule["packets"] != counts.get(rule["name"], 0):
            wrong.append(f"{rule['text']}: {rule['packets']} packets, nft counted "
                         f"{counts.get(rule['name'], 0)}")
    return wrong


def try_ruleset(senders, rules_file):
    rules, fw_text, nft_text = random_ruleset()
    fragments = not any(rule.layer4 for rule in rules)
    frames = [random_frame(number, fragments) for number in range(FRAMES)]
    with open(rules_file, "w") as file:
        file.write(fw_text)
    for command, text in (([*BPFFW, "apply", "--force", rules_file], None),
                          (["nft", "-f", "-"], nft_text)):
        done = run(command, input=text)
        if done.returncode:
            return fw_text, [f"{command[0]} refuses: {done.stderr}", nft_text]
    # A rule with the text of one of the ruleset before has taken over its counter.
    run([*BPFFW, "reset"])
    before = {name: received(name) for name in senders}
    for mac, frame in frames:
        for sender in senders.values():
            sender.send(frame)
    wait_for_all(senders, FRAMES, before)
    wrong = compare(frames)
    return fw_text, wrong


def main():
    enter(CLIENT)
    senders = {}
    for name in ("fw", "nft"):
        senders[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        senders[name].bind(("to-" + name, 0))
    enter(SERVER)
    passed = failed = 0
    rules_file = os.path.join(os.path.dirname(BPFFW[BPFFW.index("--state-dir") + 1]), "oracle.fw")
    for number in range(RULESETS):
        fw_text, wrong = try_ruleset(senders, rules_file)
        if not wrong:
            passed += 1
            continue
        failed += 1
        print(f"FAILED: {MODE}, ruleset {number}, SEED={SEED}:", fw_text, *wrong[:6],
              sep="\n", file=sys.stderr)
    print(passed, failed)


main()
