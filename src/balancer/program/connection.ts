/**
 * The connection table in the data path: find, create, remove.
 *
 * An entry is looked for in two buckets of four. To create one, its second key word is taken from 0 to "busy" by a
 * compare-and-exchange, the rest is written, and the key put in its place: nobody ever sees half an entry. Taking out
 * is the same way back. Two processors that create the same connection at once make two entries; the first in order is
 * found ever after, the other expires unused.
 */
import type { Code } from '../../bpf/code.ts'
import type { Condition, Pointer, Scalar, Value, Variable } from '../../bpf/value.ts'
import { addressesCode, bucketCode, connectionHashCode } from '../hash.ts'
import {
  BUCKET_ENTRIES,
  CONNECTION,
  CONNECTION_FLAG,
  CONNECTION6,
  DESTINATION,
  DETAIL,
  FORWARD,
  KEY_BUSY,
  KIND,
  STATES,
} from '../layout.ts'
import type { Shape } from '../shape.ts'
import { ACTIVE_STATES } from '../tcp-state.ts'
import { type Address, isAddressAt, readAddress, writeAddress } from './address.ts'
import { seekFurther, takeFurther } from './overflow.ts'
import type { Packet } from './parse.ts'
import type { Scene } from './scene.ts'
import type { Tables } from './tables.ts'

/** The two words of a key; IPv6 addresses do not fit into one: there it is a hash of them, and they are compared, too. */
export interface ConnectionKey {
  readonly addresses: Value
  readonly ports: Value
  readonly client: Address
  readonly virtual: Address
}

/** Addresses and ports raw; `ports` holds the client's in its low and the virtual port in its high half. */
export function connectionKey(
  tables: Tables,
  client: Address,
  virtual: Address,
  ports: Value,
  protocol: Scalar,
  kind: keyof typeof KIND,
): ConnectionKey {
  const tag =
    typeof protocol === 'object'
      ? protocol.shl(32).or(BigInt(KIND[kind]) << 40n)
      : (BigInt(protocol) << 32n) | (BigInt(KIND[kind]) << 40n)
  const addresses =
    tables.family === 4 ? client[0]!.or(virtual[0]!.shl(32)) : addressesCode(client, virtual, tables.facts.hashSeed)
  return { addresses, ports: ports.or(tag), client, virtual }
}

/** Puts the slot of the entry with this key into `slot` and leaves by `found`; comes back if there is none. */
export function findConnection(
  code: Code,
  tables: Tables,
  key: ConnectionKey,
  slot: Variable,
  found: () => void,
): void {
  const hash = connectionHashCode(key.addresses, key.ports, tables.facts.hashSeed)
  const look = (bucket: Value) => {
    const memory = tables.connectionBucket(bucket)
    for (let way = 0; way < BUCKET_ENTRIES; way++) {
      const entry = memory.at(way * tables.connectionBytes)
      const matched = () => {
        slot.set(bucket.shl(Math.log2(BUCKET_ENTRIES)).add(way))
        found()
      }
      code.when(entry.get(CONNECTION.addresses).eq(key.addresses), () =>
        code.when(entry.get(CONNECTION.key).eq(key.ports), () => {
          if (tables.family === 4) matched()
          else code.when(hasAddresses(entry, key), matched)
        }),
      )
    }
  }
  for (const which of [0, 1] as const) look(bucketCode(hash, tables.bucketBits, which))
  seekFurther(code, tables, hash, [key.addresses, key.ports], slot, () => {
    if (tables.family === 4) found()
    else code.when(hasAddresses(tables.connection(slot), key), found)
  })
}

function hasAddresses(entry: Pointer, key: ConnectionKey): Condition {
  return isAddressAt(entry, CONNECTION6.client, key.client).and(isAddressAt(entry, CONNECTION6.virtual, key.virtual))
}

/** What an entry is found by, but for its second word, which is written last. */
function writeAddresses(tables: Tables, entry: Pointer, key: ConnectionKey): void {
  entry.set(CONNECTION.addresses, key.addresses)
  if (tables.family === 4) return
  writeAddress(entry, CONNECTION6.client, key.client)
  writeAddress(entry, CONNECTION6.virtual, key.virtual)
}

/** True if that is the client of the connection. */
export function isClientOf(tables: Tables, entry: Pointer, address: Address): Condition {
  return isAddressAt(entry, tables.family === 4 ? CONNECTION.client : CONNECTION6.client, address)
}

/** True for what a reply entry may lead to. */
export function awaitsReplies(entry: Pointer, { onePacket }: Shape): Condition {
  const kind = entry.get(CONNECTION.kind)
  const isConnection = kind.eq(KIND.connection)
  return onePacket ? isConnection.or(kind.eq(KIND.onePacket)) : isConnection
}

/** The virtual address of a connection. */
export function virtualOf(tables: Tables, entry: Pointer): Address {
  return readAddress(entry, tables.family === 4 ? CONNECTION.virtual : CONNECTION6.virtual, tables.family)
}

export interface NewConnection {
  readonly destination: Value
  readonly state: Scalar
  readonly active: boolean
  readonly timeout: Value
  readonly now: Value
  /** The template's slot plus one, or 0. */
  readonly template: Scalar
}

/** Writes a new entry and counts it; its slot is in `slot`. Runs `full` where both buckets are taken. */
export function createConnection(
  code: Code,
  tables: Tables,
  key: ConnectionKey,
  kind: 'connection' | 'template' | 'onePacket',
  entry: NewConnection,
  slot: Variable,
  full: () => void,
): void {
  claimPlace(code, tables, key, slot, full)
  const memory = tables.connection(slot)
  writeAddresses(tables, memory, key)
  memory.set(CONNECTION.destination, entry.destination)
  memory.set(CONNECTION.state, entry.state)
  memory.set(CONNECTION.flags, 0)
  memory.set(CONNECTION.serverPort, 0)
  memory.set(CONNECTION.stamp, entry.now)
  memory.set(CONNECTION.timeout, entry.timeout)
  // The details are another cache line. Those of a free place are zero, but for the count of children: only a template has
  // any, or a connection that belongs to one has something to say there.
  if (kind === 'template') tables.detail(slot).set(DETAIL.children, 0)
  else code.rarely(isSet(code, entry.template), () => tables.detail(slot).set(DETAIL.template, entry.template))
  memory.exchange(CONNECTION.key, key.ports)

  const destination = tables.destination(entry.destination)
  destination.increase(
    {
      template: DESTINATION.persistent,
      onePacket: DESTINATION.awaited,
      connection: entry.active ? DESTINATION.active : DESTINATION.inactive,
    }[kind],
    1,
  )
  tables.settings().increase(tables.entriesField, 1)
}

/** Makes a translated connection known by its replies: <client, server, their ports>, an entry that names the connection's slot. */
function addReplyEntry(
  code: Code,
  tables: Tables,
  packet: Pick<Packet, 'source' | 'ports' | 'protocol'>,
  slot: Value,
  server: Pointer,
  full: () => void,
): void {
  const own = server.get(DESTINATION.port)
  const port = code.variable(own, 16)
  // A server of a service of every port is reached at the port the client asked for.
  code.when(own.eq(0), () => port.set(packet.ports.shr(16)))
  const ports = packet.ports.and(0xffff).or(port.shl(16))
  const address = readAddress(server, DESTINATION.address, tables.family)
  const key = connectionKey(tables, packet.source, address, ports, packet.protocol, 'reply')
  const place = code.variable(0, 32)
  claimPlace(code, tables, key, place, full)
  const reply = tables.connection(place)
  writeAddresses(tables, reply, key)
  reply.set(CONNECTION.destination, slot)
  const entry = tables.connection(slot)
  entry.set(CONNECTION.serverPort, port)
  entry.set(CONNECTION.flags, CONNECTION_FLAG.translated)
  tables.detail(slot).set(DETAIL.reply, place.add(1))
  tables.settings().increase(tables.entriesField, 1)
  reply.exchange(CONNECTION.key, key.ports)
}

interface Settled extends Pick<Scene, 'code' | 'tables'> {
  readonly shape: Pick<Shape, 'methods'>
  readonly packet: Pick<Packet, 'source' | 'ports' | 'protocol'>
}

/** Enters how the packets of a new connection go to its server. */
export function settleMethod(
  { code, tables, shape, packet }: Settled,
  slot: Value,
  destination: Value,
  key: ConnectionKey,
  full: () => void,
): void {
  const server = tables.destination(destination)
  if (shape.methods.includes('masquerade'))
    code.when(server.get(DESTINATION.forward).eq(FORWARD.masquerade), () => {
      addReplyEntry(code, tables, packet, slot, server, () => {
        removeConnection(code, tables, slot, key.ports)
        full()
      })
    })
  if (shape.methods.includes('tunnel'))
    code.when(server.get(DESTINATION.forward).eq(FORWARD.tunnel), () =>
      tables.connection(slot).set(CONNECTION.flags, CONNECTION_FLAG.tunnelled),
    )
}

/**
 * Takes a free place in one of the key's buckets, which is busy from then on. The first bucket is looked into first ever
 * after, so it is preferred; but not until it is full, since what finds both full has no place at all: of the connections
 * of a table half full, one in 30,000, where filling first buckets to the brim would lose one in 300.
 */
function claimPlace(code: Code, tables: Tables, key: ConnectionKey, slot: Variable, full: () => void): void {
  const hash = connectionHashCode(key.addresses, key.ports, tables.facts.hashSeed)
  const buckets = ([0, 1] as const).map(which => code.variable(bucketCode(hash, tables.bucketBits, which), 32))
  const [first, second] = buckets as [Variable, Variable]
  const taken = takenPlaces(code, tables, first)
  code.when(taken.ge(BUCKET_ENTRIES / 2), () => {
    code.when(takenPlaces(code, tables, second).lt(taken), () => {
      const fuller = code.variable(first, 32)
      first.set(second)
      second.set(fuller)
    })
  })
  code.section(claimed => {
    const take = (bucket: Value) => {
      const memory = tables.connectionBucket(bucket)
      for (let way = 0; way < BUCKET_ENTRIES; way++) {
        const place = memory.at(way * tables.connectionBytes)
        code.when(place.get(CONNECTION.key).eq(0), () => {
          const before = place.compareExchange(CONNECTION.key, 0, KEY_BUSY)
          code.when(before.eq(0), () => {
            slot.set(bucket.shl(Math.log2(BUCKET_ENTRIES)).add(way))
            claimed()
          })
        })
      }
    }
    for (const bucket of [first, second]) take(bucket.and(2 ** tables.bucketBits - 1))
    takeFurther(code, tables, hash, slot, claimed)
    full()
  })
}

/** How many of a bucket's places are not free. */
function takenPlaces(code: Code, tables: Tables, bucket: Value): Value {
  const memory = tables.connectionBucket(bucket.and(2 ** tables.bucketBits - 1))
  // The sign of key | -key, which is set unless it is 0: without a branch, for which the verifier would follow each count.
  const isTaken = (key: Value) => key.or(code.constant(0).sub(key)).shr(63)
  const keys = Array.from({ length: BUCKET_ENTRIES }, (_, way) =>
    memory.at(way * tables.connectionBytes).get(CONNECTION.key),
  )
  return keys.map(isTaken).reduce((sum, each) => sum.add(each))
}

/**
 * Takes out the entry in `slot`, whose key was `ports` when we last looked, and undoes its counts. With `idleFrom` it
 * is left alone if a packet has refreshed it since.
 */
export function removeConnection(code: Code, tables: Tables, slot: Value, ports: Value, idleFrom?: Value): void {
  const entry = tables.connection(slot)
  const before = entry.compareExchange(CONNECTION.key, ports, KEY_BUSY)
  code.when(before.eq(ports), () => {
    code.section(done => {
      if (idleFrom !== undefined) {
        code.rarely(entry.get(CONNECTION.stamp).ne(idleFrom), () => {
          entry.exchange(CONNECTION.key, ports)
          done()
        })
      }
      const detail = tables.detail(slot)
      const destination = tables.destination(entry.get(CONNECTION.destination))
      const state = entry.get(CONNECTION.state)
      code.section(uncounted => {
        code.when(isTemplate(ports), () => {
          destination.increase(DESTINATION.persistent, -1)
          uncounted()
        })
        code.when(isOnePacket(ports), () => {
          destination.increase(DESTINATION.awaited, -1)
          uncounted()
        })
        code.when(
          isActive(code, state),
          () => destination.increase(DESTINATION.active, -1),
          () => destination.increase(DESTINATION.inactive, -1),
        )
        relieve(code, tables, entry.get(CONNECTION.destination))
        const template = detail.get(DETAIL.template)
        code.when(template.ne(0), () => tables.detail(template.sub(1)).increase(DETAIL.children, -1))
      })
      const reply = detail.get(DETAIL.reply)
      code.when(reply.ne(0), () => {
        tables.connection(reply.sub32(1)).exchange(CONNECTION.key, 0)
        tables.settings().increase(tables.entriesField, -1)
      })
      const { template, mark, reply: place, packets, knownUntil, told } = DETAIL
      for (const field of [template, mark, place, packets, knownUntil, told]) detail.set(field, 0)
      tables.settings().increase(tables.entriesField, -1)
      entry.exchange(CONNECTION.key, 0)
    })
  })
}

/** True for a number that is not 0. */
function isSet(code: Code, number: Scalar): Condition {
  return (typeof number === 'object' ? number : code.constant(number)).ne(0)
}

/** True if the second key word is a template's. */
export function isTemplate(ports: Value): Condition {
  return ports.shr(40).and(0xff).eq(KIND.template)
}

function isOnePacket(ports: Value): Condition {
  return ports.shr(40).and(0xff).eq(KIND.onePacket)
}

/** True if a connection in this state counts as active. */
export function isActive(code: Code, state: Value): Condition {
  const active = ACTIVE_STATES.reduce((bits, number) => bits | (1n << BigInt(number)), 0n)
  return code
    .constant(active)
    .shr(state.and(STATES - 1))
    .has(1)
}

/** An overloaded destination gets connections again once few enough are left (ip_vs_dest_conn_overhead's bounds). */
export function relieve(code: Code, tables: Tables, destination: Value): void {
  const memory = tables.destination(destination)
  code.rarely(memory.get(DESTINATION.overloaded).ne(0), () => {
    const total = memory.get(DESTINATION.active).add32(memory.get(DESTINATION.inactive))
    const lower = memory.get(DESTINATION.lowerThreshold)
    const upper = memory.get(DESTINATION.upperThreshold)
    code.when(
      lower.ne(0),
      () => code.when(total.lt(lower), () => memory.set(DESTINATION.overloaded, 0)),
      () => code.when(total.mul(4).lt(upper.mul(3)), () => memory.set(DESTINATION.overloaded, 0)),
    )
  })
}

/** Marks a destination that has reached its upper threshold. */
export function burden(code: Code, tables: Tables, destination: Value): void {
  const memory = tables.destination(destination)
  const upper = memory.get(DESTINATION.upperThreshold)
  code.rarely(upper.ne(0), () => {
    const total = memory.get(DESTINATION.active).add32(memory.get(DESTINATION.inactive))
    code.when(total.ge(upper), () => memory.set(DESTINATION.overloaded, 1))
  })
}
