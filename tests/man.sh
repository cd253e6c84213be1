#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual pages are clean for mandoc, and every command and error code is in them,
# and no code that nothing reports.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0

check() {
	if [ -z "$2" ]; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		printf 'man: %s: %s\n' "$1" "$2"
	fi
}

command -v mandoc >/dev/null || {
	echo "man: mandoc is missing: run 'sudo make deps'"
	echo "0 passed, 1 failed"
	exit 1
}
for page in etc/*.[1-9]; do
	check "$page" "$(mandoc -T lint -W warning "$page" 2>&1)"
done
for command in $(sed -n '/define COMMANDS(X)/,/clang-format/s/X(\([a-z]*\))/\n\1\n/gp' bpffw/command.h |
	grep -x '[a-z]*'); do
	check "command $command" "$(grep -q "^\.It Cm $command\b" etc/bpffw.8 ||
		echo 'is not in bpffw(8)')"
done
# So does `help` for each statement of a file.
for statement in $(sed -n 's/^\tX("\([a-z]*\)", STMT_.*/\1/p' compiler/lang/parse.c); do
	check "statement $statement" "$("${O:-build}/bpffw" help "$statement" 2>&1 |
		grep -q "^$statement [^ ]" || echo 'help does not know it as one')"
	check "statement $statement" "$(grep -q "^\.It Cm.*\b$statement\b" etc/bpffw-rules.5 ||
		echo 'is not in bpffw-rules(5)')"
done
for code in $(sed -n 's/^X(\([EW][0-9]*\),.*/\1/p' compiler/base/codes.def); do
	check "code $code" "$(grep -q "\b$code\b" etc/bpffw-rules.5 || echo 'is not in bpffw-rules(5)')"
	check "code $code" "$(grep -rqw "$code" compiler bpffw --include='*.c' || echo 'is never reported')"
done
for schema in etc/schema/*.json; do
	name=$(basename "$schema" -1.json)
	check "schema $name" "$(grep -q "[ .]${name#bpffw.}/1" etc/bpffw-json.5 ||
		echo 'is not in bpffw-json(5)')"
done
for name in $(grep -rhoE 'json_schema\("[a-z-]+"|(change_json|print_change)\([a-z>&-]+, "[a-z]+"' \
	bpffw --include='*.c' | sed 's/.*"\(.*\)"/\1/' | sort -u); do
	check "output $name" "$([ -e "etc/schema/bpffw.$name-1.json" ] || echo 'has no schema')"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
