import { type Ip, ipBytes } from '../bytes/address.ts'
import { concat } from '../bytes/concat.ts'
import { viewOf } from '../bytes/view.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { authenticationValue, encodeAuthenticationHeader, IP_PROTOCOL_AH, NO_ICV } from '../wire/ah.ts'
import { encodeIpv4, ipv4Header } from '../wire/ipv4.ts'
import {
  type Advertisement,
  AUTH_AH,
  AUTH_NONE,
  AUTH_PASS,
  advertisementLength,
  authDataFromPassword,
  encodeAdvertisement,
  IP_PROTOCOL_VRRP,
  VRRP_ADVERTISEMENT,
  VRRP_AUTH_DATA_LENGTH,
  vrrpPseudoSum,
  writeChecksum,
} from '../wire/vrrp.ts'
import type { Advertise } from './effect.ts'
import { sign } from './signature.ts'

export interface OutgoingPacket {
  readonly destination: Ip
  /** 112, or 51 under AH. */
  readonly protocol: number
  /** TTL or hop limit to send with. */
  readonly hopLimit: number
  /** What goes after the IP header (AH and advertisement, or the advertisement alone). */
  readonly payload: Uint8Array
  /** Under AH, which vouches for the IP header: the whole datagram, to be sent with IP_HDRINCL. */
  readonly datagram: Uint8Array | undefined
}

/** Internetwork control, as routing protocols have it. */
const TYPE_OF_SERVICE = 0xc0
const MULTICAST_HOP_LIMIT = 255

/** The packets of an `advertise` effect, one per destination. `sequence` is that of a signature, where there is one. */
export function encodeAdvertise(instance: VrrpInstance, effect: Advertise, sequence = 0n): readonly OutgoingPacket[] {
  const advertisement = advertisementOf(instance, effect.priority)
  const hopLimit = instance.unicastPeers.length > 0 ? instance.unicastTtl : MULTICAST_HOP_LIMIT
  return effect.destinations.map(destination => {
    const message = encodeSigned(instance, advertisement, { source: effect.source, destination }, sequence)
    if (instance.authentication.type !== 'ah') {
      return { destination, protocol: IP_PROTOCOL_VRRP, hopLimit, payload: message, datagram: undefined }
    }
    const route = { source: effect.source, destination, hopLimit }
    return authenticated(instance, instance.authentication.password, route, effect.ahSequence, message)
  })
}

/** What this instance says of itself at a priority. */
export function advertisementOf(instance: VrrpInstance, priority: number): Advertisement {
  const { authentication, routerId, advertIntervalMs } = instance
  const addresses = instance.addresses.map(({ address }) => address)
  const fields = { type: VRRP_ADVERTISEMENT, routerId, priority, addresses }
  if (instance.version === 3) return { version: 3, ...fields, intervalCs: Math.round(advertIntervalMs / 10) }
  const intervalS = Math.round(advertIntervalMs / 1000)
  const none = new Uint8Array(instance.family === 4 ? VRRP_AUTH_DATA_LENGTH : 0)
  switch (authentication.type) {
    case 'none':
      return { version: 2, ...fields, authType: AUTH_NONE, intervalS, authData: none }
    case 'pass': {
      const authData = authDataFromPassword(authentication.password)
      return { version: 2, ...fields, authType: AUTH_PASS, intervalS, authData }
    }
    case 'ah':
      return { version: 2, ...fields, authType: AUTH_AH, intervalS, authData: none }
  }
}

/** The advertisement, and behind it its signature. Over IPv6 the checksum, which the kernel checks, covers both. */
function encodeSigned(
  instance: VrrpInstance,
  advertisement: Advertisement,
  { source, destination }: { readonly source: Ip; readonly destination: Ip },
  sequence: bigint,
): Uint8Array {
  const { version, family, checksumWithoutPseudoHeader } = instance
  const bare = family === 4 && (version === 2 || checksumWithoutPseudoHeader)
  const length = advertisementLength(version, family, advertisement.addresses.length)
  const message = encodeAdvertisement(advertisement, bare ? 0 : vrrpPseudoSum(source, destination, length))
  const trailer = sign(instance, source, message, sequence)
  if (trailer.length === 0) return message
  const whole = concat(message, trailer)
  if (family === 6) writeChecksum(whole, vrrpPseudoSum(source, destination, whole.length))
  return whole
}

/** The message behind an authentication header whose SPI is the source address, as keepalived chooses it. */
function authenticated(
  instance: VrrpInstance,
  password: string,
  { source, destination, hopLimit }: { source: Ip; destination: Ip; hopLimit: number },
  sequence: number,
  message: Uint8Array,
): OutgoingPacket {
  const protocol = IP_PROTOCOL_AH
  const spi = viewOf(ipBytes(source)).getUint32(0)
  const fields = { nextHeader: IP_PROTOCOL_VRRP, spi, sequence }
  const ip = {
    ...ipv4Header(source, destination, protocol),
    tos: TYPE_OF_SERVICE,
    ttl: hopLimit,
    // Never 0, for which the kernel would put a number of its own and break the seal.
    identification: sequence & 0xffff || 1,
  }
  const unsealed = encodeIpv4(ip, concat(encodeAuthenticationHeader({ ...fields, icv: NO_ICV }), message))
  const icv = authenticationValue(unsealed, authDataFromPassword(password), instance.unicastPeers.length > 0)
  const payload = concat(encodeAuthenticationHeader({ ...fields, icv }), message)
  return { destination, protocol, hopLimit, payload, datagram: encodeIpv4(ip, payload) }
}
