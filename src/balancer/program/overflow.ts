/**
 * Where an entry goes whose two buckets are taken: into one of sixteen further ones. They are looked into only as far as
 * some entry had to go, which a byte for each tells; a table that is not half full has none. The sweep looks whether
 * entries are there still, and when none has been seen for long, the bytes are taken back.
 */
import type { Code } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Value } from '../../bpf/value.ts'
import { bucketCode, connectionHashCode } from '../hash.ts'
import { BUCKET_ENTRIES, CONNECTION, FURTHER_BUCKETS, OVERFLOW_MARKS_OFFSET, SETTINGS } from '../layout.ts'
import type { Tables } from './tables.ts'

const STEP = 0x9fb2_1c65_1e98_df25n
/** Longer than any kernel needs for a round over the table. */
const FORGET_S = 600
const WORDS = [0, 8] as const

/** Runs `look` on the further buckets that somebody was sent to. */
export function seekFurther(code: Code, tables: Tables, hash: Value, look: (bucket: Value) => void): void {
  code.rarely(tables.settings().get([OVERFLOW_MARKS_OFFSET, 'u8']).ne(0), () =>
    code.repeat(FURTHER_BUCKETS, (round, stop) => {
      code.when(markOf(code, tables, round).get([0, 'u8']).eq(0), stop)
      look(furtherBucket(code, tables, hash, round))
    }),
  )
}

/** Runs `take` on the further buckets, one after the other; it leaves by itself. Whoever seeks looks there from now on. */
export function takeFurther(code: Code, tables: Tables, hash: Value, take: (bucket: Value) => void): void {
  const now = code.call(HELPER.jiffies).low32()
  code.repeat(FURTHER_BUCKETS, round => {
    // First that there is something, then where: who takes the marks back looks in the other order.
    tables.settings().set(SETTINGS.overflowSeen, now)
    markOf(code, tables, round).set([0, 'u8'], 1)
    take(furtherBucket(code, tables, hash, round))
  })
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
