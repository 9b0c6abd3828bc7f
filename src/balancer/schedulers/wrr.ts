/**
 * wrr: as many turns as its weight, interleaved (ip_vs_wrr.c).
 *
 * The kernel goes round the list with a weight that falls by the weights' greatest common divisor from one round to the
 * next, from their maximum to nothing, and takes whoever has at least that weight. Rounds in which nobody has it are
 * not walked here: one round finds the first that has it, and beside that the first of those that have the most,
 * which is whom the kernel would come to after so many rounds. So a choice takes two rounds at most, whatever the weights.
 */
import { DESTINATION, SERVICE } from '../layout.ts'
import { tell } from '../program/tell.ts'
import { choose, isEligible, type Scheduling, soundLink } from './choice.ts'
import { type Walk, walk } from './walk.ts'

/** The next destination's link and the weight that is looked for; links of the first that has it, of who has most, and that weight. */
const NEXT = 0
const WANTED = 1
const FOUND = 2
const TOP = 3
const TOP_WEIGHT = 4

export const WRR_WALK: Walk = {
  name: 'wrr_round',
  step: ({ code, tables, shape }, notes, _round, leave) => {
    const link = notes.get(NEXT)
    code.when(link.eq(0), leave)
    const server = tables.destination(link.sub(1))
    notes.set(NEXT, server.get(DESTINATION.next))
    tell(code, 'considered', () => ({ link }))
    code.when(isEligible(server, shape), () => {
      const weight = server.get(DESTINATION.weight)
      code.when(weight.ge(notes.get(WANTED)), () => {
        notes.set(FOUND, link)
        leave()
      })
      code.when(weight.gt(notes.get(TOP_WEIGHT)), () => {
        notes.set(TOP, link)
        notes.set(TOP_WEIGHT, weight)
      })
    })
  },
}

export const wrr: Scheduling = (site, choice) => {
  const { code, tables, shape } = site
  const { service, number } = choice
  const turn = service.get(SERVICE.turn)
  const weights = service.get(SERVICE.weights)
  const top = weights.low32()
  const step = weights.shr(32)
  const wanted = turn.shr(32)
  const cursor = soundLink(site, number, turn.low32())
  const rounds = shape.walkMax + 1

  code.when(top.ne(0), () => {
    const rest = code.variable(service.get(SERVICE.head))
    code.when(cursor.ne(0), () => rest.set(tables.destination(cursor.sub(1)).get(DESTINATION.next)))
    tell(code, 'turn', () => ({ weight: wanted }))
    const found = walk(site, WRR_WALK, rounds, [rest, wanted, 0, 0, 0]).get(FOUND)
    code.when(found.ne(0), () => {
      service.set(SERVICE.turn, found.or(wanted.shl(32)))
      choose(site, choice, found)
    })

    code.section(hopeless => {
      // The weight falls; at nothing it is the maximum again, once: who was before the first has then seen all.
      const falling = wanted.gt(step)
      const lower = code.variable(top)
      code.when(
        falling,
        () => lower.set(wanted.sub(step)),
        () =>
          code.when(cursor.eq(0), () => {
            service.set(SERVICE.turn, top.shl(32))
            hopeless()
          }),
      )
      tell(code, 'turn', () => ({ weight: lower }))
      const notes = walk(site, WRR_WALK, rounds, [service.get(SERVICE.head), lower, 0, 0, 0])
      const next = notes.get(FOUND)
      code.when(next.ne(0), () => {
        service.set(SERVICE.turn, next.or(lower.shl(32)))
        choose(site, choice, next)
      })
      const most = notes.get(TOP)
      code.when(most.ne(0), () => {
        const reached = code.variable(1)
        const weight = notes.get(TOP_WEIGHT)
        code.when(weight.ge(step), () => reached.set(weight.sub(step).add(1)))
        service.set(SERVICE.turn, most.or(reached.shl(32)))
        choose(site, choice, most)
      })
      code.when(
        falling,
        () => service.set(SERVICE.turn, top.shl(32)),
        () => service.set(SERVICE.turn, cursor.or(1n << 32n)),
      )
    })
  })
}
