# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of bench.py: whether a limit lets through what it says, and whom a flood harms behind one.

Packets come by test runs, on one CPU or on two at once, for a time or at a pace; how many got through
is what the ruleset counted.
"""
import json, socket, struct
from place import DRIVER, MEASURE, run, say

PACKETS = 65536
DEVICE = "r0"      # for bpffw to be on; the packets come by test runs
# (rate, packets a second, burst or none, the same in packets, by how many CPUs). A burst of less than a
# second is for one: how long the sender itself paused, which loses packets, is known of one.
LIMITS = [("100/s", 100, None, 100, (1, 2)), ("100k/s", 100_000, None, 100_000, (1, 2)),
          ("100k/s", 100_000, "1k", 1000, (1,)), ("100k/s", 100_000, "10", 10, (1,))]

HONEST = 1000      # one in 50 packets is of one of these
HONEST_RATE = 20   # of each of them, packets a second
LIMIT = 25
FLOODS = [1000, 10_000, 30_000, 65_536, 100_000, 1_000_000, 16_777_216]
INTERVAL = 10**9 // (HONEST * HONEST_RATE * 50)


def packet(family):
    """UDP from one source."""
    udp = struct.pack(">HHHH", 4000, 53, 20, 0) + bytes(12)
    if family == 4:
        return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 17, 0, bytes([192, 0, 2, 1]),
                           bytes([198, 51, 100, 1])) + udp
    source, server = (socket.inet_pton(socket.AF_INET6, f"2001:db8::{last}") for last in (1, 2))
    return struct.pack(">IHBB16s16s", 6 << 28, 20, 17, 64, source, server) + udp


def write_trace(path, family):
    """As often as a trace has packets; none has an expected verdict."""
    one = packet(family)
    with open(path, "wb") as file:
        file.write(struct.pack("=IIII", 0x62706674, PACKETS, len(one), 512))
        file.write(one.ljust(64, b"\0") * PACKETS + bytes(512))
    return path


def pace(place, namespace, seconds, cpus, *words):
    line = " ".join(map(str, words)) + "\n"
    return json.loads(place.inside(namespace, MEASURE, "pace", DRIVER, seconds, cpus, stdin=line))


def accuracy_row(place, options, namespace, trace, case):
    """One limit, a full bucket, and one source that never pauses."""
    family, cpus, (rate, a_second, burst, depth, _) = case
    words = f"rate-limit {rate}{f' burst {burst}' if burst else ''} per src udp name limit"
    place.apply_rules(namespace, "accuracy", DEVICE, f"{words}\nallow udp name within\n")
    sent = pace(place, namespace, options.pace_seconds, cpus, "accuracy", trace,
                place.store("accuracy"), 0, 0, 0, depth * 10**9 // a_second if cpus == 1 else 0)
    within = place.counters(namespace, "accuracy")["within"]
    place.forget_store("accuracy")
    fair = a_second * (sent["seconds"] - sent["paused"])
    return dict(family=family, cpus=cpus, rate=rate, burst=burst, depth=depth, within=within,
                seconds=sent["seconds"], both=sent["both"], packets=sent["packets"],
                paused=sent["paused"], most=a_second * sent["seconds"] + depth, ratio=(within - depth) / fair)


def measure_accuracy(place, options):
    """The first burst, which comes from a full bucket, is taken off what got through; pauses of the
    sender in which the bucket was full again, off the time."""
    namespace = place.namespace("accuracy")
    place.device(namespace, DEVICE)
    rows = []
    for family in options.families:
        trace = write_trace(f"{place.work}/hot{family}", family)
        for limit in LIMITS:
            for cpus in limit[4]:
                say(f"accuracy: {limit[0]}, burst {limit[3]}, IPv{family}, {cpus} CPU")
                rows.append(accuracy_row(place, options, namespace, trace,
                                         (family, cpus, limit)))
    place.drop_namespace(namespace)
    return rows


def kernel_memory():
    """kB that the kernel of the whole machine has for itself."""
    with open("/proc/meminfo") as file:
        fields = dict(line.split(":") for line in file)
    return sum(int(fields[name].split()[0]) for name in ("SUnreclaim", "Percpu", "VmallocUsed"))


# What a limit does not take is counted behind it.
HONEST_RULES = """count src 11.0.0.0/8,2001:db8:b00::/40 name honest
rate-limit {}/s per src udp name limit
count src 11.0.0.0/8,2001:db8:b00::/40 name kept
allow udp name within
"""


def honest_row(place, options, namespace, trace, flood):
    place.apply_rules(namespace, "honest", DEVICE, HONEST_RULES.format(LIMIT))
    maps, kernel = json.loads(run(MEASURE, "memory", place.store("honest"))), kernel_memory()
    sent = pace(place, namespace, options.pace_seconds, 1, "honest", trace, place.store("honest"),
                INTERVAL, flood, HONEST)
    row = place.counters(namespace, "honest")
    row.update(flood=flood, wanted=10**9 / INTERVAL, a_second=sum(sent["packets"]) / sent["seconds"],
               kernel_kb=kernel_memory() - kernel,
               maps=maps["shared_maps"],
               maps_after=json.loads(run(MEASURE, "memory", place.store("honest")))["shared_maps"])
    place.forget_store("honest")
    row.update(lost=1 - row["kept"] / row["honest"],
               stopped=1 - (row["within"] - row["kept"]) / (row["limit"] - row["honest"]))
    return row


def measure_honest(place, options):
    """Sources that keep to a limit, in a flood of sources that may or may not."""
    namespace = place.namespace("honest")
    place.device(namespace, DEVICE)
    rows = []
    for family in options.families:
        trace = write_trace(f"{place.work}/flood{family}", family)
        for flood in FLOODS:
            say(f"honest: among {flood} others, IPv{family}")
            rows.append(dict(honest_row(place, options, namespace, trace, flood),
                             family=family))
    place.drop_namespace(namespace)
    return rows
