# SPDX-License-Identifier: GPL-3.0-or-later
"""Cost over the number of rules as an SVG: the chain alone, the receive path beside its peers."""
import math
from statistics import median

WIDTH, HEIGHT, LEFT, TOP = 430, 300, 62, 46
COLOURS = {"bpffw": "#c0392b", "nft linear": "#2c3e50", "iptables-legacy": "#2980b9",
           "iptables-nft": "#16a085", "nft set": "#8e44ad", "ipset": "#d35400",
           "acl": "#c0392b", "fw": "#2980b9", "ipc": "#16a085", "adversarial": "#7f8c8d",
           "xdp-drop": "#999999"}


class Panel:
    """Both axes logarithmic; x and y are (lowest, highest) decades."""

    def __init__(self, left, title, series):
        points = [point for _, _, line in series for point in line]
        self.left, self.title, self.series = left, title, series
        self.x = self.decades([x for x, _ in points])
        self.y = self.decades([y for _, y in points])

    @staticmethod
    def decades(values):
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return low, max(high, low + 1)

    def at(self, x, y):
        def part(value, axis):
            return (math.log10(value) - axis[0]) / (axis[1] - axis[0])
        return (self.left + LEFT + part(x, self.x) * (WIDTH - LEFT - 10),
                TOP + (1 - part(y, self.y)) * HEIGHT)

    def text(self, x, y, words, anchor="middle", colour="#333", size=12):
        return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                f'font-size="{size}">{words}</text>')

    def axes(self):
        out = [self.text(self.left + WIDTH / 2, 20, self.title, size=14)]
        for decade in range(self.x[0], self.x[1] + 1):
            x, low = self.at(10 ** decade, 10 ** self.y[0])
            out.append(f'<path d="M{x:.1f} {low:.1f}V{TOP}" stroke="#ddd"/>')
            label = ["1", "10", "100", "1k", "10k", "100k", "1M", "10M"][decade]
            out.append(self.text(x, low + 18, label))
        for decade in range(self.y[0], self.y[1] + 1):
            x, y = self.at(10 ** self.x[0], 10 ** decade)
            out.append(f'<path d="M{x:.1f} {y:.1f}H{self.left + WIDTH - 10}" stroke="#ddd"/>')
            out.append(self.text(x - 6, y + 4, str(10 ** decade), "end"))
        out.append(self.text(self.left + WIDTH / 2, TOP + HEIGHT + 36, "rules"))
        out.append(self.text(self.left + LEFT - 6, TOP - 10, "ns", "end"))
        return out

    def lines(self):
        out = []
        for row, (name, dashed, line) in enumerate(self.series):
            colour = COLOURS.get(name.split(",")[0].split(" (")[0], "#555")
            dash = ' stroke-dasharray="5 3"' if dashed else ""
            points = [self.at(x, y) for x, y in sorted(line)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                       f'stroke-width="2"{dash}/>')
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                    for x, y in points]
            x, y = self.left + LEFT + (row % 3) * 125, TOP + HEIGHT + 60 + row // 3 * 18
            out.append(f'<path d="M{x:.1f} {y - 4}h20" stroke="{colour}" stroke-width="2"{dash}/>')
            out.append(self.text(x + 25, y, name, "start", size=11))
        return out


def chain_series(rows):
    series = []
    for kind in ("acl", "fw", "ipc", "adversarial"):
        for family in (4, 6):
            line = []
            for size in sorted({row["size"] for row in rows}):
                times = [row["median"] for row in rows if "median" in row and
                         (row["kind"], row["family"], row["size"]) == (kind, family, size)]
                if times:
                    line.append((size, median(times)))
            if line:
                series.append((f"{kind}, IPv{family}", family == 6, line))
    return series


def peer_series(rows):
    series = []
    ran = [row for row in rows if "median" in row]
    for kind, suffix in (("acl", ""), ("blacklist", " (set)")):
        for peer in dict.fromkeys(row["peer"] for row in ran):
            line = [(row["size"], row["median"]) for row in ran
                    if (row["kind"], row["peer"], row["family"]) == (kind, peer, 4)]
            if line:
                series.append((peer + suffix, bool(suffix), line))
    return series


def write(result, path):
    panels = []
    for title, series in (("chain, ns per packet", chain_series(result.get("chain", []))),
                          ("receive path, CPU ns per packet",
                           peer_series(result.get("peers", [])))):
        if series:
            panels.append(Panel(len(panels) * WIDTH, title, series))
    width, height = max(len(panels), 1) * WIDTH + 10, TOP + HEIGHT + 140
    machine = result["machine"]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           f'viewBox="0 0 {width} {height}" font-family="sans-serif">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for panel in panels:
        out += panel.axes() + panel.lines()
    out.append(f'<text x="10" y="{height - 8}" font-size="10" fill="#777">{machine["date"]}, '
               f'{machine["cpu"]}, Linux {machine["kernel"]}</text></svg>')
    with open(path, "w") as file:
        file.write("\n".join(out) + "\n")
