#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bench.py: what a packet and a change cost, next to the peers, in one run (root).

Rules come from rulegen, times from measure (see there how), everything happens in network
namespaces of its own. Prints tables; writes build/bench.json and build/bench.svg.
"""
import argparse, datetime, json, os, platform, re, shutil, signal, statistics, subprocess, sys
import tempfile
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plot, tables

OUT = os.path.abspath(os.environ.get("O", "build"))
BPFFW = f"{OUT}/bpffw"
RULEGEN = f"{OUT}/tests/bench/rulegen"
MEASURE = f"{OUT}/tests/bench/measure"
DRIVER = f"{OUT}/tests/bench/drive.bpf.o"
FLOWS = f"{OUT}/tests/bench/flows.bpf.o"
SOFTIRQ = f"{OUT}/tests/bench/softirq.bpf.o"
SHAPES = ["acl", "fw", "ipc"]
BASES = ["empty", "drop", "parse"]  # what the chain is compared with
median = statistics.median


def say(text):
    print(text, file=sys.stderr, flush=True)


class Failed(Exception):
    """A candidate cannot run: the table says why."""


def first_error(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wanted = [line for line in lines if re.search(r"error|refuse|cannot|fail|ERROR", line, re.I)]
    return re.sub(r"^/\S+?/(?=[^/]*$)", "", (wanted or lines or ["no message"])[0])[:160]


def run(*command, stdin=None, timeout=300):
    try:
        done = subprocess.run([str(word) for word in command], input=stdin, text=True,
                              capture_output=True, timeout=timeout, errors="replace")
    except subprocess.TimeoutExpired:
        raise Failed(f"not done after {timeout} s")
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}")
    if done.returncode:
        raise Failed(first_error(done.stderr + done.stdout))
    return done.stdout


class Place:
    """A temporary folder, a bpffs and network namespaces; all gone at the end."""

    def __init__(self):
        self.name = f"bfbench-{os.getpid()}"
        self.work = tempfile.mkdtemp(prefix="bpffw-bench-")
        self.namespaces = []
        self.bpffs = f"{self.work}/bpf"
        os.mkdir(self.bpffs)
        run("mount", "-t", "bpf", "bpf", self.bpffs)

    def close(self):
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)
        subprocess.run(["umount", self.bpffs])
        shutil.rmtree(self.work, ignore_errors=True)

    def namespace(self, suffix):
        name = f"{self.name}-{suffix}"
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        for setting in ("router_solicitations", "accept_dad"):
            self.inside(name, "sysctl", "-qw", f"net.ipv6.conf.default.{setting}=0")
        return name

    def drop_namespace(self, name):
        subprocess.run(["ip", "netns", "del", name])
        self.namespaces.remove(name)

    def inside(self, namespace, *command, **options):
        return run("nsenter", f"--net=/run/netns/{namespace}", *command, **options)

    def rules(self, kind, size, seed, family, device=None):
        """The folder with the rules and the trace."""
        folder = f"{self.work}/rules/{kind}-{size}-{seed}-{family}-{device}"
        os.makedirs(folder, exist_ok=True)
        run(RULEGEN, kind, size, seed, family, folder, *(["peers", device] if device else []))
        return folder

    def store(self, name):
        return f"{self.bpffs}/{name}"

    def bpffw(self, name):
        return [BPFFW, "--bpffs", self.store(name), "--state-dir", f"{self.work}/state/{name}",
                "--run-dir", f"{self.work}/run/{name}"]

    def forget_store(self, name):
        shutil.rmtree(self.store(name), ignore_errors=True)
        shutil.rmtree(f"{self.work}/state/{name}", ignore_errors=True)

    def timed(self, namespace, *command, timeout=300):
        """Wall time, peak memory and output of a command."""
        result = f"{self.work}/result"
        output = self.inside(namespace, MEASURE, "spawn", result, "sh", "-c", 'exec "$@" 2>&1',
                             "sh", *command, timeout=timeout)
        with open(result) as file:
            times = json.load(file)
        times["output"] = output
        if times["exit"]:
            raise Failed(first_error(output))
        return times

    def apply(self, namespace, name, file, timeout=300):
        os.makedirs(f"{self.work}/state", exist_ok=True)
        os.makedirs(f"{self.work}/run", exist_ok=True)
        times = self.timed(namespace, *self.bpffw(name), "-v", "apply", "--force", file,
                           timeout=timeout)
        times["phases"] = phases(times.pop("output"))
        return times


def phases(text):
    """What the program itself says: 'compile 3.1 ms', '12 witnesses in 0.6 ms', '147 instructions',
    'bound 310 ns'; other words may come and go."""
    found = {}
    for line in text.splitlines():
        if line.startswith(" ") or re.search(r" (warning|error): ", line):
            continue
        total = re.match(r"applied .* in ([\d.]+) ms", line)
        if total:
            found["total"] = float(total[1])
            continue
        for name, value in re.findall(r"([a-z]+)\s+(?:in\s+|takes\s+)?([\d.]+) ms", line):
            found["proof" if name.startswith("prov") else name] = float(value)
        for value in re.findall(r"(\d[\d ]*) instructions", line):
            found["instructions"] = int(value.replace(" ", ""))
        for value in re.findall(r"(?:bound|worst|at most)[^,;]*?(\d[\d ]*) ns", line):
            found["bound"] = int(value.replace(" ", ""))
    return found


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


def set_up_peer(place, client, peer, number, kind, size, family):
    """A namespace with the firewall on a device. Returns what `measure live` reads of it."""
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


def time_changes(place, options, namespace, size):
    """One size: apply of another list and of one changed rule against nft -f, interleaved."""
    store = f"times{size}"
    one, other = (place.rules("acl", size, seed, 4, "bench0") for seed in (1, 2))
    change_one(f"{one}/rules.fw", f"{one}/changed.fw")
    row = dict(size=size, bpffw=[], changed=[], nft=[], phases=[], complete=[])
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


def measure_flows(place, options):
    """The lookup of `established` next to one in a kernel hash map."""
    say("flows")
    ns = {row["name"]: row["ns"] for row in map(json.loads, run(
        MEASURE, "flows", FLOWS, options.rounds).splitlines())}
    rows = []
    for case in dict.fromkeys(name.split("/")[0] for name in ns):
        own, kernel = ([value - base for value, base in zip(ns[f"{case}/{what}"], ns[f"{case}/nothing"])]
                       for what in ("flow", "kernel"))
        rows.append(dict(case=case, ns=own, kernel=kernel,
                         ratio=median(a / b for a, b in zip(own, kernel))))
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


def read_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under three minutes")
    parser.add_argument("--only", default="chain,peers,times,flows", help="parts to run")
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
    if set(options.only) - {"chain", "peers", "times", "flows"}:
        parser.error("--only takes chain, peers, times and flows")
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
    options.time_sizes = [1000, 10000] if quick else [1000, 10000, 100000]
    options.time_rounds = 2 if quick else 4
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
        for part, work in (("chain", measure_chains), ("peers", measure_peers),
                           ("times", measure_times), ("flows", measure_flows)):
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
