#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""limits.py: what a limit per source adds to a packet, next to a token bucket in an LRU map and a
dynamic set of nftables, all in one interleaved run (root). Every candidate drops all packets, so
the rest of the way is the same; the cost added is what the same firewall takes without the limit
less. 10/s burst 10 for each source, a table of its own size each: bpffw 65 536 buckets, the LRU
map 262 144, nftables a set of 1 000 000 with a timeout of 10 s.
"""
import argparse, json, os, statistics, struct, sys
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bench
from bench import run

BUCKET = f"{bench.OUT}/tests/bench/bucket.bpf.o"
SOURCES = [1, 1000, 100_000, 1_000_000]
HEAD = "version 1\ninterface {}\ndefault drop\noption fragments drop\n"
LIMIT = "rate-limit 10/s burst 10 per src udp name limit\n"
NFT = """table netdev bench {{
	set sources {{ type ipv4_addr; size 1000000; flags dynamic,timeout; timeout 10s; }}
	chain filter {{
		type filter hook ingress device {} priority 0; policy accept;
		{}
		drop
	}}
}}
"""
NFT_LIMIT = "update @sources { ip saddr limit rate over 10/second burst 10 packets } counter drop"


def write_trace(path):
    """One UDP packet, as often as a trace has packets; none has an expected verdict."""
    packet = struct.pack(">BBHHHBBH4s4sHHHH", 0x45, 0, 40, 0, 0, 64, 17, 0, bytes([192, 0, 2, 1]),
                         bytes([198, 51, 100, 1]), 4000, 53, 20, 0).ljust(64, b"\0")
    with open(path, "wb") as file:
        file.write(struct.pack("=IIII", 0x62706674, 65536, 40, 512) + packet * 65536 + bytes(512))


def apply(place, namespace, name, device, limited):
    file = f"{place.work}/{name}.fw"
    with open(file, "w") as to:
        to.write(HEAD.format(device) + (LIMIT if limited else "") + "drop udp\n")
    place.apply(namespace, name, file)


def chain_lines(place, trace):
    """For the time in the chain itself."""
    namespace = place.namespace("chain")
    lines = []
    place.inside(namespace, "ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "b0", "netns", namespace, "type", "veth", "peer", "name", "b1",
        "netns", namespace)
    run("ip", "link", "add", "b2", "netns", namespace, "type", "veth", "peer", "name", "b3",
        "netns", namespace)
    apply(place, namespace, "plain", "b0", False)
    apply(place, namespace, "limit", "b2", True)
    for n in SOURCES:
        lines += [f"drop/{n} {trace} drop {n}", f"bucket/{n} {trace} bucket:{BUCKET} {n}",
                  f"plain/{n} {trace} {place.store('plain')} {n}",
                  f"limit/{n} {trace} {place.store('limit')} {n}"]
    return lines


def live_lines(place, trace, client):
    """For the time of the receive path: a device for each firewall."""
    lines = []
    for number, name in enumerate(["bpffw-plain", "bpffw-limit", "nft-plain", "nft-limit"]):
        namespace = place.namespace(name)
        device, sender = f"l{number}", f"s{number}"
        run("ip", "link", "add", device, "address", "02:00:00:00:00:01", "netns", namespace, "type",
            "veth", "peer", "name", sender, "netns", client)
        for where, what in ((namespace, device), (client, sender)):
            place.inside(where, "sysctl", "-qw", f"net.ipv6.conf.{what}.disable_ipv6=1")
            place.inside(where, "ip", "link", "set", what, "up")
        if name.startswith("bpffw"):
            apply(place, namespace, name, device, "limit" in name)
        else:
            place.inside(namespace, "ethtool", "-K", device, "gro", "on")
            rules = NFT.format(device, NFT_LIMIT if "limit" in name else "")
            place.inside(namespace, "nft", "-f", "-", stdin=rules)
        lines += [f"{name}/{n} {trace} {sender} {namespace} {device} {n}" for n in SOURCES]
    return lines


def medians(output):
    results = map(json.loads, output.splitlines())
    return {result["name"]: statistics.median(result["ns"]) for result in results}


def table(title, added):
    print(f"\n{title}\n")
    print("| sources | " + " | ".join(added) + " |")
    print("|---" * (len(added) + 1) + "|")
    for n in SOURCES:
        print(f"| {n} | " + " | ".join(f"{added[name](n):.0f}" for name in added) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--live-rounds", type=int, default=5)
    parser.add_argument("--live-seconds", type=float, default=0.5)
    options = parser.parse_args()
    place = bench.Place()
    try:
        trace = f"{place.work}/trace"
        write_trace(trace)
        client = place.namespace("client")
        lines = "\n".join(chain_lines(place, trace)) + "\n"
        t = medians(run(bench.MEASURE, "run", bench.DRIVER, options.rounds, stdin=lines))
        lines = "\n".join(live_lines(place, trace, client)) + "\n"
        live = medians(run(bench.MEASURE, "live", bench.DRIVER, bench.SOFTIRQ, options.live_rounds,
                           options.live_seconds, client, stdin=lines, timeout=900))
    finally:
        place.close()
    table("Added in the chain, ns", {
        "bpffw": lambda n: t[f"limit/{n}"] - t[f"plain/{n}"],
        "LRU bucket": lambda n: t[f"bucket/{n}"] - t[f"drop/{n}"]})
    table("Added to the receive path, ns", {
        "bpffw": lambda n: live[f"bpffw-limit/{n}"] - live[f"bpffw-plain/{n}"],
        "nft dynamic set": lambda n: live[f"nft-limit/{n}"] - live[f"nft-plain/{n}"]})


if __name__ == "__main__":
    main()
