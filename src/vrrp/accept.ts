import type { VrrpInstance } from '../model/vrrp-instance.ts'
import type { Dropped, Heard } from './event.ts'
import type { Received } from './received.ts'
import type { State } from './state.ts'

export interface AcceptOptions {
  /** keepalived up to 2.3.2 dropped advertisements whose addresses differ from ours; later ones only say so. */
  readonly rejectAddressMismatch: boolean
}

/** The verdict on a packet for this instance, as the event to give to `step`. */
export function accept(
  _instance: VrrpInstance,
  _state: State,
  _received: Received,
  _options?: AcceptOptions,
): Heard | Dropped {
  return { type: 'dropped', drop: 'short', text: '' }
}
