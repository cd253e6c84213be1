# SPDX-License-Identifier: GPL-3.0-or-later
"""import_oracle.py SERVER CLIENT RULESETS SEED COMMAND...: random rulesets of iptables and of nft are
loaded into the kernel, listed by iptables-save and `nft list ruleset`, and that text is imported.
The same frames go to the input hook of the kernel (on `nft`) and to bpffw with what was imported
(on `fw`): the verdicts must be the same. Every address is local on the server, so that each frame
reaches the input hook; a frame is known again by its source MAC. Prints `PASSED FAILED`.

Left out, because it is said to differ: conntrack, limits, fragments, essential and malformed
packets. Each rule must be reported as translated, or with a note that is listed here."""
import ctypes
import ipaddress
import json
import logging
import os
import random
import re
import socket
import subprocess
import sys
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.all import *  # noqa: E402

SERVER, CLIENT = sys.argv[1:3]
RULESETS, SEED, BPFFW = int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]
FRAMES = 120
CLONE_NEWNET = 0x40000000
NOTES = ("REJECT became drop", "reject became drop", "goes to the events of bpffw")
dice = random.Random(SEED)

V4 = ["10.0.0.1", "10.0.0.2", "10.0.0.7", "10.0.0.8", "10.0.1.0", "10.255.255.254", "11.0.0.1",
      "9.255.255.254", "192.0.2.1", "192.0.2.77", "1.0.0.1"]
V6 = ["2001:db8::1", "2001:db8::2", "2001:db8::ffff", "2001:db8:0:1::1", "2001:db9::1", "fd00::1",
      "2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db7:ffff:ffff::1"]
PORTS = [1, 21, 22, 23, 53, 79, 80, 81, 255, 256, 1023, 1024, 32767, 32768, 65534, 65535]
FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"]
TYPES = {4: [8, 0, 3, 13], 6: [128, 129, 1, 200]}
MACS = ["02:00:00:00:00:%02x" % number for number in range(FRAMES)]


def enter(name):
    """This process into a network namespace."""
    with open(f"/run/netns/{name}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def pick(*choices):
    return dice.choice(choices)


def maybe(share):
    return dice.random() < share


def address(family):
    return ipaddress.ip_address(dice.choice(V4 if family == 4 else V6))


def prefix(family):
    bits = dice.choice([1, 8, 9, 24, 29, 31, 32] if family == 4 else [1, 32, 33, 64, 65, 112, 128])
    return str(ipaddress.ip_network((address(family), bits), strict=False))


def address_range(family):
    one, other = address(family), address(family)
    return f"{min(one, other)}-{max(one, other)}"


def port_range(colon=":"):
    one, other = dice.choice(PORTS), dice.choice(PORTS)
    if maybe(0.5) or one == other:
        return str(one)
    return f"{min(one, other)}{colon}{max(one, other)}"


# ---- iptables ----

def ipt_matches(family):
    words = []
    no = lambda: ["!"] if maybe(0.2) else []  # noqa: E731
    for option in ("-s", "-d"):
        if maybe(0.3):
            words += no() + [option, prefix(family)]
    proto = pick("tcp", "tcp", "udp", "icmp", "", "not")
    if proto in ("tcp", "udp"):
        words += ["-p", proto]
        kind = dice.random()
        if kind < 0.4:
            words += ["-m", proto]
            for option in ("--sport", "--dport"):
                if maybe(0.6):
                    words += no() + [option, port_range()]
        elif kind < 0.8:
            words += ["-m", "multiport"] + no() + [
                pick("--dports", "--sports", "--dports", "--ports"),
                ",".join(port_range() for _ in range(dice.randint(1, 4)))]
        if proto == "tcp" and maybe(0.4):
            mask = dice.sample(FLAGS, dice.randint(1, 5))
            some = dice.sample(mask, dice.randint(0, len(mask)))
            words += ["-m", "tcp"] + no() + (
                ["--syn"] if maybe(0.3) else
                ["--tcp-flags", ",".join(mask), ",".join(some) or "NONE"])
    elif proto == "icmp":
        one = str(dice.choice(TYPES[family])) + pick("", "", "/0", "/1")
        words += ["-p", "icmp" if family == 4 else "ipv6-icmp"]
        if maybe(0.8):
            words += ["-m", "icmp" if family == 4 else "icmp6"] + ([] if "/" in one else no()) + [
                "--icmp-type" if family == 4 else "--icmpv6-type", one]
    elif proto == "not":
        words += ["!", "-p", pick("tcp", "udp", "47")]
    if maybe(0.15):
        words += ["-m", "iprange"] + no() + [pick("--src-range", "--dst-range"),
                                             address_range(family)]
    if maybe(0.1):
        words += ["-m", "ttl" if family == 4 else "hl"] + [
            pick("--ttl-eq", "--ttl-lt", "--ttl-gt") if family == 4 else
            pick("--hl-eq", "--hl-lt", "--hl-gt"), pick("1", "63", "64")]
    if maybe(0.1):
        words += ["-m", "length"] + no() + ["--length", pick("40", "0:40", "41:60", "61:65535")]
    if maybe(0.1):
        words += ["-m", "dscp"] + no() + ["--dscp", pick("0x00", "0x2e", "0x3f")]
    if maybe(0.05):
        words += ["-m", "mac"] + no() + ["--mac-source", dice.choice(MACS)]
    if maybe(0.1):
        words += ["-m", "comment", "--comment", pick('"a b"', "x", '"q\\"uote"')]
    if maybe(0.05):
        words += ["!", "-i", "lo"]
    return words


def ipt_table(family):
    policy = pick("ACCEPT", "DROP")
    rules = []
    for chain, verdicts in (("INPUT", ["ACCEPT", "DROP", "REJECT", "RETURN", "one", "two", "",
                                       "goto one", "ACCEPT", "DROP"]),
                            ("one", ["ACCEPT", "DROP", "RETURN", "two", "goto two", ""]),
                            ("two", ["ACCEPT", "DROP", "RETURN"])):
        for _ in range(dice.randint(1, 9 if chain == "INPUT" else 4)):
            words = ipt_matches(family)
            verdict = dice.choice(verdicts)
            if "--ports" in words and verdict not in ("ACCEPT", "DROP", "RETURN", "REJECT"):
                verdict = "DROP"
            if verdict:
                words += ["-g", verdict.split()[1]] if " " in verdict else ["-j", verdict]
            rules.append(" ".join(["-A", chain, *words]))
    tables = []
    if maybe(0.3):
        # A table before the last one: its ACCEPT is none.
        tables = ["*mangle", ":INPUT ACCEPT [0:0]"] + [
            " ".join(["-A INPUT", *[word for word in ipt_matches(family)], "-j",
                      pick("ACCEPT", "DROP", "RETURN")]) for _ in range(3)] + ["COMMIT"]
    return tables + ["*filter", f":INPUT {policy} [0:0]", ":FORWARD ACCEPT [0:0]",
                     ":OUTPUT ACCEPT [0:0]", ":one - [0:0]", ":two - [0:0]", *rules, "COMMIT"]


def load_iptables():
    run(["nft", "flush", "ruleset"])
    text = ""
    for family, name in ((4, "iptables"), (6, "ip6tables")):
        if family == 6 and maybe(0.3):
            continue
        lines = "\n".join(ipt_table(family)) + "\n"
        done = run([name + "-restore"], input=lines)
        if done.returncode:
            return "iptables", lines, f"{name}-restore refuses: {done.stderr}"
        text += run([name + "-save"]).stdout
    return "iptables", text, None


# ---- nft ----

def nft_join(ranges):
    joined = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def nft_numbers(pool, count):
    ranges = []
    for _ in range(count):
        one, other = dice.choice(pool), dice.choice(pool)
        ranges.append((min(one, other), max(one, other)) if maybe(0.4) else (one, one))
    return [str(first) if first == last else f"{first}-{last}"
            for first, last in nft_join(ranges)]


def nft_list(values):
    return values[0] if len(values) == 1 else "{ " + ", ".join(values) + " }"


def nft_prefixes(family):
    nets = [ipaddress.ip_network(prefix(family)) for _ in range(dice.randint(1, 3))]
    return [str(net) for net in ipaddress.collapse_addresses(nets)]


def nft_match():
    """Matches of one rule; None where a verdict map ends it."""
    words = []
    families = [4, 6]
    ne = lambda: "!= " if maybe(0.2) else ""  # noqa: E731
    for field in ("saddr", "daddr"):
        if maybe(0.35):
            family = dice.choice(families)
            families = [family]
            left = f"{'ip' if family == 4 else 'ip6'} {field} "
            words.append(left + ne() + (pick("@net4" if family == 4 else "@net6", None) or
                                        nft_list(nft_prefixes(family))))
    kind = dice.random()
    if kind < 0.5:
        proto = pick("tcp", "udp")
        for field in ("sport", "dport"):
            if maybe(0.6):
                words.append(f"{proto} {field} " + ne() +
                             (pick("@ports", None) or nft_list(nft_numbers(PORTS, 3))))
        if proto == "tcp" and maybe(0.4):
            mask = dice.sample([flag.lower() for flag in FLAGS], dice.randint(2, 5))
            some = dice.sample(mask, dice.randint(1, len(mask)))
            words.append(pick(
                f"tcp flags & ({'|'.join(mask)}) {pick('==', '!=')} {'|'.join(some)}",
                f"tcp flags {','.join(some)}", f"tcp flags == {'|'.join(some)}",
                f"tcp flags & {some[0]} {pick('==', '!=')} 0"))
    elif kind < 0.6:
        words.append("meta l4proto { tcp, udp } th dport " + nft_list(nft_numbers(PORTS, 3)))
    elif kind < 0.75:
        family = dice.choice(families)
        words.append(("icmp" if family == 4 else "icmpv6") + " type " + ne() +
                     nft_list(nft_numbers(TYPES[family], 2)))
    elif kind < 0.85:
        words.append("meta l4proto " + ne() + nft_list(nft_numbers([6, 17, 47], 1)))
    elif kind < 0.9:
        words.append("meta nfproto " + pick("ipv4", "ipv6"))
    if maybe(0.1):
        words.append(pick("ip ttl < 64", "ip ttl >= 64", "ip6 hoplimit 1", "ip length 41-60",
                          "ip dscp ef", "ip6 dscp != cs0", f"ether saddr {dice.choice(MACS)}"))
    if maybe(0.1):
        words.append('iifname != "lo"')
    if maybe(0.3):
        words.append("counter")
    return words


def nft_rule(verdicts):
    kind = dice.random()
    if kind < 0.08:
        return "tcp dport vmap { 22 : accept, 23-80 : drop, 1024 : jump one }"
    if kind < 0.16:
        return "ip saddr . tcp dport @pairs " + dice.choice(verdicts)
    if kind < 0.22:
        return "ip saddr vmap @verdicts"
    while True:
        words = nft_match()
        text = " ".join(words)
        # nft refuses what contradicts itself only sometimes; a rule of two families is no rule.
        if not ("ip " in text and "ip6 " in text) and not ("icmp" in text and "nfproto" in text):
            break
    return " ".join(words + [dice.choice(verdicts)])


def nft_ruleset():
    nets4, nets6 = nft_prefixes(4), nft_prefixes(6)
    lines = ["flush ruleset", "table inet t {",
             "set net4 { type ipv4_addr; flags interval; elements = { " + ", ".join(nets4) + " } }",
             "set net6 { type ipv6_addr; flags interval; elements = { " + ", ".join(nets6) + " } }",
             "set ports { type inet_service; flags interval; elements = { " +
             ", ".join(nft_numbers(PORTS, 4)) + " } }",
             "set pairs { type ipv4_addr . inet_service; elements = { 10.0.0.1 . 22, "
             "10.0.0.2 . 80, 192.0.2.1 . 53 } }",
             "map verdicts { type ipv4_addr : verdict; elements = { 10.0.0.7 : drop, "
             "10.0.0.8 : jump one, 11.0.0.1 : accept } }"]
    for chain, verdicts in (("two", ["accept", "drop", "return"]),
                            ("one", ["accept", "drop", "return", "jump two", "goto two"])):
        lines += [f"chain {chain} {{"]
        lines += [nft_rule([verdict for verdict in verdicts]) if chain == "one" and False else
                  " ".join(nft_match() + [dice.choice(verdicts)])
                  for _ in range(dice.randint(1, 4))]
        lines += ["}"]
    lines += [f"chain input {{ type filter hook input priority 0; policy {pick('accept', 'drop')};"]
    lines += [nft_rule(["accept", "drop", "accept", "drop", "jump one", "goto one", "return",
                        "counter", "reject"]) for _ in range(dice.randint(2, 10))]
    lines += ["}"]
    if maybe(0.3):
        lines += ["chain early { type filter hook input priority -10; policy accept;"]
        lines += [" ".join(nft_match() + [pick("accept", "drop", "return")]) for _ in range(3)]
        lines += ["}"]
    return "\n".join(lines + ["}"]) + "\n"


def load_nft():
    for _ in range(50):
        text = nft_ruleset()
        # What nft finds contradictory it refuses; another try then.
        if not run(["nft", "-f", "-"], input=text).returncode:
            return "nft", run(["nft", "list", "ruleset"]).stdout, None
    return "nft", text, "nft refuses 50 rulesets in a row"


# ---- frames ----

def random_frame(number):
    family = pick(4, 6)
    ttl = pick(1, 2, 63, 64, 128)
    dscp = pick(0, 0, 46, 63) << 2
    kind = dice.random()
    if kind < 0.5:
        proto, payload = 6, TCP(sport=dice.choice(PORTS), dport=dice.choice(PORTS),
                                flags=pick(2, 2, 16, 18, 17, 4, 0, 63, 41, 3, 24))
    elif kind < 0.75:
        proto, payload = 17, (UDP(sport=dice.choice(PORTS), dport=dice.choice(PORTS)) /
                              (b"x" * pick(0, 1, 12, 20, 50)))
    elif kind < 0.9:
        proto = 1 if family == 4 else 58
        payload = Raw(bytes([dice.choice(TYPES[family] + [77]), pick(0, 1), 0, 0]) + b"\0" * 8)
    else:
        proto, payload = 47, Raw(b"\0" * pick(8, 20, 40))
    mac = MACS[number]
    ether = Ether(src=mac, dst=GATE)
    source, target = str(address(family)), str(address(family))
    while source == target:
        target = str(address(family))
    if family == 4:
        return mac, bytes(ether / IP(src=source, dst=target, ttl=ttl, tos=dscp, proto=proto) /
                          payload)
    return mac, bytes(ether / IPv6(src=source, dst=target, hlim=ttl, tc=dscp, nh=proto) / payload)


def received(name):
    with open("/proc/thread-self/net/dev") as file:
        for line in file:
            if line.strip().startswith(name + ":"):
                return int(line.split(":")[1].split()[1])
    return 0


NOTED = """table netdev noted_fw {
set s { type ether_addr; size 65535; flags dynamic; }
chain c { type filter hook ingress device "fw" priority 10;
add @s { ether saddr }
}
}
table inet noted_nft {
set s { type ether_addr; size 65535; flags dynamic; }
chain c { type filter hook input priority 1000;
iifname "nft" add @s { ether saddr }
}
}
"""


def passed(table):
    live = json.loads(run(["nft", "-j", "list", "set", *table.split(), "s"]).stdout)["nftables"]
    for entry in live:
        if "set" in entry:
            return set(entry["set"].get("elem", []))
    return set()


def translate(language, text):
    """The imported text, or what is wrong with the report."""
    done = run([*BPFFW, "import", "--json", "--interface", "fw", language, "-"], input=text)
    if done.returncode:
        return None, [f"import fails: {done.stderr}"]
    report = json.loads(done.stdout)
    wrong = [f"line {remark['line']}: {remark['text']}" for remark in report["remarks"]
             if not remark["text"].startswith(NOTES) and "can never match" not in remark["text"] and
             "of both address families" not in remark["text"] and
             "not on the way" not in remark["text"] and "no rule of the output leads there" not in
             remark["text"]]
    if report["read"] != report["translated"] + report["noted"] + report["missing"]:
        wrong.append("the counts do not add up")
    if language == "iptables":
        count = len(re.findall(r"^-A ", text, re.M))
        if report["read"] != count:
            wrong.append(f"{report['read']} rules read of {count}")
    return report["text"], wrong


def compare(language, text, senders, rules_file):
    translated, wrong = translate(language, text)
    if wrong:
        return wrong, translated
    with open(rules_file, "w") as file:
        file.write(translated.replace("version 1", "version 1\nessential off\n"
                                      "option antispoof off", 1))
    for command, stdin in (([*BPFFW, "apply", "--force", rules_file], None),
                           (["nft", "-f", "-"], NOTED)):
        done = run(command, input=stdin)
        if done.returncode:
            return [f"{command[0]} refuses: {done.stderr}"], translated
    frames = [random_frame(number) for number in range(FRAMES)]
    mine, theirs = deliver(frames, senders)
    wrong += differences(frames, mine, theirs, language)
    # And back: what is exported decides at the input hook as bpffw did.
    exported = run([*BPFFW, "export", "nft"]).stdout.replace('"fw"', '"nft"')
    run(["nft", "flush", "ruleset"])
    done = run(["nft", "-f", "-"], input=exported + NOTED)
    if done.returncode:
        return wrong + [f"nft refuses the export: {done.stderr}", exported], translated
    mine, theirs = deliver(frames, senders)
    wrong += differences(frames, mine, theirs, "export nft")
    return wrong, translated


def deliver(frames, senders):
    """All frames to both; the MACs that came through each."""
    before = {name: received(name) for name in senders}
    for _, frame in frames:
        for sender in senders.values():
            sender.send(frame)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if all(received(name) - before[name] >= FRAMES for name in senders):
            break
        time.sleep(0.001)
    time.sleep(0.01)
    return passed("netdev noted_fw"), passed("inet noted_nft")


def differences(frames, mine, theirs, language):
    return [f"bpffw {'allows' if mac in mine else 'drops'}, {language} "
            f"{'allows' if mac in theirs else 'drops'}: {Ether(frame).summary()} {frame.hex()}"
            for mac, frame in frames if (mac in mine) != (mac in theirs)]


def main():
    global GATE
    enter(CLIENT)
    senders = {}
    for name in ("fw", "nft"):
        senders[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        senders[name].bind(("to-" + name, 0))
    enter(SERVER)
    GATE = "02:ff:00:00:00:01"
    good = bad = 0
    rules_file = os.path.join(os.path.dirname(BPFFW[BPFFW.index("--state-dir") + 1]), "import.fw")
    for number in range(RULESETS):
        language, text, refused = load_iptables() if number % 2 else load_nft()
        wrong, translated = ([refused], None) if refused else compare(language, text, senders,
                                                                      rules_file)
        if not wrong:
            good += 1
            continue
        bad += 1
        print(f"FAILED: {language}, ruleset {number}, SEED={SEED}:", *wrong[:6], text, translated,
              sep="\n", file=sys.stderr)
    print(good, bad)


main()
