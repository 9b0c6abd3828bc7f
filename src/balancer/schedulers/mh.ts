/**
 * mh: Maglev hashing: the client's address names an entry of a table of 4093, in which every destination has its share
 * at places that hardly move when others come or go (ip_vs_mh.c; Eisenbud et al., NSDI 2016). `maglev.ts` fills it.
 *
 * Who finds a destination of weight 0 or overloaded is refused, unless the service has mh-fallback.
 */
import type { Value } from '../../bpf/value.ts'
import type { Scheduling, Site } from './choice.ts'
import { MAGLEV_ENTRIES, PLACE_KEY } from './maglev.ts'
import { chooseAt, clientNumber, fallBack, fallbackWalk, ringOf } from './ring.ts'
import { sipHashCode } from './siphash.ts'
import type { Walk } from './walk.ts'

export const MH_FALLBACK: Walk = fallbackWalk('mh_fallback', entryOf, MAGLEV_ENTRIES)

export const mh: Scheduling = (site, choice) => {
  const ring = ringOf(choice)
  site.code.when(ring.ne(0), () => {
    const client = clientNumber(site, choice)
    const first = entryOf(site, client, site.code.constant(0))
    chooseAt(site, choice, ring, first)
    fallBack(site, choice, MH_FALLBACK, MAGLEV_ENTRIES, ring, client, first)
  })
}

function entryOf({ code }: Site, client: Value, salt: Value): Value {
  return sipHashCode(code, client.add32(salt), PLACE_KEY).mod(MAGLEV_ENTRIES)
}
