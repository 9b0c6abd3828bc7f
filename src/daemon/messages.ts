/** What the supervisor and its children tell each other, over node's own channel between parent and child. */
import type { Configuration } from '../model/configuration.ts'
import type { LogEntry } from '../observe/log-line.ts'
import type { DataPathSnapshot, InstanceSnapshot, SessionSnapshot, VirtualServerSnapshot } from '../observe/snapshot.ts'
import type { Verdicts } from '../tracking/verdict.ts'
import type { Notice } from '../vrrp/notice.ts'

export type ToChild =
  /** The first one starts the work; later ones are reloads. */
  | { readonly type: 'configure'; readonly configuration: Configuration }
  | { readonly type: 'report'; readonly id: number }
  /** Takes real servers out of service, or back; the checkers' business alone. */
  | { readonly type: 'drain'; readonly id: number; readonly server: string; readonly drained: boolean }
  | TellTale
  /** Finish in good order and exit. */
  | { readonly type: 'stop' }

/** What one child has to tell another; the supervisor passes it on. */
export type TellTale =
  /** From scripts and BFD to those who follow them: all that the one who tells it knows. */
  | { readonly type: 'tracked'; readonly verdicts: Partial<Verdicts> }
  /** From the elections to the scripts. */
  | { readonly type: 'notice'; readonly notice: Notice }

export type FromChild =
  | { readonly type: 'log'; readonly entry: LogEntry }
  /** The configuration is at work. */
  | { readonly type: 'configured' }
  | { readonly type: 'report'; readonly id: number; readonly report: Report }
  /** The endpoints that were meant. */
  | { readonly type: 'drained'; readonly id: number; readonly servers: readonly string[] }
  | TellTale
  /** Its last word: it finished in good order. */
  | { readonly type: 'stopped' }
  /** It cannot work here, and starting it again would not help: one sentence for the person who started us. */
  | { readonly type: 'unable'; readonly sentence: string }

/** A child's part of the snapshot; the other parts are another child's. */
export interface Report {
  readonly vrrp?: readonly InstanceSnapshot[]
  readonly virtualServers?: readonly VirtualServerSnapshot[]
  readonly bfd?: readonly SessionSnapshot[]
  readonly dataPath?: DataPathSnapshot | undefined
  readonly alarms: readonly string[]
}
