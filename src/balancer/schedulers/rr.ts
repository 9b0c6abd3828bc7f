/** rr: the next eligible destination after the one chosen last, around the list at most once (ip_vs_rr.c). */
import { DESTINATION, SERVICE } from '../layout.ts'
import { tell } from '../program/tell.ts'
import { choose, isEligible, type Scheduling, soundLink } from './choice.ts'
import { type Walk, walk } from './walk.ts'

/** Links: where we are, where the list begins, where we stop; and whom we found. 0 is the place before the first. */
const PLACE = 0
const HEAD = 1
const STOP = 2
const FOUND = 3

export const RR_WALK: Walk = {
  name: 'rr_next',
  step: ({ code, tables, shape }, notes, _round, leave) => {
    const before = notes.get(PLACE)
    const place = code.variable(notes.get(HEAD))
    code.when(before.ne(0), () => place.set(tables.destination(before.sub(1)).get(DESTINATION.next)))
    notes.set(PLACE, place)
    code.when(place.ne(0), () => {
      tell(code, 'considered', () => ({ link: place }))
      code.when(isEligible(tables.destination(place.sub(1)), shape), () => {
        notes.set(FOUND, place)
        leave()
      })
    })
    code.when(place.eq(notes.get(STOP)), leave)
  },
}

export const rr: Scheduling = (site, choice) => {
  const { service, number } = choice
  const cursor = soundLink(site, number, service.get(SERVICE.cursor))
  // Each server once, the list's end once, and the start again.
  const rounds = site.shape.walkMax + 2
  const found = walk(site, RR_WALK, rounds, [cursor, service.get(SERVICE.head), cursor, 0]).get(FOUND)
  site.code.when(found.ne(0), () => {
    service.set(SERVICE.cursor, found)
    choose(site, choice, found)
  })
}
