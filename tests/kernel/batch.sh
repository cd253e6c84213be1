#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The same random changes, one by one and in one batch, make the same ruleset with the same ids,
# whatever part of them is refused.
. "$(dirname "$0")/lib.sh"
setup
export BPFFW_RULES=$work/rules.fw
rules <<-'EOF'
	version 1
	interface eth0
	default drop
	set listed addr { 192.0.2.1 }
	chain side {
	    allow tcp dport 1 name first
	    drop src @listed
	}
	allow tcp dport 2 name second
	jump side
	allow tcp dport 3
EOF

commands() { # commands SEED
	"$PYTHON" - "$1" <<-'EOF'
		import random, sys
		random.seed(int(sys.argv[1]))
		names = ["first", "second", "n1", "n2", "n3"]
		ref = lambda: random.choice(["r%d" % i for i in range(1, 12)] + names)
		verb = lambda: random.choice(["allow", "drop", "count"])
		match = lambda: random.choice(["tcp dport %d" % random.randrange(1, 99), "udp sport 5",
		    "src 10.%d.0.0/16" % random.randrange(9), "src @listed", "dport 7", "icmp"])
		tail = lambda: random.choice(["", " name n%d" % random.randrange(1, 4), " disabled"])
		rule = lambda: verb() + " " + match() + tail()
		for i in range(24):
		    print(random.choice([
		        "add " + rule(), "add before %s %s" % (ref(), rule()), rule(),
		        "add after %s %s" % (ref(), rule()), "add in side " + rule(), "del " + ref(),
		        "move %s before %s" % (ref(), ref()), "move %s after %s" % (ref(), ref()),
		        "replace %s %s" % (ref(), rule()), "enable " + ref(), "disable " + ref(),
		        "default " + random.choice(["allow", "drop"])]))
	EOF
}

result() { # what runs after the commands of standard input: ids, texts, chains
	fw -q panic open >/dev/null 2>&1
	rm -rf "$work/state" "$work/bpf/fw"
	fw -q apply 2>/dev/null
	fw -q -k >/dev/null 2>&1
	fw list --json | "$PYTHON" -c '
import json, sys
ruleset = json.load(sys.stdin)
print(ruleset["default"]["verdict"])
for rule in ruleset["rules"]: print(rule["id"], rule["chain"], rule["text"])'
}

for seed in 1 2 3; do
	commands $seed >"$work/commands"
	result <"$work/commands" >"$work/single"
	{ echo begin && cat "$work/commands" && echo commit; } >"$work/batch"
	result <"$work/batch" >"$work/together"
	ok "seed $seed" diff "$work/single" "$work/together"
	same "seed $seed changed something" "$(grep -c -e n1 -e n2 -e n3 "$work/single" | grep -c 0)" 0
done
finish
