/** A packet that reached a VRRP socket, before anybody judged it. */
import type { Ip } from '../bytes/address.ts'
import type { Decoded } from '../bytes/drop.ts'

export interface Received {
  readonly source: Ip
  readonly destination: Ip
  /** TTL or hop limit as it arrived. */
  readonly hopLimit: number
  /** The advertisement, without IP and AH headers. */
  readonly payload: Uint8Array
  /** The whole IPv4 datagram if it carried an AH header, which vouches for the IP header too. */
  readonly authenticated: Uint8Array | undefined
}

export type ReceivedDrop = 'ip-header' | 'fragment' | 'protocol' | 'authentication-header'

/** Reads what a raw IPv4 socket of protocol 112 or 51 gives: the datagram from its IP header on. */
export function receivedIpv4(_datagram: Uint8Array): Decoded<Received, ReceivedDrop> {
  return { ok: false, drop: 'protocol' }
}

/** The virtual router a packet claims to speak for, to find the instance that judges it; undefined if it is too short. */
export function routerIdOf(received: Received): number | undefined {
  return received.payload[1]
}
