import type { Ip } from '../bytes/address.ts'

/** What was there before the first `start`: all that `stop` needs to put it back. Kept in a file between the two. */
export interface Memory {
  readonly loopbackWasDown: boolean
  readonly addresses: readonly HeldAddress[]
  readonly sysctls: readonly ChangedSysctl[]
}

export interface HeldAddress {
  readonly address: Ip
  /** Somebody else had put it there; it stays. */
  readonly addressWasThere: boolean
  readonly routeWasThere: boolean
}

export interface ChangedSysctl {
  readonly name: string
  readonly before: string
  /** What we made of it; if it is something else by the time of `stop`, somebody has decided otherwise. */
  readonly ours: string
}

export const NOTHING_REMEMBERED: Memory = { loopbackWasDown: false, addresses: [], sysctls: [] }
