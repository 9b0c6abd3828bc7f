/**
 * lblcr: lblc with replication (ip_vs_lblcr.c): what goes to one destination address goes to the least loaded of a set
 * of servers. The set grows by wlc's choice when that one is busy while another is idle, and loses its most loaded
 * member when it has not changed for a day.
 */
import type { Condition, Pointer, Value } from '../../bpf/value.ts'
import { DESTINATION, LOCALITY, LOCALITY_MEMBERS } from '../layout.ts'
import { tell } from '../program/tell.ts'
import { BEST, OBSERVED, type Standing } from './best.ts'
import { type Choice, choose, isEligible, loadOf, type Scheduling, type Site } from './choice.ts'
import { findLocality, isBusy, leastLoaded, localityKey, rememberLocality } from './locality.ts'
import { type Walk, walk } from './walk.ts'

export const lblcr: Scheduling = (site, choice) => {
  const { code, tables } = site
  const key = localityKey(site, choice)
  const slot = code.variable(0, 32)
  const known = code.variable(0)
  const kept = code.variable(0)
  code.section(looked => {
    code.section(found => {
      findLocality(site, choice, key, 'lblcr_expiration', slot, found)
      looked()
    })
    known.set(1)
    tell(code, 'locality', () => ({ entry: slot }))
    const least = walk(site, LEAST_MEMBER_WALK, LOCALITY_MEMBERS, [slot, choice.number, 0, 0, 0]).get(CHOSEN)
    dropMostLoaded(site, choice, slot)
    code.when(least.ne(0), () =>
      code.when(
        isBusy(tables.destination(least.sub(1))),
        () => {
          tell(code, 'busy', () => ({ link: least }))
          kept.set(least)
        },
        () => choose(site, choice, least),
      ),
    )
  })

  const notes = leastLoaded(site, choice)
  code.when(kept.ne(0), () => code.when(notes.get(OBSERVED).eq(0), () => choose(site, choice, kept)))
  const best = notes.get(BEST)
  code.when(best.ne(0), () => {
    code.when(
      known.ne(0),
      () => addMember(site, choice, slot, best),
      () => rememberLocality(site, choice, key, best),
    )
    choose(site, choice, best)
  })
}

/** Walks over the members, the oldest first: the entry's slot, the service's number; whom we found, its load and weight. */
const SLOT = 0
const SERVICE_NUMBER = 1
const CHOSEN = 2
const LOAD = 3
const WEIGHT = 4

/** Of two members that are equal the newer is taken, which is the later here and the earlier in ip_vs's list. */
function memberWalk(
  name: string,
  admits: (site: Site, server: Pointer, service: Value) => Condition,
  isWorse: (candidate: Standing, best: Standing) => Condition,
  taken: (link: Value, place: Value) => Value,
): Walk {
  return {
    name,
    step: (site, notes, place, leave) => {
      const { code, tables } = site
      const slot = notes.get(SLOT)
      code.when(place.ge(tables.locality(slot).get(LOCALITY.size)), leave)
      const link = tables.localityMember(slot, place).get([0, 'u32'])
      const server = tables.destination(link.sub(1))
      tell(code, 'considered', () => ({ link }))
      code.when(admits(site, server, notes.get(SERVICE_NUMBER)), () => {
        const mine = { load: loadOf(server), weight: server.get(DESTINATION.weight) }
        tell(code, 'candidate', () => ({ link, load: mine.load, weight: mine.weight }))
        const best = { load: notes.get(LOAD), weight: notes.get(WEIGHT) }
        code.when(notes.get(CHOSEN).eq(0).or(isWorse(mine, best).not()), () => {
          notes.set(CHOSEN, taken(link, place))
          notes.set(LOAD, mine.load)
          notes.set(WEIGHT, mine.weight)
        })
      })
    },
  }
}

/** The link of the least loaded for its weight among those that take connections. */
export const LEAST_MEMBER_WALK: Walk = memberWalk(
  'least_member',
  ({ shape }, server, service) => isEligible(server, shape).and(server.get(DESTINATION.service).eq(service.add(1))),
  (mine, best) => best.load.mul(mine.weight).lt(mine.load.mul(best.weight)),
  link => link,
)

/** The place, plus one, of the most loaded for its weight, even if it takes no connections. */
export const MOST_MEMBER_WALK: Walk = memberWalk(
  'most_member',
  (_site, server) => server.get(DESTINATION.weight).ne(0),
  (mine, best) => best.load.mul(mine.weight).gt(mine.load.mul(best.weight)),
  (_link, place) => place.add(1),
)

/** Where the set has been the same for a day, the most loaded leaves. */
function dropMostLoaded(site: Site, choice: Choice, slot: Value): void {
  const { code, tables } = site
  const entry = tables.locality(slot)
  const quiet = choice.now
    .sub32(entry.get(LOCALITY.changed))
    .gt(tables.sysctl('lblcr_expiration').mul(tables.facts.hertz))
  code.rarely(quiet.and(entry.get(LOCALITY.size).gt(1)), () => {
    const most = walk(site, MOST_MEMBER_WALK, LOCALITY_MEMBERS, [slot, choice.number, 0, 0, 0]).get(CHOSEN)
    code.when(most.ne(0), () => removeMember(site, choice, slot, most.sub(1)))
  })
}

/** Members after the one that leaves move up: the entry's slot, the place that becomes free. */
const FREED = 1
export const REMOVE_MEMBER_WALK: Walk = {
  name: 'remove_member',
  step: ({ code, tables }, notes, place) => {
    const slot = notes.get(SLOT)
    code.when(place.ge(notes.get(FREED)), () => {
      const next = tables.localityMember(slot, place.add(1)).get([0, 'u32'])
      tables.localityMember(slot, place).set([0, 'u32'], next)
    })
  },
}

function removeMember(site: Site, { now }: Choice, slot: Value, place: Value): void {
  walk(site, REMOVE_MEMBER_WALK, LOCALITY_MEMBERS - 1, [slot, place])
  const entry = site.tables.locality(slot)
  entry.set(LOCALITY.size, entry.get(LOCALITY.size).sub(1))
  entry.set(LOCALITY.changed, now)
}

/** Looks for a member: the entry's slot, its link; whether it is there. */
const WANTED = 1
const PRESENT = 2
export const FIND_MEMBER_WALK: Walk = {
  name: 'find_member',
  step: ({ code, tables }, notes, place, leave) => {
    const slot = notes.get(SLOT)
    code.when(place.ge(tables.locality(slot).get(LOCALITY.size)), leave)
    code.when(tables.localityMember(slot, place).get([0, 'u32']).eq(notes.get(WANTED)), () => {
      notes.set(PRESENT, 1)
      leave()
    })
  },
}

/** Adds the newest member, unless it is one; the oldest makes room. */
function addMember(site: Site, choice: Choice, slot: Value, link: Value): void {
  const { code, tables } = site
  const present = walk(site, FIND_MEMBER_WALK, LOCALITY_MEMBERS, [slot, link, 0]).get(PRESENT)
  code.when(present.eq(0), () => {
    const entry = tables.locality(slot)
    code.rarely(entry.get(LOCALITY.size).ge(LOCALITY_MEMBERS), () => removeMember(site, choice, slot, code.constant(0)))
    const size = entry.get(LOCALITY.size)
    tables.localityMember(slot, size).set([0, 'u32'], link)
    entry.set(LOCALITY.size, size.add(1))
    entry.set(LOCALITY.changed, choice.now)
  })
}
