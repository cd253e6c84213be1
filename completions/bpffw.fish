# SPDX-License-Identifier: GPL-3.0-or-later
# fish completion for bpffw: `bpffw __complete` knows what may follow.

function __bpffw_complete
    set -l words (commandline -opc)
    $words[1] __complete -- $words[2..-1] (commandline -ct | string unescape) 2>/dev/null |
        string match -rv '^\t'
end

complete -c bpffw -f -a '(__bpffw_complete)'
