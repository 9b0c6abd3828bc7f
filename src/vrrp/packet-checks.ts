/** What can be said against a packet before it is read as an advertisement. */
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { advertisementLength, VRRP_HEADER_LENGTH } from '../wire/vrrp.ts'
import type { AcceptDrop } from './event.ts'
import type { Received } from './received.ts'

export interface Refusal {
  readonly drop: AcceptDrop
  readonly text: string
}

const HOP_LIMIT = 255

export function checkAuthenticationHeader(instance: VrrpInstance, received: Received): Refusal | undefined {
  const wanted = instance.authentication.type === 'ah'
  const present = received.authenticated !== undefined
  if (present === wanted) return undefined
  const text = present ? 'Received AH header but auth type not AH' : 'No AH header but auth type is AH'
  return { drop: 'authentication-header', text: `${text} from ${received.source}` }
}

/** RFC 9568 section 7.1: MUST verify that the received packet contains the complete VRRP packet. */
export function checkLength(instance: VrrpInstance, { source, payload }: Received): Refusal | undefined {
  const expected = expectedLength(instance, payload)
  if (payload.length >= expected) return undefined
  const text = `vrrp packet from ${source} too short, length ${payload.length} and expect ${expected}`
  return { drop: payload.length < VRRP_HEADER_LENGTH ? 'short' : 'length', text }
}

/** RFC 9568 section 7.1: MUST verify that the TTL or hop limit is 255. Unicast may have been routed. */
export function checkHopLimit(instance: VrrpInstance, { source, hopLimit }: Received): Refusal | undefined {
  if (instance.unicastPeers.length > 0 || hopLimit === HOP_LIMIT) return undefined
  return { drop: 'hop-limit', text: `invalid TTL/HL from ${source}. Received ${hopLimit} and expect ${HOP_LIMIT}` }
}

/** RFC 9568 section 7.1: MUST verify the VRRP version. */
export function checkVersion(instance: VrrpInstance, { source, payload }: Received): Refusal | undefined {
  const version = payload[0]! >> 4
  if (version === instance.version) return undefined
  return {
    drop: 'version',
    text: `wrong VRRP version from ${source}. Received ${version} and expect ${instance.version}`,
  }
}

/** As long as its own version and count of addresses say; of an unknown version, as long as any header. */
function expectedLength({ family }: VrrpInstance, payload: Uint8Array): number {
  const version = (payload[0] ?? 0) >> 4
  if (payload.length < VRRP_HEADER_LENGTH || (version !== 2 && version !== 3)) return VRRP_HEADER_LENGTH
  return advertisementLength(version, family, payload[3]!)
}
