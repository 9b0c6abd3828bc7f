/** The control plane's part in what lblc and lblcr remember: forgetting it, and keeping servers that are remembered. */
import { LOCALITY, LOCALITY_BYTES, type TableFacts } from './layout.ts'
import type { Memory } from './memory.ts'

/** Forgets all that a service remembers. */
export function forgetLocalities(memory: Memory, facts: TableFacts, service: number): void {
  for (const entry of entriesOf(memory, facts, service)) memory.set(entry, LOCALITY.owner, 0)
}

/** True if the service would send somebody to the destination, were it there: ip_vs holds on to it then, too. */
export function isRemembered(
  memory: Memory,
  facts: TableFacts,
  service: number,
  destination: number,
  now: number,
  expirationS: number,
): boolean {
  for (const entry of entriesOf(memory, facts, service)) {
    const age = (now - memory.get(entry, LOCALITY.stamp)) >>> 0
    if (age >= expirationS * facts.hertz) continue
    const size = memory.get(entry, LOCALITY.size)
    for (let place = 0; place < size; place++)
      if (memory.get(entry + 4 * place, LOCALITY.members) === destination + 1) return true
  }
  return false
}

function* entriesOf(memory: Memory, { capacity }: TableFacts, service: number): Generator<number> {
  for (let slot = 0; slot < capacity.localities; slot++) {
    const entry = slot * LOCALITY_BYTES
    if (memory.get(entry, LOCALITY.owner) === service + 1) yield entry
  }
}
