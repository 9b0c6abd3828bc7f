/**
 * The shape of the program that runs, as edits change it: it grows before something new is visible to packets, and
 * shrinks once something is gone.
 */
import { ipFamily } from '../bytes/address.ts'
import { serviceFamily } from '../model/service.ts'
import type { Destination, VirtualService } from '../model/virtual-service.ts'
import type { Backing } from './backing.ts'
import { DESTINATION_BYTES, SERVICE_BYTES, SETTINGS, SHAPE_BYTES, SHAPE_OFFSET } from './layout.ts'
import type { Memory } from './memory.ts'
import { readDestination, readService } from './records.ts'
import { type DestinationNeeds, EMPTY_SHAPE, parseShape, type Shape, shapeText, shapeWith, walkFor } from './shape.ts'
import type { TableRecords } from './table-records.ts'

/** A shape only grows while there are more services than this: finding out what they all use would take too long. */
const RESHAPE_SERVICES_MAX = 256

export class LiveShape {
  readonly #backing: Backing
  readonly #records: TableRecords
  /** What the program that runs is known to do: thousands of rules ask for the same. */
  #granted: Set<string> = new Set()
  #known: { readonly generation: number; readonly shape: Shape } | undefined

  constructor(backing: Backing, records: TableRecords) {
    this.#backing = backing
    this.#records = records
  }

  /** Before something new is visible to packets, the program must know how to handle it. */
  grow(service: VirtualService, needs: DestinationNeeds): void {
    const before = this.#shape()
    const wish = wishText(service, needs)
    if (this.#granted.has(wish)) return
    const after = shapeWith(before, service, needs)
    if (shapeText(after) !== shapeText(before)) this.#install(after, before)
    else this.#granted.add(wish)
  }

  /** After something is gone, the program need not know it any more. */
  shrink(): void {
    const { services, destinations } = this.#records
    const numbers = this.#records.usedServices()
    if (numbers.length > RESHAPE_SERVICES_MAX) return
    const before = this.#shape()
    const entries = this.#records.settings.get(0, SETTINGS.entries) + this.#records.settings.get(0, SETTINGS.entries6)
    // Its connections need the protocols and the methods still, and replies are looked for while there are any.
    const kept: Shape = {
      ...EMPTY_SHAPE,
      families: before.families,
      protocols: before.protocols,
      methods: before.methods,
      tunnels: before.tunnels,
      tunnelFamilies: before.tunnelFamilies,
      onePacket: before.onePacket && entries > 0,
      sync: before.sync,
      marks: before.marks && entries > 0,
    }
    const after = numbers.reduce((shape, number) => {
      const members = this.#records
        .members(number)
        .map(member => readDestination(destinations, member * DESTINATION_BYTES))
      return shapeWith(shape, readService(services, number * SERVICE_BYTES), needsOf(members, members.length))
    }, kept)
    if (shapeText(after) !== shapeText(before)) this.#install(after, before)
  }

  /** The program notes, or no longer notes, what other directors are to be told. */
  setSync(sync: boolean): void {
    const before = this.#shape()
    if (before.sync !== sync) this.#install({ ...before, sync }, before)
  }

  /** Read anew only if somebody has put another program to work. */
  #shape(): Shape {
    const generation = this.#records.settings.get(0, SETTINGS.generation)
    if (this.#known?.generation !== generation) {
      this.#known = { generation, shape: readShape(this.#records.settings) }
      this.#granted.clear()
    }
    return this.#known.shape
  }

  #install(shape: Shape, before: Shape): void {
    this.#backing.reshape(shape, before)
    const bytes = this.#records.settings.slice(SHAPE_OFFSET, SHAPE_BYTES)
    bytes.fill(0)
    bytes.set(new TextEncoder().encode(shapeText(shape)).subarray(0, SHAPE_BYTES - 1))
    this.#records.next(SETTINGS.generation)
  }
}

/** The shape of the program that runs, as whoever put it to work has noted it. */
export function readShape(settings: Memory): Shape {
  const bytes = settings.slice(SHAPE_OFFSET, SHAPE_BYTES)
  const end = bytes.indexOf(0)
  return parseShape(new TextDecoder().decode(bytes.slice(0, end < 0 ? SHAPE_BYTES : end)))
}

/** What destinations ask of the program; `count` is how many the service has with them. */
export function needsOf(destinations: readonly Destination[], count: number): DestinationNeeds {
  return {
    count,
    thresholds: destinations.some(destination => destination.upperThreshold > 0),
    methods: destinations.map(({ forwarding }) => forwarding.method),
    tunnels: destinations.flatMap(({ forwarding }) => (forwarding.method === 'tunnel' ? [forwarding.tunnel.type] : [])),
    tunnelFamilies: destinations.flatMap(({ forwarding, address }) =>
      forwarding.method === 'tunnel' ? [ipFamily(address)] : [],
    ),
  }
}

/** Equal only for services and destinations that ask the same of the program. */
function wishText({ key, ...service }: VirtualService, needs: DestinationNeeds): string {
  const { scheduler, schedulerFlags, persistence, persistenceEngine, onePacket } = service
  const whom = key.kind === 'mark' ? 'mark' : `${key.protocol} ${key.port === 0}`
  const how = `${scheduler} ${schedulerFlags} ${persistence !== undefined} ${persistenceEngine} ${onePacket}`
  const { count, thresholds, methods, tunnels, tunnelFamilies } = needs
  return `${whom} ${serviceFamily(key)} ${how} ${walkFor(count)} ${thresholds} ${methods} ${tunnels} ${tunnelFamilies}`
}
