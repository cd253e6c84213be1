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
# The same words in the page, whatever the line breaks: blanks do not count.
squeeze() { tr -d ' \n\t'; }
page=$(mandoc -T ascii etc/bpffw-rules.5 | col -b | squeeze)
help_of() { "${O:-build}/bpffw" help "$1" 2>&1; }
for code in $(sed -n 's/^X(\([EW][0-9]*\),.*/\1/p' compiler/base/codes.def); do
	text=$(help_of "$code" | squeeze)
	case $page in
	*"$text"*) check "help $code" "" ;;
	*) check "help $code" "says other than bpffw-rules(5)" ;;
	esac
done
# Each word of the tables has its place in the page, and its example is a rule.
for word in $(help_of matches | awk '{print $1}') $(help_of verbs | awk '{print $1}'); do
	check "word $word" "$(grep -qE "^\.(It|Op|Cm|Ql|Oo).*\b$word\b" etc/bpffw-rules.5 ||
		echo 'is not in bpffw-rules(5)')"
done
# Options of the command line and of each command.
for option in $(sed -n 's/.*{ *\.name = "\([a-z-]*\)", *\.\(help\|value\|letter\|optional\).*/\1/p' \
	bpffw/opt.c bpffw/cmd/*.c | sort -u); do
	check "option --$option" "$(grep -q "Fl -$option\b" etc/bpffw.8 || echo 'is not in bpffw(8)')"
done
# The examples of the page and of `help` are rules that hold.
rules=$(mktemp)
sed -n '/^\.Sh EXAMPLES/,/^\.Sh DIAG/p' etc/bpffw-rules.5 | sed -n '/^\.Bd/,/^\.Ed/{//!p}' >"$rules"
check "the example of bpffw-rules(5)" "$([ -s "$rules" ] && "${O:-build}/bpffw" check "$rules" 2>&1 |
	grep -E ' error: ')"
for word in $(help_of matches | awk '{print $1}' | sort -u) $(help_of verbs | awk '{print $1}'); do
	example=$(help_of "$word" | grep -vE 'also written|Not supported' | tail -n 1 | sed 's/^ *//')
	case $example in return*) example="chain c { $example }" ;; esac
	printf '%s\n' 'version 1' 'interface eth0, wan0' 'default drop' 'chain from-wan {' '}' \
		'option fragments drop' "$example" >"$rules"
	check "example '$example'" "$("${O:-build}/bpffw" check "$rules" 2>&1 | grep -E ' error: ' | grep -v E190)"
done
rm -f "$rules"
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
