/**
 * One BFD session (RFC 5880 section 6.8), asynchronous mode without authentication and echo.
 *
 *             hears down                 hears init or up
 *    down ────────────────▶ init ────────────────────────▶ up
 *     ▲ ▲                    │                              │
 *     │ └────────────────────┘                              │
 *     │        silence                                      │
 *     └─────────────────────────────────────────────────────┘
 *                  silence, or hears down or admin-down
 *
 * Down hears init and is up at once. The state `admin-down` is only ever the neighbour's: whom nobody wants any more is
 * simply silent, as keepalived is.
 */
import { earliest, type Instant } from '../model/time.ts'
import type { BfdPacket, BfdState } from '../wire/bfd.ts'

export interface Session {
  readonly state: Exclude<BfdState, 'admin-down'>
  readonly remoteState: BfdState
  readonly diagnostic: number
  readonly remoteDiagnostic: number
  readonly discriminator: number
  /** 0: not heard. */
  readonly remoteDiscriminator: number
  readonly remoteMinTxMs: number
  /** The neighbour hears no more often; 0: it wants to hear nothing. */
  readonly remoteMinRxMs: number
  readonly remoteMultiplier: number
  readonly remoteDemand: boolean
  /** A poll sequence goes on: the neighbour has not confirmed our intervals yet. */
  readonly polling: boolean
  readonly heardAt: Instant | undefined
  /** The next packet; undefined: there is nothing to send. */
  readonly sendAt: Instant | undefined
  /** When silence has lasted too long. */
  readonly expireAt: Instant | undefined
  /** When what is known of a neighbour that fell silent is forgotten. */
  readonly forgetAt: Instant | undefined
}

export type SessionEvent =
  /** A packet for this session that is good so far (`hears`). */
  | { readonly type: 'heard'; readonly packet: BfdPacket }
  /** A deadline may have passed. */
  | { readonly type: 'wake' }
  /** Other intervals are configured than before. */
  | { readonly type: 'retimed' }

export type SessionEffect =
  | { readonly type: 'send'; readonly packet: BfdPacket }
  | { readonly type: 'log'; readonly text: string; readonly detail: boolean }
  /** Those who follow the session must know. */
  | { readonly type: 'changed'; readonly up: boolean }

export interface SessionStep {
  readonly session: Session
  readonly effects: readonly SessionEffect[]
}

/** When `stepSession` wants a `wake`, if nothing happens first. */
export function sessionWakeAt({ sendAt, expireAt, forgetAt }: Session): Instant | undefined {
  return earliest(sendAt, expireAt, forgetAt)
}
