/**
 * What it takes for the table of virtual services to hold what the configuration and the checkers want.
 *
 * The table is shared with whoever types `ipvsadm`, so three things are compared: what is desired, what is there, and
 * what we own. Services and servers that we do not own are left alone; so is an edit that somebody made to one of ours
 * (`ipvsadm -e … -w 0`, to drain it) until we ourselves want it to change. What is there already is adopted as it is:
 * a daemon that crashed and returns deletes nothing and adds nothing, and no connection notices.
 */
import type { DesiredService } from '../health/desired.ts'
import { endpointText, type ServiceKey, serviceKeyText } from '../model/service.ts'
import type { Destination, ListedService, VirtualService } from '../model/virtual-service.ts'

export type ServiceOperation =
  | { readonly type: 'addService'; readonly service: VirtualService }
  | { readonly type: 'editService'; readonly service: VirtualService }
  | { readonly type: 'deleteService'; readonly key: ServiceKey }
  | { readonly type: 'addDestination'; readonly key: ServiceKey; readonly destination: Destination }
  | { readonly type: 'editDestination'; readonly key: ServiceKey; readonly destination: Destination }
  | { readonly type: 'deleteDestination'; readonly key: ServiceKey; readonly destination: Destination }

/** The service keys we own, each with the endpoints of its servers that we own. */
export type OwnedServices = ReadonlyMap<string, ReadonlySet<string>>

/**
 * `applied` is what this process has brought about before; nothing after a start. In the plan servers come before they
 * go, so that a service is without servers only if it is meant to be.
 */
export function planServices(
  desired: readonly DesiredService[],
  observed: readonly ListedService[],
  owned: OwnedServices,
  applied: readonly DesiredService[],
): readonly ServiceOperation[] {
  const held = new Map(observed.map(service => [serviceKeyText(service.key), service]))
  const before = new Map(applied.map(one => [serviceKeyText(one.service.key), one]))
  const wanted = new Set(desired.map(one => serviceKeyText(one.service.key)))
  return [
    ...desired.flatMap(one => {
      const name = serviceKeyText(one.service.key)
      return planService(one, held.get(name), owned.get(name) ?? new Set(), before.get(name))
    }),
    ...observed.flatMap(service => {
      const name = serviceKeyText(service.key)
      const ours = owned.get(name)
      return ours === undefined || wanted.has(name) ? [] : planRemoval(service, ours)
    }),
  ]
}

/** The servers of a service are told apart by this. */
export function destinationKey({ address, port }: Pick<Destination, 'address' | 'port'>): string {
  return endpointText(address, port)
}

function planService(
  desired: DesiredService,
  held: ListedService | undefined,
  owned: ReadonlySet<string>,
  applied: DesiredService | undefined,
): readonly ServiceOperation[] {
  const { service, destinations } = desired
  const { key } = service
  const add = (destination: Destination) => ({ type: 'addDestination', key, destination }) as const
  if (held === undefined) return [{ type: 'addService', service }, ...destinations.map(add)]

  const there = new Map(held.destinations.map(destination => [destinationKey(destination), destination]))
  const before = new Map(applied?.destinations.map(destination => [destinationKey(destination), destination]))
  const wanted = new Set(destinations.map(destinationKey))
  const missing = destinations.filter(destination => !there.has(destinationKey(destination)))
  const changed = destinations.filter(destination => {
    const name = destinationKey(destination)
    return differs(there.get(name), before.get(name), destination, destinationText)
  })
  const gone = held.destinations.filter(destination => {
    const name = destinationKey(destination)
    return owned.has(name) && !wanted.has(name)
  })
  return [
    ...(differs(held, applied?.service, service, serviceText) ? [{ type: 'editService', service } as const] : []),
    ...missing.map(add),
    ...byWeight(changed).map(destination => ({ type: 'editDestination', key, destination }) as const),
    ...gone.map(destination => ({ type: 'deleteDestination', key, destination }) as const),
  ]
}

/** A service that lost its place in the configuration goes, unless somebody else's servers stand behind it by now. */
function planRemoval({ key, destinations }: ListedService, owned: ReadonlySet<string>): readonly ServiceOperation[] {
  if (destinations.every(destination => owned.has(destinationKey(destination)))) return [{ type: 'deleteService', key }]
  return destinations
    .filter(destination => owned.has(destinationKey(destination)))
    .map(destination => ({ type: 'deleteDestination', key, destination }))
}

/** What is there is another than what we want, and it is not that somebody edited what we had brought about. */
function differs<T>(there: T | undefined, applied: T | undefined, desired: T, text: (value: T) => string): boolean {
  if (there === undefined || text(there) === text(desired)) return false
  return applied === undefined || text(applied) !== text(desired)
}

/** Heaviest first: a weight falls to 0 only when the others have risen. */
function byWeight(destinations: readonly Destination[]): readonly Destination[] {
  return destinations.toSorted((a, b) => b.weight - a.weight)
}

function serviceText(service: VirtualService): string {
  const { scheduler, schedulerFlags, onePacket, persistence, persistenceEngine } = service
  const mask = persistence && [persistence.timeoutS, persistence.prefix]
  return JSON.stringify([scheduler, schedulerFlags.toSorted(), onePacket, mask, persistenceEngine])
}

function destinationText({ forwarding, weight, upperThreshold, lowerThreshold }: Destination): string {
  const tunnel = forwarding.method === 'tunnel' ? JSON.stringify(Object.entries(forwarding.tunnel).toSorted()) : ''
  return `${forwarding.method} ${tunnel} ${weight} ${upperThreshold} ${lowerThreshold}`
}
