import type { ProbeEvent } from '../health/conversation.ts'

/** What is between a probe and a server, while it lasts. */
export interface OpenChannel {
  write(bytes: Uint8Array): void
  /** Nothing is reported after this. A reusable channel may wait for the next probe of the same target. */
  close(reusable?: boolean): void
}

export type Report = (event: ProbeEvent) => void
