/**
 * lblc: locality-based least connection (ip_vs_lblc.c): what goes to one destination address goes to one server, as
 * long as that one has a weight and is not busy while another is idle; else to the one that wlc chooses, from then on.
 */
import { DESTINATION, LOCALITY } from '../layout.ts'
import { tell } from '../program/tell.ts'
import { BEST, OBSERVED } from './best.ts'
import { choose, type Scheduling } from './choice.ts'
import { findLocality, isBusy, isMember, leastLoaded, localityKey, rememberLocality } from './locality.ts'

export const lblc: Scheduling = (site, choice) => {
  const { code, tables } = site
  const key = localityKey(site, choice)
  const slot = code.variable(0, 32)
  const known = code.variable(0)
  const kept = code.variable(0)
  code.section(looked => {
    code.section(found => {
      findLocality(site, choice, key, 'lblc_expiration', slot, found)
      looked()
    })
    known.set(1)
    tell(code, 'locality', () => ({ entry: slot }))
    const entry = tables.locality(slot)
    const link = entry.get(LOCALITY.members)
    const server = tables.destination(link.sub(1))
    const usable = entry
      .get(LOCALITY.size)
      .ne(0)
      .and(isMember(server, choice))
      .and(server.get(DESTINATION.weight).ne(0))
    code.when(usable, () =>
      code.when(
        isBusy(server),
        () => {
          tell(code, 'busy', () => ({ link }))
          kept.set(link)
        },
        () => choose(site, choice, link),
      ),
    )
  })

  const notes = leastLoaded(site, choice)
  code.when(kept.ne(0), () => code.when(notes.get(OBSERVED).eq(0), () => choose(site, choice, kept)))
  const best = notes.get(BEST)
  code.when(best.ne(0), () => {
    code.when(
      known.ne(0),
      () => {
        const entry = tables.locality(slot)
        entry.set(LOCALITY.members, best)
        entry.set(LOCALITY.size, 1)
      },
      () => rememberLocality(site, choice, key, best),
    )
    choose(site, choice, best)
  })
}
