/** Which session a packet is for, as far as that can be told before its state is looked at (RFC 5880 section 6.8.6). */
import type { Ip } from '../bytes/address.ts'
import type { BfdInstance } from '../model/bfd-instance.ts'
import type { BfdPacket } from '../wire/bfd.ts'

export interface HeardFrom {
  readonly source: Ip
  readonly destination: Ip
  /** TTL or hop limit. */
  readonly ttl: number
  readonly multihop: boolean
}

/** By its discriminator once the neighbour knows it, and by addresses before; `discriminatorOf` an instance by name. */
export function sessionFor(
  instances: Iterable<BfdInstance>,
  discriminatorOf: (name: string) => number | undefined,
  packet: BfdPacket,
  from: HeardFrom,
): BfdInstance | undefined {
  for (const instance of instances) {
    const { neighbour, source, multihop, name } = instance
    // Whoever guesses a discriminator still has to be at the right place.
    if (neighbour !== from.source || multihop !== from.multihop) continue
    if (source !== undefined && source !== from.destination) continue
    if (packet.yourDiscriminator === 0 || packet.yourDiscriminator === discriminatorOf(name)) return instance
  }
  return undefined
}

/** Generalized TTL security (RFC 5881 section 5): what came from further away than it may. */
export function tooFar({ ttl, maxHops }: BfdInstance, from: HeardFrom): boolean {
  return maxHops !== undefined && from.ttl + maxHops < ttl
}
