#!/usr/bin/env bash
# Asks the real ipvsadm for the answers in sessions/*.txt and traffic/*.txt and writes them there.
#
#   test/conformance/ipvsadm/record.sh ORACLE [SESSION ...]
#
# ORACLE runs a script as root on a machine that has the real ip_vs and ipvsadm 1.31:
#
#   ORACLE SCRIPT FILE ...      SCRIPT runs with bash beside copies of the FILEs; what it leaves
#                               in /out appears in the folder $ORACLE_OUT
#
# It may also come from the environment, as ORACLE. Without SESSIONs all are recorded. The format of a session is
# described in session.ts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
oracle=${1:-${ORACLE:-}}
[ -n "$oracle" ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
shift || true
sessions=("$@")
[ ${#sessions[@]} -gt 0 ] || sessions=("$here"/sessions/*.txt "$here"/traffic/*.txt)

answers=$(mktemp -d)
trap 'rm -rf "$answers"' EXIT
ORACLE_OUT=$answers "$oracle" "$here/answer.sh" "$here/hosts" "$here/services" "${sessions[@]}"
for session in "${sessions[@]}"; do
  answer=$answers/$(basename "$session")
  [ -s "$answer" ] || { echo "record: no answer for $session" >&2; exit 1; }
  cp "$answer" "$session"
done
