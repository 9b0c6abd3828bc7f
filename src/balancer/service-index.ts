/** The service index from the control plane's side: open addressing, at most INDEX_PROBES slots from a key's own place. */
import { indexSlot } from './hash.ts'
import { INDEX_PROBES, INDEX_REMOVED, INDEX_SLOT, INDEX_SLOT_BYTES } from './layout.ts'
import type { Memory } from './memory.ts'

/** The number of the service with this key, or undefined. */
export function findInIndex(index: Memory, key: bigint): number | undefined {
  for (const slot of probe(index, key)) {
    const there = index.getWide(slot, INDEX_SLOT.key)
    if (there === key) return index.get(slot, INDEX_SLOT.service)
    if (there === 0n) return undefined
  }
  return undefined
}

/** Makes the key known; false if every slot it may be in is taken. The key is written last: a packet sees all or nothing. */
export function addToIndex(index: Memory, key: bigint, service: number): boolean {
  for (const slot of probe(index, key)) {
    const there = index.getWide(slot, INDEX_SLOT.key)
    if (there !== 0n && there !== INDEX_REMOVED) continue
    index.set(slot, INDEX_SLOT.service, service)
    index.setWide(slot, INDEX_SLOT.key, key)
    return true
  }
  return false
}

/** Adds to the number that a key stands for; false if the key is unknown. */
export function changeInIndex(index: Memory, key: bigint, by: number): boolean {
  for (const slot of probe(index, key)) {
    const there = index.getWide(slot, INDEX_SLOT.key)
    if (there === 0n) return false
    if (there !== key) continue
    index.set(slot, INDEX_SLOT.service, index.get(slot, INDEX_SLOT.service) + by)
    return true
  }
  return false
}

/** Makes the key unknown. Its slot ends no probe, unless the next one does anyway. */
export function removeFromIndex(index: Memory, key: bigint): void {
  const slots = probe(index, key)
  for (const slot of slots) {
    if (index.getWide(slot, INDEX_SLOT.key) !== key) continue
    const next = (slot + INDEX_SLOT_BYTES) % index.bytes.length
    index.setWide(slot, INDEX_SLOT.key, index.getWide(next, INDEX_SLOT.key) === 0n ? 0n : INDEX_REMOVED)
    return
  }
}

function probe(index: Memory, key: bigint): number[] {
  const slots = index.bytes.length / INDEX_SLOT_BYTES
  const first = indexSlot(key, Math.log2(slots))
  return Array.from({ length: INDEX_PROBES }, (_, i) => ((first + i) & (slots - 1)) * INDEX_SLOT_BYTES)
}
