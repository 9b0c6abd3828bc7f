#!/usr/bin/env bash
# Asks the real ip_vs which servers it chooses in the scenarios of scenarios.ts, and writes its answers to recorded.json.
#
#   test/conformance/schedulers/record.sh ORACLE
#
# ORACLE runs a script as root on a machine that has the real ip_vs, ipvsadm, nft and python3:
#
#   ORACLE SCRIPT FILE ...      SCRIPT runs with bash beside copies of the FILEs; what it leaves
#                               in /out appears in the folder $ORACLE_OUT
#
# It may also come from the environment, as ORACLE.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
oracle=${1:-${ORACLE:-}}
[ -n "$oracle" ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node --import tsx "$here/scenarios.ts" > "$work/scenarios"
ORACLE_OUT=$work/out "$oracle" "$here/answer.sh" "$here/answer.py" "$work/scenarios"
node --import tsx "$here/scenarios.ts" "$work/out/answers" > "$work/recorded.json"
cp "$work/recorded.json" "$here/recorded.json"
