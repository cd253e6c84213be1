#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bench.py: what a packet and a change cost, next to the peers, in one run (root).

Rules come from rulegen, times from measure (see there how), everything happens in network
namespaces of its own. Prints tables; writes build/bench.json and build/bench.svg.
"""
import argparse, datetime, json, os, platform, re, shutil, signal, statistics, struct, subprocess
import sys, time
from bisect import bisect_right
from ipaddress import IPv4Address
from random import Random
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import floods, flows, lasting, plot, rates, tables
from place import (BPFFW, DRIVER, LISTS, MEASURE, OUT, SOFTIRQ, Failed, Place, phases, run,
                   say)

SHAPES = ["acl", "fw", "ipc"]
BASES = ["empty", "drop", "parse"]  # what the chain is compared with
median = statistics.median


def measure_chain(place, namespace, options, candidates):
    """candidates: (name, trace, what). The results by name."""
    lines = "".join(f"{name} {trace} {what}\n" for name, trace, what in candidates)
    output = place.inside(namespace, MEASURE, "run", DRIVER, options.rounds, stdin=lines,
                          timeout=900)
    return {result["name"]: result for result in map(json.loads, output.splitlines())}


def summarise(result, base):
    """Adds min, median, max and the ratio to the base's, round by round."""
    ns = result["ns"]
    result.update(min=min(ns), median=median(ns), max=max(ns))
    if base:
        result["ratio"] = median(a / b for a, b in zip(ns, base["ns"]))


def chain_batch(place, namespace, options, sets):
    """Load all sets, measure them together. sets: (kind, size, seed, family)."""
    rows, candidates = [], []
    for kind, size, seed, family in sets:
        name = f"{kind}-{seed}-{size}-{family}"
        row = dict(kind=kind, size=size, seed=seed, family=family)
        rows.append((name, row))
        try:
            folder = place.rules(kind, size, seed, family)
            row["apply"] = place.apply(namespace, name, f"{folder}/rules.fw", options.patience)
            row["memory"] = json.loads(run(MEASURE, "memory", place.store(name)))
            if kind == "adversarial":
                row["check"] = phases(place.timed(namespace, BPFFW, "-v", "check",
                                                  f"{folder}/rules.fw")["output"])
            candidates.append((name, f"{folder}/trace", place.store(name)))
        except Failed as failed:
            row["failed"] = str(failed)
    if candidates:
        traces = {name.rsplit("-", 1)[1]: trace for name, trace, _ in candidates}
        for family, trace in traces.items():
            candidates += [(f"{what}-{family}", trace, what) for what in BASES]
        results = measure_chain(place, namespace, options, candidates)
        for name, row in rows:
            if name not in results:
                continue
            result = results[name]
            base = results.get(f"{row['kind']}-{row['seed']}-1-{row['family']}")
            summarise(result, base)
            row.update(result)
            drop, empty = (results[f"{what}-{row['family']}"] for what in ("drop", "empty"))
            row["to_drop"] = median(a / b for a, b in zip(result["ns"], drop["ns"]))
            row["to_empty"] = (median(result["ns"]) - median(drop["ns"]) +
                               median(empty["ns"])) / median(empty["ns"])
        for what in BASES:
            for family in traces:
                result = results[f"{what}-{family}"]
                summarise(result, None)
                rows.append((what, dict(result, kind=what, size=0, seed=sets[0][2],
                                        family=int(family))))
    for name, _ in rows:
        place.forget_store(name)
    shutil.rmtree(f"{place.work}/rules", ignore_errors=True)
    return [row for _, row in rows]


def measure_chains(place, options):
    namespace = place.namespace("chain")
    rows = []
    for seed in range(1, options.seeds + 1):
        for shape in options.shapes:
            say(f"chain: {shape} seed {seed} of {options.seeds}")
            rows += chain_batch(place, namespace, options,
                                [(shape, size, seed, family) for family in options.families
                                 for size in options.sizes])
    for kind, sizes in options.extras.items():
        say(f"chain: {kind}")
        rows += chain_batch(place, namespace, options,
                            [(kind, size, 1, family) for family in options.families
                             for size in sizes])
    place.drop_namespace(namespace)
    return rows


class Peer:
    """One firewall behind one veth pair: `load` gets its namespace, device and rules."""

    def __init__(self, name, load, gro=True):
        self.name, self.load, self.gro = name, load, gro


def load_bpffw(place, namespace, device, folder, family):
    place.apply(namespace, f"peer-{device}", f"{folder}/rules.fw")


def load_drop(place, namespace, device, folder, family):
    place.inside(namespace, MEASURE, "drop", device)


def load_nft(name):
    return lambda place, namespace, device, folder, family: place.inside(
        namespace, "nft", "-f", f"{folder}/{name}.nft")


def iptables(variant, family):
    return f"ip{6 if family == 6 else ''}tables-{variant}-restore"


def load_iptables(variant):
    def load(place, namespace, device, folder, family):
        with open(f"{folder}/iptables") as file:
            place.inside(namespace, iptables(variant, family), stdin=file.read())
    return load


def load_ipset(place, namespace, device, folder, family):
    for command, name in (("ipset", "ipset"), (iptables("legacy", family), "iptables-ipset")):
        with open(f"{folder}/{name}") as file:
            place.inside(namespace, command, *(["restore"] if command == "ipset" else []),
                         stdin=file.read())


BPFFW_PEER = Peer("bpffw", load_bpffw, gro=False)
DROP_PEER = Peer("xdp-drop", load_drop, gro=False)
LINEAR = [Peer("nft linear", load_nft("linear")), Peer("iptables-legacy", load_iptables("legacy")),
          Peer("iptables-nft", load_iptables("nft"))]
SETS = [Peer("nft set", load_nft("set"))]
IPSET = [Peer("ipset", load_ipset)]


def veth_to(place, client, number, family=4):
    """A namespace with one end of a veth pair, the other in the client's."""
    namespace = place.namespace(f"p{number}")
    device, sender = f"b{number}", f"c{number}"
    mac = ["address", "02:00:00:00:00:01"]
    run("ip", "link", "add", device, *mac, "netns", namespace, "type", "veth", "peer", "name",
        sender, "netns", client)
    # Without IPv6 on the device its packets end before the firewalls of the stack.
    place.inside(namespace, "sysctl", "-qw",
                 f"net.ipv6.conf.{device}.disable_ipv6={int(family == 4)}")
    place.inside(client, "sysctl", "-qw", f"net.ipv6.conf.{sender}.disable_ipv6=1")
    place.inside(namespace, "ip", "link", "set", device, "up")
    place.inside(client, "ip", "link", "set", sender, "up")
    return namespace, device, sender


def set_up_peer(place, client, peer, number, kind, size, family):
    """A namespace with the firewall on a device. Returns what `measure live` reads of it."""
    namespace, device, sender = veth_to(place, client, number, family)
    if peer.gro:
        place.inside(namespace, "ethtool", "-K", device, "gro", "on")
    folder = place.rules(kind, size, 1, family, device)
    peer.load(place, namespace, device, folder, family)
    return dict(namespace=namespace, line=f"{folder}/trace {sender} {namespace} {device}")


def passed_on6(place, namespace):
    fields = dict(line.split() for line in
                  place.inside(namespace, "cat", "/proc/net/snmp6").splitlines())
    # Those of the host itself are multicast.
    return sum(int(fields.get(f"Ip6{name}", 0)) for name in (
        "InDelivers", "OutForwDatagrams", "InAddrErrors", "InHdrErrors", "InDiscards",
        "InNoRoutes", "InUnknownProtos")) - int(fields.get("Ip6InMcastPkts", 0))


def passed_on(place, namespace, family):
    """Packets that no firewall stopped, by the counters of the stack behind it."""
    if family == 6:
        return max(0, passed_on6(place, namespace))
    fields = {}
    for file in ("snmp", "netstat"):
        text = place.inside(namespace, "cat", f"/proc/net/{file}").splitlines()
        for names, values in zip(text[::2], text[1::2]):
            if names.startswith(("Ip:", "IpExt:")):
                fields.update(zip(names.split()[1:], values.split()[1:]))
    return sum(int(fields.get(name, 0)) for name in (
        "InDelivers", "ForwDatagrams", "InAddrErrors", "InHdrErrors", "InDiscards", "InNoRoutes",
        "InUnknownProtos"))


def peer_plan(options):
    """(kind, number of rules, firewall, family)"""
    plan = []
    for family in options.families:
        plan += [("acl", 1, DROP_PEER, family)]
        for size in options.peer_sizes:
            peers = [BPFFW_PEER] + (LINEAR + SETS if size <= options.linear_max else [])
            plan += [("acl", size, peer, family) for peer in peers]
        for kind, sizes in options.lists.items():
            plan += [(kind, size, peer, family) for size in sizes
                     for peer in [BPFFW_PEER] + SETS + IPSET]
    return plan


def measure_peers(place, options):
    client = place.namespace("client")
    rows, lines = [], []
    for number, (kind, size, peer, family) in enumerate(peer_plan(options)):
        row = dict(kind=kind, size=size, peer=peer.name, family=family)
        rows.append(row)
        say(f"peers: {peer.name}, {kind}, {size} rules, IPv{family}")
        try:
            row.update(set_up_peer(place, client, peer, number, kind, size, family))
            lines.append(f"{number} {row.pop('line')}\n")
        except Failed as failed:
            row["failed"] = str(failed)
    say(f"peers: {len(lines)} candidates, {options.live_rounds} rounds of "
        f"{options.live_seconds} s each")
    output = run(MEASURE, "live", DRIVER, SOFTIRQ, options.live_rounds, options.live_seconds,
                 client, stdin="".join(lines), timeout=3600)
    for result in map(json.loads, output.splitlines()):
        row = rows[int(result.pop("name"))]
        summarise(result, None)
        row.update(result, passed_on=passed_on(place, row["namespace"], row["family"]))
    for row in rows:
        row.pop("namespace", None)
    for name in list(place.namespaces):
        place.drop_namespace(name)
    return rows


def change_one(file, to):
    """The same rules but one in the middle."""
    with open(file) as source:
        lines = source.readlines()
    lines[len(lines) // 2] = "drop udp src 203.0.113.77 dport 4242\n"
    with open(to, "w") as target:
        target.writelines(lines)


def time_nft(place, namespace, folder, row):
    times = place.timed(namespace, "nft", "-f", f"{folder}/linear.nft")
    row["nft"].append(times["ms"])
    row["nft_peak_kb"] = max(row.get("nft_peak_kb", 0), times["peak_kb"])


def time_bpffw(place, options, namespace, store, file, row, key):
    times = place.apply(namespace, store, file, options.patience)
    row[key].append(times["ms"])
    row["phases"].append(times["phases"])
    row["peak_kb"] = max(row.get("peak_kb", 0), times["peak_kb"])


# Commands that only read; they should begin to answer at once, however many rules there are.
READERS = ("list", "status", "history", "explain src 192.0.2.1 tcp dport 22 syn",
           "diff FILE", "blacklist list")


def time_changes(place, options, namespace, size):
    """One size: apply of another list and of one changed rule against nft -f, interleaved."""
    store = f"times{size}"
    one, other = (place.rules("acl", size, seed, 4, "bench0") for seed in (1, 2))
    change_one(f"{one}/rules.fw", f"{one}/changed.fw")
    row = dict(size=size, bpffw=[], changed=[], nft=[], phases=[], complete=[],
               readers={command: [] for command in READERS})
    try:
        # Reading alone, without making a program of it.
        times = place.timed(namespace, BPFFW, "check", "--dump=rules", f"{one}/rules.fw")
        row["read"] = dict(ms=times["ms"], peak_kb=times["peak_kb"])
        time_nft(place, namespace, one, row)
        first = place.rules("acl", 1, 1, 4)
        place.apply(namespace, store, f"{first}/rules.fw")  # makes the maps that are shared
        for _ in range(options.time_rounds):
            time_bpffw(place, options, namespace, store, f"{other}/rules.fw", row, "bpffw")
            time_nft(place, namespace, other, row)
            time_bpffw(place, options, namespace, store, f"{one}/rules.fw", row, "bpffw")
            time_nft(place, namespace, one, row)
            time_bpffw(place, options, namespace, store, f"{one}/changed.fw", row, "changed")
        for _ in range(options.time_rounds):
            times = place.timed(namespace, *place.bpffw(store), "__complete", "--", "del", "")
            row["complete"].append(times["ms"])
            for command, values in row["readers"].items():
                words = command.replace("FILE", f"{one}/changed.fw").split()
                times = place.timed(namespace, *place.bpffw(store), *words)
                values.append(times["ms"])
        row["memory"] = json.loads(run(MEASURE, "memory", place.store(store)))
        row["check"] = place.timed(namespace, BPFFW, "-v", "check", f"{one}/rules.fw",
                                   timeout=options.patience)["output"].splitlines()[-8:]
    except Failed as failed:
        row["failed"] = str(failed)
    place.forget_store(store)  # and with it the program on the device
    return row


def measure_times(place, options):
    namespace = place.namespace("times")
    run("ip", "link", "add", "bench0", "netns", namespace, "type", "veth", "peer", "name", "b1",
        "netns", namespace)
    rows = []
    for size in options.time_sizes:
        say(f"times: {size} rules")
        rows.append(time_changes(place, options, namespace, size))
    place.drop_namespace(namespace)
    return rows


def write_list(folder, addresses, prefixes):
    """A list file, the same as an nft set, and the ranges by first address."""
    random, ranges, lines = Random(1), [], []
    for number in range(addresses + prefixes):
        length = 32 if number < addresses else random.randrange(16, 31)
        address = random.randrange(1 << 24, 223 << 24) >> (32 - length) << (32 - length)
        ranges.append((address, address | (1 << (32 - length)) - 1))
        lines.append(str(IPv4Address(address)) + (f"/{length}" if length < 32 else ""))
    with open(f"{folder}/list", "w") as file:
        file.write("\n".join(lines) + "\n")
    with open(f"{folder}/set.nft", "w") as file:
        file.write("table netdev bench {\n set black { type ipv4_addr; flags interval; auto-merge; "
                   "elements = {" + ",".join(lines) + "} }\n}\n")
    merged = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return ranges, merged


def write_trace(path, sources, dropped):
    """What `measure live` sends: UDP packets; whether each of the first is dropped."""
    with open(path, "wb") as file:
        file.write(struct.pack("<4I", 0x62706674, 65536, 40, 512))
        for source in sources:
            head = [0x4500, 40, 0, 0, 0x4011, 0, source >> 16, source & 0xffff, 0xc633, 0x6401]
            total = sum(head)
            total = (total & 0xffff) + (total >> 16)
            head[5] = ~((total & 0xffff) + (total >> 16)) & 0xffff
            file.write(struct.pack(">10H", *head) + struct.pack(">4H", 4000, 53, 20, 0) +
                       bytes(36))
        file.write(bytes([not dropped]) * 512)


def list_sources(ranges, merged):
    """Addresses on the list, drawn evenly from its entries, and addresses that are not on it."""
    random, firsts = Random(2), [first for first, _ in merged]
    picked = (random.choice(ranges) for _ in range(65536))
    hits = [first + random.randrange(last - first + 1) for first, last in picked]
    hits = [hit if hit >> 24 != 127 else ranges[0][0] for hit in hits]
    misses = []
    while len(misses) < 65536:
        address = random.randrange(1 << 24, 223 << 24)
        at = bisect_right(firsts, address) - 1
        if address >> 24 != 127 and (at < 0 or merged[at][1] < address):
            misses.append(address)
    return dict(hit=hits, miss=misses)


def load_list_peer(place, namespace, device, folder, peer):
    """bpffw or an nft chain on ingress: drops what is on the list, nothing, or all."""
    name, drops = peer
    if name == "bpffw":
        default = "drop" if drops == "all" else "allow"
        lines = f"version 1\ninterface {device} mode native\ndefault {default}\n"
        with open(f"{folder}/{device}.fw", "w") as file:
            file.write(lines + (f'blacklist file "{folder}/list"\n' if drops == "list" else ""))
        place.apply(namespace, f"list-{device}", f"{folder}/{device}.fw")
        return
    if drops == "list":
        place.inside(namespace, "nft", "-f", f"{folder}/set.nft", timeout=600)
    match = {"list": "ip saddr @black", "all": "", "none": "ip saddr 240.0.0.1"}[drops]
    place.inside(namespace, "nft", "-f", "-", stdin=(
        f"table netdev bench {{\nchain in {{\n"
        f"type filter hook ingress device {device} priority 0; policy accept;\n"
        f"{match} drop\n}}\n}}\n"))


def list_peers(place, options, folder):
    """ns that the list adds to the receive path, next to an nft interval set: a hit to dropping
    everything, a miss to dropping nothing."""
    client, lines, names = place.namespace("client"), [], []
    bases = dict(hit="all", miss="none")
    for number, peer in enumerate((name, drops) for name in ("bpffw", "nft")
                                  for drops in ("all", "none", "list")):
        say(f"lists: {peer[0]} that drops {peer[1]}")
        namespace, device, sender = veth_to(place, client, number)
        if peer[0] == "nft":
            place.inside(namespace, "ethtool", "-K", device, "gro", "on")
        load_list_peer(place, namespace, device, folder, peer)
        for case in ("hit", "miss"):
            if peer[1] not in ("list", bases[case]):
                continue
            names.append((peer, case))
            lines.append(f"{len(names) - 1} {folder}/{case} {sender} {namespace} {device}\n")
    output = run(MEASURE, "live", DRIVER, SOFTIRQ, options.live_rounds, options.live_seconds,
                 client, stdin="".join(lines), timeout=3600)
    ns = {names[int(row["name"])]: row["ns"] for row in map(json.loads, output.splitlines())}
    added = {(name, case): [with_it - without for with_it, without in zip(
        ns[(name, "list"), case], ns[(name, bases[case]), case])]
        for name in ("bpffw", "nft") for case in ("hit", "miss")}
    for name in list(place.namespaces):
        place.drop_namespace(name)
    return added


def time_list(place, folder):
    """ms of whole commands: load, one ban, 100 000 of them."""
    namespace = place.namespace("load")
    run("ip", "link", "add", "l0", "netns", namespace, "type", "veth", "peer", "name", "l1",
        "netns", namespace)
    with open(f"{folder}/empty.fw", "w") as file:
        file.write("version 1\ninterface l0\ndefault allow\nblacklist { 192.0.2.1 }\n")
    place.apply(namespace, "load", f"{folder}/empty.fw")
    timed = lambda *words: place.timed(namespace, *place.bpffw("load"), *words)["ms"]
    times = dict(load=timed("blacklist", "load", f"{folder}/list"))
    times["ban"] = median(timed("ban", f"240.0.0.{last}") for last in range(1, 12))
    with open(f"{folder}/commands", "w") as file:
        file.write("blacklist add " + ",".join(
            str(IPv4Address((241 << 24) + 7 * number)) for number in range(100000)) + "\n")
    begun = time.monotonic()
    place.inside(namespace, "sh", "-c", f"exec {' '.join(place.bpffw('load'))} <{folder}/commands")
    times["many"] = (time.monotonic() - begun) * 1000
    place.forget_store("load")
    return times


def measure_lists(place, options):
    """A blacklist next to a kernel LPM trie and an nft interval set with the same entries."""
    addresses, prefixes = options.list_sizes
    folder = f"{place.work}/lists"
    os.makedirs(folder)
    say(f"lists: {addresses} addresses, {prefixes} prefixes")
    ranges, merged = write_list(folder, addresses, prefixes)
    for case, sources in list_sources(ranges, merged).items():
        write_trace(f"{folder}/{case}", sources, case == "hit")
    times = time_list(place, folder)
    ns = {row["name"]: row["ns"] for row in map(json.loads, run(
        MEASURE, "lists", LISTS, f"{folder}/list", options.rounds, timeout=600).splitlines())}
    added, rows = list_peers(place, options, folder), []
    for case in ("hit", "miss"):
        own, trie = ([value - base for value, base in zip(ns[f"{case}/{what}"],
                                                          ns[f"{case}/nothing"])]
                     for what in ("list", "kernel"))
        rows.append(dict(case=case, ns=own, trie=trie, live=added["bpffw", case],
                         nft=added["nft", case],
                         to_trie=median(a / b for a, b in zip(own, trie)),
                         to_nft=median(added["bpffw", case]) / median(added["nft", case])))
    return dict(addresses=addresses, prefixes=prefixes, rows=rows, times=times)


FLOOD_RULES = """version 1
interface {}
default drop
option fragments drop
allow established
syn-limit 1k/s burst 1k tcp dport 80 exceed syncookie name flood
allow tcp dport 80 syn name web
"""


def set_up_victim(place, client, number, name, cookies):
    """A namespace with a service under a flood: behind bpffw or as the kernel has it."""
    namespace, device, sender = veth_to(place, client, number)
    server, home, trace = f"10.9.{number}.1", f"10.9.{number}.2", f"{place.work}/flood{number}"
    floods.write_trace(trace, int(IPv4Address(server)))
    inside = lambda *words: place.inside(namespace, *words)
    inside("sysctl", "-qw", f"net.ipv4.tcp_syncookies={cookies}", "net.ipv4.conf.all.rp_filter=0",
           f"net.ipv4.conf.{device}.rp_filter=0")
    inside("ip", "addr", "add", f"{server}/24", "dev", device)
    inside("ethtool", "-K", device, "gro", "on")
    # What a program sends back is taken only by a peer with one of its own.
    place.inside(client, "ethtool", "-K", sender, "tx", "off")
    place.inside(client, MEASURE, "pass", sender)
    place.inside(client, "ip", "addr", "add", f"{home}/24", "dev", sender)
    address = json.loads(place.inside(client, "ip", "-j", "link", "show", sender))[0]["address"]
    inside("ip", "neigh", "replace", home, "lladdr", address, "dev", device)
    inside("ip", "route", "add", "default", "via", home)
    if name == "bpffw":
        with open(f"{trace}.fw", "w") as file:
            file.write(FLOOD_RULES.format(device))
        place.apply(namespace, f"flood{number}", f"{trace}.fw")
    server_of = subprocess.Popen(["nsenter", f"--net=/run/netns/{namespace}", "taskset", "-c", "1",
                                  sys.executable, floods.__file__, "serve"])
    return dict(firewall=name, cookies=cookies, namespace=namespace, device=device, server=server,
                process=server_of, line=f"{number} {trace} {sender} {namespace} {device} 16777216\n")


def flood_command(client, rounds, seconds):
    return [MEASURE, "live", DRIVER, SOFTIRQ, str(rounds), str(seconds), client]


def wait_for_flood(place, row):
    for _ in range(100):
        text = place.inside(row["namespace"], "ethtool", "-S", row["device"])
        if sum(map(int, re.findall(r"rx_queue_\d+_xdp_packets: (\d+)", text))) > 100000:
            return
        time.sleep(0.1)
    raise Failed("no flood after 10 s")


def connect_under_flood(place, options, client, row):
    """Honest clients on the other CPU, beside a flood of its own."""
    sender = subprocess.Popen(flood_command(client, 1, options.flood_seconds), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        sender.stdin.write(row["line"])
        sender.stdin.close()
        wait_for_flood(place, row)
        done, middle, worst = place.inside(
            client, "taskset", "-c", "1", sys.executable, floods.__file__, "connect", 100,
            row["server"], options.flood_seconds - 3).split()
        row["overlap"] = sender.poll() is None
        result = json.loads(sender.stdout.read())
    finally:
        sender.kill()
        sender.wait()
    row.update(connections=int(done), connect_ms=float(middle), connect_worst_ms=float(worst),
               rate=result["packets"] / result["seconds"])


def measure_floods(place, options):
    """A SYN flood with random sources on a service behind `exceed syncookie`, or the kernel's own
    cookies: time of the receive path per packet, and what honest clients notice."""
    client, rows = place.namespace("client"), []
    place.inside(client, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
    try:
        for number, (name, cookies) in enumerate(
                (name, cookies) for name in ("bpffw", "kernel") for cookies in (1, 2)):
            say(f"floods: {name}, tcp_syncookies={cookies}")
            rows.append(set_up_victim(place, client, number, name, cookies))
        for row in rows:
            connect_under_flood(place, options, client, row)
        output = run(*flood_command(client, options.live_rounds, options.live_seconds),
                     stdin="".join(row["line"] for row in rows))
    finally:
        for row in rows:
            row.pop("process").kill()
    results = list(map(json.loads, output.splitlines()))
    for row, result in zip(rows, results):
        row.update(ns=result["poll_ns"], packets=result["packets"])
        row["ratio"] = median(own / theirs for own, theirs in zip(
            result["poll_ns"], results[-1]["poll_ns"]))
        if row["firewall"] == "bpffw":
            status = json.loads(place.inside(row["namespace"], *place.bpffw(
                f"flood{rows.index(row)}"), "status", "--json"))
            row["syncookies"] = status["syncookies"]
    for row in rows:
        del row["line"], row["namespace"], row["device"]
    for name in list(place.namespaces):
        place.drop_namespace(name)
    return rows


def machine():
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], text=True,
                            capture_output=True).stdout.strip()
    return dict(date=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
                kernel=platform.release(), cpus=os.cpu_count(),
                cpu=model[1] if model else platform.machine(), load=os.getloadavg()[0],
                commit=commit)


PARTS = dict(chain=measure_chains, peers=measure_peers, times=measure_times, flows=flows.measure,
             lists=measure_lists, floods=measure_floods, accuracy=rates.measure_accuracy,
             honest=rates.measure_honest, idle=lasting.measure_idle,
             applies=lasting.measure_applies)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under three minutes")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run")
    parser.add_argument("--seeds", type=int, help="rule sets of each shape")
    parser.add_argument("--sizes", help="numbers of rules, as 1,10,100")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--families", default="4,6")
    parser.add_argument("--rounds", type=int, default=7, help="of the chain")
    parser.add_argument("--json", default=f"{OUT}/bench.json")
    parser.add_argument("--svg", default=f"{OUT}/bench.svg")
    options = parser.parse_args()
    quick = options.quick
    options.only = options.only.split(",")
    if set(options.only) - set(PARTS):
        parser.error(f"--only takes {', '.join(PARTS)}")
    options.seeds = options.seeds or (1 if quick else 12)
    sizes = options.sizes or ("1,10,100,1000,10000" if quick else "1,10,100,1000,10000,100000")
    options.sizes = [int(size) for size in sizes.split(",")]
    options.shapes = options.shapes.split(",")
    options.families = [int(family) for family in options.families.split(",")]
    options.patience = 60
    most = max(options.sizes)
    options.extras = {kind: [size for size in of if size == 1 or size <= most] for kind, of in {
        "hosts": [1, 1000, 10000, 100000], "mixed": [1, 1000, 10000, 100000],
        "blacklist": [1, 1000, 100000], "adversarial": [1, 100, 1000, 10000]}.items()}
    options.peer_sizes = [1, 1000] if quick else [1, 100, 1000, 10000, 100000]
    options.linear_max = 10000
    options.lists = {"blacklist": [1000], "prefixes": [1000]} if quick else {
        "blacklist": [1000, 100000, 1000000], "prefixes": [1000, 100000]}
    options.live_rounds, options.live_seconds = (2, 0.5) if quick else (3, 1.5)
    options.pace_seconds = 2 if quick else 10
    options.idle_seconds = 2.5 if quick else 10
    options.applies = (200, 40) if quick else (9000, 1000)
    options.flood_seconds = 6 if quick else 10
    options.time_sizes = [1000, 10000] if quick else [1000, 10000, 100000]
    options.time_rounds = 2 if quick else 4
    options.list_sizes = (100000, 10000) if quick else (1000000, 100000)
    return options


def main():
    options = read_options()
    if os.geteuid():
        sys.exit("bench: needs root")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # by way of `finally` below
    result = {"schema": "bpffw.bench/1", "machine": machine(), "arguments": sys.argv[1:]}
    place = Place()
    try:
        for part, work in PARTS.items():
            if part not in options.only:
                continue
            try:
                result[part] = work(place, options)
            except Failed as failed:
                result.setdefault("failed", {})[part] = str(failed)
    finally:
        place.close()
    with open(options.json, "w") as file:
        json.dump(result, file, indent=1)
    plot.write(result, options.svg)
    tables.show(result)
    print(f"\nwrote {options.json} and {options.svg}")
    for part, reason in result.get("failed", {}).items():
        say(f"bench: no figures of {part}: {reason}")
    sys.exit("failed" in result)


if __name__ == "__main__":
    main()
