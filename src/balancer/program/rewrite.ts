/**
 * Changing addresses and ports in a packet with its checksums kept right (RFC 1624).
 *
 * The transport checksum of a packet on its way out of a stack may be only begun: the sum of the pseudo-header, to be
 * completed by the card or by nobody (veth). The kernel knows and its helper does the right thing, at tc; at XDP every
 * checksum is whole. Sums are raw, as they lie in the packet: the Internet checksum does not care about byte order.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Scalar, Value } from '../../bpf/value.ts'
import { type Address, addressDelta, writeAddress } from './address.ts'
import { IPV4, IPV6, PORTS, PROTOCOL, TCP_CHECKSUM, UDP_CHECKSUM } from './headers.ts'
import { type Packet, transportHeader } from './parse.ts'
import { perProtocol } from './per-protocol.ts'
import type { Scene } from './scene.ts'
import { fixCrc } from './sctp-checksum.ts'
import type { Changed } from './send.ts'

/** BPF_F_PSEUDO_HDR: what changes is in the pseudo-header. BPF_F_MARK_MANGLED_0: a UDP checksum of 0 stays 0. */
const PSEUDO_HEADER = 0x10
const MARK_MANGLED_0 = 0x20
/** BPF_F_IPV6 */
const PACKET_IS_IPV6 = 0x80

/** Decreases the TTL, or the hop limit. In raw order the TTL is the low byte of its word. */
export function decreaseTtl({ family, ip }: Packet): void {
  if (family === 6) {
    ip.set(IPV6.hopLimit, ip.get(IPV6.hopLimit).sub(1))
    return
  }
  ip.set(IPV4.ttl, ip.get(IPV4.ttl).sub(1))
  const sum = ip.get(IPV4.checksum).add(1)
  ip.set(IPV4.checksum, sum.add(sum.shr(16)).and(0xffff))
}

/** Gives a packet a hop back. */
export function increaseTtl({ family, ip }: Packet): void {
  if (family === 6) {
    ip.set(IPV6.hopLimit, ip.get(IPV6.hopLimit).add(1).and(0xff))
    return
  }
  const ttl = ip.get(IPV4.ttl)
  const more = ttl.add(1).and(0xff)
  ip.set(IPV4.ttl, more)
  ip.set(IPV4.checksum, adjusted(ip.get(IPV4.checksum), delta(ttl, more)))
}

export interface Translation {
  /** Which end of the packet gets a new address and port, raw. */
  readonly end: 'source' | 'destination'
  readonly address: Address
  readonly port: Value
}

type Translating = Pick<Scene, 'code' | 'tables' | 'hook' | 'shape' | 'packet' | 'looping'>

/**
 * Writes the new address and port and one TTL less. At tc the transport checksum is left to the kernel's helper,
 * which may move the packet, and comes last.
 */
export function translate(
  { code, tables, hook, shape, packet, looping }: Translating,
  translation: Translation,
  otherwise: () => void,
): Changed {
  const { ip } = packet
  const { end, address, port } = translation
  const before = end === 'source' ? packet.source : packet.destination
  const transport = transportHeader(code, packet, 8, otherwise)
  const portBefore = transport.get(PORTS[end])
  const changed = addressDelta(before, address)
  const portDelta = delta(portBefore, port)

  writeAddress(ip, (packet.family === 4 ? IPV4 : IPV6)[end], address)
  if (packet.family === 4) ip.set(IPV4.checksum, adjusted(ip.get(IPV4.checksum), changed))
  decreaseTtl(packet)
  transport.set(PORTS[end], port)

  if (shape.protocols.includes('sctp'))
    code.when(packet.protocol.eq(PROTOCOL.sctp), () =>
      fixCrc({ code, tables, shape, packet, looping }, end, portBefore.xor(port), otherwise),
    )
  const withChecksum = (change: (checksumAt: number, isUdp: boolean) => void) =>
    perProtocol(code, shape, packet.protocol, {
      tcp: () => change(TCP_CHECKSUM[0], false),
      udp: () => change(UDP_CHECKSUM[0], true),
      sctp: () => {},
    })
  if (hook.type === 'tc') {
    const finish = () =>
      withChecksum((checksumAt, isUdp) => {
        const offset = packet.transportAt.add(checksumAt)
        const zero = isUdp ? MARK_MANGLED_0 : 0
        replacePseudo(code, packet, offset, changed, PSEUDO_HEADER | zero)
        code.call(HELPER.l4ChecksumReplace, packet.context, offset, 0, portDelta, zero)
      })
    return { start: packet.start, finish }
  }
  withChecksum((checksumAt, isUdp) => {
    const header = transportHeader(code, packet, checksumAt + 2, otherwise)
    const sum = header.get([checksumAt, 'u16'])
    const write = () => {
      const fixed = adjusted(sum, changed.add(portDelta))
      header.set([checksumAt, 'u16'], fixed)
      if (isUdp) code.when(fixed.eq(0), () => header.set([checksumAt, 'u16'], 0xffff))
    }
    if (isUdp) code.when(sum.ne(0), write)
    else write()
  })
  return { start: packet.start, finish: () => {} }
}

/**
 * A card may have summed up the whole packet. With IPv4 that sum changes by what this adds to the checksum, since the
 * header's own checksum makes up for the address; with IPv6 it stays, which kernels since 6.16 can be told.
 */
function replacePseudo(code: Code, packet: Packet, offset: Value, changed: Value, flags: number): void {
  const replace = (more: number) =>
    code.call(HELPER.l4ChecksumReplace, packet.context, offset, 0, changed, flags | more)
  if (packet.family === 4) replace(0)
  else code.rarely(replace(PACKET_IS_IPV6).ne(0), () => replace(0))
}

/** What a sum grows by where `before` becomes `after`: ~before + after in one's complement, 32 bits. */
export function delta(before: Value, after: Scalar): Value {
  const sum = before.xor(0xffff_ffff).add(after)
  return sum.and(0xffff_ffff).add(sum.shr(32)).and(0xffff_ffff)
}

/** A checksum field after its data grew by `delta`: ~(~sum + delta), folded to 16 bits. */
export function adjusted(checksum: Value, delta: Value): Value {
  const sum = checksum.xor(0xffff).add(delta.and(0xffff)).add(delta.shr(16))
  const once = sum.and(0xffff).add(sum.shr(16))
  const twice = once.and(0xffff).add(once.shr(16))
  return twice.xor(0xffff).and(0xffff)
}
