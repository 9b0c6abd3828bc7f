/**
 * The verdict on a packet, in keepalived's order of checks (RFC 3768 section 7.1, RFC 9568 section 7.1): so that a wrong
 * password is reported as that, and not as the wrong checksum it may bring along.
 *
 * A packet that fails changes nothing. Its text goes to the log once, its label to a counter each time.
 */
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { decodeAdvertisement } from '../wire/vrrp.ts'
import type { AcceptOptions } from './accept-options.ts'
import {
  checkAddresses,
  checkDestination,
  checkInterval,
  checkOwner,
  checkRouterId,
  checkSource,
  checkType,
} from './advertisement-checks.ts'
import { authenticate } from './authenticate.ts'
import { checkChecksum } from './checksum-dialect.ts'
import type { Dropped, Heard, Remark } from './event.ts'
import { checkAuthenticationHeader, checkHopLimit, checkLength, checkVersion } from './packet-checks.ts'
import type { Received } from './received.ts'
import { sequenceOf, verifySignature } from './signature.ts'
import type { State } from './state.ts'

/** On the packet as it came. */
const PACKET_CHECKS = [checkAuthenticationHeader, checkLength, checkHopLimit, checkVersion]

/** On what it says. */
const ADVERTISEMENT_CHECKS = [
  checkRouterId,
  verifySignature,
  authenticate,
  checkInterval,
  checkType,
  checkChecksum,
  checkDestination,
  checkOwner,
  checkAddresses,
  checkSource,
]

/** The verdict on a packet for this instance, as the event to give to `step`. */
export function accept(
  instance: VrrpInstance,
  state: State,
  received: Received,
  options: AcceptOptions = { rejectAddressMismatch: false, wallClockMs: 0 },
): Heard | Dropped {
  const prefix = `(${instance.name}) `
  for (const check of PACKET_CHECKS) {
    const objection = check(instance, received)
    if (objection !== undefined) return { type: 'dropped', drop: objection.drop, text: prefix + objection.text }
  }
  const decoded = decodeAdvertisement(received.payload, instance.family)
  if (!decoded.ok)
    return { type: 'dropped', drop: decoded.drop, text: `${prefix}unreadable packet from ${received.source}` }

  const advertisement = decoded.value
  const remarks: Remark[] = []
  for (const check of ADVERTISEMENT_CHECKS) {
    const objection = check({ instance, state, received, advertisement, options })
    if (objection === undefined) continue
    const text = prefix + objection.text
    if ('drop' in objection) return { type: 'dropped', drop: objection.drop, text }
    remarks.push({ label: objection.remark, text })
  }
  return {
    type: 'heard',
    source: received.source,
    priority: advertisement.priority,
    intervalMs: advertisement.version === 3 ? advertisement.intervalCs * 10 : advertisement.intervalS * 1000,
    ahSequence: received.authenticated?.sequence ?? 0,
    signed: sequenceOf(instance, received.payload),
    remarks,
  }
}
