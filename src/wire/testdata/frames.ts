/** Frames to print: some captured from keepalived 2.2.7, the others made here. */
import { ip, ipBytes, type Mac, parseMac } from '../../bytes/address.ts'
import { pseudoHeaderSum } from '../../bytes/checksum.ts'
import { hex } from '../../bytes/hex.ts'
import { ARP_REPLY, ARP_REQUEST, encodeArp } from '../arp.ts'
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN, encodeEthernet } from '../ethernet.ts'
import {
  encodeIcmp,
  ICMP_ECHO_REQUEST,
  ICMP_FRAGMENTATION_NEEDED,
  ICMP_PORT_UNREACHABLE,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  ICMPV6_ECHO_REPLY,
  ICMPV6_PACKET_TOO_BIG,
} from '../icmp.ts'
import {
  encodeIpv4,
  IP_PROTOCOL_ICMP,
  IP_PROTOCOL_IPIP,
  IP_PROTOCOL_TCP,
  IP_PROTOCOL_UDP,
  type Ipv4Header,
  ipv4Header,
} from '../ipv4.ts'
import { encodeIpv6, IP_PROTOCOL_ICMPV6, ipv6FragmentExtension, ipv6Header } from '../ipv6.ts'
import { neighbourMessage } from '../ndp.ts'
import { encodeTcp, TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, type TcpSegment } from '../tcp.ts'
import { encodeUdp } from '../udp.ts'
import { encodeAdvertisement, IP_PROTOCOL_VRRP, vrrpPseudoSum } from '../vrrp.ts'

const MAC = parseMac('02:00:00:00:00:01')!
const OTHER_MAC = parseMac('02:00:00:00:00:02')!
const NO_MAC = parseMac('00:00:00:00:00:00')!
const CLIENT = ip('10.0.0.1')
const SERVER = ip('10.0.0.2')
const CLIENT6 = ip('2001:db8::1')
const SERVER6 = ip('2001:db8::2')
const TEXT = new TextEncoder().encode('hello')

/** v2 PASS advertisement, VRID 51, priority 100, VIP 192.168.200.10, password "abc". */
export const KEEPALIVED_V2: Uint8Array = hex(`
  01005e00 00120200 00000001 0800
  45c00028 00010000 ff7051e7 c0a8c802 e0000012
  21336401 01012cb4 c0a8c80a 61626300 00000000`)

/** The same with priority 0. */
export const KEEPALIVED_V2_STOP: Uint8Array = hex(`
  01005e00 00120200 00000001 0800
  45c00028 00020000 ff7051e6 c0a8c802 e0000012
  21330001 010190b4 c0a8c80a 61626300 00000000`)

/** v2 AH advertisement, VRID 51, priority 100, two VIPs, password "abc", first of its sequence. */
export const KEEPALIVED_AH: Uint8Array = hex(`
  01005e00 0012fa8e c9b2af91 0800
  45c00044 00010000 ff33d0a9 0a090001 e0000012
  70040000 0a090001 00000001 0dfb567e 43165b75 b6cd656e
  21336402 02016326 0a0900c8 0a0900c9 00000000 00000000`)

/** v3 advertisement over IPv6, VRID 51, priority 200. */
export const KEEPALIVED_V3_IPV6: Uint8Array = hex(`
  33330000 0012923e 057e67fe 86dd
  6c019026 002870ff fe800000 00000000 903e05ff fe7e67fe ff020000 00000000 00000000 00000012
  3133c802 0064db42 fe800000 00000000 00000000 00000200 20010db8 00000000 00000000 00000200`)

/** v2 over IPv6, as keepalived sends it: no authentication data, and a pseudo-header. */
export const KEEPALIVED_V2_IPV6: Uint8Array = hex(`
  33330000 0012f20a 4383c59b 86dd
  6c076a25 002870ff fe800000 00000000 f00a43ff fe83c59b ff020000 00000000 00000000 00000012
  2133c802 0001f036 fe800000 00000000 00000000 00000200 20010db8 00000000 00000000 00000200`)

/** Gratuitous ARP for 10.9.0.200. */
export const KEEPALIVED_GARP: Uint8Array = ethernet(
  ETHERTYPE_ARP,
  hex('00010800 06040001 fa8ec9b2 af910a09 00c8ffff ffffffff 0a0900c8'),
)

/** Unsolicited neighbour advertisement for fe80::200. */
export const KEEPALIVED_NA: Uint8Array = hex(`
  33330000 0001923e 057e67fe 86dd
  60000000 00203aff fe800000 00000000 00000000 00000200 ff020000 00000000 00000000 00000001
  880055e3 20000000 fe800000 00000000 00000000 00000200 0201923e 057e67fe`)

const SYN_OPTIONS = hex('020405b4 0402080a 00000001 00000000 01030307')

/** Every frame with the line for it: that of `tcpdump -nn -S -t`, but where `print-tcpdump.test.ts` says otherwise. */
export const FRAMES: readonly (readonly [name: string, frame: Uint8Array, line: string])[] = [
  [
    'vrrp v2',
    KEEPALIVED_V2,
    'IP 192.168.200.2 > 224.0.0.18: VRRPv2, Advertisement, vrid 51, prio 100, authtype simple, intvl 1s, length 20',
  ],
  [
    'vrrp v2 stop',
    KEEPALIVED_V2_STOP,
    'IP 192.168.200.2 > 224.0.0.18: VRRPv2, Advertisement, vrid 51, prio 0, authtype simple, intvl 1s, length 20',
  ],
  [
    'vrrp v2 ah',
    KEEPALIVED_AH,
    'IP 10.9.0.1 > 224.0.0.18: AH(spi=0x0a090001,seq=0x1,icv=0x0dfb567e43165b75b6cd656e): VRRPv2, Advertisement, vrid 51, prio 100, authtype ah, intvl 1s, length 24',
  ],
  [
    'vrrp v3 ipv6',
    KEEPALIVED_V3_IPV6,
    'IP6 fe80::903e:5ff:fe7e:67fe > ff02::12: VRRPv3, Advertisement, vrid 51, prio 200, intvl 100cs, length 40',
  ],
  [
    'vrrp v2 ipv6',
    KEEPALIVED_V2_IPV6,
    'IP6 fe80::f00a:43ff:fe83:c59b > ff02::12: VRRPv2, Advertisement, vrid 51, prio 200, authtype none, intvl 1s, length 40',
  ],
  [
    'vrrp v3',
    ipv4({ protocol: IP_PROTOCOL_VRRP, ttl: 255 }, v3Advertisement()),
    'IP 10.0.0.1 > 10.0.0.2: VRRPv3, Advertisement, vrid 51, prio 150, intvl 50cs, length 12',
  ],
  ['garp', KEEPALIVED_GARP, 'ARP, Request who-has 10.9.0.200 (ff:ff:ff:ff:ff:ff) tell 10.9.0.200, length 28'],
  [
    'unsolicited na',
    KEEPALIVED_NA,
    'IP6 fe80::200 > ff02::1: ICMP6, neighbor advertisement, tgt is fe80::200, length 32',
  ],
  ['arp request', arp(ARP_REQUEST, NO_MAC), 'ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28'],
  ['arp reply', arp(ARP_REPLY, OTHER_MAC), 'ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28'],
  ['arp inverse', arp(8, OTHER_MAC), 'ARP, Unknown (8), length 28'],
  ['arp cut short', KEEPALIVED_GARP.subarray(0, 30), 'ARP, [|arp], length 16'],
  [
    'tcp syn',
    tcp({ flags: TCP_SYN, options: SYN_OPTIONS }),
    'IP 10.0.0.1.40000 > 10.0.0.2.8888: Flags [S], seq 1000, win 512, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0',
  ],
  [
    'tcp syn ack',
    tcp({ flags: TCP_SYN | TCP_ACK, options: hex('020405b4') }),
    'IP 10.0.0.1.40000 > 10.0.0.2.8888: Flags [S.], seq 1000, ack 2000, win 512, options [mss 1460], length 0',
  ],
  [
    'tcp data',
    tcp({ flags: TCP_PSH | TCP_ACK, payload: TEXT }),
    'IP 10.0.0.1.40000 > 10.0.0.2.8888: Flags [P.], seq 1000:1005, ack 2000, win 512, length 5',
  ],
  [
    'tcp ack sack',
    tcp({ flags: TCP_ACK, options: hex('0101050a 00000064 000000c8') }),
    'IP 10.0.0.1.40000 > 10.0.0.2.8888: Flags [.], ack 2000, win 512, options [nop,nop,sack 1 {100:200}], length 0',
  ],
  [
    'tcp fin',
    tcp({ flags: TCP_FIN | TCP_ACK }),
    'IP 10.0.0.1.40000 > 10.0.0.2.8888: Flags [F.], seq 1000, ack 2000, win 512, length 0',
  ],
  ['tcp rst', tcp({ flags: TCP_RST }), 'IP 10.0.0.1.40000 > 10.0.0.2.8888: Flags [R], seq 1000, win 512, length 0'],
  ['tcp none', tcp({ flags: 0 }), 'IP 10.0.0.1.40000 > 10.0.0.2.8888: Flags [none], win 512, length 0'],
  [
    'tcp cut short',
    tcp({ flags: TCP_SYN }).subarray(0, 44),
    'IP truncated-ip - 10 bytes missing! 10.0.0.1.40000 > 10.0.0.2.8888: [|tcp]',
  ],
  ['tcp ipv6', tcp6(), 'IP6 2001:db8::1.40000 > 2001:db8::2.8888: Flags [S], seq 1000, win 512, length 0'],
  ['udp', udp(), 'IP 10.0.0.1.40000 > 10.0.0.2.8888: UDP, length 5'],
  [
    'udp fragment',
    ipv4({ protocol: IP_PROTOCOL_UDP, fragmentOffset: 1480 }, TEXT),
    'IP 10.0.0.1 > 10.0.0.2: ip-proto-17',
  ],
  [
    'udp first fragment',
    ipv4({ protocol: IP_PROTOCOL_UDP, moreFragments: true }, udpBytes()),
    'IP 10.0.0.1.40000 > 10.0.0.2.8888: UDP, length 5',
  ],
  ['ipv6 fragment', ipv6Fragment(), 'IP6 2001:db8::1 > 2001:db8::2: frag (1448|5)'],
  [
    'ipip',
    ipv4({ protocol: IP_PROTOCOL_IPIP }, udp().subarray(14)),
    'IP 10.0.0.1 > 10.0.0.2: IP 10.0.0.1.40000 > 10.0.0.2.8888: UDP, length 5',
  ],
  [
    'icmp echo',
    icmp(ICMP_ECHO_REQUEST, 0, 0x00010002, TEXT),
    'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 2, length 13',
  ],
  [
    'icmp port unreachable',
    icmp(ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, udp().subarray(14)),
    'IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.2 udp port 8888 unreachable, length 41',
  ],
  [
    'icmp host unreachable',
    icmp(ICMP_UNREACHABLE, 1, 0, udp().subarray(14)),
    'IP 10.0.0.1 > 10.0.0.2: ICMP host 10.0.0.2 unreachable, length 41',
  ],
  [
    'icmp need to frag',
    icmp(ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, 1400, udp().subarray(14)),
    'IP 10.0.0.1 > 10.0.0.2: ICMP 10.0.0.2 unreachable - need to frag (mtu 1400), length 41',
  ],
  [
    'icmp time exceeded',
    icmp(ICMP_TIME_EXCEEDED, 0, 0, udp().subarray(14)),
    'IP 10.0.0.1 > 10.0.0.2: ICMP time exceeded in-transit, length 41',
  ],
  [
    'icmpv6 echo reply',
    icmpv6(ICMPV6_ECHO_REPLY, 0x00010002, TEXT),
    'IP6 2001:db8::1 > 2001:db8::2: ICMP6, echo reply, id 1, seq 2, length 13',
  ],
  [
    'icmpv6 packet too big',
    icmpv6(ICMPV6_PACKET_TOO_BIG, 1280, tcp6().subarray(14)),
    'IP6 2001:db8::1 > 2001:db8::2: ICMP6, packet too big, mtu 1280, length 68',
  ],
  [
    'neighbour solicitation',
    solicitation(),
    'IP6 2001:db8::1 > 2001:db8::2: ICMP6, neighbor solicitation, who has 2001:db8::2, length 32',
  ],
  ['vlan', vlan(), 'vlan 100, p 3, IP 10.0.0.1.40000 > 10.0.0.2.8888: UDP, length 5'],
  ['unknown protocol', ipv4({ protocol: 99 }, TEXT), 'IP 10.0.0.1 > 10.0.0.2: ip-proto-99 5'],
]

function ethernet(etherType: number, payload: Uint8Array, destination: Mac = OTHER_MAC): Uint8Array {
  return encodeEthernet({ destination, source: MAC, tags: [], etherType, payload })
}

function arp(operation: number, targetMac: Mac): Uint8Array {
  const fields = { operation, senderMac: MAC, senderIp: CLIENT, targetMac, targetIp: SERVER }
  return ethernet(ETHERTYPE_ARP, encodeArp(fields))
}

function ipv4(fields: Partial<Ipv4Header>, payload: Uint8Array): Uint8Array {
  return ethernet(ETHERTYPE_IPV4, encodeIpv4({ ...ipv4Header(CLIENT, SERVER, 0), ...fields }, payload))
}

function pseudo4(protocol: number, length: number): number {
  return pseudoHeaderSum(ipBytes(CLIENT), ipBytes(SERVER), protocol, length)
}

function segment(fields: Partial<TcpSegment>): TcpSegment {
  const numbers = { sourcePort: 40000, destinationPort: 8888, sequence: 1000, acknowledgement: 2000, window: 512 }
  return { ...numbers, flags: 0, urgent: 0, options: new Uint8Array(0), payload: new Uint8Array(0), ...fields }
}

function tcp(fields: Partial<TcpSegment>): Uint8Array {
  const whole = segment(fields)
  const length = 20 + whole.options.length + whole.payload.length
  return ipv4({ protocol: IP_PROTOCOL_TCP }, encodeTcp(whole, pseudo4(IP_PROTOCOL_TCP, length)))
}

function tcp6(): Uint8Array {
  const pseudo = pseudoHeaderSum(ipBytes(CLIENT6), ipBytes(SERVER6), IP_PROTOCOL_TCP, 20)
  const bytes = encodeTcp(segment({ flags: TCP_SYN }), pseudo)
  return ethernet(ETHERTYPE_IPV6, encodeIpv6(ipv6Header(CLIENT6, SERVER6, IP_PROTOCOL_TCP), bytes))
}

function udpBytes(): Uint8Array {
  return encodeUdp({ sourcePort: 40000, destinationPort: 8888, payload: TEXT }, pseudo4(IP_PROTOCOL_UDP, 13))
}

function udp(): Uint8Array {
  return ipv4({ protocol: IP_PROTOCOL_UDP }, udpBytes())
}

function ipv6Fragment(): Uint8Array {
  const extensions = [ipv6FragmentExtension({ offset: 1448, more: false, identification: 7 })]
  return ethernet(ETHERTYPE_IPV6, encodeIpv6({ ...ipv6Header(CLIENT6, SERVER6, IP_PROTOCOL_UDP), extensions }, TEXT))
}

function icmp(type: number, code: number, word: number, payload: Uint8Array): Uint8Array {
  return ipv4({ protocol: IP_PROTOCOL_ICMP }, encodeIcmp({ type, code, word, payload }, 0))
}

function icmpv6(type: number, word: number, payload: Uint8Array): Uint8Array {
  const pseudo = pseudoHeaderSum(ipBytes(CLIENT6), ipBytes(SERVER6), IP_PROTOCOL_ICMPV6, 8 + payload.length)
  const bytes = encodeIcmp({ type, code: 0, word, payload }, pseudo)
  return ethernet(ETHERTYPE_IPV6, encodeIpv6(ipv6Header(CLIENT6, SERVER6, IP_PROTOCOL_ICMPV6), bytes))
}

function solicitation(): Uint8Array {
  const { type, word, payload } = neighbourMessage({ kind: 'solicitation', target: SERVER6, mac: MAC })
  return icmpv6(type, word, payload)
}

function v3Advertisement(): Uint8Array {
  const fields = {
    version: 3,
    type: 1,
    routerId: 51,
    priority: 150,
    intervalCs: 50,
    addresses: [ip('10.0.0.100')],
  } as const
  return encodeAdvertisement(fields, vrrpPseudoSum(CLIENT, SERVER, 12))
}

function vlan(): Uint8Array {
  const tags = [{ protocol: ETHERTYPE_VLAN, priority: 3, dropEligible: false, vlan: 100 }] as const
  const payload = udp().subarray(14)
  return encodeEthernet({ destination: OTHER_MAC, source: MAC, tags, etherType: ETHERTYPE_IPV4, payload })
}
