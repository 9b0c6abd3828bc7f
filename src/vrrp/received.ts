/** A packet that reached a VRRP socket, before anybody judged it. */
import type { Ip } from '../bytes/address.ts'
import type { Decoded } from '../bytes/drop.ts'
import { AH_LENGTH, decodeAuthenticationHeader, IP_PROTOCOL_AH } from '../wire/ah.ts'
import { decodeIpv4, IPV4_HEADER_LENGTH } from '../wire/ipv4.ts'
import { IP_PROTOCOL_VRRP } from '../wire/vrrp.ts'

export interface Received {
  readonly source: Ip
  readonly destination: Ip
  /** TTL or hop limit as it arrived. */
  readonly hopLimit: number
  /** The advertisement, without IP and AH headers. */
  readonly payload: Uint8Array
  /** What came with it under AH. */
  readonly authenticated: Authenticated | undefined
}

export interface Authenticated {
  /** From the IP header on: the value vouches for that too. */
  readonly datagram: Uint8Array
  readonly spi: number
  readonly sequence: number
  readonly icv: Uint8Array
}

export type ReceivedDrop = 'ip-header' | 'cut-short' | 'fragment' | 'protocol' | 'authentication-header'

/** Reads what a raw IPv4 socket of protocol 112 or 51 gives: the datagram from its IP header on. */
export function receivedIpv4(datagram: Uint8Array): Decoded<Received, ReceivedDrop> {
  const ip = decodeIpv4(datagram)
  if (!ip.ok) return { ok: false, drop: 'ip-header' }
  const { source, destination, ttl: hopLimit, protocol, payload, payloadLength } = ip.value
  if (payload.length < payloadLength) return { ok: false, drop: 'cut-short' }
  if (ip.value.moreFragments || ip.value.fragmentOffset > 0) return { ok: false, drop: 'fragment' }
  const packet = { source, destination, hopLimit }
  if (protocol === IP_PROTOCOL_VRRP) return { ok: true, value: { ...packet, payload, authenticated: undefined } }
  if (protocol !== IP_PROTOCOL_AH) return { ok: false, drop: 'protocol' }

  const header = decodeAuthenticationHeader(payload)
  if (!header.ok) return { ok: false, drop: 'authentication-header' }
  if (header.value.nextHeader !== IP_PROTOCOL_VRRP) return { ok: false, drop: 'protocol' }
  const { spi, sequence, icv } = header.value
  const whole = datagram.subarray(0, IPV4_HEADER_LENGTH + ip.value.options.length + payloadLength)
  const authenticated = { datagram: whole, spi, sequence, icv }
  return { ok: true, value: { ...packet, payload: payload.subarray(AH_LENGTH), authenticated } }
}

/** The virtual router a packet claims to speak for, to find the instance that judges it; undefined if it is too short. */
export function routerIdOf(received: Received): number | undefined {
  return received.payload[1]
}
