/** What can be said against an advertisement that could be read. */
import type { VrrpInstance } from '../model/vrrp-instance.ts'
import { type Advertisement, VRRP_ADVERTISEMENT } from '../wire/vrrp.ts'
import type { AcceptOptions } from './accept-options.ts'
import type { Objection } from './objection.ts'
import { OWNER_PRIORITY } from './priority.ts'
import type { Received } from './received.ts'
import type { State } from './state.ts'

export interface Judged {
  readonly instance: VrrpInstance
  readonly state: State
  readonly received: Received
  readonly advertisement: Advertisement
  readonly options: AcceptOptions
}

/** RFC 9568 section 7.1: MUST verify that the VRID is configured on the receiving interface. */
export function checkRouterId({ instance, received, advertisement }: Judged): Objection | undefined {
  if (advertisement.routerId === instance.routerId) return undefined
  const text = `wrong VRID from ${received.source}. Received ${advertisement.routerId} and expect ${instance.routerId}`
  return { drop: 'router-id', text }
}

/**
 * Version 2 MUST drop another interval than ours (RFC 3768 section 7.1); version 3 lives with it, but an interval of
 * nothing would make every backup take over at once.
 */
export function checkInterval({ instance, received, advertisement }: Judged): Objection | undefined {
  if (advertisement.version === 2) {
    const ours = instance.advertIntervalMs / 1000
    const theirs = advertisement.intervalS
    if (theirs === ours) return undefined
    const text = `advertisement interval mismatch with ${received.source} mine=${ours} sec rcv'd=${theirs} sec`
    return { drop: 'interval', text }
  }
  const ours = Math.round(instance.advertIntervalMs / 10)
  const theirs = advertisement.intervalCs
  if (theirs === 0) return { drop: 'interval', text: `advertisement interval of 0 centi-sec from ${received.source}` }
  if (theirs === ours) return undefined
  const text = `advertisement interval mismatch ours = ${ours} centi-sec rcv'd=${theirs} centi-sec`
  return { remark: 'interval-mismatch', text }
}

export function checkType({ received, advertisement }: Judged): Objection | undefined {
  if (advertisement.type === VRRP_ADVERTISEMENT) return undefined
  const text = `Invalid packet type from ${received.source}. ${advertisement.type} and expect ${VRRP_ADVERTISEMENT}`
  return { drop: 'type', text }
}

/** An instance with unicast peers hears no multicast, and the other way round. */
export function checkDestination({ instance, received }: Judged): Objection | undefined {
  const unicast = instance.unicastPeers.length > 0
  if (isMulticast(received) !== unicast) return undefined
  const [wanted, got] = unicast ? ['un', 'mult'] : ['mult', 'un']
  const text = `Expected ${wanted}icast packet but received ${got}icast packet from ${received.source}`
  return { drop: 'destination', text }
}

/** `owner_ignore_adverts`: who owns the addresses has nobody to listen to. */
export function checkOwner({ instance, state, received }: Judged): Objection | undefined {
  if (!instance.ownerIgnoresAdverts || state.priority !== OWNER_PRIORITY) return undefined
  return { drop: 'owner', text: `Dropping packet(s) from ${received.source} since we are address owner` }
}

/** RFC 9568 section 7.1: MAY verify that the addresses are those configured for the VRID. */
export function checkAddresses({ instance, state, received, advertisement, options }: Judged): Objection | undefined {
  const { source } = received
  const known = state.name === 'backup' && state.active?.address === source
  if (instance.skipCheckAdvertAddresses && known) return undefined
  const ours = instance.addresses.map(({ address }) => address)
  const theirs = new Set(advertisement.addresses)
  const object = (label: 'address-count' | 'address-list', text: string): Objection =>
    options.rejectAddressMismatch ? { drop: label, text } : { remark: label, text }
  if (advertisement.addresses.length !== ours.length) {
    return object('address-count', `expected ${ours.length} VIPs but received ${advertisement.addresses.length}`)
  }
  const missing = ours.find(address => !theirs.has(address))
  if (missing === undefined) return undefined
  const subject = `ip address associated with VRID ${instance.routerId}`
  return object('address-list', `${subject} not present in advert from ${source}: ${missing}`)
}

/** What a unicast instance knows of its peers. */
export function checkSource({ instance, received }: Judged): Objection | undefined {
  const { source, hopLimit } = received
  if (instance.unicastPeers.length === 0) return undefined
  if (instance.checkUnicastSource && !instance.unicastPeers.includes(source)) {
    return { drop: 'source', text: `unicast source address ${source} not a unicast peer` }
  }
  const limit = instance.unicastTtlLimits.find(({ peer }) => peer === source)
  if (limit === undefined || (hopLimit >= limit.minTtl && hopLimit <= limit.maxTtl)) return undefined
  const text = `TTL/HL ${hopLimit} from ${source} not in range ${limit.minTtl} - ${limit.maxTtl}`
  return { drop: 'hop-limit', text }
}

function isMulticast({ destination }: Received): boolean {
  return destination.includes(':') ? destination.startsWith('ff') : Number.parseInt(destination, 10) >> 4 === 0xe
}
