#!/usr/bin/env bash
# Lets sluice and the real ip_vs tell each other of connections, both ways, in both versions of the protocol, and compares
# what they list.
#
#   test/conformance/sync-daemon/run.sh ORACLE
#
# ORACLE runs a script as root on a machine that has the real ip_vs, as for ../ipvsadm/record.sh. What it takes of sluice
# (the built program and koffi) goes with the script.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
oracle=${1:-${ORACLE:-}}
[ -n "$oracle" ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }

parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
mkdir -p "$parts/sluice/node_modules/@koromix"
cp -r "$root/bin" "$root/package.json" "$parts/sluice/"
mkdir "$parts/sluice/dist"
cp "$root"/dist/*.js "$parts/sluice/dist/"
for module in koffi commander; do cp -rL "$root/node_modules/$module" "$parts/sluice/node_modules/"; done
cp -rL "$root"/node_modules/@koromix/koffi-linux-x64 "$parts/sluice/node_modules/@koromix/" 2>/dev/null || true
"$oracle" "$here/both-ways.sh" "$here/client.py" "$parts/sluice"
