/**
 * What the live table makes use of: the part of a table that decides how its program looks. A program has no code for
 * what no service asks for; an edit that changes the shape makes a new program, any other edit only changes memory.
 */
import type { IpFamily } from '../bytes/address.ts'
import { type Forwarding, SCHEDULERS, type Scheduler, serviceFamily, type Tunnel } from '../model/service.ts'
import type { VirtualService } from '../model/virtual-service.ts'

export interface Shape {
  /** Of the services' addresses. */
  readonly families: readonly IpFamily[]
  readonly protocols: readonly Transport[]
  readonly schedulers: readonly Scheduler[]
  readonly persistence: boolean
  /** Some service schedules every packet of UDP by itself. */
  readonly onePacket: boolean
  readonly thresholds: boolean
  readonly methods: readonly ForwardingMethod[]
  readonly tunnels: readonly TunnelType[]
  /** Of the addresses that tunnels lead to. */
  readonly tunnelFamilies: readonly IpFamily[]
  /** Some service takes packets by their firewall mark: their connections may be for any address. */
  readonly marks: boolean
  /** Some service takes every port of its address. */
  readonly anyPort: boolean
  /** Some service has sh-port or mh-port: clients are told apart by their ports, too. */
  readonly hashPort: boolean
  /** Some service has sh-fallback or mh-fallback: who finds his server gone looks for another. */
  readonly hashFallback: boolean
  /** Other directors are told of connections. */
  readonly sync: boolean
  /** How far a scheduler may have to walk: a power of two no less than the longest list of destinations. */
  readonly walkMax: number
}

export type Transport = 'tcp' | 'udp' | 'sctp'
export type ForwardingMethod = Forwarding['method']
export type TunnelType = Tunnel['type']
const TUNNELS: readonly TunnelType[] = ['ipip', 'gue', 'gre']
/** In the order in which programs ask. */
const TRANSPORTS: readonly Transport[] = ['tcp', 'udp', 'sctp']
/** What a firewall mark may be on: SCTP beside them would make a program that is more than the verifier follows. */
const BY_MARK: readonly Transport[] = ['tcp', 'udp']
const TRANSPORT = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const
const FAMILIES: readonly IpFamily[] = [4, 6]
const METHODS: readonly ForwardingMethod[] = ['route', 'masquerade', 'tunnel']

/** What the destinations of a service ask for. */
export interface DestinationNeeds {
  readonly count: number
  readonly thresholds: boolean
  readonly methods: readonly ForwardingMethod[]
  readonly tunnels: readonly TunnelType[]
  readonly tunnelFamilies: readonly IpFamily[]
}

export const EMPTY_SHAPE: Shape = {
  families: [],
  protocols: [],
  schedulers: [],
  persistence: false,
  onePacket: false,
  thresholds: false,
  methods: [],
  tunnels: [],
  tunnelFamilies: [],
  marks: false,
  anyPort: false,
  hashPort: false,
  hashFallback: false,
  sync: false,
  walkMax: 1,
}

/** Equal for equal shapes, and readable in a program's status. */
export function shapeText(shape: Shape): string {
  const words = [
    ...FAMILIES.filter(family => shape.families.includes(family)).map(family => `ipv${family}`),
    ...TRANSPORTS.filter(protocol => shape.protocols.includes(protocol)),
    ...[...shape.schedulers].sort(),
    ...(shape.persistence ? ['persistence'] : []),
    ...(shape.onePacket ? ['one-packet'] : []),
    ...(shape.thresholds ? ['thresholds'] : []),
    ...METHODS.filter(method => shape.methods.includes(method)),
    ...TUNNELS.filter(tunnel => shape.tunnels.includes(tunnel)),
    ...FAMILIES.filter(family => shape.tunnelFamilies.includes(family)).map(family => `outer-ipv${family}`),
    ...(shape.marks ? ['marks'] : []),
    ...(shape.anyPort ? ['any-port'] : []),
    ...(shape.hashPort ? ['hash-port'] : []),
    ...(shape.hashFallback ? ['hash-fallback'] : []),
    ...(shape.sync ? ['sync'] : []),
    `walk-${shape.walkMax}`,
  ]
  return words.join(' ')
}

/** The shape that `shapeText` wrote; words of another version are passed over, which costs a new program at most. */
export function parseShape(text: string): Shape {
  const words = text.split(' ')
  const walk = words.find(word => word.startsWith('walk-'))
  return {
    families: FAMILIES.filter(family => words.includes(`ipv${family}`)),
    protocols: TRANSPORTS.filter(protocol => words.includes(protocol)),
    schedulers: SCHEDULERS.filter(scheduler => words.includes(scheduler)),
    persistence: words.includes('persistence'),
    onePacket: words.includes('one-packet'),
    thresholds: words.includes('thresholds'),
    methods: METHODS.filter(method => words.includes(method)),
    tunnels: TUNNELS.filter(tunnel => words.includes(tunnel)),
    tunnelFamilies: FAMILIES.filter(family => words.includes(`outer-ipv${family}`)),
    marks: words.includes('marks'),
    anyPort: words.includes('any-port'),
    hashPort: words.includes('hash-port'),
    hashFallback: words.includes('hash-fallback'),
    sync: words.includes('sync'),
    walkMax: walk === undefined ? 1 : Number(walk.slice('walk-'.length)),
  }
}

/** The shape that has, beside what it had, what this service and its destinations need. */
export function shapeWith(shape: Shape, service: VirtualService, needs: DestinationNeeds): Shape {
  const { key, scheduler, schedulerFlags } = service
  const hashes = scheduler === 'sh' || scheduler === 'mh'
  const protocols: readonly Transport[] = key.kind === 'address' ? [TRANSPORT[key.protocol]] : BY_MARK
  return {
    families: FAMILIES.filter(family => family === serviceFamily(key) || shape.families.includes(family)),
    protocols: TRANSPORTS.filter(each => protocols.includes(each) || shape.protocols.includes(each)),
    schedulers: SCHEDULERS.filter(each => each === scheduler || shape.schedulers.includes(each)),
    persistence: shape.persistence || service.persistence !== undefined,
    onePacket: shape.onePacket || service.onePacket,
    thresholds: shape.thresholds || needs.thresholds,
    methods: METHODS.filter(method => needs.methods.includes(method) || shape.methods.includes(method)),
    tunnels: TUNNELS.filter(tunnel => needs.tunnels.includes(tunnel) || shape.tunnels.includes(tunnel)),
    tunnelFamilies: FAMILIES.filter(
      family => needs.tunnelFamilies.includes(family) || shape.tunnelFamilies.includes(family),
    ),
    marks: shape.marks || key.kind === 'mark',
    anyPort: shape.anyPort || (key.kind === 'address' && key.port === 0),
    hashPort: shape.hashPort || (hashes && schedulerFlags.includes('flag-2')),
    hashFallback: shape.hashFallback || (hashes && schedulerFlags.includes('flag-1')),
    sync: shape.sync,
    walkMax: Math.max(shape.walkMax, walkFor(needs.count)),
  }
}

export const NO_NEEDS: DestinationNeeds = { count: 0, thresholds: false, methods: [], tunnels: [], tunnelFamilies: [] }

/** The power of two that covers so many destinations; at least 16, so that a small service grows without a new program. */
export function walkFor(destinations: number): number {
  return 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, destinations))))
}
