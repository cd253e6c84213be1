#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Random changes of random files, saved: the file is what runs.
. "$(dirname "$0")/lib.sh"
setup
for seed in 1 2; do
	ok "edits, seed $seed" on_server "$PYTHON" tests/kernel/edits.py "$work/files" $seed 15 \
		"$BPFFW" --bpffs "$work/bpf/fw" --state-dir "$work/state" --run-dir "$work/run"
done
finish
