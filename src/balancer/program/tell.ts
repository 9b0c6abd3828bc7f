/**
 * What the data path's programs tell of what they do, to who explains a packet: they are compiled to be traced then, and
 * interpreted. In the programs that the kernel runs nothing is left of it.
 *
 * Slots, services and destinations are numbers of records; a `link` is a destination's number plus one, 0 nobody.
 */
import type { Code } from '../../bpf/code.ts'
import type { Scalar } from '../../bpf/value.ts'

/** Every event, and what its numbers are called. */
export interface Events {
  /** The frame is for another machine's hardware address. */
  readonly 'other-host': never
  /** Nothing in it that a service could be asked for by. */
  readonly 'other-protocol': never
  /** On to the program for what has no ports of its own. */
  readonly aside: never
  readonly 'no-service': never
  readonly service: 'service'
  /** Found by the address and any port. */
  readonly 'any-port': never
  /** Not the packet that begins a connection. */
  readonly 'not-opening': never
  /** The service was removed. */
  readonly removed: never
  readonly connection: 'slot'
  /** Its time was up. */
  readonly over: 'slot'
  /** The client uses the ports of a connection that has ended for another one. */
  readonly reused: 'slot'
  /** Its server was removed. */
  readonly 'server-gone': 'destination'
  readonly 'new-connection': never
  readonly template: 'slot'
  /** Its time was up, or its server was removed. */
  readonly 'template-over': 'slot'
  readonly 'template-created': 'slot'
  readonly scheduler: 'service' | 'scheduler'
  /** A server that the scheduler looks at; then what it weighs there, if it takes connections. */
  readonly considered: 'link'
  readonly candidate: 'link' | 'load' | 'weight'
  /** wrr: who has at least this weight is next. */
  readonly turn: 'weight'
  /** sh, dh, mh: what the lookup table says there. */
  readonly ring: 'index' | 'link'
  /** lblc, lblcr: what is remembered of the address. */
  readonly locality: 'entry'
  /** lblc, lblcr: who was remembered has more connections than weight. */
  readonly busy: 'link'
  readonly chosen: 'destination'
  readonly created: 'slot'
  readonly state: 'slot' | 'before' | 'after'
  /** A translated server's answer to a connection's client. */
  readonly reply: 'slot'
  /** An address of a server, but no connection of its. */
  readonly 'no-reply': never
  /** The first piece of a packet; a later one, and whether it comes from the client or goes to it. */
  readonly 'first-fragment': 'slot'
  readonly fragment: 'slot' | 'direction'
  readonly 'stray-fragment': never
  /** An ICMP message: about a connection, to its server, to its client, or from its tunnel; or none of that. */
  readonly 'error-to-server': 'slot'
  readonly 'error-to-client': 'slot'
  readonly 'error-from-tunnel': 'slot'
  readonly 'stray-message': never
  /** How it is sent on, by number of `FORWARD`. */
  readonly forward: 'method' | 'destination'
  /** The next hop is what it was a moment ago. */
  readonly 'known-hop': 'destination'
  /** Asked of the kernel: its answer, `BPF_FIB_LKUP_RET_…`. */
  readonly route: 'result'
  /** Longer than the way takes, which is so much, with what is put before the packet. */
  readonly 'too-long': 'mtu' | 'overhead'
  /** The segments that it stands for are not. */
  readonly segmented: never
  /** A packet of no use, counted by number of `REASONS`. */
  readonly counted: 'reason'
}

export type EventName = keyof Events

/** Tells an event where the program is compiled to be traced. */
export function tell<E extends EventName>(
  code: Code,
  event: E,
  ...[values]: [Events[E]] extends [never] ? [] : [() => Readonly<Record<Events[E], Scalar>>]
): void {
  code.tell(event, values)
}
