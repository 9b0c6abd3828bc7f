/**
 * Routes and policy rules in the words of `ip route` and `ip rule`, as keepalived.conf has them, and what they mean. What
 * has a meaning that sluice cannot give is a problem, and is not put into the kernel by halves.
 */
import { type Ip, type IpFamily, ipFamily, parseIp } from '../bytes/address.ts'

export interface WantedHop {
  readonly gateway: Ip | undefined
  readonly interface: string | undefined
  readonly weight: number
}

export interface WantedRoute {
  readonly family: IpFamily
  /** Undefined: the default route. */
  readonly destination: Ip | undefined
  readonly prefix: number
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit' | 'throw' | 'local'
  readonly gateway: Ip | undefined
  readonly interface: string | undefined
  /** Empty unless there are several. */
  readonly nextHops: readonly WantedHop[]
  readonly table: number
  readonly metric: number | undefined
  readonly source: Ip | undefined
  readonly scope: 'global' | 'link' | 'host' | undefined
  readonly onLink: boolean
}

export interface WantedRule {
  readonly family: IpFamily
  readonly priority: number
  readonly table: number
  readonly source: Network | undefined
  readonly destination: Network | undefined
  readonly mark: { readonly value: number; readonly mask: number } | undefined
  readonly inputInterface: string | undefined
  readonly outputInterface: string | undefined
}

export interface Network {
  readonly address: Ip
  readonly prefix: number
}

export type Read<T> = { readonly value: T } | { readonly problem: string }

const TABLES: Readonly<Record<string, number>> = { main: 254, local: 255, default: 253 }
const MAIN = 254
const TYPES: ReadonlySet<string> = new Set(['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw', 'local'])
/** What changes nothing: how it is added, who is said to have added it. */
const IDLE: ReadonlySet<string> = new Set(['add', 'append', 'prepend', 'inet', 'inet6'])

class Problem extends Error {}

/** The words one after another; what is missing or cannot be read throws Problem, which does not leave this file. */
class Words {
  readonly #words: readonly string[]
  #at = 0

  constructor(words: readonly string[]) {
    this.#words = words
  }

  next(): string | undefined {
    return this.#words[this.#at++]
  }

  peek(): string | undefined {
    return this.#words[this.#at]
  }

  need(after: string): string {
    const word = this.next()
    if (word === undefined) throw new Problem(`something is missing behind "${after}"`)
    return word
  }

  number(after: string): number {
    const word = this.need(after)
    const number = Number(word)
    if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) throw new Problem(`"${word}" is no number`)
    return number
  }

  table(after: string): number {
    const name = this.peek()
    if (name === undefined || !Object.hasOwn(TABLES, name)) return this.number(after)
    this.next()
    return TABLES[name]!
  }

  /** An address; `via inet6 fe80::1` may name its family. */
  address(after: string): Ip {
    const first = this.need(after)
    const word = first === 'inet' || first === 'inet6' ? this.need(after) : first
    const address = parseIp(word)
    if (address === undefined) throw new Problem(`"${word}" is no address`)
    return address
  }
}

function network(word: string): Network {
  const [text = '', bits] = word.split('/')
  const address = parseIp(text)
  if (address === undefined) throw new Problem(`"${word}" is no network`)
  const bitsMax = ipFamily(address) === 4 ? 32 : 128
  const prefix = bits === undefined ? bitsMax : Number(bits)
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > bitsMax) throw new Problem(`"${word}" is no network`)
  return { address, prefix }
}

function attempt<T>(read: () => T): Read<T> {
  try {
    return { value: read() }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { problem: error.message }
  }
}

export function readRoute(words: readonly string[], family: IpFamily): Read<WantedRoute> {
  return attempt(() => {
    const reader = new Words(words)
    let route: WantedRoute = {
      family,
      destination: undefined,
      prefix: 0,
      type: 'unicast',
      gateway: undefined,
      interface: undefined,
      nextHops: [],
      table: MAIN,
      metric: undefined,
      source: undefined,
      scope: undefined,
      onLink: false,
    }
    const set = (change: Partial<WantedRoute>) => {
      route = { ...route, ...change }
    }
    for (let word = reader.next(); word !== undefined; word = reader.next()) {
      if (IDLE.has(word)) continue
      if (TYPES.has(word)) set({ type: word as WantedRoute['type'] })
      else if (word === 'via') set({ gateway: reader.address(word) })
      else if (word === 'dev' || word === 'oif') set({ interface: reader.need(word) })
      else if (word === 'src') set({ source: reader.address(word) })
      else if (word === 'table') set({ table: reader.table(word) })
      else if (word === 'metric' || word === 'priority' || word === 'preference') set({ metric: reader.number(word) })
      else if (word === 'onlink') set({ onLink: true })
      else if (word === 'protocol' || word === 'proto') reader.need(word)
      else if (word === 'scope') set({ scope: scopeOf(reader.need(word)) })
      else if (word === 'nexthop') set({ nextHops: [...route.nextHops, readHop(reader)] })
      else if (word === 'default') set({ destination: undefined, prefix: 0 })
      else {
        const { address, prefix } = network(word === 'to' ? reader.need(word) : word)
        set({ destination: prefix === 0 ? undefined : address, prefix })
      }
    }
    return route
  })
}

function readHop(reader: Words): WantedHop {
  let gateway: Ip | undefined
  let device: string | undefined
  let weight = 1
  for (let word = reader.peek(); word !== undefined && word !== 'nexthop'; word = reader.peek()) {
    reader.next()
    if (word === 'via') gateway = reader.address(word)
    else if (word === 'dev') device = reader.need(word)
    else if (word === 'weight') weight = reader.number(word)
    else throw new Problem(`sluice does not know "${word}" of a next hop`)
  }
  return { gateway, interface: device, weight }
}

function scopeOf(word: string): 'global' | 'link' | 'host' {
  if (word === 'global' || word === 'link' || word === 'host') return word
  throw new Problem(`sluice does not know the scope "${word}"`)
}

/** `preference` is for a rule that does not say its own. */
export function readRule(words: readonly string[], family: IpFamily, preference: number): Read<WantedRule> {
  return attempt(() => {
    const reader = new Words(words)
    let rule: WantedRule = {
      family,
      priority: preference,
      table: MAIN,
      source: undefined,
      destination: undefined,
      mark: undefined,
      inputInterface: undefined,
      outputInterface: undefined,
    }
    const set = (change: Partial<WantedRule>) => {
      rule = { ...rule, ...change }
    }
    for (let word = reader.next(); word !== undefined; word = reader.next()) {
      if (IDLE.has(word)) continue
      if (word === 'from') set({ source: networkOrAll(reader.need(word)) })
      else if (word === 'to') set({ destination: networkOrAll(reader.need(word)) })
      else if (word === 'iif' || word === 'dev') set({ inputInterface: reader.need(word) })
      else if (word === 'oif') set({ outputInterface: reader.need(word) })
      else if (word === 'table' || word === 'lookup') set({ table: reader.table(word) })
      else if (word === 'priority' || word === 'preference' || word === 'pref' || word === 'order')
        set({ priority: reader.number(word) })
      else if (word === 'protocol') reader.need(word)
      else if (word === 'fwmark') {
        const [value, mask = 0xffff_ffff] = reader.need(word).split('/').map(Number)
        if (value === undefined || Number.isNaN(value) || Number.isNaN(mask))
          throw new Problem('the fwmark is no number')
        set({ mark: { value, mask } })
      } else throw new Problem(`sluice does not know "${word}" of a rule`)
    }
    return rule
  })
}

function networkOrAll(word: string): Network | undefined {
  return word === 'all' || word === 'any' || word === 'default' ? undefined : network(word)
}
