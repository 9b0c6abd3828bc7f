/**
 * BFD control packets (RFC 5880 section 4.1), over UDP to port 3784, or 4784 where the neighbour is several hops away.
 *
 *  0               8               16              24            31
 *  +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 *  |vers.|  diag   |sta|P|F|C|A|D|M|  multiplier   |    length     |
 *  +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 *  |                       my discriminator                        |
 *  +---------------------------------------------------------------+
 *  |                      your discriminator                       |
 *  +---------------------------------------------------------------+
 *  |                    desired min TX interval, µs                |
 *  +---------------------------------------------------------------+
 *  |                    required min RX interval, µs               |
 *  +---------------------------------------------------------------+
 *  |                  required min echo RX interval, µs            |
 *  +---------------------------------------------------------------+
 *
 * P poll, F final, C independent of the control plane, A authentication, D demand, M multipoint. Nobody here asks for
 * authentication or echoes.
 */
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

export const BFD_PORT = 3784
/** RFC 5883 section 5. */
export const BFD_MULTIHOP_PORT = 4784
export const BFD_LENGTH = 24

const VERSION = 1
/** In the order of their numbers. */
const STATES = ['admin-down', 'down', 'init', 'up'] as const
export type BfdState = (typeof STATES)[number]

/** RFC 5880 section 4.1, the diagnostic codes that this program gives itself. */
export const NO_DIAGNOSTIC = 0
export const DETECTION_TIME_EXPIRED = 1
export const NEIGHBOUR_SIGNALLED_DOWN = 3
export const ADMINISTRATIVELY_DOWN = 7
const DIAGNOSTIC_MAX = 8

const POLL = 0x20
const FINAL = 0x10
const AUTHENTICATION = 0x04
const DEMAND = 0x02
const MULTIPOINT = 0x01

export interface BfdPacket {
  readonly state: BfdState
  readonly diagnostic: number
  readonly poll: boolean
  readonly final: boolean
  readonly demand: boolean
  readonly multiplier: number
  readonly myDiscriminator: number
  readonly yourDiscriminator: number
  readonly desiredMinTxUs: number
  readonly requiredMinRxUs: number
}

/** The checks of RFC 5880 section 6.8.6, and two of keepalived's: no unknown diagnostic, not poll and final at once. */
export type BfdDrop =
  | 'short'
  | 'length'
  | 'version'
  | 'multiplier'
  | 'multipoint'
  | 'my-discriminator'
  | 'your-discriminator'
  | 'poll-and-final'
  | 'diagnostic'
  | 'authentication'

/** Bytes behind the length are not looked at. */
export function decodeBfd(bytes: Uint8Array): Decoded<BfdPacket, BfdDrop> {
  if (bytes.length < BFD_LENGTH) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  const [first, second, multiplier, length] = [0, 1, 2, 3].map(at => view.getUint8(at)) as [
    number,
    number,
    number,
    number,
  ]
  const state = STATES[second >> 6]!
  const packet: BfdPacket = {
    state,
    diagnostic: first & 0x1f,
    poll: (second & POLL) !== 0,
    final: (second & FINAL) !== 0,
    demand: (second & DEMAND) !== 0,
    multiplier,
    myDiscriminator: view.getUint32(4),
    yourDiscriminator: view.getUint32(8),
    desiredMinTxUs: view.getUint32(12),
    requiredMinRxUs: view.getUint32(16),
  }
  const drop = (reason: BfdDrop) => ({ ok: false, drop: reason }) as const
  if (first >> 5 !== VERSION) return drop('version')
  if (length < BFD_LENGTH || length > bytes.length) return drop('length')
  if (multiplier === 0) return drop('multiplier')
  if ((second & MULTIPOINT) !== 0) return drop('multipoint')
  if (packet.myDiscriminator === 0) return drop('my-discriminator')
  if (packet.yourDiscriminator === 0 && (state === 'init' || state === 'up')) return drop('your-discriminator')
  if (packet.poll && packet.final) return drop('poll-and-final')
  if (packet.diagnostic > DIAGNOSTIC_MAX) return drop('diagnostic')
  if ((second & AUTHENTICATION) !== 0) return drop('authentication')
  return { ok: true, value: packet }
}

export function encodeBfd(packet: BfdPacket): Uint8Array {
  const bytes = new Uint8Array(BFD_LENGTH)
  const view = viewOf(bytes)
  view.setUint8(0, (VERSION << 5) | packet.diagnostic)
  view.setUint8(
    1,
    (STATES.indexOf(packet.state) << 6) |
      (packet.poll ? POLL : 0) |
      (packet.final ? FINAL : 0) |
      (packet.demand ? DEMAND : 0),
  )
  view.setUint8(2, packet.multiplier)
  view.setUint8(3, BFD_LENGTH)
  view.setUint32(4, packet.myDiscriminator)
  view.setUint32(8, packet.yourDiscriminator)
  view.setUint32(12, packet.desiredMinTxUs)
  view.setUint32(16, packet.requiredMinRxUs)
  return bytes
}
