/**
 * sh: the client's address names an entry of a table of 256, which holds every destination as often in a row as it has
 * weight (ip_vs_sh.c). Who finds a destination of weight 0 or overloaded there is refused, unless the service has
 * sh-fallback: then the entries from there on are tried, salted by their distance.
 */
import type { Value } from '../../bpf/value.ts'
import { hash32Code } from './address-hash.ts'
import type { Scheduling } from './choice.ts'
import { chooseAt, clientNumber, fallBack, fallbackWalk, ringOf } from './ring.ts'
import type { Walk } from './walk.ts'

export const SH_BITS = 8
export const SH_ENTRIES: number = 1 << SH_BITS

export const SH_FALLBACK: Walk = fallbackWalk('sh_fallback', (_site, client, salt) => entryOf(client, salt), SH_ENTRIES)

export const sh: Scheduling = (site, choice) => {
  const ring = ringOf(choice)
  site.code.when(ring.ne(0), () => {
    const client = clientNumber(site, choice)
    const first = hash32Code(client, SH_BITS)
    chooseAt(site, choice, ring, first)
    fallBack(site, choice, SH_FALLBACK, SH_ENTRIES, ring, client, first)
  })
}

function entryOf(client: Value, salt: Value): Value {
  return hash32Code(client, SH_BITS)
    .add(salt)
    .and(SH_ENTRIES - 1)
}
