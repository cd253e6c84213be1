# SPDX-License-Identifier: GPL-3.0-or-later
"""edits.py FOLDER SEED ROUNDS COMMAND...: random files, random changes, then `save`: what is saved
must be what runs, and applying it again must keep every id. Prints `ok` or what went wrong."""
import json
import os
import random
import subprocess
import sys

folder, seed, rounds, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
random.seed(seed)
main, parts = folder + "/rules.fw", folder + "/conf.d"
os.makedirs(parts, exist_ok=True)
os.environ["BPFFW_RULES"] = main
count = 0
log = []


def fw(*args):
    done = subprocess.run([*command, *args], capture_output=True, text=True)
    log.append(f"{done.returncode} {args}")
    return done.returncode, done.stdout, done.stderr


def rule():
    global count
    count += 1
    text = random.choice([
        "allow tcp dport %d", "drop udp  dport %d", "count proto esp len %d-",
        "allow  icmp type echo-request len %d", "drop src 192.0.2.%d",
    ]) % (count % 250 + 1)
    if random.random() < 0.6:
        text += f" name n{count}"
    if random.random() < 0.2:
        text += f' comment "c # {count}"'
    return text


def block(indent, n):
    lines = []
    while n > 0:
        m = random.choice([1, 1, 1, 2, 3])
        n -= m
        ends = random.choice(["", ";", "  # why", " "])
        lines.append(indent + "; ".join(rule() for _ in range(m)) + ends)
        if random.random() < 0.3:
            lines.append(random.choice(["", indent + "# alone"]))
    return lines


def write(path, lines, newline):
    with open(path, "w", newline="") as out:
        out.write(newline.join(lines) + random.choice(["", newline]))


def write_files():
    newline = random.choice(["\n", "\n", "\r\n"])
    chains = [f"c{i}" for i in range(random.randint(0, 3))]
    lines = ["version 1", "interface eth0", "default drop"]
    for name in os.listdir(parts):
        os.remove(f"{parts}/{name}")
    if random.random() < 0.6:
        lines.append('include "conf.d/*.fw"')
        for i in range(random.randint(1, 2)):
            write(f"{parts}/{i}.fw", block("", random.randint(0, 4)), newline)
    for chain in chains:
        if random.random() < 0.3:
            inside = random.choice(["", rule(), rule() + "; " + rule()])
            lines.append(f"chain {chain} {{ {inside} }}")
        else:
            lines += [f"chain {chain} {{", *block("\t", random.randint(0, 4)), "}"]
        lines.append(f"jump {chain}")
    write(main, lines + block("", random.randint(0, 6)), newline)
    return chains


def ids():
    return [r["id"] for r in json.loads(fw("list", "--json")[1])["rules"]]


def change(chains):
    known = ids() or ["r0"]
    one, other = random.choice(known), random.choice(known)
    into = ["in", random.choice(chains)] if chains else []
    return random.choice([
        ["add", rule()], ["add", "before", one, rule()], ["add", "after", one, rule()],
        ["add", *into, rule()], ["del", one], ["move", one, "before", other],
        ["move", one, "after", other], ["replace", one, rule()], ["enable", one],
        ["disable", one], ["default", random.choice(["allow", "drop"])], ["save"], ["rollback"],
    ])


def check(what, result, *wanted):
    if result[0] not in wanted:
        print(what, result, open(main, newline="").read(), *log, sep="\n")
        sys.exit(1)


for _ in range(rounds):
    chains = write_files()
    log.clear()
    check("apply", fw("apply"), 0)
    for _ in range(random.randint(1, 10)):
        args = change(chains)
        # 2: no such place (a rule before itself); 4: no rule is left to change.
        check(args, fw(*args), 0, *([] if args[0] == "save" else [2, 4]))
    check("save", fw("save"), 0)
    check("diff", fw("diff"), 0)
    before = ids()
    check("apply again", fw("apply"), 0)
    check("ids", (0 if ids() == before else 1, before, ids()), 0)
print("ok")
