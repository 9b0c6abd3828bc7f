# Runs on the machine that has the real ip_vs: two namespaces joined by a cable, then answer.py. It leaves the answers in /out.
set -euo pipefail
modprobe ip_vs
ip netns add client
ip netns add director
ip link add name eth0 netns client type veth peer name eth0 netns director
ip -n client address add 10.1.0.2/16 dev eth0
ip -n director address add 10.1.0.1/16 dev eth0
for n in $(seq 100 107); do ip -n director address add "10.1.0.$n/32" dev lo; done
for name in client director; do
  ip -n $name link set lo up
  ip -n $name link set eth0 up
done
ip -n director route add local 10.3.0.0/16 dev lo
ip -n director route add 10.2.0.0/16 via 10.1.0.2
ip -n client route add 10.3.0.0/16 via 10.1.0.1
for n in $(seq 11 19); do ip -n director neighbour add "10.1.1.$n" lladdr "02:00:00:00:00:$n" dev eth0 nud permanent; done
ip netns exec director sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit'
# answer.py adds a rule for each marked service, whose mark is its port.
ip netns exec director nft -f - <<'NFT'
table ip marks {
  chain prerouting {
    type filter hook prerouting priority mangle
  }
}
NFT
ip netns exec client taskset -c 0 python3 answer.py scenarios /out/answers
