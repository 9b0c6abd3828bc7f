import type { Ip } from '../bytes/address.ts'
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { Advertise } from './effect.ts'

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

/** The packets of an `advertise` effect, one per destination. */
export declare function encodeAdvertise(instance: VrrpInstance, effect: Advertise): readonly OutgoingPacket[]
