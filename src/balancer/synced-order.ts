/** What another director tells of a connection, judged, and as the order that enters it into our table. */

import { ipFromBytes } from '../bytes/address.ts'
import type { Protocol, ServiceKey } from '../model/service.ts'
import { SYNC_FLAG, type SyncedConnection } from '../wire/ipvs-sync.ts'
import { KIND, ORDER, ORDER_BYTES, STATE, type TableFacts, timeoutOffset } from './layout.ts'
import { Memory } from './memory.ts'
import { PROTOCOL } from './program/headers.ts'
import { SCTP_STATES } from './sctp-state.ts'
import { TCP_STATES } from './tcp-state.ts'

/** Why a connection that was told of is not entered. `engine`: we have no such persistence engine; `server`: no host's address. */
export type SyncedDrop = 'protocol' | 'state' | 'engine' | 'method' | 'server' | 'waiting-full' | 'table-full'

/** What ip_vs gives a template of unknown timeout. */
const TEMPLATE_TIMEOUT_S = 180
/** Jiffies have 32 bits, of which half look into the past. */
const TIMEOUT_MAX = 2 ** 31 - 1

const PROTOCOLS: ReadonlyMap<number, { readonly name: Protocol; readonly first: number; readonly states: number }> =
  new Map([
    [PROTOCOL.tcp, { name: 'TCP', first: STATE.NONE, states: TCP_STATES.length }],
    [PROTOCOL.udp, { name: 'UDP', first: STATE.UDP, states: 1 }],
    [PROTOCOL.sctp, { name: 'SCTP', first: STATE.SCTP_NONE, states: SCTP_STATES.length }],
  ])

export function judgeSynced({ protocol, flags, state, engine }: SyncedConnection): SyncedDrop | undefined {
  const known = PROTOCOLS.get(protocol)
  if (known === undefined) return 'protocol'
  if (engine !== undefined) return 'engine'
  const isTemplate = (flags & SYNC_FLAG.template) !== 0
  return !isTemplate && state >= known.states ? 'state' : undefined
}

type AddressKey = Extract<ServiceKey, { kind: 'address' }>

/** The service that a connection is told to belong to. */
export function syncedKey({ protocol, virtual }: SyncedConnection): AddressKey {
  return {
    kind: 'address',
    protocol: PROTOCOLS.get(protocol)?.name ?? 'TCP',
    address: ipFromBytes(virtual.address),
    port: virtual.port,
  }
}

/** `settings` hold the timeouts of states, and the count of packets that the connection is taken to have had. */
export function syncedOrder(
  connection: SyncedConnection,
  destination: number,
  packets: number,
  settings: Memory,
  { hertz }: TableFacts,
): Uint8Array {
  const { family, protocol, flags, client, virtual, mark, timeoutS } = connection
  const isTemplate = (flags & SYNC_FLAG.template) !== 0
  const state = isTemplate
    ? connection.state === 1
      ? STATE.ASSURED
      : STATE.TEMPLATE
    : connection.state + (PROTOCOLS.get(protocol)?.first ?? 0)
  const usual = isTemplate ? TEMPLATE_TIMEOUT_S * hertz : settings.get(timeoutOffset(state), [0, 'u32'])
  const order = new Memory(new Uint8Array(ORDER_BYTES))
  order.bytes.set(client.address, ORDER.client[0])
  order.bytes.set(virtual.address, ORDER.virtual[0])
  order.set(0, [ORDER.ports[0], 'be16'], client.port)
  order.set(0, [ORDER.ports[0] + 2, 'be16'], virtual.port)
  order.set(0, ORDER.protocol, protocol)
  order.set(0, ORDER.kind, isTemplate ? KIND.template : KIND.connection)
  order.set(0, ORDER.state, state)
  order.set(0, ORDER.family, family)
  order.set(0, ORDER.destination, destination)
  order.set(0, ORDER.timeout, timeoutS === 0 ? usual : Math.min(timeoutS * hertz, TIMEOUT_MAX))
  order.set(0, ORDER.packets, packets)
  order.set(0, ORDER.mark, mark)
  order.set(0, ORDER.inactive, (flags & SYNC_FLAG.inactive) === 0 ? 0 : 1)
  return order.bytes
}
