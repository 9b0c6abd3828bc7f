import type { Code } from '../../bpf/code.ts'
import type { Scalar, Value, Variable } from '../../bpf/value.ts'
import { type INDEX_TAG, indexSlotCode, serviceIndexKeyCode } from '../hash.ts'
import { INDEX_PROBES, INDEX_SLOT, INDEX_SLOT_BYTES, indexSlots, SERVICE } from '../layout.ts'
import { type Address, isAddressAt } from './address.ts'
import type { Tables } from './tables.ts'

/**
 * Looks for protocol, address and port in the service index. Puts what is found under that key into `found`, a
 * service's number, and leaves; comes back if there is none. Address and port are raw.
 *
 * An IPv6 key is a hash: the address of the service found is compared. That of a server need not be, since its
 * connection is looked for next.
 */
export function findInIndexCode(
  code: Code,
  tables: Tables,
  tag: keyof typeof INDEX_TAG,
  address: Address,
  port: Value,
  protocol: Scalar,
  found: Variable,
  leave: () => void,
): void {
  const slots = indexSlots(tables.capacity)
  const key = serviceIndexKeyCode(address, port, protocol, tag)
  const first = indexSlotCode(key, Math.log2(slots))
  const look = (place: Value, absent: () => void) => {
    const slot = code.region(tables.region('serviceIndex'), place.shl(Math.log2(INDEX_SLOT_BYTES)), INDEX_SLOT_BYTES)
    const there = slot.get(INDEX_SLOT.key)
    code.when(there.eq(key), () => {
      found.set(slot.get(INDEX_SLOT.service))
      if (address.length === 1 || tag === 'server') leave()
      else code.when(isAddressAt(tables.service(found), SERVICE.address, address), leave)
    })
    code.when(there.eq(0), absent)
  }
  code.section(absent => {
    look(first, absent)
    code.repeat(INDEX_PROBES - 1, (round, stop) =>
      look(
        first
          .add(round)
          .add(1)
          .and(slots - 1),
        stop,
      ),
    )
  })
}
