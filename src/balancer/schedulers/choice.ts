/** What a scheduler is asked, and how it answers. */
import type { Code } from '../../bpf/code.ts'
import type { Condition, Pointer, Value, Variable } from '../../bpf/value.ts'
import { DESTINATION } from '../layout.ts'
import type { Looping } from '../program/sweep.ts'
import type { Tables } from '../program/tables.ts'
import { tell } from '../program/tell.ts'
import type { Shape } from '../shape.ts'

export interface Choice {
  /** The service's number and its record. */
  readonly number: Value
  readonly service: Pointer
  /** The packet's addresses, raw: one word of IPv4, four of IPv6. */
  readonly source: readonly Value[]
  readonly target: readonly Value[]
  /** The client's port, raw; 0 where the protocol has none. */
  readonly sourcePort: Value
  /** Jiffies. */
  readonly now: Value
  /** How loops are written. */
  readonly looping: Looping
  /** Receives the chosen destination's number. */
  readonly destination: Variable
  readonly chosen: () => void
}

/** The part of a program that a scheduler is written into. */
export interface Site {
  readonly code: Code
  readonly tables: Tables
  readonly shape: Shape
  /** Memory for the notes of walks, where the kernel loops through them; shared, for there is one walk at a time. */
  readonly scratch: Pointer | undefined
}

/** One scheduler: leaves by `choice.chosen`, or comes back if there is nobody to choose. */
export type Scheduling = (site: Site, choice: Choice) => void

/** Weight above zero and not overloaded: what every scheduler wants of a destination. */
export function isEligible(server: Pointer, shape: Shape): Condition {
  const weighted = server.get(DESTINATION.weight).ne(0)
  return shape.thresholds ? weighted.and(server.get(DESTINATION.overloaded).eq(0)) : weighted
}

/** Ends the search with a link: a destination's number plus one. */
export function choose({ code }: Pick<Site, 'code'>, { destination, chosen }: Choice, link: Value): void {
  destination.set(link.sub32(1))
  tell(code, 'chosen', () => ({ destination }))
  chosen()
}

/** ip_vs_dest_conn_overhead up to Linux 6.18: an active connection weighs as much as 256 inactive ones. */
export function loadOf(server: Pointer): Value {
  return server.get(DESTINATION.active).shl(8).add(server.get(DESTINATION.inactive))
}

/** A link that a packet left in the service's record long ago, or 0 if it leads to somebody else's destination by now. */
export function soundLink({ code, tables }: Site, number: Value, link: Value): Variable {
  const sound = code.variable(link, 64)
  const owner = tables.destination(link.sub(1)).get(DESTINATION.service)
  code.rarely(owner.ne(number.add(1)), () => sound.set(0))
  return sound
}
