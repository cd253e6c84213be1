#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# apply.sh: how long 1 000 rules take to apply, against `nft -f` of the same rules, interleaved in
# one run (medians); then parse and check of 100 000 rules (time and peak memory).
. "$(dirname "$0")/../kernel/lib.sh"
setup
rounds=${ROUNDS:-9}

# The same 1 000 rules for both: a source prefix and a port each, as a server's list has them.
"$PYTHON" - "$work" <<'EOF'
import random, sys
random.seed(1)
rules = [(f"{random.randint(1, 126)}.{random.randint(0, 255)}.{random.randint(0, 255)}.0/24",
          random.choice(["tcp", "udp"]), random.randint(1, 65535), random.choice(["allow", "drop"]))
         for _ in range(100000)]
head = "version 1\ninterface eth0\ndefault drop\noption fragments drop\n"
def fw(name, some):
    with open(f"{sys.argv[1]}/{name}", "w") as f:
        f.write(head)
        for src, proto, port, verb in some:
            f.write(f"{verb} {proto} src {src} dport {port}\n")
fw("one.fw", rules[:1000])
fw("two.fw", rules[1000:2000])
fw("all.fw", rules)
for name, some in (("one.nft", rules[:1000]), ("two.nft", rules[1000:2000])):
    with open(f"{sys.argv[1]}/{name}", "w") as f:
        f.write("add table inet t\ndelete table inet t\ntable inet t {\n chain c {\n"
                "  type filter hook prerouting priority raw; policy drop;\n")
        for src, proto, port, verb in some:
            f.write(f"  ip saddr {src} {proto} dport {port} {'accept' if verb == 'allow' else verb}\n")
        f.write(" }\n}\n")
EOF

milliseconds() { # of a command; its output is in $work/said
	local start
	start=$(date +%s%N)
	"$@" >"$work/said" 2>&1 || echo "failed: $*" >&2
	echo $((($(date +%s%N) - start) / 100000))
}
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.1f ms", v[int((NR + 1) / 2)] / 10 }'; }

ok "the first apply" fw apply --force "$work/one.fw"
for round in $(seq "$rounds"); do
	file=$([ $((round % 2)) = 1 ] && echo two || echo one)
	milliseconds fw apply --force "$work/$file.fw" >>"$work/fw.ms"
	milliseconds on_server nft -f "$work/$file.nft" >>"$work/nft.ms"
done
echo "apply of 1 000 rules, median of $rounds: bpffw $(median <"$work/fw.ms"), nft $(median <"$work/nft.ms")"
fw -v apply --force "$work/one.fw" 2>/dev/null | tail -n 2

start=$(date +%s%N)
"$PYTHON" - "$BPFFW" "$work/all.fw" <<'EOF'
import os, resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run([sys.argv[1], "check", "--dump=rules", sys.argv[2]], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
took = time.monotonic() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print(f"parse and check of 100 000 rules: {took:.2f} s, {peak} MB at the peak, exit {done.returncode}")
EOF
finish
