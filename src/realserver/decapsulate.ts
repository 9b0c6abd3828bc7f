/**
 * The real server's end of a tunnel: IPIP, GRE and GUE are unwrapped as they arrive, so that no `ipip` module and no
 * tunnel device is needed. Only packets to an address of the machine's own are looked at; what is inside goes on up the
 * stack as if it had come in on the same interface.
 *
 * What a checksum protects is checked by what is inside: outer checksums are not looked at.
 */
import type { Code } from '../bpf/code.ts'
import type { ProgramSource } from '../bpf/compile.ts'
import { HELPER } from '../bpf/helper.ts'
import type { Pointer, Value, Variable } from '../bpf/value.ts'

const ETHERNET_BYTES = 14
const IPV4_BYTES = 20
const RAW_IPV4 = 0x0008
const PLAIN = 0x45
const PROTOCOL = { ipip: 4, udp: 17, gre: 47 } as const
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

/** The program for tc ingress; `guePorts` are the UDP ports at which GUE is spoken. */
export function decapsulator(guePorts: readonly number[]): ProgramSource {
  return { name: 'sluice_decap', type: 'tc', main: code => writeDecapsulator(code, guePorts) }
}

function writeDecapsulator(code: Code, guePorts: readonly number[]): void {
  const pass = () => code.exit(PASS)
  const context = code.parameter(0)
  const fields = code.pointer(context, CONTEXT_BYTES)
  const data = fields.get(CONTEXT.data)
  const end = fields.get(CONTEXT.dataEnd)
  code.guard(fields.get(CONTEXT.pktType).eq(TO_US), pass)
  code.guard(data.add(ETHERNET_BYTES + IPV4_BYTES + 12).le(end), pass)
  const frame = code.pointer(data, ETHERNET_BYTES + IPV4_BYTES + 12, true)
  code.guard(frame.get([12, 'u16']).eq(RAW_IPV4), pass)
  const ip = frame.at(ETHERNET_BYTES)
  code.guard(ip.get([0, 'u8']).eq(PLAIN), pass)
  const protocol = ip.get([9, 'u8'])
  const inside = frame.at(ETHERNET_BYTES + IPV4_BYTES)
  const bytes = code.variable(0, 16)
  code.section(ours => {
    code.when(protocol.eq(PROTOCOL.ipip), () => {
      bytes.set(IPV4_BYTES)
      ours()
    })
    code.when(protocol.eq(PROTOCOL.gre), () => measureGre(code, inside, bytes, ours))
    if (guePorts.length > 0) code.when(protocol.eq(PROTOCOL.udp), () => measureGue(code, inside, guePorts, bytes, ours))
    pass()
  })
  code.guard(ip.get([6, 'u16']).and(RAW_FRAGMENT_MASK).eq(0), pass)
  unwrap(code, context, bytes)
}

/** Version 0, at most a checksum, IPv4 inside. */
function measureGre(code: Code, gre: Pointer, bytes: Variable, ours: () => void): void {
  const flags = gre.get([0, 'be16'])
  code.when(gre.get([2, 'be16']).eq(0x0800), () => {
    code.when(flags.eq(0), () => {
      bytes.set(IPV4_BYTES + 4)
      ours()
    })
    code.when(flags.eq(0x8000), () => {
      bytes.set(IPV4_BYTES + 8)
      ours()
    })
  })
}

/** Version 0, data and not control, IPv4 inside; options are passed over by their length. */
function measureGue(code: Code, udp: Pointer, ports: readonly number[], bytes: Variable, ours: () => void): void {
  const port = udp.get([2, 'be16'])
  for (const each of ports) {
    code.when(port.eq(each), () => {
      const first = udp.get([8, 'u8'])
      code.when(
        first
          .and(0xe0)
          .eq(0)
          .and(udp.get([9, 'u8']).eq(PROTOCOL.ipip)),
        () => {
          bytes.set(
            first
              .and(0x1f)
              .shl(2)
              .add(IPV4_BYTES + 8 + 4),
          )
          ours()
        },
      )
    })
  }
}

/** Takes the outer headers off; the Ethernet header moves up to what was inside. */
function unwrap(code: Code, context: Value, bytes: Value): void {
  const size = code.constant(0).sub(bytes.and(0xff))
  const made = code.call(HELPER.adjustRoom, context, size, ROOM_MAC, FIXED_GSO)
  code.guard(made.eq(0), () => code.exit(DROP))
  code.exit(PASS)
}
