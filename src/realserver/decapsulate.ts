/**
 * The real server's end of a tunnel: IPIP, GRE and GUE are unwrapped as they arrive, so that no `ipip` module and no
 * tunnel device is needed. Only packets to an address of the machine's own are looked at; what is inside goes on up the
 * stack as if it had come in on the same interface. Inside and outside may be IPv4 or IPv6; where they differ, a kernel
 * before 6.3 cannot unwrap them in this way, and gets the packet as it came.
 *
 * What a checksum protects is checked by what is inside: outer checksums are not looked at.
 */
import type { Code } from '../bpf/code.ts'
import type { ProgramSource } from '../bpf/compile.ts'
import { HELPER } from '../bpf/helper.ts'
import type { Pointer, Value, Variable } from '../bpf/value.ts'
import type { IpFamily } from '../bytes/address.ts'

const ETHERNET_BYTES = 14
const ETHERNET_TYPE = [12, 'u16'] as const
/** Bytes behind the outer IP header that tell what is inside. */
const TUNNEL_BYTES = 12
const IP_BYTES = { 4: 20, 6: 40 } as const
const RAW_ETHERTYPE = { 4: 0x0008, 6: 0xdd86 } as const
const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const
const PLAIN_IPV4 = 0x45
/** Of an IP packet inside. */
const INNER_PROTOCOL = { 4: 4, 6: 41 } as const
const PROTOCOL = { udp: 17, gre: 47 } as const
const RAW_FRAGMENT_MASK = 0xff3f
/** TC_ACT_UNSPEC: on to the next program, then to the stack. */
const PASS = -1
const DROP = 2
const CONTEXT = { data: [76, 'u32'], dataEnd: [80, 'u32'], pktType: [4, 'u32'] } as const
const CONTEXT_BYTES = 192
/** PACKET_HOST */
const TO_US = 0
const ROOM_MAC = 1
/** Without it the kernel would make the segments of a packet that stands for many larger, by what was taken off. */
const FIXED_GSO = 1
/** BPF_F_ADJ_ROOM_DECAP_L3_IPV4 and …_IPV6: what the packet is from then on. */
const BECOMES = { 4: 1 << 7, 6: 1 << 8 } as const

/** The program for tc ingress; `guePorts` are the UDP ports at which GUE is spoken. */
export function decapsulator(guePorts: readonly number[]): ProgramSource {
  return { name: 'sluice_decap', type: 'tc', main: code => writeDecapsulator(code, guePorts) }
}

function writeDecapsulator(code: Code, guePorts: readonly number[]): void {
  const pass = () => code.exit(PASS)
  const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
  const data = fields.get(CONTEXT.data)
  code.guard(fields.get(CONTEXT.pktType).eq(TO_US), pass)
  code.guard(data.add(ETHERNET_BYTES).le(fields.get(CONTEXT.dataEnd)), pass)
  const type = code.pointer(data, ETHERNET_BYTES, true).get(ETHERNET_TYPE)
  code.when(type.eq(RAW_ETHERTYPE[4]), () => unwrapFrom(code, 4, guePorts, pass))
  code.when(type.eq(RAW_ETHERTYPE[6]), () => unwrapFrom(code, 6, guePorts, pass))
  pass()
}

/** What is found inside, and how much is before it. */
interface Found {
  readonly bytes: Variable
  readonly leave: Readonly<Record<IpFamily, () => void>>
}

function unwrapFrom(code: Code, outer: IpFamily, guePorts: readonly number[], pass: () => void): void {
  const fields = code.pointer(code.parameter(0), CONTEXT_BYTES)
  const data = fields.get(CONTEXT.data)
  const whole = ETHERNET_BYTES + IP_BYTES[outer] + TUNNEL_BYTES
  code.guard(data.add(whole).le(fields.get(CONTEXT.dataEnd)), pass)
  const ip = code.pointer(data, whole, true).at(ETHERNET_BYTES)
  if (outer === 4) {
    code.guard(ip.get([0, 'u8']).eq(PLAIN_IPV4), pass)
    code.guard(ip.get([6, 'u16']).and(RAW_FRAGMENT_MASK).eq(0), pass)
  }
  const protocol = ip.get([outer === 4 ? 9 : 6, 'u8'])
  const inside = ip.at(IP_BYTES[outer])
  const bytes = code.variable(IP_BYTES[outer], 16)
  code.section(ipv6 => {
    code.section(ipv4 => {
      const found: Found = { bytes, leave: { 4: ipv4, 6: ipv6 } }
      leaveByProtocol(code, protocol, found)
      code.when(protocol.eq(PROTOCOL.gre), () => measureGre(code, inside, found))
      if (guePorts.length > 0) code.when(protocol.eq(PROTOCOL.udp), () => measureGue(code, inside, guePorts, found))
      pass()
    })
    unwrap(code, bytes, outer, 4)
  })
  unwrap(code, bytes, outer, 6)
}

function leaveByProtocol(code: Code, protocol: Value, { leave }: Found): void {
  for (const family of [4, 6] as const) code.when(protocol.eq(INNER_PROTOCOL[family]), leave[family])
}

/** Version 0, at most a checksum. */
function measureGre(code: Code, gre: Pointer, { bytes, leave }: Found): void {
  const flags = gre.get([0, 'be16'])
  for (const family of [4, 6] as const) {
    code.when(gre.get([2, 'be16']).eq(ETHERTYPE[family]), () => {
      code.when(flags.eq(0), () => {
        bytes.set(bytes.add(4).and(0xff))
        leave[family]()
      })
      code.when(flags.eq(0x8000), () => {
        bytes.set(bytes.add(8).and(0xff))
        leave[family]()
      })
    })
  }
}

/** Version 0, data and not control; options are passed over by their length. */
function measureGue(code: Code, udp: Pointer, ports: readonly number[], found: Found): void {
  const port = udp.get([2, 'be16'])
  const { bytes } = found
  for (const each of ports) {
    code.when(port.eq(each), () => {
      const first = udp.get([8, 'u8'])
      code.when(first.and(0xe0).eq(0), () => {
        const options = first.and(0x1f).shl(2)
        bytes.set(
          options
            .add(bytes)
            .add(8 + 4)
            .and(0xff),
        )
        leaveByProtocol(code, udp.get([9, 'u8']), found)
      })
    })
  }
}

/** Takes the outer headers off; the Ethernet header moves up to what was inside. */
function unwrap(code: Code, bytes: Value, outer: IpFamily, inner: IpFamily): void {
  const context = code.parameter(0)
  const size = code.constant(0).sub(bytes.and(0xff))
  const isMixed = outer !== inner
  const made = code.call(HELPER.adjustRoom, context, size, ROOM_MAC, FIXED_GSO | (isMixed ? BECOMES[inner] : 0))
  code.guard(made.eq(0), () => code.exit(isMixed ? PASS : DROP))
  if (isMixed) {
    const fields = code.pointer(context, CONTEXT_BYTES)
    const data = fields.get(CONTEXT.data)
    code.guard(data.add(ETHERNET_BYTES).le(fields.get(CONTEXT.dataEnd)), () => code.exit(DROP))
    code.pointer(data, ETHERNET_BYTES, true).set(ETHERNET_TYPE, RAW_ETHERTYPE[inner])
  }
  code.exit(PASS)
}
