#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# layers.sh: fail when a file includes upwards, or when compiler/ is not pure: a libc call that is
# not on the list below, or data that can be written. O names the build folder.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-build}
passed=0 failed=0
list=$(mktemp) || exit 1
trap 'rm -f "$list"' EXIT

ok() { passed=$((passed + 1)); }
bad() {
	failed=$((failed + 1))
	echo "layers: $*"
}

# The rank of a file: a file may include its own rank and lower ones.
rank() {
	case $1 in
	bpf/*) echo 0 ;;
	compiler/base/*) echo 1 ;;
	compiler/lang/*) echo 2 ;;
	compiler/ir/*) echo 3 ;;
	compiler/gen/*) echo 4 ;;
	compiler/compile.*) echo 5 ;;
	# Text to text: it needs no kernel and no user.
	bpffw/import/*) echo 5 ;;
	bpffw/runtime/*) echo 6 ;;
	bpffw/ui/* | bpffw/opt.h) echo 7 ;;
	bpffw/cmd/* | bpffw/command.h) echo 8 ;;
	bpffw/*) echo 9 ;;
	*) echo unknown ;;
	esac
}

for file in bpf/*.[ch] compiler/*.[ch] compiler/*/*.[ch] bpffw/*.[ch] bpffw/*/*.[ch]; do
	[ -e "$file" ] || continue
	own=$(rank "$file")
	upwards=
	for included in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\([^"]*\)".*/\1/p' "$file"); do
		other=$(rank "$included")
		[ "$other" != unknown ] || {
			upwards="$upwards $included (not a path from the top of the tree)"
			continue
		}
		[ "$other" -le "$own" ] || upwards="$upwards $included"
	done
	if [ -n "$upwards" ]; then bad "$file includes upwards:$upwards"; else ok; fi
done

# What the pure library may call. arena.o alone may also print and exit: out of memory.
pure='bcmp memcpy memset memcmp memmove memchr memrchr memmem fnmatch
strlen strnlen strcmp strncmp strcasecmp
strncasecmp strchr strrchr strstr strspn strcspn vsnprintf snprintf qsort qsort_r bsearch strtoul
strtoull strtol strtoll malloc calloc realloc free aligned_alloc abort __assert_fail
__stack_chk_fail __memcpy_chk __memset_chk __snprintf_chk __vsnprintf_chk __ctype_b_loc
_GLOBAL_OFFSET_TABLE_ __udivti3 __umodti3 __popcountdi2 __floatuntidf'
arena='fputs fprintf fwrite exit _exit stderr'

library=$O/libcompiler.a
[ -e "$library" ] || {
	bad "$library is not built"
	echo "$passed passed, $failed failed"
	exit 1
}
# A line for each object: its name, then what it calls outside the library.
nm -A "$library" 2>/dev/null | awk -v pure="$pure" -v arena="$arena" '
	BEGIN {
		n = split(pure, list); for (i = 1; i <= n; i++) allowed[list[i]] = 1
		n = split(arena, list); for (i = 1; i <= n; i++) allowed["arena.o " list[i]] = 1
	}
	{ split($1, path, ":"); object = path[2]; objects[object] = 1 }
	$(NF - 1) == "U" { calls[object, $NF] = 1; next }
	{ defined[$NF] = 1 }
	END {
		for (call in calls) {
			split(call, part, SUBSEP)
			if (!(part[2] in defined) && !(part[2] in allowed) &&
			    !((part[1] " " part[2]) in allowed))
				said[part[1]] = said[part[1]] " " part[2]
		}
		for (object in objects) print object said[object]
	}' >"$list"
while read -r object impure; do
	if [ -n "$impure" ]; then bad "$object calls: $impure"; else ok; fi
done <"$list"
# .data.rel.ro is written by the linker only.
objdump -t "$library" 2>/dev/null | awk '
	/file format/ { object = $1; sub(/:$/, "", object); objects[object] = 1; next }
	/ O / {
		for (i = 1; i <= NF; i++)
			if ($i ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && $i !~ /^\.data\.rel\.ro/)
				said[object] = said[object] " " $NF
	}
	END { for (object in objects) print object said[object] }' >"$list"
while read -r object writable; do
	if [ -n "$writable" ]; then bad "$object has mutable globals: $writable"; else ok; fi
done <"$list"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
