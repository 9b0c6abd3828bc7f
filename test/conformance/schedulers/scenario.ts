/**
 * A story of one virtual service: edits, and connections that come and go. It can be told to the real ip_vs (answer.py),
 * to sluice's data path (replay.ts) and to a model of the schedulers (model.ts); each answers which servers it chose.
 *
 *   scheduler NAME [FLAGS]        as ipvsadm -E -s NAME -b FLAGS; the first one makes the service
 *   add ID WEIGHT [UPPER LOWER]   the server 10.1.1.ID, with thresholds
 *   edit ID WEIGHT [UPPER LOWER]
 *   remove ID
 *   open COUNT                    so many connections from as many clients; answered by servers' ids, - for nobody
 *   same COUNT                    so many connections from different ports of one client
 *   idle COUNT                    the oldest of the open ones begin to close: they are inactive from now on
 *   close COUNT                   the oldest of the open ones are gone
 */
import { type Ip, ip } from '../../../src/bytes/address.ts'
import { SCHEDULERS, type Scheduler, type SchedulerFlag } from '../../../src/model/service.ts'

export interface Scenario {
  readonly name: string
  /** The last byte of the virtual address, 10.1.0.x; `marked`: many addresses, told by a firewall mark. */
  readonly address: number | 'marked'
  /** The virtual port; the servers' too. For a marked service, the mark. */
  readonly port: number
  readonly steps: readonly string[]
}

/** What was answered to each `open` and `same`, in their order. */
export type Answers = readonly string[]

export type Step =
  | { readonly verb: 'scheduler'; readonly scheduler: Scheduler; readonly flags: readonly SchedulerFlag[] }
  | { readonly verb: 'add' | 'edit'; readonly server: ServerStep }
  | { readonly verb: 'remove'; readonly id: number }
  | { readonly verb: 'open' | 'same' | 'idle' | 'close'; readonly count: number }

export interface ServerStep {
  readonly id: number
  readonly weight: number
  readonly upper: number
  readonly lower: number
}

const FLAGS: Readonly<Record<string, SchedulerFlag>> = {
  'sh-fallback': 'flag-1',
  'mh-fallback': 'flag-1',
  'sh-port': 'flag-2',
  'mh-port': 'flag-2',
}

export function parseStep(text: string): Step {
  const [verb, first = '', ...rest] = text.split(' ')
  switch (verb) {
    case 'scheduler': {
      const scheduler = SCHEDULERS.find(name => name === first)
      if (scheduler === undefined) throw new SyntaxError(`there is no scheduler "${first}"`)
      return { verb, scheduler, flags: (rest[0]?.split(',') ?? []).map(flag => FLAGS[flag]!) }
    }
    case 'add':
    case 'edit': {
      const [weight, upper = 0, lower = 0] = rest.map(Number)
      return { verb, server: { id: Number(first), weight: weight!, upper, lower } }
    }
    case 'remove':
      return { verb, id: Number(first) }
    case 'open':
    case 'same':
    case 'idle':
    case 'close':
      return { verb, count: Number(first) }
    default:
      throw new SyntaxError(`there is no step "${text}"`)
  }
}

export interface Client {
  readonly address: Ip
  readonly port: number
  readonly target: Ip
}

/** The client of a scenario's connection number `index`, and where it goes. */
export function clientOf({ address }: Scenario, index: number, verb: 'open' | 'same'): Client {
  return {
    address: ip(verb === 'same' ? '10.2.0.9' : `10.2.${(index * 37) & 255}.${(index * 11) & 255}`),
    port: 10000 + index,
    target: ip(address === 'marked' ? `10.3.0.${(index * index) % 7}` : `10.1.0.${address}`),
  }
}

/** A server's address. */
export function serverAddress(id: number): Ip {
  return ip(`10.1.1.${id}`)
}
