# Runs inside the machine with the real ip_vs, as root: replays every session beside it and leaves the answers in /out.
# Each session has a network namespace of its own, hence an empty table, with interfaces d0 (MTU 1500) and j0 (9000).

# The lines of a file, each behind a mark.
marked() {
  local lines
  mapfile -t lines <"$2"
  [ ${#lines[@]} = 0 ] || printf "$1 %s\n" "${lines[@]}"
}

# Runs the pending command on the input lines that followed it.
answer() {
  [ -n "$command" ] || return 0
  printf '%s' "$input" >/tmp/stdin
  (eval "$command") </tmp/stdin >/tmp/stdout 2>/tmp/stderr
  local status=$?
  printf '$ %s\n' "$command"
  marked '<' /tmp/stdin
  marked '>' /tmp/stdout
  marked '!' /tmp/stderr
  [ "$status" = 0 ] || printf '= %s\n' "$status"
  command=
  input=
}

replay() {
  command=
  input=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      '$ '*) answer; command=${line#??} ;;
      '< '*) input+=${line#??}$'\n' ;;
      '<') input+=$'\n' ;;
      '> '* | '>' | '! '* | '!' | '= '*) ;;
      '% '*) answer; printf '%s\n' "$line"; (eval "${line#??}") >/dev/null 2>&1 </dev/null ;;
      *) answer; printf '%s\n' "$line" ;;
    esac
  done
  answer
}

if [ "${1:-}" = replay ]; then
  replay
  exit 0
fi

modprobe -a ip_vs ip_vs_pe_sip 2>/dev/null
cat hosts >/etc/hosts
cat services >/etc/services
printf 'hosts: files\nservices: files\n' >/etc/nsswitch.conf

for sessions in *.txt; do
  csplit -s -z -f /tmp/part -n 4 "$sessions" '/^--- /' '{*}'
  for part in /tmp/part*; do
    ip netns add session
    ip -n session link set lo up
    ip -n session link add d0 type veth peer name d1
    ip -n session link add j0 mtu 9000 type veth peer name j1 mtu 9000
    for device in d0 d1 j0 j1; do ip -n session link set "$device" up; done
    ip -n session address add 10.255.0.1/24 dev d0
    ip -n session address add 10.255.1.1/24 dev j0
    ip netns exec session bash "$(realpath "$0")" replay <"$part" >>"/out/$sessions"
    ip netns delete session
  done
  rm /tmp/part*
done
