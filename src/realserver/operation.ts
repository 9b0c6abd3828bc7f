import type { Ip } from '../bytes/address.ts'
import type { Memory } from './memory.ts'

export type Operation =
  | { readonly kind: 'sysctl'; readonly name: string; readonly value: string }
  | { readonly kind: 'link'; readonly up: boolean }
  | { readonly kind: 'add-address' | 'delete-address' | 'add-route' | 'delete-route'; readonly address: Ip }

/** Operations, and what is remembered once they are done. */
export interface Plan {
  readonly memory: Memory
  readonly operations: readonly Operation[]
  /** What a person should know of what is not done. */
  readonly remarks: readonly string[]
}
