# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of bench.py that are tests of the kernel's, run for longer than a test may take: their
`figures NAME=VALUE...` lines, and how many of their checks failed."""
import os, re, statistics, subprocess
from place import OUT, Failed, say

KERNEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kernel")


def script(name, timeout, **variables):
    """The figures of a script, which ends by itself in time: it has namespaces of its own."""
    environment = dict(os.environ, O=OUT, **{key: str(value) for key, value in variables.items()})
    child = subprocess.Popen(["timeout", "-k", "30", str(timeout), "bash", f"{KERNEL}/{name}.sh"],
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=environment, errors="replace")
    try:
        output, errors = child.communicate()
    finally:
        child.terminate()  # it cleans up behind itself when it is told to end
        child.wait()
    if child.returncode in (124, 137):
        raise Failed(f"{name}.sh: not done after {timeout} s")
    figures = dict(word.split("=", 1) for line in output.splitlines()
                   if line.startswith("figures ") for word in line.split()[1:])
    ended = re.search(r"^(\d+) passed, (\d+) failed$", output, re.M)
    if not ended or not figures:
        raise Failed(f"{name}.sh: {(output + errors)[-300:]}")
    figures["checks"], figures["failed"] = ended.groups()
    for line in output.splitlines():
        if line.startswith("FAILED"):
            say(f"{name}.sh: {line}")
    return figures


def slope(points):
    """Of "APPLIES:kB,...": the median over all pairs, for what else runs takes memory for a while."""
    at = [tuple(map(int, point.split(":"))) for point in points.split(",")]
    return statistics.median((b[1] - a[1]) / (b[0] - a[0])
                             for number, a in enumerate(at) for b in at[number + 1:])


def measure_idle(place, options):
    """1 000 idle connections, of both families in turn, beside a flood into open ports."""
    say(f"idle: a flood of {options.idle_seconds} s")
    return script("flows", 120 + options.idle_seconds, FLOOD=options.idle_seconds)


def measure_applies(place, options):
    plain, applies = options.applies
    say(f"applies: {plain} without limits, {applies} with")
    figures = script("applies", 120 + plain / 4 + applies * 2, PLAIN=plain, APPLIES=applies)
    for key in ("plain_memory", "memory"):
        figures[f"{key}_slope"] = slope(figures[key])
    return figures
