# Runs on the machine that has the real ip_vs: one director with it, one with sluice, and a client, on one switch.
set -uo pipefail
modprobe -a ip_vs ip_vs_rr 2>/dev/null
sluice=$PWD/sluice/bin/sluice
ip netns add switch
ip -n switch link add br0 type bridge mcast_snooping 0
ip -n switch link set br0 up
n=0
for host in real ours client; do
  n=$((n + 1))
  ip netns add $host
  ip link add name eth0 netns $host type veth peer name port$n netns switch
  ip -n switch link set port$n master br0 up
  ip -n $host link set lo up
  ip -n $host link set eth0 up
  ip netns exec $host sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done'
done
ip -n real address add 10.0.0.1/24 dev eth0
ip -n ours address add 10.0.0.2/24 dev eth0
ip -n client address add 10.0.0.9/24 dev eth0
ip -n real address add 10.0.0.100/32 dev lo
ip -n ours address add 10.0.0.100/32 dev lo
# Nobody is there; whoever is sent to has an address, though.
for host in real ours; do
  for server in 11 12; do ip -n $host neighbour add 10.0.0.$server lladdr 02:00:00:00:00:$server dev eth0; done
done

rules() {
  cat <<'RULES'
-A -t 10.0.0.100:80 -s rr
-a -t 10.0.0.100:80 -r 10.0.0.11:80 -g
-a -t 10.0.0.100:80 -r 10.0.0.12:80 -g
-A -t 10.0.0.100:443 -s rr -p 100
-a -t 10.0.0.100:443 -r 10.0.0.11:443 -g
-A -t 10.0.0.100:8080 -s rr
-a -t 10.0.0.100:8080 -r 10.0.0.12:8000 -m
-A -u 10.0.0.100:53 -s rr
-a -u 10.0.0.100:53 -r 10.0.0.11:53 -i
RULES
}

real() { ip netns exec real "$@"; }
ours() { ip netns exec ours "$@"; }
on() {
  case $1 in
    real) real ipvsadm "${@:2}" ;;
    ours) ours node "$sluice" ipvsadm "${@:2}" ;;
  esac
}
version() {
  case $1 in
    real) real sysctl -qw net.ipv4.vs.sync_version=$2 ;;
    ours) ours node "$sluice" sysctl net.ipv4.vs.sync_version=$2 >/dev/null ;;
  esac
}
# Without the time that is left, which goes on.
listed() { on "$1" -Lnc | sed 1,2d | awk '{ print $1, $3, $4, $5, $6 }' | sort; }

failed=0
# What is listed by both after a client came to the first of them.
told() {
  local from=$1 to=$2 which=$3 base=$4
  ip -n client route replace 10.0.0.100 via "$([ "$from" = real ] && echo 10.0.0.1 || echo 10.0.0.2)"
  version "$from" "$which"
  { echo -C; rules; echo "--start-daemon master --mcast-interface eth0 --syncid 7"; } | on "$from" -R || failed=1
  { echo -C; rules; echo "--start-daemon backup --mcast-interface eth0 --syncid 7"; } | on "$to" -R || failed=1
  on "$from" -L --daemon
  on "$to" -L --daemon
  ip netns exec client python3 client.py "$base"
  sleep 4
  listed "$from" | grep ":$(( (base / 100) ))\|:0 " >/tmp/from
  listed "$to" | grep ":$(( (base / 100) ))\|:0 " >/tmp/to
  echo "--- $from tells $to in version $which: $(wc -l </tmp/from) connections"
  cat /tmp/from
  if diff /tmp/from /tmp/to && [ -s /tmp/from ]; then echo same; else failed=1; fi
  on "$from" --stop-daemon master
  on "$to" --stop-daemon backup
  on "$to" -L --daemon
}

told real ours 1 20100
told ours real 1 20200
told real ours 0 20300
told ours real 0 20400
dmesg | grep -i 'ipvs.*backup\|ipvs.*drop' | tail -5
exit $failed
