/**
 * Fragments. Only the first has ports: it goes the way of every packet, and leaves a note by which those behind it
 * are known. ip_vs has the stack put packets together first (ip_defrag), which a program cannot do.
 *
 * What is different for it: a fragment that comes before its first passes to the stack, which gives up on it, as the
 * packet is then lost; and a note is good for thirty seconds, or until four newer ones of its bucket have come.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Value } from '../../bpf/value.ts'
import { addressesCode, bucketCode, connectionHashCode } from '../hash.ts'
import {
  CONNECTION,
  COUNTER,
  FRAGMENT,
  FRAGMENT_BYTES,
  FRAGMENT_DIRECTION,
  FRAGMENT_EXPIRATION_S,
  FRAGMENT_SLOTS,
  FRAGMENT_WAYS,
} from '../layout.ts'
import type { Shape } from '../shape.ts'
import { type Address, addressDelta, writeAddress } from './address.ts'
import { virtualOf } from './connection.ts'
import { forward } from './forward.ts'
import { ETHERNET_BYTES, IPV4, IPV6 } from './headers.ts'
import type { Hook } from './hook.ts'
import type { Packet } from './parse.ts'
import { adjusted, decreaseTtl } from './rewrite.ts'
import { type Changed, guardTtl, sendToAddress } from './send.ts'
import type { Tables } from './tables.ts'
import { tell } from './tell.ts'
import { wayOf } from './way.ts'

/** Notes that what is behind this first fragment belongs to the connection in `slot`, from the client or to it. */
export function rememberFragment(
  code: Code,
  tables: Tables,
  packet: Packet,
  slot: Value,
  direction: keyof typeof FRAGMENT_DIRECTION,
): void {
  tell(code, 'first-fragment', () => ({ slot }))
  const now = code.call(HELPER.jiffies).low32()
  const key = keyOf(tables, packet)
  const bucket = bucketOf(code, tables, key)
  // The same packet's note, or else the oldest.
  const way = code.variable(0, 32)
  const oldest = code.variable(0, 32)
  code.section(chosen => {
    for (let each = 0; each < FRAGMENT_WAYS; each++) {
      const note = bucket.at(each * FRAGMENT_BYTES)
      const same = note.get(FRAGMENT.identity).eq(key.identity).and(note.get(FRAGMENT.addresses).eq(key.addresses))
      code.when(same, () => {
        way.set(each)
        chosen()
      })
      const age = now.sub32(note.get(FRAGMENT.stamp))
      code.when(age.ge(oldest), () => {
        oldest.set(age)
        way.set(each)
      })
    }
  })
  const place = bucketNumber(tables, key)
    .shl(Math.log2(FRAGMENT_WAYS))
    .add(way.and(FRAGMENT_WAYS - 1))
  const note = code.region(tables.region('fragments'), place.shl(Math.log2(FRAGMENT_BYTES)), FRAGMENT_BYTES)
  note.set(FRAGMENT.identity, 0)
  note.set(FRAGMENT.addresses, key.addresses)
  note.set(FRAGMENT.slot, slot)
  note.set(FRAGMENT.ports, tables.connection(slot).get(CONNECTION.key).low32())
  note.set(FRAGMENT.stamp, now)
  note.set(FRAGMENT.direction, FRAGMENT_DIRECTION[direction])
  note.exchange(FRAGMENT.identity, key.identity)
}

/** A later fragment goes where its first went; every path ends in a verdict. */
export function followFragment(code: Code, tables: Tables, hook: Hook, shape: Shape, packet: Packet): void {
  code.comment('a later fragment')
  const pass = () => {
    tell(code, 'stray-fragment')
    code.exit(hook.pass)
  }
  const drop = () => code.exit(hook.drop)
  const now = code.call(HELPER.jiffies).low32()
  const key = keyOf(tables, packet)
  const bucket = bucketOf(code, tables, key)
  const slot = code.variable(0, 32)
  const direction = code.variable(0, 32)
  code.section(found => {
    for (let way = 0; way < FRAGMENT_WAYS; way++) {
      const note = bucket.at(way * FRAGMENT_BYTES)
      const same = note.get(FRAGMENT.identity).eq(key.identity).and(note.get(FRAGMENT.addresses).eq(key.addresses))
      code.when(same, () => {
        code.guard(now.sub32(note.get(FRAGMENT.stamp)).lt(FRAGMENT_EXPIRATION_S * tables.facts.hertz), pass)
        slot.set(note.get(FRAGMENT.slot))
        direction.set(note.get(FRAGMENT.direction))
        // The connection may have ended, and its place be another's.
        const ports = tables.connection(slot).get(CONNECTION.key).low32()
        code.guard(ports.eq(note.get(FRAGMENT.ports)), pass)
        found()
      })
    }
    pass()
  })
  tell(code, 'fragment', () => ({ slot, direction }))
  const entry = tables.connection(slot)
  const destination = entry.get(CONNECTION.destination)
  const counter = tables.counter(destination)
  // ip_vs counts what was put together: one packet, one header.
  const bytes = packet.ipBytes.sub(packet.transportAt).add(ETHERNET_BYTES)
  code.when(
    direction.eq(FRAGMENT_DIRECTION.in),
    () => {
      counter.set(COUNTER.inBytes, counter.get(COUNTER.inBytes).add(bytes))
      const expired = () => {
        tables.count('ttl')
        drop()
      }
      guardTtl(code, packet, expired)
      const refuse = () => {
        tables.count('too-big')
        drop()
      }
      forward({ code, tables, hook, shape, packet, now, refuse }, wayOf(tables, slot), destination, address =>
        readdress(packet, 'destination', address),
      )
    },
    () => {
      counter.set(COUNTER.outBytes, counter.get(COUNTER.outBytes).add(bytes))
      guardTtl(code, packet, () => code.exit(hook.pass))
      const virtual = virtualOf(tables, entry)
      sendToAddress(code, tables, hook, packet, packet.destination, {
        admit: () => {},
        write: () => readdress(packet, 'source', virtual),
      })
    },
  )
}

/** Writes another address into the IP header, and one TTL less. */
export function readdress(packet: Packet, end: 'source' | 'destination', address: Address): Changed {
  const { family, ip, start } = packet
  const change = family === 4 ? addressDelta(packet[end], address) : undefined
  writeAddress(ip, (family === 4 ? IPV4 : IPV6)[end], address)
  if (change !== undefined) ip.set(IPV4.checksum, adjusted(ip.get(IPV4.checksum), change))
  decreaseTtl(packet)
  return { start, finish: () => {} }
}

/** What all fragments of a packet have in common (RFC 791, RFC 8200 section 4.5); of IPv6's addresses, a hash. */
interface FragmentKey {
  readonly addresses: Value
  readonly identity: Value
}

function keyOf(tables: Tables, { family, ip, source, destination, protocol, identification }: Packet): FragmentKey {
  if (family === 6) {
    if (identification === undefined) throw new RangeError('the number of a fragment was not read')
    const addresses = addressesCode(source, destination, tables.facts.hashSeed)
    return { addresses, identity: identification.or(protocol.shl(32)).or(FRAGMENT_USED[6]) }
  }
  const identity = ip.get(IPV4.identification).or(protocol.shl(16)).or(FRAGMENT_USED[4])
  return { addresses: source[0]!.or(destination[0]!.shl(32)), identity }
}

/** No identity is 0. */
const FRAGMENT_USED = { 4: 1n << 24n, 6: 1n << 40n } as const

function bucketNumber(tables: Tables, { addresses, identity }: FragmentKey): Value {
  const hash = connectionHashCode(addresses, identity, tables.facts.hashSeed)
  return bucketCode(hash, Math.log2(FRAGMENT_SLOTS / FRAGMENT_WAYS), 0)
}

function bucketOf(code: Code, tables: Tables, key: FragmentKey): Pointer {
  const bytes = FRAGMENT_WAYS * FRAGMENT_BYTES
  return code.region(tables.region('fragments'), bucketNumber(tables, key).shl(Math.log2(bytes)), bytes)
}
