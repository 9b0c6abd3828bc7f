/** One walk over all destinations of a service, which keeps the best so far: what lc, wlc, sed, nq, fo and ovf share. */
import type { Condition, Pointer, Value } from '../../bpf/value.ts'
import { DESTINATION, SERVICE } from '../layout.ts'
import { tell } from '../program/tell.ts'
import { type Choice, choose, isEligible, type Scheduling, type Site } from './choice.ts'
import { type Notes, type Walk, walk } from './walk.ts'

export interface Standing {
  readonly load: Value
  readonly weight: Value
}

export interface Contest {
  readonly name: string
  /** Who may take part, beside having a weight and not being overloaded. */
  readonly admits?: (server: Pointer) => Condition
  /** Who wins at once. */
  readonly wins?: (server: Pointer) => Condition
  /** True where the later one in the list beats the best before it. */
  readonly beats: (candidate: Standing, best: Standing) => Condition
  readonly load: (server: Pointer) => Value
  /** Looks at every destination, taking part or not. */
  readonly observe?: (site: Site, server: Pointer, notes: Notes) => void
}

/** Notes: the next destination's link, the best one's, its load and weight; and what an observer has to say. */
const NEXT = 0
export const BEST = 1
const LOAD = 2
const WEIGHT = 3
export const OBSERVED = 4

export function contestWalk(contest: Contest): Walk {
  return {
    name: `best_${contest.name}`,
    step: (site, notes, _round, leave) => {
      const { code, tables, shape } = site
      const link = notes.get(NEXT)
      code.when(link.eq(0), leave)
      const server = tables.destination(link.sub(1))
      notes.set(NEXT, server.get(DESTINATION.next))
      tell(code, 'considered', () => ({ link }))
      contest.observe?.(site, server, notes)
      const eligible = isEligible(server, shape)
      code.when(contest.admits === undefined ? eligible : eligible.and(contest.admits(server)), () => {
        if (contest.wins !== undefined)
          code.when(contest.wins(server), () => {
            notes.set(BEST, link)
            leave()
          })
        const candidate = { load: contest.load(server), weight: server.get(DESTINATION.weight) }
        tell(code, 'candidate', () => ({ link, load: candidate.load, weight: candidate.weight }))
        const best = { load: notes.get(LOAD), weight: notes.get(WEIGHT) }
        code.when(notes.get(BEST).eq(0).or(contest.beats(candidate, best)), () => {
          notes.set(BEST, link)
          notes.set(LOAD, candidate.load)
          notes.set(WEIGHT, candidate.weight)
        })
      })
    },
  }
}

/** Walks; the best one's link, or 0, is in the notes. */
export function findBest(site: Site, { service }: Choice, it: Walk): Notes {
  return walk(site, it, site.shape.walkMax + 1, [service.get(SERVICE.head), 0, 0, 0, 0])
}

/** The scheduler that does nothing but this. */
export function byContest(it: Walk): Scheduling {
  return (site, choice) => {
    const best = findBest(site, choice, it).get(BEST)
    site.code.when(best.ne(0), () => choose(site, choice, best))
  }
}

/** a/b < c/d without a division: the candidate carries less for its weight. */
export function carriesLess(candidate: Standing, best: Standing): Condition {
  return best.load.mul(candidate.weight).gt(candidate.load.mul(best.weight))
}
