# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of bench.py, and what the project set itself as goals next to what was measured."""
from statistics import median


def number(value):
    return f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.1f}"


def count(value):
    for unit, size in (("M", 1000000), ("k", 1000)):
        if value >= size and value % size == 0:
            return f"{value // size}{unit}"
    return str(value)


def table(head, rows):
    rows = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        print("  ".join(cell.rjust(width) if i else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


def measured(rows, **wanted):
    return [row for row in rows if "median" in row and
            all(row[key] == value for key, value in wanted.items())]


def reasons(rows, key):
    seen = []
    for row in rows:
        reason = row.get("failed")
        if reason and (key(row), reason) not in seen:
            seen.append((key(row), reason))
            print(f"  {key(row)}: {reason}")


def chain_cells(rows):
    """Over the seeds: ns min/median/max, times one rule median (worst)."""
    times = [row["median"] for row in rows]
    if not times:
        return ["does not run", ""]
    ratios = [row["ratio"] for row in rows if "ratio" in row]
    cells = "/".join(number(value) for value in (min(times), median(times), max(times)))
    if len(times) == 1:
        cells = "/".join(number(rows[0][key]) for key in ("min", "median", "max"))
    return [cells, f"{median(ratios):.2f} ({max(ratios):.2f})" if ratios else "-"]


def change_cells(rows):
    """Median time of the apply, and the largest maps."""
    rows = [row for row in rows if "memory" in row]
    if not rows:
        return ["", ""]
    return [number(median(row["apply"]["ms"] for row in rows)),
            f"{max(row['memory']['generation_maps'] for row in rows) / 2**20:.2f}"]


def show_chain(rows):
    print("""
Whole chain, dispatcher to verdict: ns per packet by BPF_PROG_TEST_RUN over 65 536 different
packets, what puts them into the frame included. Minimum/median/maximum over the seeds of the median
over the rounds (one seed: over the rounds); times 1 rule of the same list: median (worst seed).
Apply into an empty store, median; maps of the generation, largest.""")
    base = []
    for family in sorted({row["family"] for row in rows}):
        for kind, words in (("empty", "empty program, same packet"), ("drop", "drop at once"),
                            ("parse", "parse, then drop")):
            cells = chain_cells(measured(rows, kind=kind, family=family))
            base.append([f"{words}, IPv{family}", "", cells[0], "", "", "", ""])
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    for family in sorted({row["family"] for row in rows}):
        for kind in kinds:
            of = [row for row in rows if (row["kind"], row["family"]) == (kind, family)]
            for size in sorted({row["size"] for row in of} - {0}):
                same = [row for row in of if row["size"] == size]
                base.append([f"{kind} IPv{family}", count(size)] +
                            chain_cells(measured(same)) + change_cells(measured(same)) +
                            [f"{len(measured(same))} of {len(same)}"])
    table(["rules", "number", "ns min/med/max", "x 1 rule", "apply ms", "maps MB", "ran"], base)
    wrong = sum(row.get("wrong", 0) for row in rows)
    checked = sum(row.get("checked", 0) for row in rows)
    print(f"verdicts compared with the rule list: {checked} packets, {wrong} wrong")
    failed = [row for row in rows if "failed" in row]
    if failed:
        print("does not run:")
        reasons(failed, lambda row: f"{row['kind']} {count(row['size'])} IPv{row['family']}")


def show_peers(rows):
    print("""
Receive path over veth, everything dropped: CPU ns per packet, the time of the receive softirq; live
frames, sender (not counted) and receiver on CPU 0. Minimum/median/maximum over the rounds; times
bpffw with the same rules.""")
    lines = []
    for row in rows:
        if "median" not in row:
            lines.append([row["kind"], row["family"], count(row["size"]), row["peer"],
                          "does not run", "", ""])
            continue
        own = measured(rows, kind=row["kind"], size=row["size"], peer="bpffw",
                       family=row["family"])
        lines.append([row["kind"], row["family"], count(row["size"]), row["peer"],
                      "/".join(number(row[key]) for key in ("min", "median", "max")),
                      f"{row['median'] / own[0]['median']:.1f}" if own else "-",
                      row["passed_on"] or ""])
    table(["rules", "IPv", "number", "firewall", "ns min/med/max", "x bpffw", "not dropped"], lines)
    reasons(rows, lambda row: f"{row['peer']}, {row['kind']} {count(row['size'])} "
                              f"IPv{row['family']}")


def show_times(rows):
    print("\nA change, ms: whole command, median; the same rules by nft -f as a linear chain")
    lines = []
    for row in rows:
        if "failed" in row or not row["bpffw"]:
            nft = number(median(row["nft"])) if row["nft"] else ""
            lines.append([count(row["size"]), "does not run", "", nft, "", "", ""])
            continue
        lines.append([count(row["size"])] +
                     [number(median(row[key])) for key in ("bpffw", "changed", "nft")] +
                     [f"{median(row['bpffw']) / median(row['nft']):.2f}",
                      f"{row['peak_kb'] / 1024:.0f}",
                      f"{row['memory']['generation_maps'] / 2**20:.2f}"])
    table(["rules", "apply", "one rule changed", "nft -f", "apply/nft", "peak MB", "maps MB"],
          lines)
    for row in rows:
        said = []
        if "read" in row:
            said.append(f"parse and check alone {number(row['read']['ms'])} ms, "
                        f"{row['read']['peak_kb'] // 1024} MB")
        if row.get("complete"):
            said.append(f"TAB behind 'del' {number(median(row['complete']))} ms")
        for command, values in row.get("readers", {}).items():
            if values:
                said.append(f"{command.split()[0]} {number(median(values))} ms")
        for key in dict.fromkeys(key for turn in row["phases"] for key in turn):
            values = [turn[key] for turn in row["phases"] if key in turn]
            said.append(f"{key} {number(median(values))}")
        if said:
            print(f"  {count(row['size'])}: " + ", ".join(said))
    reasons(rows, lambda row: count(row["size"]))


def show_flows(rows):
    print("""
What `established` adds to a packet: 100 000 TCP flows in random order, against one lookup of the same
key in a kernel hash map of as many; what both need besides is taken off. The lookup alone, and the
whole chain against the same ruleset without `established`. Median over the rounds.""")
    table(["flow", "ns", "kernel hash ns", "ratio"],
          [[row["case"], number(median(row["ns"])), number(median(row["kernel"])),
            f"{row['ratio']:.2f}"] for row in rows])


def show_lists(result):
    print(f"""
A blacklist of {count(result['addresses'])} addresses and {count(result['prefixes'])} prefixes of 16 to
30 bits: what it adds to a packet. In test runs against a kernel LPM trie; by CPU time of the receive
path against an nft interval set (netdev, ingress) with the same entries. Medians.""")
    table(["source is", "list ns", "trie ns", "ratio", "live ns", "nft ns", "ratio"],
          [[{"hit": "listed", "miss": "not listed"}[row["case"]]] +
           [number(median(row[key])) for key in ("ns", "trie")] + [f"{row['to_trie']:.3f}"] +
           [number(median(row[key])) for key in ("live", "nft")] + [f"{row['to_nft']:.3f}"]
           for row in result["rows"]])
    times = result["times"]
    print(f"load {number(times['load'])} ms, one ban {number(times['ban'])} ms, 100k addresses in one "
          f"command {number(times['many'])} ms")


def show_floods(rows):
    print("""
A flood of SYNs from 16 777 216 sources in random order to port 80: CPU time of the receive path per
packet (the way of the answers apart), behind `syn-limit 1k/s exceed syncookie` and without a firewall.
100 honest connections beside it.""")
    table(["answers", "tcp_syncookies", "ns", "to kernel's 2", "connections", "ms", "worst", "flood/s"],
          [[row["firewall"], row["cookies"], number(median(row["ns"])), f"{row['ratio']:.3f}",
            row["connections"]] + [number(row[key]) for key in ("connect_ms", "connect_worst_ms",
                                                                "rate")] for row in rows])


def show_accuracy(rows):
    print("""
A limit per source under one source that never pauses, on one CPU and on two at once: what got through,
the first burst taken off, to rate x time (without pauses of the sender in which the bucket was full);
of rate x whole time plus the burst, how many are left.""")
    table(["limit", "burst", "IPv", "CPUs", "seconds", "both", "paused", "sent", "through", "to rate",
           "left"],
          [[row["rate"], row["depth"], row["family"], row["cpus"], f"{row['seconds']:.3f}",
            f"{row['both']:.3f}", f"{row['paused']:.3f}", number(sum(row["packets"])), number(row["within"]),
            f"{row['ratio']:.5f}", f"{row['most'] - row['within']:.1f}"] for row in rows])


def accuracy_goals(rows):
    for row in rows:
        label = (f"{row['rate']} burst {count(row['depth'])}, IPv{row['family']}, {row['cpus']} "
                 f"CPU{'s' if row['cpus'] > 1 else ''}")
        # Two CPUs that do not send at the same time prove nothing.
        together = row["both"] > 0.9 * row["seconds"]
        yield (f"{label}: off the rate", "<= 0.03",
               abs(row["ratio"] - 1) if together else None, 0.03)
        yield (f"{label}: packets above rate x time + burst", "<= 0",
               max(0, row["within"] - row["most"]) if together else None, 0)


def show_honest(rows):
    print("""
1 000 sources that keep to a limit, a packet in 50 among those of random others: what of them was
dropped, and what of the others; kB more of the tables and of the kernel.""")
    table(["others", "IPv", "packets/s", "theirs", "dropped", "share", "others dropped", "maps kB",
           "kernel kB"],
          [[number(row["flood"]), row["family"], number(row["a_second"]), number(row["honest"]),
            row["honest"] - row["kept"], f"{row['lost']:.5f}", f"{row['stopped']:.3f}",
            (row["maps_after"] - row["maps"]) // 1024, row["kernel_kb"]] for row in rows])


def honest_goals(rows):
    for row in rows:
        label = f"honest among {number(row['flood'])} others, IPv{row['family']}"
        # A sender that gets no CPU makes no flood.
        yield (f"{label}: share dropped", "<= 0.005",
               row["lost"] if row["a_second"] > row["wanted"] / 5 else None, 0.005)
        yield f"{label}: bytes of maps more", "<= 0", row["maps_after"] - row["maps"], 0


def show_idle(of):
    print(f"""
1 000 idle connections over both families, {of['seconds']} s of SYNs and UDP to open ports from {of['flood']}
sources through a table of 2 048 flows, then a blind RST for each: {of['alive']} alive; flows evicted:
{of['evicted_new']} new ones, {of['evicted']} confirmed; {of['failed']} checks failed.""")


def idle_goals(of):
    if of:
        yield "idle connections lost, of 1 000", "<= 0", 1000 - int(of["alive"]), 0
        yield "confirmed flows that a flood evicts", "<= 0", int(of["evicted"]), 0


APPLIES = {"plain_memory": "without limits", "memory": "with limits"}


def show_applies(of):
    print(f"""
{of['plain']} changes of a ruleset without limits, then {of['applies']} of one with, under traffic: {of['sent']}
packets sent, {of['counted']} counted; {of['failed']} of {int(of['checks']) + int(of['failed'])} checks failed: that every ban, set entry, connection, counter and
bucket is there still, and 16 MB for the memory of the kernel, which is that of the whole machine:""")
    table(["", "kB first", "kB last", "least", "most", "kB an apply"],
          [[words] + [number(value) for value in (kb[0], kb[-1], min(kb), max(kb))] +
           [f"{of[f'{key}_slope']:.3f}"] for key, words, kb in (
               (key, words, [int(point.split(":")[1]) for point in of[key].split(",")])
               for key, words in APPLIES.items())])


def applies_goals(of):
    if not of:
        return
    label = f"{int(of['plain']) + int(of['applies'])} applies"
    yield f"{label}: refused", "<= 0", int(of["failures"]), 0
    yield f"{label}: packets lost", "<= 0", int(of["sent"]) - int(of["counted"]), 0
    yield f"{label}: checks that failed, memory among them", "<= 0", int(of["failed"]), 0
    if int(of["applies"]) < 1000:
        return
    # What an apply makes takes pages of 4 kB. Fewer applies drown in what else runs on the machine.
    for key, words in APPLIES.items():
        yield f"{label}: kB an apply, {words}", "<= 1", of[f"{key}_slope"], 1


def flood_goals(rows):
    for row in rows:
        if row["firewall"] == "bpffw":
            label = f"SYN flood, tcp_syncookies={row['cookies']}"
            yield (f"{label}, against the kernel's cookies", "<= 0.33", row["ratio"], 1 / 3)
            yield (f"{label}, connections of 100", ">= 100",
                   row["connections"] if row["overlap"] else None, -100)


def list_goals(result):
    if not result:
        return
    for row in result["rows"]:
        yield (f"blacklist, {row['case']}, against a kernel LPM trie", "<= 0.5", row["to_trie"], 0.5)
        yield (f"blacklist, {row['case']}, against nft", "<= 0.25", row["to_nft"], 0.25)
    for key, words, most in (("load", "loading it, ms", 2000), ("ban", "one ban, ms", 10),
                             ("many", "100k addresses in one command, ms", 1000)):
        yield words, f"<= {most}", result["times"][key], most


def flow_goals(rows):
    for row in rows:
        yield (f"established, {row['case']}, against a kernel hash lookup", "<= 2", row["ratio"], 2)


def chain_goals(rows):
    shapes = [row for row in rows if row["kind"] in ("acl", "fw", "ipc")]
    ones = measured(shapes, size=1, family=4)
    if ones:
        yield ("1 rule, against an empty program, both with the driver", "<= 2",
               median(row["to_drop"] for row in ones), 2)
        yield ("the same, the driver's share taken off both", "<= 2",
               median(row["to_empty"] for row in ones), 2)
    for size, middle, worst, family in ((1000, 2.2, 3, 4), (10000, 2.5, 4, 4),
                                        (100000, 5, 8, 4), (10000, 4, None, 6)):
        wanted = [row for row in shapes if (row["size"], row["family"]) == (size, family)]
        ratios = [row.get("ratio") for row in wanted]
        if not wanted:
            continue
        all_ran = all(ratios)
        label = f"{count(size)} rules IPv{family}, against 1 rule"
        yield (f"{label}, median of seeds", f"<= {middle}",
               median(ratios) if all_ran else None, middle)
        if worst:
            yield (f"{label}, worst seed", f"<= {worst}", max(ratios) if all_ran else None, worst)
    for size, limit in ((10000, 2), (100000, 16)):
        wanted = [row for row in rows if row["size"] == size]
        maps = [row["memory"]["generation_maps"] for row in measured(wanted)]
        if wanted:
            yield (f"maps at {count(size)} rules, MB, largest", f"<= {limit}",
                   max(maps) / 2**20 if maps else None, limit)
    for row in rows:
        if (row["kind"], row["size"], row["family"]) == ("adversarial", 10000, 4):
            yield ("adversarial 10k, against 1 rule", "<= 10", row.get("ratio"), 10)
            bound = row.get("check", {}).get("bound")
            if bound:
                yield ("adversarial 10k, against the bound that check prints", "<= 1",
                       row["median"] / bound if "median" in row else None, 1)


def peer_goals(rows):
    wanted = [("iptables-legacy", "acl", 1000, 10), ("iptables-nft", "acl", 1000, 15),
              ("nft linear", "acl", 1000, 40)]
    wanted += [("nft set", "blacklist", size, 3) for size in (1000, 100000, 1000000)]
    for peer, kind, size, factor in wanted:
        theirs = [row for row in rows if (row["peer"], row["kind"], row["size"],
                                          row["family"]) == (peer, kind, size, 4)]
        own = measured(rows, kind=kind, size=size, peer="bpffw", family=4)
        if theirs:
            ran = own and "median" in theirs[0]
            yield (f"{peer}, {kind} {count(size)}, against bpffw", f">= {factor}",
                   theirs[0]["median"] / own[0]["median"] if ran else None, -factor)


def time_goals(rows):
    for row in rows:
        ran = "failed" not in row and row["bpffw"]
        yield (f"apply {count(row['size'])} rules, against nft -f", "<= 1",
               median(row["bpffw"]) / median(row["nft"]) if ran else None, 1)
        if row["size"] == 10000:
            yield ("one changed rule in 10k, ms", "<= 150",
                   median(row["changed"]) if ran else None, 150)
            yield ("TAB behind 'del' at 10k, ms", "<= 20",
                   median(row["complete"]) if row.get("complete") else None, 20)
            for command, values in row.get("readers", {}).items():
                yield (f"{command.split()[0]} at 10k, ms", "<= 30",
                       median(values) if values else None, 30)
        proofs = [turn["proof"] / turn["compile"] for turn in row["phases"]
                  if turn.get("proof") and turn.get("compile")]
        if proofs:
            yield (f"proof at {count(row['size'])}, share of the build", "<= 0.1",
                   median(proofs), 0.1)


def show_goals(result):
    lines = []
    for part, goals in (("chain", chain_goals), ("peers", peer_goals), ("times", time_goals),
                        ("flows", flow_goals), ("lists", list_goals), ("floods", flood_goals),
                        ("accuracy", accuracy_goals), ("honest", honest_goals),
                        ("idle", idle_goals), ("applies", applies_goals)):
        for label, wanted, value, limit in goals(result.get(part, [])):
            reached = value is not None and (value >= -limit if limit < 0 else value <= limit)
            lines.append([label, wanted, "does not run" if value is None else f"{value:.2f}",
                          "reached" if reached else "MISSED"])
    if lines:
        print("\nGoals")
        table(["what", "goal", "measured", ""], lines)


def show(result):
    machine = result["machine"]
    print(f"{machine['date']}, {machine['cpu']}, {machine['cpus']} CPUs, Linux "
          f"{machine['kernel']}, load {machine['load']:.1f}, commit {machine['commit']}")
    for part, shower in (("chain", show_chain), ("peers", show_peers), ("times", show_times),
                         ("flows", show_flows), ("lists", show_lists), ("floods", show_floods),
                         ("accuracy", show_accuracy), ("honest", show_honest),
                         ("idle", show_idle), ("applies", show_applies)):
        if part in result:
            shower(result[part])
    show_goals(result)
