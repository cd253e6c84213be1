# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of bench.py: `established` next to one lookup in a kernel hash map with as many flows."""
import json
from statistics import median
from place import DRIVER, FLOWS, MEASURE, Failed, run, say

# A packet of a flow is allowed by the first of these, or by the second if there is no such rule.
RULES = "allow established name flow\nallow tcp name other\n"


def differences(ns, case, own, own_base):
    """Of `established` and of the kernel's map, each against what does the same without it."""
    added, kernel = ([value - base for value, base in zip(ns[f"{case}/{what}"], ns[f"{case}/{base}"])]
                     for what, base in ((own, own_base), ("kernel", "nothing")))
    return dict(case=case, ns=added, kernel=kernel,
                ratio=median(a / b for a, b in zip(added, kernel)))


def measured(output):
    return {row["name"]: row["ns"] for row in map(json.loads, output.splitlines())}


def lookup(options):
    """The lookup alone, called with the flow's addresses."""
    ns = measured(run(MEASURE, "flows", FLOWS, options.rounds))
    return [differences(ns, case, "flow", "nothing")
            for case in dict.fromkeys(name.split("/")[0] for name in ns)]


def chain(place, options, namespace, family, which):
    """The whole chain with and without `established`: a packet of a flow, or of none."""
    name, store = f"chain-{which}-ipv{family}", f"flows{family}{which}"
    for number, (of, rules) in enumerate(((f"plain{store}", RULES.splitlines()[1] + "\n"),
                                          (store, RULES))):
        device = f"f{family}{which}{number}"
        place.device(namespace, device)
        place.apply_rules(namespace, of, device, rules)
    line = " ".join([name, which, place.store(f"plain{store}"), place.store(store),
                     f"{place.work}/{store}.trace"]) + "\n"
    ns = measured(place.inside(namespace, MEASURE, "established", DRIVER, FLOWS, options.rounds,
                               stdin=line))
    counted = place.counters(namespace, store)
    if counted["other" if which == "hit" else "flow"]:
        raise Failed(f"{name}: the chain found {counted['flow']} packets of flows, "
                     f"{counted['other']} of none")
    return dict(differences(ns, name, "established", "plain"), case=f"chain, ipv{family} {which}")


def measure(place, options):
    say("flows")
    rows = lookup(options)
    namespace = place.namespace("flows")
    for family in options.families:
        rows += [chain(place, options, namespace, family, which) for which in ("hit", "miss")]
    place.drop_namespace(namespace)
    return rows
