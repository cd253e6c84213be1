#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# deps.sh PACKAGE...: install those Debian packages that are missing. Silent when none is.
set -eu

command -v dpkg-query >/dev/null || {
	echo "deps: not a Debian system; these packages' counterparts are needed: $*" >&2
	exit 0
}
missing=
for package in "$@"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || {
	echo "deps: missing:$missing" >&2
	echo "deps: run 'sudo make deps'" >&2
	exit 1
}
echo "  DEPS   $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086 # one word per package
apt-get -qq -o Dpkg::Use-Pty=0 install --no-install-recommends $missing >/dev/null
