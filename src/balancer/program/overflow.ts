/**
 * Where an entry goes whose two buckets are taken: into one of sixteen further ones. They are looked into only as far as
 * some entry had to go, which a byte for each tells; a table that is not half full has none. The sweep looks whether
 * entries are there still, and when none has been seen for long, the bytes are taken back.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Pointer, Scalar, Value, Variable } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import { bucketCode, connectionHashCode } from '../hash.ts'
import {
  BUCKET_ENTRIES,
  CONNECTION,
  FURTHER_BUCKETS,
  KEY_BUSY,
  OVERFLOW_MARKS_OFFSET,
  SETTINGS,
  type TableFacts,
} from '../layout.ts'
import { type Notes, scratchFor, type Walk, walk, walkCallback } from '../schedulers/walk.ts'
import { EMPTY_SHAPE } from '../shape.ts'
import type { Tables } from './tables.ts'

const STEP = 0x9fb2_1c65_1e98_df25n
/** Longer than any kernel needs for a round over the table. */
const FORGET_S = 600
const WORDS = [0, 8] as const

/** Puts the slot of the entry with these key words into `slot` and leaves by `found`, if one of the further buckets has it. */
export function seekFurther(
  code: Code,
  tables: Tables,
  hash: Value,
  key: readonly [Value, Value],
  slot: Variable,
  found: () => void,
): void {
  code.rarely(tables.settings().get([OVERFLOW_MARKS_OFFSET, 'u8']).ne(0), () => {
    const notes = walkFurther(code, tables, seekWalk(tables.family), [hash, 0, 0, ...key])
    code.when(notes.get(NOTE.found).ne(0), () => {
      slot.set(notes.get(NOTE.slot).and(tables.connectionSlots - 1))
      found()
    })
  })
}

/** Takes a free place in one of the further buckets, where whoever seeks looks from now on, and leaves by `taken`. */
export function takeFurther(code: Code, tables: Tables, hash: Value, slot: Variable, taken: () => void): void {
  const notes = walkFurther(code, tables, takeWalk(tables.family), [hash, 0, 0])
  code.when(notes.get(NOTE.found).ne(0), () => {
    slot.set(notes.get(NOTE.slot).and(tables.connectionSlots - 1))
    taken()
  })
}

/** The functions of both, for the list of callbacks of every program that finds or enters connections. */
export function furtherCallbacks(facts: TableFacts): NonNullable<ProgramSource['callbacks']> {
  return Object.fromEntries(
    ([4, 6] as const).flatMap(family =>
      [seekWalk(family), takeWalk(family)].map(it => [it.name, walkCallback(facts, EMPTY_SHAPE, it, family)]),
    ),
  )
}

/**
 * What a walk over the further buckets remembers. Whether it found is a number of its own: a slot that is compared with
 * anything is followed by the verifier once for each bucket and place that it may be.
 */
const NOTE = { hash: 0, found: 1, slot: 2, addresses: 3, key: 4 } as const

/** A walk, because a loop with so many ways out would cost the verifier more than all the rest of a program. */
function walkFurther(code: Code, tables: Tables, it: Walk, start: readonly Scalar[]): Notes {
  const site = { code, tables, shape: EMPTY_SHAPE, scratch: scratchFor(code, tables.looping) }
  return walk(site, it, FURTHER_BUCKETS, start)
}

function seekWalk(family: IpFamily): Walk {
  return {
    name: `seek_further${family}`,
    step: ({ code, tables }, notes, round, leave) => {
      code.when(markOf(code, tables, round).get([0, 'u8']).eq(0), leave)
      eachPlace(code, tables, notes, round, (place, slot) =>
        code.when(place.get(CONNECTION.addresses).eq(notes.get(NOTE.addresses)), () =>
          code.when(place.get(CONNECTION.key).eq(notes.get(NOTE.key)), () => {
            notes.set(NOTE.slot, slot)
            notes.set(NOTE.found, 1)
            leave()
          }),
        ),
      )
    },
  }
}

function takeWalk(family: IpFamily): Walk {
  return {
    name: `take_further${family}`,
    step: ({ code, tables }, notes, round, leave) => {
      // First that there is something, then where: who takes the marks back looks in the other order.
      tables.settings().set(SETTINGS.overflowSeen, code.call(HELPER.jiffies).low32())
      markOf(code, tables, round).set([0, 'u8'], 1)
      eachPlace(code, tables, notes, round, (place, slot) =>
        code.when(place.get(CONNECTION.key).eq(0), () => {
          const before = place.compareExchange(CONNECTION.key, 0, KEY_BUSY)
          code.when(before.eq(0), () => {
            notes.set(NOTE.slot, slot)
            notes.set(NOTE.found, 1)
            leave()
          })
        }),
      )
    },
  }
}

function eachPlace(
  code: Code,
  tables: Tables,
  notes: Notes,
  round: Value,
  visit: (place: Pointer, slot: Value) => void,
): void {
  const bucket = furtherBucket(code, tables, notes.get(NOTE.hash), round)
  const memory = tables.connectionBucket(bucket)
  for (let way = 0; way < BUCKET_ENTRIES; way++)
    visit(memory.at(way * tables.connectionBytes), bucket.shl(Math.log2(BUCKET_ENTRIES)).add(way))
}

/** Notes, of an entry that is there, whether it lies in one of the further buckets. */
export function noteFurther(code: Code, tables: Tables, slot: Value): void {
  code.rarely(tables.settings().get([OVERFLOW_MARKS_OFFSET, 'u8']).ne(0), () => {
    const entry = tables.connection(slot)
    const key = entry.get(CONNECTION.key)
    const hash = connectionHashCode(entry.get(CONNECTION.addresses), key, tables.facts.hashSeed)
    const bucket = slot.shr(Math.log2(BUCKET_ENTRIES))
    const own = ([0, 1] as const).map(which => bucketCode(hash, tables.bucketBits, which).eq(bucket))
    code.when(own[0]!.or(own[1]!).not(), () =>
      tables.settings().set(SETTINGS.overflowSeen, code.call(HELPER.jiffies).low32()),
    )
  })
}

/** Takes the marks back if no entry has been seen that needs them. */
export function forgetFurther(code: Code, tables: Tables): void {
  const settings = tables.settings()
  code.rarely(settings.get([OVERFLOW_MARKS_OFFSET, 'u8']).ne(0), () => {
    const now = code.call(HELPER.jiffies).low32()
    const isOld = () => now.sub32(settings.get(SETTINGS.overflowSeen)).gt(FORGET_S * tables.facts.hertz)
    code.when(isOld(), () => {
      for (const word of WORDS) settings.exchange([OVERFLOW_MARKS_OFFSET + word, 'u64'], 0)
      // Somebody may have been sent there just then.
      code.when(isOld().not(), () => {
        for (const word of WORDS) settings.exchange([OVERFLOW_MARKS_OFFSET + word, 'u64'], ALL_MARKS)
      })
    })
  })
}

const ALL_MARKS = 0x0101_0101_0101_0101n

/** Bounded anew where it is used: a verifier of 6.1 forgets the bounds of what lay on the stack. */
function furtherBucket(code: Code, tables: Tables, hash: Value, round: Value): Value {
  const bucket = bucketCode(hash.xor(round.add(1).mul(STEP)), tables.bucketBits, 0)
  return code.variable(bucket, 32).and(2 ** tables.bucketBits - 1)
}

function markOf(code: Code, tables: Tables, round: Value): ReturnType<Tables['settings']> {
  const bounded = code.variable(round, 32).and(FURTHER_BUCKETS - 1)
  return tables.settings(bounded.add(OVERFLOW_MARKS_OFFSET))
}
