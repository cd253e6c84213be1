# SPDX-License-Identifier: GPL-3.0-or-later
"""import.py BPFFW SEED: what `import` does that needs no kernel to tell.

pf: random pf.conf texts are evaluated here, by pf's own rules (the last match wins unless it is
quick), for random packets; each verdict becomes an `expect` line behind the imported rules, and
`bpffw check` must find that all hold. iptables: the same with an evaluator of its own, so that two
programs read the same text. Broken input: pieces, cuts and swaps of whole rulesets must give an
output that `check` takes, and counts that add up. Prints `N passed, M failed`."""
import ipaddress
import json
import random
import subprocess
import sys
import tempfile
import time

BPFFW, SEED = sys.argv[1], int(sys.argv[2])
dice = random.Random(SEED)
HOSTS = ["10.0.0.1", "10.0.0.9", "10.1.0.1", "192.0.2.1", "198.51.100.7", "2001:db8::1",
         "2001:db8:1::1", "fd00::1"]
NETS = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "198.51.100.7", "2001:db8::/32",
        "2001:db8:1::/48", "fd00::1"]
PORTS = [22, 25, 53, 80, 443, 8080]
FLAGS = ["S", "SA", "A", "FA", "R"]
BITS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
WORDS = {"F": "fin", "S": "syn", "R": "rst", "A": "ack"}
passed = failed = 0


def tell(good, name, *lines):
    global passed, failed
    if good:
        passed += 1
        return
    failed += 1
    print("FAILED:", name, *lines, sep="\n")


def run(arguments, text):
    return subprocess.run([BPFFW, *arguments], input=text, capture_output=True, text=True,
                          errors="surrogateescape", timeout=20, check=False)


def random_packet():
    proto = dice.choice(["tcp", "tcp", "udp", "icmp"])
    source = ipaddress.ip_address(dice.choice(HOSTS))
    others = [host for host in HOSTS if ipaddress.ip_address(host).version == source.version and
              host != str(source)]
    packet = {"proto": proto, "src": source, "dst": ipaddress.ip_address(dice.choice(others))}
    if proto in ("tcp", "udp"):
        packet.update(sport=dice.choice(PORTS), dport=dice.choice(PORTS))
    if proto == "tcp":
        packet["flags"] = dice.choice(FLAGS)
    return packet


def describe(packet):
    proto = packet["proto"]
    if proto == "icmp" and packet["src"].version == 6:
        proto = "icmp6"
    words = [proto] + (["type echo-request"] if "icmp" in proto else [])
    if "flags" in packet:
        words.append("flags " + ",".join(WORDS[flag] for flag in packet["flags"]) + "/all")
    words += [f"src {packet['src']}", f"dst {packet['dst']}"]
    if "dport" in packet:
        words += [f"sport {packet['sport']}", f"dport {packet['dport']}"]
    return " ".join(words + ["frag no"])


def inside(address, net):
    network = ipaddress.ip_network(net)
    return address.version == network.version and address in network


# ---- pf ----

def pf_rule():
    """A rule, and whether a packet matches it."""
    rule = {"pass": dice.random() < 0.5, "quick": dice.random() < 0.3, "proto": [], "family": 0,
            "from": None, "to": None, "sport": None, "dport": None, "flags": None}
    words = ["pass" if rule["pass"] else "block", "in"]
    if rule["quick"]:
        words.append("quick")
    if dice.random() < 0.2:
        rule["family"] = dice.choice([4, 6])
        words.append("inet" if rule["family"] == 4 else "inet6")
    if dice.random() < 0.7:
        rule["proto"] = dice.choice([["tcp"], ["udp"], ["tcp", "udp"]])
        words.append("proto " + (rule["proto"][0] if len(rule["proto"]) == 1 else
                                 "{ " + ", ".join(rule["proto"]) + " }"))
    for key, word in (("from", "from"), ("to", "to")):
        shape = dice.random()
        if shape < 0.5:
            words += [word, "any"]
        elif shape < 0.7:
            rule[key] = (False, dice.sample(NETS, 2))
            words += [word, "{ " + ", ".join(rule[key][1]) + " }"]
        elif shape < 0.8:
            rule[key] = (dice.random() < 0.5, ["10.0.0.0/8", "2001:db8::/32"])
            words += [word, ("! " if rule[key][0] else "") + "<nets>"]
        else:
            rule[key] = (dice.random() < 0.4, [dice.choice(NETS)])
            words += [word, ("! " if rule[key][0] else "") + rule[key][1][0]]
        port = "sport" if key == "from" else "dport"
        if rule["proto"] and dice.random() < (0.2 if key == "from" else 0.6):
            one = dice.choice(PORTS[:-1])
            rule[port], text = dice.choice([
                (lambda p, one=one: p == one, str(one)),
                (lambda p, one=one: p != one, f"!= {one}"),
                (lambda p, one=one: p > one, f"> {one}"),
                (lambda p, one=one: p <= one, f"<= {one}"),
                (lambda p, one=one: one <= p <= 8080, f"{one}:8080"),
                (lambda p, one=one: one < p < 8080, f"{one} >< 8080"),
                (lambda p, one=one: p < one or p > 8080, f"{one} <> 8080"),
                (lambda p, one=one: p in (one, 443), f"{{ {one}, https }}")])
            words.append("port " + text)
    if rule["proto"] and "tcp" in rule["proto"] and dice.random() < 0.3:
        rule["flags"] = dice.choice([("S", "SA"), ("S", "SAFR"), ("A", "A")])
        words.append("flags " + "/".join(rule["flags"]))
    elif rule["pass"]:
        words.append("flags any")
    if rule["pass"]:
        words.append("no state")
    return rule, " ".join(words)


def pf_matches(rule, packet):
    if rule["family"] and packet["src"].version != rule["family"]:
        return False
    if rule["proto"] and packet["proto"] not in rule["proto"]:
        return False
    for key, field in (("from", "src"), ("to", "dst")):
        if rule[key]:
            negated, nets = rule[key]
            known = any(inside(packet[field], net) for net in nets)
            # The address of a rule gives it its family, a table does not.
            if negated and len(nets) == 1 and \
                    ipaddress.ip_network(nets[0]).version != packet["src"].version:
                return False
            if known == negated:
                return False
    for port in ("sport", "dport"):
        if rule[port] and not (port in packet and rule[port](packet[port])):
            return False
    if rule["flags"] and packet["proto"] == "tcp":
        wanted, mask = (sum(BITS[flag] for flag in part) for part in rule["flags"])
        return sum(BITS[flag] for flag in packet["flags"]) & mask == wanted
    return True


def pf_verdict(rules, packet):
    verdict = True
    for rule in rules:
        if pf_matches(rule, packet):
            verdict = rule["pass"]
            if rule["quick"]:
                break
    return verdict


def pf_round(number):
    rules, lines = [], ["table <nets> { 10.0.0.0/8, 2001:db8::/32 }"]
    if dice.random() < 0.5:
        rules.append({"pass": False, "quick": False, "proto": [], "family": 0, "from": None,
                      "to": None, "sport": None, "dport": None, "flags": None})
        lines.append("block all")
    for _ in range(dice.randint(2, 10)):
        rule, text = pf_rule()
        rules.append(rule)
        lines.append(text)
    compare(f"pf {number}", "pf", "\n".join(lines) + "\n",
            lambda packet: pf_verdict(rules, packet), len(rules))


# ---- iptables ----

def ipt_rule(chain, targets):
    rule = {"chain": chain, "target": dice.choice(targets), "match": []}
    words = ["-A", chain]
    for option, field in (("-s", "src"), ("-d", "dst")):
        if dice.random() < 0.35:
            net, negated = dice.choice(NETS[:4]), dice.random() < 0.25
            words += (["!"] if negated else []) + [option, net]
            rule["match"].append(lambda p, field=field, net=net, negated=negated:
                                 inside(p[field], net) != negated)
    if dice.random() < 0.7:
        proto = dice.choice(["tcp", "udp", "icmp"])
        words += ["-p", proto]
        rule["match"].append(lambda p, proto=proto: p["proto"] == proto)
        if proto != "icmp" and dice.random() < 0.7:
            ports = dice.sample(PORTS, 2)
            negated = dice.random() < 0.3
            words += ["-m", "multiport"] + (["!"] if negated else []) + [
                "--dports", ",".join(map(str, ports))]
            rule["match"].append(lambda p, ports=ports, negated=negated:
                                 (p["dport"] in ports) != negated)
        if proto == "tcp" and dice.random() < 0.3:
            words += ["-m", "tcp", "--tcp-flags", "SYN,ACK", "SYN"]
            rule["match"].append(lambda p: sum(BITS[f] for f in p["flags"]) & 18 == 2)
    words += ["-g" if rule["target"].startswith("goto") else "-j", rule["target"].split()[-1]]
    return rule, " ".join(words)


def ipt_walk(rules, chain, packet):
    """ACCEPT, DROP, or None at the end of the chain."""
    for rule in rules:
        if rule["chain"] != chain or not all(match(packet) for match in rule["match"]):
            continue
        target = rule["target"]
        if target in ("ACCEPT", "DROP"):
            return target
        if target == "RETURN":
            return None
        verdict = ipt_walk(rules, target.split()[-1], packet)
        if verdict or target.startswith("goto"):
            return verdict
    return None


def ipt_round(number):
    policy = dice.choice(["ACCEPT", "DROP"])
    rules = []
    lines = ["*filter", f":INPUT {policy} [0:0]", ":one - [0:0]", ":two - [0:0]"]
    for chain, targets in (("INPUT", ["ACCEPT", "DROP", "RETURN", "one", "two", "goto one"]),
                           ("one", ["ACCEPT", "DROP", "RETURN", "two", "goto two"]),
                           ("two", ["ACCEPT", "DROP", "RETURN"])):
        for _ in range(dice.randint(1, 6)):
            rule, text = ipt_rule(chain, targets)
            rules.append(rule)
            lines.append(text)
    # A chain that nothing leads to is no part of the question.
    lines.append("-A INPUT -s 203.0.113.1/32 -j one")
    lines.append("-A INPUT -s 203.0.113.1/32 -j two")

    def verdict(packet):
        return packet["src"].version == 6 or (ipt_walk(rules, "INPUT", packet) or policy) == \
            "ACCEPT"
    compare(f"iptables {number}", "iptables", "\n".join(lines + ["COMMIT"]) + "\n", verdict,
            len(rules) + 2)


def compare(name, language, text, verdict, count):
    report = json.loads(run(["import", "--json", language, "-"], text).stdout)
    wrong = [remark["text"] for remark in report["remarks"]
             if not remark["text"].startswith(("it became", "it can never")) and
             "of both address families" not in remark["text"]]
    if report["read"] != count:
        wrong.append(f"{report['read']} rules read of {count}")
    if wrong:
        tell(False, name, text, *wrong)
        return
    packets = [random_packet() for _ in range(60)]
    expects = [f"\texpect {'allow' if verdict(packet) else 'drop'} {describe(packet)}"
               for packet in packets]
    done = run(["check", "-"], report["text"] + "test {\n" + "\n".join(expects) + "\n}\n")
    tell(done.returncode == 0, name, text, report["text"], done.stderr)


# ---- broken input ----

WHOLE = {
    "iptables": "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -s 10.0.0.0/8 -j ACCEPT\nCOMMIT\n"
                "*filter\n:INPUT DROP [0:0]\n:a - [0:0]\n:b - [0:0]\n-A INPUT -j a\n-A a -j b\n"
                "-A INPUT -p tcp -m multiport --dports 22,80:90 -m comment --comment \"x \\\" y\""
                " -j ACCEPT\n-A INPUT -m set --match-set s src -j DROP\n"
                "-A b ! -s 10.0.0.0/8 -p icmp -m icmp --icmp-type 3/4 -g a\nCOMMIT\n",
    "nft": "define P = { 22, 80-90 }\ntable inet t {\n set s { type ipv4_addr; flags interval; "
           "elements = { 10.0.0.0/8, 192.0.2.1 } }\n map m { type inet_service : verdict; "
           "elements = { 22 : jump c, 23 : drop } }\n chain c { ip saddr @s accept; return; }\n"
           " chain i { type filter hook input priority 0; policy drop;\n tcp dport $P accept\n"
           " tcp dport vmap @m\n ip saddr . tcp dport { 10.0.0.1 . 22 } drop\n"
           " limit rate 5/minute log prefix \"a b\"\n tcp flags & (syn|ack) == syn jump c\n }\n}\n",
    "pf": "ext = \"em0\"\np = \"{ 22, 80 }\"\ntable <t> { 10/8, !10.1/16 }\nblock return log all\n"
          "pass in quick on $ext proto tcp from <t> to port $p flags S/SA keep state \\\n"
          " (max-src-conn-rate 5/30, overload <t> flush)\npass in inet proto icmp icmp-type 8\n",
}
ODD = ["\0", "\x80\xff", "\\", "{", "}", '"', "!", "<", "$P", "99999999999999999999", "\n", "\\\n",
       "@", ",", ";", "-", ":", "/", "A" * 5000, "#", "*filter", "-A INPUT -j INPUT", "jump i",
       "$p", "p = \"$p $p\"\n", "\r\n", "::", "/129"]


def broken_text(text):
    for _ in range(dice.randint(1, 4)):
        at, to = sorted((dice.randrange(len(text) + 1), dice.randrange(len(text) + 1)))
        kind = dice.random()
        if kind < 0.3:
            text = text[:at] + text[min(to, at + 30):]
        elif kind < 0.7:
            text = text[:at] + dice.choice(ODD) + text[at:]
        elif kind < 0.8:
            text = text[:at]
        else:
            text = text[:to] + text[at:]
    return text[:20000]


def broken_round(number):
    language = dice.choice(sorted(WHOLE))
    text = broken_text(WHOLE[language])
    done = run(["import", "--json", language, "-"], text)
    if done.returncode:
        tell(False, f"broken {number}: exit {done.returncode}", repr(text), done.stderr)
        return
    report = json.loads(done.stdout)
    checked = run(["check", "--dump=rules", "-"], report["text"])
    tell(checked.returncode == 0 and report["read"] == report["translated"] + report["noted"] +
         report["missing"], f"broken {number}", language, repr(text), report["text"],
         checked.stderr)


# ---- size ----

def large():
    """Several thousand rules, and chains that would double without an end."""
    lines = ["*filter", ":INPUT DROP [0:0]"] + [f":c{n} - [0:0]" for n in range(20)]
    for number in range(5000):
        lines.append(f"-A {'INPUT' if number % 7 else 'c%d' % (number % 20)} -s "
                     f"{dice.randrange(1, 220)}.{dice.randrange(256)}.{dice.randrange(256)}.0/24 "
                     f"-p tcp -m tcp --dport {dice.randrange(65536)} -m comment --comment "
                     f"\"rule {number}\" -j {dice.choice(['ACCEPT', 'DROP'])}")
    lines += [f"-A INPUT -p tcp -j c{number}" for number in range(20)]
    start = time.monotonic()
    done = run(["import", "iptables", "-"], "\n".join(lines + ["COMMIT"]) + "\n")
    seconds = time.monotonic() - start
    tell(done.returncode == 0 and "5 020 rules read: 5020 translated, 0 with a note" in done.stderr
         and seconds < 1, f"5020 rules in {seconds:.2f} s", done.stderr[:400])
    doubling = ["*filter", ":INPUT DROP [0:0]"] + [f":d{n} - [0:0]" for n in range(64)]
    doubling += ["-A INPUT -j d0"] + [f"-A d{n} -j d{n + 1}" for n in range(63) for _ in "xx"]
    done = run(["import", "iptables", "-"], "\n".join(doubling + ["COMMIT"]) + "\n")
    tell(done.returncode == 0 and "grow to more than a million" in done.stderr, "doubling chains",
         done.stderr[:400])


# ---- the manual page ----

def whole(language, line):
    """A ruleset that has this line."""
    if language == "iptables":
        policy = line if line.startswith(":") else ":INPUT ACCEPT [0:0]"
        return f"*filter\n{policy}\n{'' if line == policy else line}\nCOMMIT\n"
    if language == "nft":
        policy = line if line.startswith("policy") else "policy accept;"
        return ("table inet t {\nset seen { type ipv4_addr; flags dynamic; }\nchain input { type "
                f"filter hook input priority 0; {policy}\n{'' if line == policy else line}\n}}\n}}\n")
    return line + "\n"


def manual_row(rows):
    ours = rows.pop("bpffw")
    for language in ("iptables", "nft", "pf"):
        if language not in rows:
            continue
        report = json.loads(run(["import", "--json", language, "-"],
                                whole(language, rows[language])).stdout)
        lines = [line.replace(" ip4", "") for line in report["text"].splitlines()]
        tell(ours in lines and not report["missing"], f"bpffw-migrate(7): {language}: "
             f"{rows[language]}", ours, report["text"])


def manual_page(path):
    with open(path) as file:
        lines = [line.rstrip("\n").replace("\\-", "-").replace("\\e", "\\") for line in file]
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for language, name in (("iptables", "rules.v4"), ("iptables", "rules.both"),
                               ("nft", "rules.nft"), ("pf", "pf.conf")):
            with open(f"{folder}/{name}", "w") as file:
                file.write(WHOLE["pf"].splitlines()[2] + "\n" if language == "pf" else
                           whole(language, "-A INPUT -p udp -j DROP" if language == "iptables" else
                                 "udp dport 53 accept"))
        for line in lines:
            words = line.split(None, 1)
            if words and words[0] in ("iptables", "nft", "pf", "ufw", "bpffw") and len(words) == 2:
                rows[words[0]] = words[1]
            if words and words[0] == "bpffw":
                manual_row(rows)
                rows = {}
            if line.startswith(("$ bpffw import", "$ bpffw check", "$ bpffw export")):
                done = subprocess.run(line[2:].replace("bpffw", BPFFW, 1), shell=True, cwd=folder,
                                      capture_output=True, text=True, check=False)
                tell(done.returncode == 0, f"bpffw-migrate(7): {line}", done.stderr)


manual_page("etc/bpffw-migrate.7")
for round_number in range(40):
    pf_round(round_number)
    ipt_round(round_number)
for round_number in range(120):
    broken_round(round_number)
large()
print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
