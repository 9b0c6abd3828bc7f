/** The connections that the data path has noted for other directors, read from the live tables; each is read once a note. */
import type { IpFamily } from '../bytes/address.ts'
import { SYNC_FLAG, type SyncedConnection } from '../wire/ipvs-sync.ts'
import type { Backing } from './backing.ts'
import {
  CONNECTION,
  CONNECTION_BYTES,
  CONNECTION6,
  CONNECTION6_BYTES,
  DESTINATION,
  DESTINATION_BYTES,
  DETAIL,
  DETAIL_BYTES,
  FORWARD,
  KIND,
  STATE,
} from './layout.ts'
import { Memory } from './memory.ts'
import { ACTIVE_STATES } from './tcp-state.ts'

export function* dueConnections(backing: Backing): Generator<SyncedConnection> {
  yield* dueOfFamily(backing, 4)
  yield* dueOfFamily(backing, 6)
}

const ENTRY = {
  4: { bytes: CONNECTION_BYTES, client: CONNECTION.client, virtual: CONNECTION.virtual, width: 4 },
  6: { bytes: CONNECTION6_BYTES, client: CONNECTION6.client, virtual: CONNECTION6.virtual, width: 16 },
} as const
const CLIENT_PORT = [CONNECTION.clientPort[0], 'be16'] as const
const VIRTUAL_PORT = [CONNECTION.virtualPort[0], 'be16'] as const
const SERVER_PORT = [DESTINATION.port[0], 'be16'] as const

function* dueOfFamily({ facts, memory }: Backing, family: IpFamily): Generator<SyncedConnection> {
  const details = family === 4 ? memory.details : memory.details6
  const detail = new Memory(details)
  const connections = new Memory(family === 4 ? memory.connections : memory.connections6)
  const destinations = new Memory(memory.destinations)
  const { bytes, client, virtual, width } = ENTRY[family]
  for (let at = DETAIL.due[0], slot = 0; at < details.length; at += DETAIL_BYTES, slot++) {
    if (details[at] === 0) continue
    // A note made from here on is of what has changed since.
    details[at] = 0
    const entry = slot * bytes
    const key = connections.getWide(entry, CONNECTION.key)
    const kind = connections.get(entry, CONNECTION.kind)
    if (kind !== KIND.connection && kind !== KIND.template) continue
    const isTemplate = kind === KIND.template
    const state = connections.get(entry, CONNECTION.state)
    const number = connections.get(entry, CONNECTION.destination) & (facts.capacity.destinations - 1)
    const server = number * DESTINATION_BYTES
    const method = destinations.get(server, DESTINATION.forward)
    const isInactive = isTemplate || !ACTIVE_STATES.includes(state)
    const virtualPort = connections.get(entry, VIRTUAL_PORT)
    const due: SyncedConnection = {
      family,
      protocol: connections.get(entry, CONNECTION.protocol),
      flags:
        method |
        (method === FORWARD.masquerade ? 0 : SYNC_FLAG.oneSided) |
        (isTemplate ? SYNC_FLAG.template : 0) |
        (isInactive ? SYNC_FLAG.inactive : 0),
      state: wireState(state),
      client: { address: copy(connections, entry + client[0], width), port: connections.get(entry, CLIENT_PORT) },
      virtual: { address: copy(connections, entry + virtual[0], width), port: virtualPort },
      server: {
        address: copy(destinations, server + DESTINATION.address[0], width),
        port: destinations.get(server, SERVER_PORT) || (isTemplate ? 0 : virtualPort),
      },
      mark: detail.get(slot * DETAIL_BYTES, DETAIL.mark),
      timeoutS: Math.floor(connections.get(entry, CONNECTION.timeout) / facts.hertz),
      engine: undefined,
    }
    if (connections.getWide(entry, CONNECTION.key) === key) yield due
  }
}

/** ip_vs numbers the states of each protocol from 0. */
function wireState(state: number): number {
  if (state === STATE.UDP || state === STATE.TEMPLATE) return 0
  if (state === STATE.ASSURED) return 1
  return state >= STATE.SCTP_NONE ? state - STATE.SCTP_NONE : state
}

function copy(memory: Memory, at: number, width: number): Uint8Array {
  return memory.bytes.slice(at, at + width)
}
