/** What the BFD sessions need of the machine; `kernel-bfd.ts` is the real one. */
import type { HeardFrom } from '../bfd/hears.ts'
import type { BfdInstance } from '../model/bfd-instance.ts'

export interface BfdNetwork {
  /** Hears what these sessions need, and nothing else. Throws KernelError. */
  listen(instances: readonly BfdInstance[]): void
  /** Throws KernelError, also if the source is no address of this machine (yet). */
  send(instance: BfdInstance, bytes: Uint8Array): void
  /** What is sent from now on leaves by a socket of its own. */
  forget(name: string): void
  close(): void
}

export type HeardBfd = (bytes: Uint8Array, from: HeardFrom) => void
