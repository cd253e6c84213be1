# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion for bpffw: `bpffw __complete` knows what may follow.

_bpffw() {
	local rest=${COMP_LINE:0:COMP_POINT} words=() word cut= name i IFS=$' \t\n'

	# bash cuts words at ':', '=' and '@'; put together what stands together.
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -z ${words+set} || -z $rest || $rest == [[:space:]]* ]]; then
			rest=${rest#"${rest%%[![:space:]]*}"}
			words+=("")
		fi
		if [[ $rest == "$word"* ]]; then
			rest=${rest#"$word"}
		else # the cursor stands inside of it
			word=$rest rest=
		fi
		words[${#words[@]} - 1]+=$word
	done
	# Quotes group, as they do for the command.
	for i in "${!words[@]}"; do
		word=${words[i]}
		case $word in
		\"*) word=${word#\"} word=${word%\"} ;;
		\'*) word=${word#\'} word=${word%\'} ;;
		esac
		words[i]=$word
	done
	word=${words[${#words[@]} - 1]}
	# bash replaces only what is behind the last of its word breaks, an '@' included.
	for ((i = ${#word}; i > 0; i--)); do
		name=${word:i-1:1}
		[[ :=@ == *"$name"* && $COMP_WORDBREAKS == *"$name"* ]] || continue
		cut=${word:0:i}
		[[ $name == @ ]] && cut=${word:0:i-1}
		break
	done
	COMPREPLY=()
	while IFS= read -r name; do
		name=${name%%$'\t'*}
		[[ -n $name && $name == "$word"* ]] || continue
		[[ $name == *[/=] ]] && compopt -o nospace 2>/dev/null
		printf -v name %q "${name#"$cut"}"
		name=${name//\\,/,}
		COMPREPLY+=("${name//\\@/@}")
	done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
}

complete -F _bpffw bpffw
