/**
 * Schedulers in the data path. Each is ip_vs's rule over the service's list, newest destination first; a destination
 * is eligible while its weight is above zero and it is not overloaded. Where none is, the code comes back without
 * having left by `chosen`.
 */
import type { Code } from '../../bpf/code.ts'
import type { Condition, Pointer, Value, Variable } from '../../bpf/value.ts'
import { SCHEDULERS, type Scheduler } from '../../model/service.ts'
import { DESTINATION, SERVICE } from '../layout.ts'
import type { Shape } from '../shape.ts'
import type { Tables } from './tables.ts'

export interface Choice {
  readonly service: Pointer
  /** Receives the chosen destination's number. */
  readonly destination: Variable
  readonly chosen: () => void
}

/** Schedulers that this data path can run; the table refuses the others by name. */
export const RUNNABLE_SCHEDULERS: readonly Scheduler[] = ['rr']

/** A scheduler's number in a service's record; 0 is none. */
export function schedulerNumber(scheduler: Scheduler | 'none'): number {
  return scheduler === 'none' ? 0 : SCHEDULERS.indexOf(scheduler) + 1
}

/** Asks the service's scheduler. Only the shape's schedulers are in the program. */
export function schedule(code: Code, tables: Tables, shape: Shape, choice: Choice): void {
  for (const scheduler of shape.schedulers) {
    const run = RULES[scheduler]
    if (run === undefined) throw new RangeError(`the data path has no scheduler ${scheduler}`)
    if (shape.schedulers.length === 1) run(code, tables, shape, choice)
    else
      code.when(choice.service.get(SERVICE.scheduler).eq(schedulerNumber(scheduler)), () =>
        run(code, tables, shape, choice),
      )
  }
}

type Rule = (code: Code, tables: Tables, shape: Shape, choice: Choice) => void

const RULES: Readonly<Partial<Record<Scheduler, Rule>>> = { rr: roundRobin }

/** The next eligible one after the one chosen last, around the list at most once (ip_vs_rr.c). */
function roundRobin(code: Code, tables: Tables, shape: Shape, { service, destination, chosen }: Choice): void {
  const start = service.get(SERVICE.cursor)
  const place = code.variable(start)
  // Each server once, the list's end once, and the start again.
  code.repeat(shape.walkMax + 2, (_round, leave) => {
    code.when(
      place.eq(0),
      () => place.set(service.get(SERVICE.head)),
      () => place.set(tables.destination(place.sub32(1)).get(DESTINATION.next)),
    )
    code.when(place.ne(0), () => {
      const index = place.sub32(1)
      code.when(isEligible(tables, index, shape), () => {
        service.set(SERVICE.cursor, place)
        destination.set(index)
        chosen()
      })
    })
    code.when(place.eq(start), leave)
  })
}

function isEligible(tables: Tables, index: Value, shape: Shape): Condition {
  const memory = tables.destination(index)
  const weighted = memory.get(DESTINATION.weight).ne(0)
  return shape.thresholds ? weighted.and(memory.get(DESTINATION.overloaded).eq(0)) : weighted
}
