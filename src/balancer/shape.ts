/**
 * What the live table makes use of: the part of a table that decides how its program looks. A program has no code for
 * what no service asks for; an edit that changes the shape makes a new program, any other edit only changes memory.
 */
import { type Forwarding, SCHEDULERS, type Scheduler } from '../model/service.ts'
import type { VirtualService } from '../model/virtual-service.ts'

export interface Shape {
  readonly protocols: readonly ('tcp' | 'udp')[]
  readonly schedulers: readonly Scheduler[]
  readonly persistence: boolean
  readonly thresholds: boolean
  readonly methods: readonly ForwardingMethod[]
  /** Some service takes every port of its address. */
  readonly anyPort: boolean
  /** How far a scheduler may have to walk: a power of two no less than the longest list of destinations. */
  readonly walkMax: number
}

export type ForwardingMethod = Forwarding['method']
const METHODS: readonly ForwardingMethod[] = ['route', 'masquerade', 'tunnel']

/** What the destinations of a service ask for. */
export interface DestinationNeeds {
  readonly count: number
  readonly thresholds: boolean
  readonly methods: readonly ForwardingMethod[]
}

export const EMPTY_SHAPE: Shape = {
  protocols: [],
  schedulers: [],
  persistence: false,
  thresholds: false,
  methods: [],
  anyPort: false,
  walkMax: 1,
}

/** Equal for equal shapes, and readable in a program's status. */
export function shapeText(shape: Shape): string {
  const words = [
    ...[...shape.protocols].sort(),
    ...[...shape.schedulers].sort(),
    ...(shape.persistence ? ['persistence'] : []),
    ...(shape.thresholds ? ['thresholds'] : []),
    ...METHODS.filter(method => shape.methods.includes(method)),
    ...(shape.anyPort ? ['any-port'] : []),
    `walk-${shape.walkMax}`,
  ]
  return words.join(' ')
}

/** The shape that `shapeText` wrote; words of another version are passed over, which costs a new program at most. */
export function parseShape(text: string): Shape {
  const words = text.split(' ')
  const walk = words.find(word => word.startsWith('walk-'))
  return {
    protocols: (['tcp', 'udp'] as const).filter(protocol => words.includes(protocol)),
    schedulers: SCHEDULERS.filter(scheduler => words.includes(scheduler)),
    persistence: words.includes('persistence'),
    thresholds: words.includes('thresholds'),
    methods: METHODS.filter(method => words.includes(method)),
    anyPort: words.includes('any-port'),
    walkMax: walk === undefined ? 1 : Number(walk.slice('walk-'.length)),
  }
}

/** The shape that has, beside what it had, what this service and its destinations need. */
export function shapeWith(shape: Shape, service: VirtualService, needs: DestinationNeeds): Shape {
  const { key, scheduler } = service
  const protocol = key.kind === 'address' && key.protocol === 'UDP' ? 'udp' : 'tcp'
  return {
    protocols: (['tcp', 'udp'] as const).filter(each => each === protocol || shape.protocols.includes(each)),
    schedulers: SCHEDULERS.filter(each => each === scheduler || shape.schedulers.includes(each)),
    persistence: shape.persistence || service.persistence !== undefined,
    thresholds: shape.thresholds || needs.thresholds,
    methods: METHODS.filter(method => needs.methods.includes(method) || shape.methods.includes(method)),
    anyPort: shape.anyPort || (key.kind === 'address' && key.port === 0),
    walkMax: Math.max(shape.walkMax, walkFor(needs.count)),
  }
}

export const NO_NEEDS: DestinationNeeds = { count: 0, thresholds: false, methods: [] }

/** The power of two that covers so many destinations; at least 16, so that a small service grows without a new program. */
export function walkFor(destinations: number): number {
  return 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, destinations))))
}
