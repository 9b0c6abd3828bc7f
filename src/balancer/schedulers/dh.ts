/**
 * dh: the packet's destination address names an entry of a table of 256, which holds the destinations in turn, whatever
 * their weight (ip_vs_dh.c). Made for transparent caches: with one virtual address there is one server.
 */
import { foldAddressCode, hash32Code } from './address-hash.ts'
import type { Scheduling } from './choice.ts'
import { chooseAt, ringOf } from './ring.ts'

export const DH_BITS = 8
export const DH_ENTRIES: number = 1 << DH_BITS

export const dh: Scheduling = (site, choice) => {
  const ring = ringOf(choice)
  site.code.when(ring.ne(0), () =>
    chooseAt(site, choice, ring, hash32Code(foldAddressCode(choice.target).low32(), DH_BITS)),
  )
}
