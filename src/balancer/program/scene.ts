import type { Code } from '../../bpf/code.ts'
import type { Value } from '../../bpf/value.ts'
import type { Shape } from '../shape.ts'
import type { Hook } from './hook.ts'
import type { Refuse } from './icmp-error.ts'
import type { Packet } from './parse.ts'
import type { Looping } from './sweep.ts'
import type { Tables } from './tables.ts'

/** What every part of the director's program is written with. */
export interface Scene {
  readonly code: Code
  readonly tables: Tables
  readonly hook: Hook
  /** What the live table makes use of: nothing else is in the program. */
  readonly shape: Shape
  readonly packet: Packet
  /** How programs repeat: not every kernel has a loop of its own. */
  readonly looping: Looping
  /** Jiffies, when the packet came. */
  readonly now: Value
  /** Ends with an answer to the sender, or a counted drop. */
  readonly refuse: Refuse
}
