/**
 * What is longer than the way to the server takes does not go out: the client is told how long it may be (RFC 1191), as
 * ip_vs does (ensure_mtu_is_adequate of ip_vs_xmit.c).
 *
 * Two things differ. A packet that stands for many (GSO) is measured by the segments that will be made of it; ip_vs leaves
 * that to the stack, which we do not pass. And a packet that may be fragmented is not, since a program cannot: its
 * sender is told all the same, and fragments by itself from then on.
 */
import type { Code } from '../../bpf/code.ts'
import type { Pointer, Scalar, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { DESTINATION, TUNNEL_FLAG, TUNNEL_TYPE } from '../layout.ts'
import type { Shape } from '../shape.ts'
import { ETHERNET_BYTES, PROTOCOL } from './headers.ts'
import { CONTEXT_BYTES, type Hook } from './hook.ts'
import { type Packet, transportHeader } from './parse.ts'
import { tell } from './tell.ts'
import { overheadBytes } from './tunnel.ts'

/** What every way takes (RFC 791, RFC 8200 section 5). Less than that is a number that the kernel did not tell. */
const MTU_MIN = { 4: 68, 6: 1280 } as const
const TCP_HEADER_LENGTH = [12, 'u8'] as const
const UDP_BYTES = 8
const GSO_BY_FRAGS = 0xffff

/** Comes back if the packet may go where `mtu` bytes go at once, with so many put before it; `tooBig` must not. */
export function admitLength(
  code: Code,
  hook: Hook,
  packet: Packet,
  mtu: Value,
  overhead: Scalar,
  tooBig: (mtu: Value) => void,
): void {
  code.rarely(packet.ipBytes.add(overhead).gt(mtu), () =>
    code.section(fits => {
      code.when(mtu.lt(MTU_MIN[packet.family]), fits)
      const { gsoSize } = hook
      if (gsoSize !== undefined) {
        const size = code.pointer(packet.context, CONTEXT_BYTES).get(gsoSize)
        code.when(size.ne(0), () => {
          // SCTP's segments are as its sender made them: each as long as it saw fit.
          code.when(size.eq(GSO_BY_FRAGS), fits)
          const headers = headerBytes(code, packet, fits)
          code.when(headers.add(size).add(overhead).le(mtu), () => {
            tell(code, 'segmented')
            fits()
          })
        })
      }
      tell(code, 'too-long', () => ({ mtu, overhead }))
      tooBig(mtu.sub(overhead))
    }),
  )
}

/** Of the IP and transport headers, which every segment has. */
function headerBytes(code: Code, packet: Packet, otherwise: () => void): Value {
  const bytes = code.variable(UDP_BYTES, 16)
  code.when(packet.protocol.eq(PROTOCOL.tcp), () => {
    const length = transportHeader(code, packet, TCP_HEADER_LENGTH[0] + 1, otherwise).get(TCP_HEADER_LENGTH)
    bytes.set(length.shr(4).shl(2))
  })
  return bytes.add(packet.transportAt.and(0x1ff)).sub(ETHERNET_BYTES)
}

/** What a destination's tunnel puts before a packet; only what the table uses is asked for. */
export function tunnelOverhead(code: Code, shape: Shape, server: Pointer, family: IpFamily): Scalar {
  const [only, ...others] = shape.tunnels
  if (only === undefined) throw new RangeError('a shape with tunnels says which')
  if (others.length === 0 && only !== 'gre') return overheadBytes(only, false, family)
  const bytes = code.variable(overheadBytes('ipip', false, family), 8)
  const type = server.get(DESTINATION.tunnelType)
  for (const tunnel of shape.tunnels) {
    if (tunnel === 'ipip') continue
    code.when(type.eq(TUNNEL_TYPE[tunnel]), () => {
      bytes.set(overheadBytes(tunnel, false, family))
      if (tunnel !== 'gre') return
      const summed = server.get(DESTINATION.tunnelFlags).has(TUNNEL_FLAG.checksum)
      code.when(summed, () => bytes.set(overheadBytes(tunnel, true, family)))
    })
  }
  return bytes
}
