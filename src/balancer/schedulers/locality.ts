/**
 * What lblc and lblcr remember: for each destination address of a service, the servers that have what is asked for
 * there. A table of buckets of four; where a bucket is full, the entry that was asked for longest ago goes.
 *
 * ip_vs keeps lists without bound and thins them out from time to time: after a day without a question, or when there
 * are more than 16384 and nobody has asked for six minutes. Here an entry is dropped when it is found a day old, or
 * when its place is needed. And a set of lblcr holds 24 servers, not any number; the one that came first makes room.
 */
import type { Pointer, Value, Variable } from '../../bpf/value.ts'
import { DESTINATION, LOCALITY, LOCALITY_BUSY, LOCALITY_BYTES, LOCALITY_WAYS } from '../layout.ts'
import { carriesLess, contestWalk, findBest, OBSERVED } from './best.ts'
import { type Choice, loadOf, type Site } from './choice.ts'
import type { Notes, Walk } from './walk.ts'

const MULTIPLIER = 0x9e3779b97f4a7c15n

/** wlc over the whole list; on the way it sees whether anybody is so idle that others need not be overloaded. */
export const LOCALITY_WALK: Walk = contestWalk({
  name: 'locality',
  load: loadOf,
  beats: carriesLess,
  observe: ({ code }, server, notes) => {
    const idle = server.get(DESTINATION.active).shl(1).lt(server.get(DESTINATION.weight))
    code.when(idle, () => notes.set(OBSERVED, 1))
  },
})

export function leastLoaded(site: Site, choice: Choice): Notes {
  return findBest(site, choice, LOCALITY_WALK)
}

/** More active connections than weight: to be left if somebody else is idle. */
export function isBusy(server: Pointer): ReturnType<Value['gt']> {
  return server.get(DESTINATION.active).gt(server.get(DESTINATION.weight))
}

/** True if the destination is in the service's list: the entry may be older than its removal. */
export function isMember(server: Pointer, { number }: Choice): ReturnType<Value['eq']> {
  return server.get(DESTINATION.service).eq(number.add(1))
}

interface Key {
  readonly owner: Value
  readonly address: Value
  readonly addressEnd: Value
  /** The first slot of the bucket. */
  readonly first: Value
}

export function localityKey({ code, tables }: Site, { number, target }: Choice): Key {
  const [a, b, c, d] = target
  const owner = number.add(1)
  const address = b === undefined ? a!.or(0) : a!.or(b.shl(32))
  const addressEnd = c === undefined || d === undefined ? code.constant(0) : c.or(d.shl(32))
  const buckets = tables.capacity.localities / LOCALITY_WAYS
  const hash = address.xor(addressEnd.mul(MULTIPLIER)).xor(owner.shl(40)).mul(MULTIPLIER)
  return { owner, address, addressEnd, first: hash.shr(64 - Math.log2(buckets)).shl(Math.log2(LOCALITY_WAYS)) }
}

/** Puts the slot of the address's entry into `slot` and leaves by `found`; comes back if there is none. */
export function findLocality(
  { code, tables }: Site,
  { now }: Choice,
  key: Key,
  expiration: 'lblc_expiration' | 'lblcr_expiration',
  slot: Variable,
  found: () => void,
): void {
  const bucket = code.region(
    tables.region('localities'),
    key.first.and(tables.capacity.localities - LOCALITY_WAYS).mul(LOCALITY_BYTES),
    LOCALITY_WAYS * LOCALITY_BYTES,
  )
  for (let way = 0; way < LOCALITY_WAYS; way++) {
    const entry = bucket.at(way * LOCALITY_BYTES)
    const same = entry
      .get(LOCALITY.owner)
      .eq(key.owner)
      .and(entry.get(LOCALITY.address).eq(key.address))
      .and(entry.get(LOCALITY.addressEnd).eq(key.addressEnd))
    code.when(same, () => {
      slot.set(key.first.add(way).low32())
      const age = now.sub32(entry.get(LOCALITY.stamp))
      code.rarely(age.ge(tables.sysctl(expiration).mul(tables.facts.hertz)), () => entry.set(LOCALITY.size, 0))
      code.when(age.ne(0), () => entry.set(LOCALITY.stamp, now))
      found()
    })
  }
}

/** Remembers a first member, in a free place or in that of the entry asked for longest ago; not at all if others are quicker. */
export function rememberLocality({ code, tables }: Site, { now }: Choice, key: Key, member: Value): void {
  const slot = code.variable(key.first)
  const before = code.variable(0)
  const oldest = code.variable(0)
  code.section(settled => {
    for (let way = 0; way < LOCALITY_WAYS; way++) {
      const entry = tables.locality(key.first.add(way))
      const owner = entry.get(LOCALITY.owner)
      const age = now.sub32(entry.get(LOCALITY.stamp))
      code.when(owner.eq(0), () => {
        slot.set(key.first.add(way))
        before.set(0)
        settled()
      })
      code.when(age.ge(oldest).and(owner.ne(LOCALITY_BUSY)), () => {
        slot.set(key.first.add(way))
        before.set(owner)
        oldest.set(age)
      })
    }
  })
  const entry = tables.locality(slot)
  code.when(entry.compareExchange(LOCALITY.owner, before, LOCALITY_BUSY).eq(before), () => {
    entry.set(LOCALITY.address, key.address)
    entry.set(LOCALITY.addressEnd, key.addressEnd)
    entry.set(LOCALITY.stamp, now)
    entry.set(LOCALITY.changed, now)
    entry.set(LOCALITY.members, member)
    entry.set(LOCALITY.size, 1)
    entry.exchange(LOCALITY.owner, key.owner)
  })
}
