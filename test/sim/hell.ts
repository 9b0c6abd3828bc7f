/** Packets from hell, drawn from a seed: cut, bent, forged, old, or plain noise, as datagrams from their IP header on. */
import { type Ip, ip } from '../../src/bytes/address.ts'
import type { VrrpInstance } from '../../src/model/vrrp-instance.ts'
import { encodeAdvertise } from '../../src/vrrp/advertise.ts'
import { IP_PROTOCOL_AH } from '../../src/wire/ah.ts'
import { encodeIpv4, ipv4Header } from '../../src/wire/ipv4.ts'
import type { Random } from './random.ts'

/**
 * A datagram that no router of this instance may believe: where there is something to guess, all of it right but that;
 * where there is not, with one byte of the advertisement changed, which any checksum tells.
 */
export function drawHellish(random: Random, instance: VrrpInstance, wallClockMs: number): Uint8Array {
  const source = random.chance(0.7) ? ip(`10.0.0.${random.integer(1, 254)}`) : drawAddress(random)
  const priority = random.pick([0, 1, 100, 254, 255, random.integer(0, 255)])
  const guessing = isGuarded(instance) && random.chance(0.5)
  const posed = guessing ? guess(random, instance) : instance
  const secondsAgo = random.pick([0, 0, 3, 3600])
  const sequence = BigInt(Math.floor(wallClockMs / 1000) - secondsAgo) << 32n
  const effect = { type: 'advertise', priority, source, ahSequence: random.integer(1, 2 ** 31) } as const
  const [packet] = encodeAdvertise(posed, { ...effect, destinations: [instance.multicastGroup] }, sequence)
  const { payload, protocol, destination } = packet!
  const bent = guessing ? payload : bend(random, payload, protocol)
  const header = { ...ipv4Header(source, destination, random.chance(0.95) ? protocol : random.integer(0, 255)) }
  const ttl = random.chance(0.9) ? 255 : random.integer(0, 255)
  const datagram = packet!.datagram ?? encodeIpv4({ ...header, ttl }, bent)
  if (guessing && random.chance(0.8)) return datagram
  return random.chance(0.3)
    ? mangle(random, encodeIpv4({ ...header, ttl }, bent))
    : encodeIpv4({ ...header, ttl }, bent)
}

function isGuarded({ authentication, signature }: VrrpInstance): boolean {
  return authentication.type !== 'none' || signature !== undefined
}

/** The same router, but for the secret. */
function guess(random: Random, instance: VrrpInstance): VrrpInstance {
  const { authentication, signature } = instance
  if (signature !== undefined) {
    const key = `hex:${random.integer(0, 255).toString(16).padStart(2, '0').repeat(31)}00`
    const forged = { ...signature, keys: signature.keys.map(({ id }) => ({ id, key })) }
    return { ...instance, signature: random.chance(0.2) ? undefined : forged }
  }
  if (authentication.type === 'none' || random.chance(0.1)) return { ...instance, authentication: { type: 'none' } }
  return { ...instance, authentication: { ...authentication, password: `guess${random.integer(0, 99)}` } }
}

function bend(random: Random, payload: Uint8Array, protocol: number): Uint8Array {
  if (random.chance(0.2)) return noise(random)
  if (random.chance(0.3)) return payload.slice(0, random.integer(0, payload.length - 1))
  const bent = payload.slice()
  // The count of addresses and what stands behind the header count too; padding alone would not.
  const at = random.integer(protocol === IP_PROTOCOL_AH ? 12 : 0, bent.length - 1)
  bent[at] = (bent[at]! + random.integer(1, 255)) & 0xff
  return bent
}

/** Of the IP header: lengths, version, options, fragments, checksum. */
function mangle(random: Random, datagram: Uint8Array): Uint8Array {
  const mangled = datagram.slice(0, random.chance(0.3) ? random.integer(0, datagram.length) : datagram.length)
  for (let edits = random.integer(1, 3); edits > 0 && mangled.length > 0; edits--) {
    mangled[random.integer(0, Math.min(9, mangled.length - 1))] = random.integer(0, 255)
  }
  return mangled
}

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.integer(0, 60) }, () => random.integer(0, 255))
}

function drawAddress(random: Random): Ip {
  return ip(Array.from({ length: 4 }, () => random.integer(0, 255)).join('.'))
}
