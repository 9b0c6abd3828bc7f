/**
 * The tables of `layout.ts` as the data path reaches them: an index becomes a pointer to a record. Connections are those
 * of one family: code for IPv6 is written with other tables than code for IPv4.
 */
import type { Code, Region } from '../../bpf/code.ts'
import { HELPER } from '../../bpf/helper.ts'
import type { Field, Pointer, Scalar, Value } from '../../bpf/value.ts'
import type { IpFamily } from '../../bytes/address.ts'
import {
  BUCKET_ENTRIES,
  type Capacity,
  CONNECTION_BYTES,
  CONNECTION6_BYTES,
  COUNTER_BYTES,
  connectionSlots,
  DESTINATION_BYTES,
  DETAIL_BYTES,
  LOCALITY,
  LOCALITY_BYTES,
  REASONS,
  type Reason,
  type RegionName,
  RING_BLOCK_BYTES,
  reasonField,
  regionBytes,
  SERVICE_BYTES,
  SETTINGS,
  SETTINGS_BYTES,
  type TableFacts,
} from '../layout.ts'
import { type SysctlName, sysctlField } from '../sysctls.ts'
import type { Looping } from './sweep.ts'
import { tell } from './tell.ts'

export class Tables {
  readonly facts: TableFacts
  readonly family: IpFamily
  readonly looping: Looping
  /** How many connections there may be, and how far apart they lie. */
  readonly connectionSlots: number
  readonly connectionBytes: number
  private readonly code: Code
  private readonly bytes: Readonly<Record<RegionName, number>>

  constructor(code: Code, facts: TableFacts, family: IpFamily = 4, looping: Looping = 'helper') {
    this.code = code
    this.looping = looping
    this.facts = facts
    this.family = family
    this.connectionSlots = connectionSlots(facts.capacity, family)
    this.connectionBytes = family === 4 ? CONNECTION_BYTES : CONNECTION6_BYTES
    this.bytes = regionBytes(facts.capacity)
  }

  get capacity(): Capacity {
    return this.facts.capacity
  }
  region(name: RegionName): Region {
    return { map: name, bytes: this.bytes[name] }
  }
  /** From byte `offset` of the settings to their end. */
  settings(offset: number | Value = 0): Pointer {
    return typeof offset === 'number'
      ? this.code.region(this.region('settings'), offset, SETTINGS_BYTES - offset)
      : this.code.region(this.region('settings'), offset, 4)
  }
  service(index: Scalar): Pointer {
    return this.record('services', index, this.capacity.services, SERVICE_BYTES)
  }
  destination(index: Scalar): Pointer {
    return this.record('destinations', index, this.capacity.destinations, DESTINATION_BYTES)
  }
  connection(slot: Scalar): Pointer {
    return this.record(this.connectionsName, slot, this.connectionSlots, this.connectionBytes)
  }
  detail(slot: Scalar): Pointer {
    return this.record(this.family === 4 ? 'details' : 'details6', slot, this.connectionSlots, DETAIL_BYTES)
  }
  /** The entries of a bucket. */
  connectionBucket(bucket: Value): Pointer {
    const bytes = BUCKET_ENTRIES * this.connectionBytes
    return this.code.region(this.region(this.connectionsName), bucket.shl(Math.log2(bytes)), bytes)
  }
  /** Logarithm of the number of buckets. */
  get bucketBits(): number {
    return Math.log2(this.connectionSlots / BUCKET_ENTRIES)
  }
  locality(slot: Scalar): Pointer {
    return this.record('localities', slot, this.capacity.localities, LOCALITY_BYTES)
  }
  /** One word of an entry's list of members, which fills the entry to its end. */
  localityMember(slot: Value, place: Value): Pointer {
    const words = LOCALITY_BYTES / 4
    const word = place.add(LOCALITY.members[0] / 4).and(words - 1)
    return this.record('localities', slot.mul(words).add(word), this.capacity.localities * words, 4)
  }
  /** The word `index` of the lookup table that begins with a block. */
  ringEntry(block: Value, index: Value): Pointer {
    const words = (this.capacity.rings * RING_BLOCK_BYTES) / 4
    return this.record('rings', block.mul(RING_BLOCK_BYTES / 4).add(index), words, 4)
  }
  /** This processor's counters of a destination: nobody else writes them, so plain additions do. */
  counter(destination: Value): Pointer {
    const processor = this.code.call(HELPER.processorId)
    const { processors, destinations } = this.capacity
    const row = processor.and(processors - 1).mul(destinations * COUNTER_BYTES)
    const place = destination.and(destinations - 1).shl(Math.log2(COUNTER_BYTES))
    return this.code.region(this.region('counters'), row.add(place), COUNTER_BYTES)
  }
  /** Live connections of the family, in the settings. */
  get entriesField(): Field {
    return this.family === 4 ? SETTINGS.entries : SETTINGS.entries6
  }
  /** Where its next sweep goes on. */
  get sweepField(): Field {
    return this.family === 4 ? SETTINGS.sweepAt : SETTINGS.sweepAt6
  }
  /** One of ip_vs's kernel parameters, as it is at present. */
  sysctl(name: SysctlName): Value {
    return this.settings().get(sysctlField(name))
  }
  /** Counts a packet that concerned a service and was not forwarded. */
  count(reason: Reason): void {
    tell(this.code, 'counted', () => ({ reason: REASONS.indexOf(reason) }))
    this.settings().increase(reasonField(reason), 1)
  }

  private get connectionsName(): RegionName {
    return this.family === 4 ? 'connections' : 'connections6'
  }

  /** An index from memory is masked: the verifier trusts no number it did not see bounded. */
  private record(name: RegionName, index: Scalar, slots: number, bytes: number): Pointer {
    const offset = typeof index === 'object' ? index.and(slots - 1).shl(Math.log2(bytes)) : Number(index) * bytes
    return this.code.region(this.region(name), offset, bytes)
  }
}
