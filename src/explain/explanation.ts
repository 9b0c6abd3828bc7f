/** What became of a packet, step by step: for people `renderExplanation` writes it, for programs it is JSON as it is. */
import type { Ip, Mac } from '../bytes/address.ts'

export interface Explanation {
  readonly version: 1
  readonly packet: ExplainedPacket
  readonly steps: readonly Step[]
  readonly verdict: Verdict
}

export interface ExplainedPacket {
  /** In the words that ask for it. */
  readonly text: string
  readonly interface: string
  /** From the IP header on. */
  readonly bytes: number
  readonly mark: number
  /** The whole frame, hexadecimal. */
  readonly frame: string
}

export type About =
  | 'arrival'
  | 'service'
  | 'connection'
  | 'persistence'
  | 'choice'
  | 'state'
  | 'forwarding'
  | 'route'
  | 'changes'
  | 'answer'
  | 'counted'

export interface Step {
  readonly about: About
  readonly lines: readonly string[]
  /** Rows of columns, the heads first. */
  readonly table?: readonly (readonly string[])[]
}

export interface Verdict {
  /**
   * `sent` on to a server or back to a client, `answered` with an ICMP error, `passed` to the stack, `dropped`; or `unmet`:
   * the packet does not come past the program.
   */
  readonly action: 'sent' | 'answered' | 'passed' | 'dropped' | 'unmet'
  readonly text: string
  /** What a person can do about it, where there is something to be done. */
  readonly remedy?: string
  /** Whom it goes to. */
  readonly server?: string
  readonly interface?: string
  readonly nextHop?: Ip
  readonly mac?: Mac
  /** By number of the table's counts: why it was not forwarded. */
  readonly reason?: string
  /** As it leaves, hexadecimal. */
  readonly frame?: string
}
