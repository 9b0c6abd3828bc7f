/** The connection table as `ipvsadm -Lc` lists it, read from the live memory entry by entry. */
import type { IpFamily } from '../bytes/address.ts'
import type { ListedConnection } from '../model/virtual-service.ts'
import {
  CONNECTION,
  CONNECTION_BYTES,
  CONNECTION_FLAG,
  CONNECTION6,
  CONNECTION6_BYTES,
  DESTINATION_BYTES,
  KIND,
  STATE,
  type TableFacts,
} from './layout.ts'
import { Memory } from './memory.ts'
import { addressAt, protocolName, readEndpoint } from './records.ts'
import { SCTP_STATES } from './sctp-state.ts'
import { TCP_STATES } from './tcp-state.ts'

/** IPv4 first, then IPv6. */
export function* listConnections(
  regions: Readonly<Record<'connections' | 'connections6', Uint8Array>>,
  destinations: Memory,
  facts: TableFacts,
  jiffies: number,
): Generator<ListedConnection> {
  yield* listFamily(4, new Memory(regions.connections), destinations, facts, jiffies)
  yield* listFamily(6, new Memory(regions.connections6), destinations, facts, jiffies)
}

/** Entries that come and go meanwhile may or may not be seen; one that changes while it is read is left out. */
function* listFamily(
  family: IpFamily,
  connections: Memory,
  destinations: Memory,
  facts: TableFacts,
  jiffies: number,
): Generator<ListedConnection> {
  const { bytes, client: clientAt, virtual: virtualAt } = ENTRY[family]
  for (let at = 0; at < connections.bytes.length; at += bytes) {
    const key = connections.getWide(at, CONNECTION.key)
    const kind = connections.get(at, CONNECTION.kind)
    if (kind !== KIND.connection && kind !== KIND.template) continue
    const left = connections.get(at, CONNECTION.timeout) - ((jiffies - connections.get(at, CONNECTION.stamp)) >>> 0)
    const number = connections.get(at, CONNECTION.protocol)
    // A template by firewall mark is for all protocols.
    const protocol = number === 0 ? 'IP' : protocolName(number)
    const client = addressAt(connections, at + clientAt[0], family)
    const virtual = addressAt(connections, at + virtualAt[0], family)
    const listed: ListedConnection = {
      protocol,
      state: stateName(connections.get(at, CONNECTION.state)),
      expiresInS: Math.max(0, Math.floor(left / facts.hertz)),
      client: { address: client, port: connections.get(at, [CONNECTION.clientPort[0], 'be16']) },
      virtual: { address: virtual, port: connections.get(at, [CONNECTION.virtualPort[0], 'be16']) },
      destination: serverOf(connections, at, destinations, facts),
    }
    if (connections.getWide(at, CONNECTION.key) === key) yield listed
  }
}

const ENTRY = {
  4: { bytes: CONNECTION_BYTES, client: CONNECTION.client, virtual: CONNECTION.virtual },
  6: { bytes: CONNECTION6_BYTES, client: CONNECTION6.client, virtual: CONNECTION6.virtual },
} as const

/** A translated connection has its own idea of the server's port: that of a service of every port is the client's choice. */
function serverOf(
  connections: Memory,
  at: number,
  destinations: Memory,
  { capacity }: TableFacts,
): ListedConnection['destination'] {
  const number = connections.get(at, CONNECTION.destination) & (capacity.destinations - 1)
  const server = readEndpoint(destinations, number * DESTINATION_BYTES)
  const isTranslated = (connections.get(at, CONNECTION.flags) & CONNECTION_FLAG.translated) !== 0
  if (isTranslated) return { ...server, port: connections.get(at, [CONNECTION.serverPort[0], 'be16']) }
  // A server of every port is reached at the one that was asked for; a template is for them all.
  const isAnyPort = server.port === 0 && connections.get(at, CONNECTION.kind) === KIND.connection
  return isAnyPort ? { ...server, port: connections.get(at, [CONNECTION.virtualPort[0], 'be16']) } : server
}

/** As ip_vs names states (ip_vs_state_name). */
export function stateName(state: number): string {
  if (state === STATE.UDP) return 'UDP'
  if (state === STATE.ASSURED) return 'ASSURED'
  if (state >= STATE.SCTP_NONE) return SCTP_STATES[state - STATE.SCTP_NONE] ?? 'NONE'
  return TCP_STATES[state] ?? 'NONE'
}
