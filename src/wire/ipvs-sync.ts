/**
 * Messages of ip_vs's synchronisation daemons, in UDP datagrams to a multicast group (net/netfilter/ipvs/ip_vs_sync.c).
 *
 *  version 1                                         version 0
 *  0       8       16              31                0       8       16              31
 *  +-------+-------+---------------+                 +-------+-------+---------------+
 *  |   0   |sync id| size of it all|                 | count |sync id| size of it all|
 *  +-------+-------+---------------+                 +-------+-------+---------------+
 *  | count |   1   |       0       |                 | records …                     |
 *  +-------+-------+---------------+
 *  | records, each from a multiple of 4 on …
 *
 *  a record of version 1                             a record of version 0
 *  +-------+-------+---------------+                 +-------+-------+---------------+
 *  | type  |protoc.| 0 |   size    |                 |   0   |protoc.|  client port  |
 *  +-------+-------+---------------+                 +-------+-------+---------------+
 *  |             flags             |                 | virtual port  |  server port  |
 *  +---------------+---------------+                 +---------------+---------------+
 *  |     state     |  client port  |                 |        client address         |
 *  +---------------+---------------+                 |        virtual address        |
 *  | virtual port  |  server port  |                 |        server address         |
 *  +---------------+---------------+                 +---------------+---------------+
 *  |         firewall mark         |                 |     flags     |     state     |
 *  |          timeout, s           |                 +---------------+---------------+
 *  +-------------------------------+                 | sequence numbers, 24 bytes,   |
 *  | client, virtual and server    |                 | if the flags say so           |
 *  | address, 4 or 16 bytes each   |                 +-------------------------------+
 *  +-------+-------+---------------+
 *  | type  | length| parameter …   |
 *  +-------+-------+---------------+
 *
 * Bytes in, values out. Whether a state makes sense for a protocol is the table's business.
 */
import type { IpFamily } from '../bytes/address.ts'
import type { Decoded } from '../bytes/drop.ts'
import { viewOf } from '../bytes/view.ts'

/** A connection as one director tells it to another. Addresses raw, ports as numbers. */
export interface SyncedConnection {
  readonly family: IpFamily
  /** IP's number. */
  readonly protocol: number
  /** Bits of `SYNC_FLAG`, and the forwarding method in the lowest three: ip_vs's numbers. */
  readonly flags: number
  /** ip_vs's number of it, by protocol; of a template 1 if it is assured. */
  readonly state: number
  readonly client: { readonly address: Uint8Array; readonly port: number }
  readonly virtual: { readonly address: Uint8Array; readonly port: number }
  readonly server: { readonly address: Uint8Array; readonly port: number }
  /** 0: none, or not known. */
  readonly mark: number
  /** How long it may be idle; 0: not known. */
  readonly timeoutS: number
  /** What a persistence engine goes by. */
  readonly engine: { readonly name: string; readonly data: Uint8Array } | undefined
}

export const SYNC_FLAG = {
  method: 0x7,
  /** Replies do not pass the director. */
  oneSided: 0x80,
  inactive: 0x100,
  sequences: 0x600,
  noClientPort: 0x800,
  template: 0x1000,
} as const

/** What a receiver looks at (IP_VS_CONN_F_BACKUP_MASK). */
const FLAGS_KNOWN = 0x1f87

export interface SyncMessage {
  readonly version: 0 | 1
  readonly syncId: number
  readonly connections: readonly SyncedConnection[]
  /** Why what followed these connections could not be read. */
  readonly rest: SyncRecordDrop | undefined
}

/** `size`: another than the message says. */
export type SyncMessageDrop = 'short' | 'size'
/** `record`: it ends before it should; `version`: of another protocol than these; `parameter`: one that makes no sense. */
export type SyncRecordDrop = 'record' | 'version' | 'type' | 'parameter'

const HEADER_V0_BYTES = 4
const HEADER_V1_BYTES = 8
const RECORD_V0_BYTES = 24
const SEQUENCES_BYTES = 24
const FIXED_V1_BYTES = 24
const VERSION_1 = 1
const TYPE_IPV6 = 1
const SIZE_MASK = 0xfff
const COUNT_MAX = 255
const PARAMETER = { sequences: 1, engineData: 2, engineName: 3 } as const
/** A receiver that does not know such a parameter may pass over it. */
const PARAMETER_OPTIONAL = 0x40
const ENGINE_DATA_MAX = 255
const ENGINE_NAME_MAX = 16

export function decodeSyncMessage(bytes: Uint8Array): Decoded<SyncMessage, SyncMessageDrop> {
  if (bytes.length < HEADER_V0_BYTES) return { ok: false, drop: 'short' }
  const view = viewOf(bytes)
  if (view.getUint16(2) !== bytes.length) return { ok: false, drop: 'size' }
  const [first = 0, syncId = 0] = bytes
  if (first === 0 && bytes.length >= HEADER_V1_BYTES && view.getUint8(5) === VERSION_1 && view.getUint16(6) === 0)
    return { ok: true, value: { version: 1, syncId, ...decodeRecords(bytes, view.getUint8(4)) } }
  return { ok: true, value: { version: 0, syncId, ...decodeRecordsV0(bytes, first) } }
}

type Records = Pick<SyncMessage, 'connections' | 'rest'>

function decodeRecords(bytes: Uint8Array, count: number): Records {
  const view = viewOf(bytes)
  const connections: SyncedConnection[] = []
  let at = HEADER_V1_BYTES
  for (let i = 0; i < count; i++) {
    if (at + FIXED_V1_BYTES + 12 > bytes.length) return { connections, rest: 'record' }
    const versionAndSize = view.getUint16(at + 2)
    const size = versionAndSize & SIZE_MASK
    if (at + size > bytes.length) return { connections, rest: 'record' }
    if (versionAndSize !== size) return { connections, rest: 'version' }
    const record = decodeRecord(bytes.subarray(at, at + size))
    if (typeof record === 'string') return { connections, rest: record }
    connections.push(record)
    at += (size + 3) & ~3
  }
  return { connections, rest: undefined }
}

function decodeRecord(bytes: Uint8Array): SyncedConnection | SyncRecordDrop {
  if (bytes.length < FIXED_V1_BYTES) return 'record'
  const view = viewOf(bytes)
  const type = view.getUint8(0)
  const isIpv6 = (type & TYPE_IPV6) !== 0
  if (!isIpv6 && type !== 0) return 'type'
  const width = isIpv6 ? 16 : 4
  const end = FIXED_V1_BYTES + 3 * width
  if (end > bytes.length) return 'record'
  const engine = decodeParameters(bytes.subarray(end))
  if (engine === 'parameter') return engine
  const address = (i: number) => bytes.slice(FIXED_V1_BYTES + i * width, FIXED_V1_BYTES + (i + 1) * width)
  return {
    family: isIpv6 ? 6 : 4,
    protocol: view.getUint8(1),
    flags: view.getUint32(4) & FLAGS_KNOWN,
    state: view.getUint16(8),
    client: { address: address(0), port: view.getUint16(10) },
    virtual: { address: address(1), port: view.getUint16(12) },
    server: { address: address(2), port: view.getUint16(14) },
    mark: view.getUint32(16),
    timeoutS: view.getUint32(20),
    engine,
  }
}

/** Sequence numbers are what a protocol's helper has shifted; there is none here, so they are read over. */
function decodeParameters(bytes: Uint8Array): SyncedConnection['engine'] | 'parameter' {
  const seen = new Map<number, Uint8Array>()
  for (let at = 0; at < bytes.length; ) {
    const [type = 0, length = 0] = bytes.subarray(at, at + 2)
    if (length === 0 || at + 2 + length > bytes.length) return 'parameter'
    const known = type & ~PARAMETER_OPTIONAL
    const max = PARAMETER_LENGTH_MAX.get(known)
    if (max === undefined ? (type & PARAMETER_OPTIONAL) === 0 : length > max || seen.has(known)) return 'parameter'
    if (known === PARAMETER.sequences && length !== SEQUENCES_BYTES) return 'parameter'
    if (max !== undefined) seen.set(known, bytes.slice(at + 2, at + 2 + length))
    at += 2 + length
  }
  const name = seen.get(PARAMETER.engineName)
  const data = seen.get(PARAMETER.engineData)
  return name === undefined || data === undefined ? undefined : { name: new TextDecoder().decode(name), data }
}

const PARAMETER_LENGTH_MAX: ReadonlyMap<number, number> = new Map([
  [PARAMETER.sequences, SEQUENCES_BYTES],
  [PARAMETER.engineData, ENGINE_DATA_MAX],
  [PARAMETER.engineName, ENGINE_NAME_MAX],
])

function decodeRecordsV0(bytes: Uint8Array, count: number): Records {
  const view = viewOf(bytes)
  const connections: SyncedConnection[] = []
  let at = HEADER_V0_BYTES
  for (let i = 0; i < count; i++) {
    if (at + RECORD_V0_BYTES > bytes.length) return { connections, rest: 'record' }
    const flags = view.getUint16(at + 20)
    const size = RECORD_V0_BYTES + ((flags & SYNC_FLAG.sequences) === 0 ? 0 : SEQUENCES_BYTES)
    if (at + size > bytes.length) return { connections, rest: 'record' }
    connections.push({
      family: 4,
      protocol: view.getUint8(at + 1),
      flags: flags & FLAGS_KNOWN,
      state: view.getUint16(at + 22),
      client: { address: bytes.slice(at + 8, at + 12), port: view.getUint16(at + 2) },
      virtual: { address: bytes.slice(at + 12, at + 16), port: view.getUint16(at + 4) },
      server: { address: bytes.slice(at + 16, at + 20), port: view.getUint16(at + 6) },
      mark: 0,
      timeoutS: 0,
      engine: undefined,
    })
    at += size
  }
  return { connections, rest: undefined }
}

export interface SyncMessageOptions {
  readonly version: 0 | 1
  readonly syncId: number
  /** Bytes of a message; one record is sent whatever it takes. */
  readonly maxLength: number
}

/** The connections in as few messages as hold them. Version 0 knows no IPv6: those are left out. */
export function* encodeSyncMessages(
  connections: Iterable<SyncedConnection>,
  { version, syncId, maxLength }: SyncMessageOptions,
): Generator<Uint8Array> {
  const header = version === 1 ? HEADER_V1_BYTES : HEADER_V0_BYTES
  let records: Uint8Array[] = []
  let length = header
  for (const connection of connections) {
    if (version === 0 && connection.family === 6) continue
    const record = version === 1 ? encodeRecord(connection) : encodeRecordV0(connection)
    const start = (length + 3) & ~3
    if (records.length > 0 && (start + record.length > maxLength || records.length === COUNT_MAX)) {
      yield encodeMessage(version, syncId, records, length)
      records = [record]
      length = header + record.length
    } else {
      records.push(record)
      length = start + record.length
    }
  }
  if (records.length > 0) yield encodeMessage(version, syncId, records, length)
}

function encodeMessage(version: 0 | 1, syncId: number, records: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = viewOf(bytes)
  view.setUint8(1, syncId)
  view.setUint16(2, length)
  view.setUint8(version === 1 ? 4 : 0, records.length)
  if (version === 1) view.setUint8(5, VERSION_1)
  let at = version === 1 ? HEADER_V1_BYTES : HEADER_V0_BYTES
  for (const record of records) {
    bytes.set(record, at)
    at = (at + record.length + 3) & ~3
  }
  return bytes
}

function encodeRecord(connection: SyncedConnection): Uint8Array {
  const { family, engine, client, virtual, server } = connection
  const width = family === 6 ? 16 : 4
  const name = engine === undefined ? undefined : new TextEncoder().encode(engine.name)
  const parameters = engine === undefined || name === undefined ? 0 : 4 + engine.data.length + name.length
  const end = FIXED_V1_BYTES + 3 * width
  const bytes = new Uint8Array(end + parameters)
  const view = viewOf(bytes)
  view.setUint8(0, family === 6 ? TYPE_IPV6 : 0)
  view.setUint8(1, connection.protocol)
  view.setUint16(2, bytes.length)
  view.setUint32(4, connection.flags)
  view.setUint16(8, connection.state)
  for (const [i, { address, port }] of [client, virtual, server].entries()) {
    view.setUint16(10 + 2 * i, port)
    bytes.set(address, FIXED_V1_BYTES + i * width)
  }
  view.setUint32(16, connection.mark)
  view.setUint32(20, connection.timeoutS)
  if (engine !== undefined && name !== undefined) {
    bytes.set([PARAMETER.engineData, engine.data.length, ...engine.data], end)
    bytes.set([PARAMETER.engineName, name.length, ...name], end + 2 + engine.data.length)
  }
  return bytes
}

function encodeRecordV0({ protocol, flags, state, client, virtual, server }: SyncedConnection): Uint8Array {
  const bytes = new Uint8Array(RECORD_V0_BYTES)
  const view = viewOf(bytes)
  view.setUint8(1, protocol)
  for (const [i, { address, port }] of [client, virtual, server].entries()) {
    view.setUint16(2 + 2 * i, port)
    bytes.set(address, 8 + 4 * i)
  }
  view.setUint16(20, flags)
  view.setUint16(22, state)
  return bytes
}
