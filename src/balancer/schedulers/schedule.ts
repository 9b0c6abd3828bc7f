/**
 * Schedulers in the data path. Each is ip_vs's rule over the service's list, newest destination first; a destination
 * is eligible while its weight is above zero and it is not overloaded. Where none is, the code comes back without
 * having left by `chosen`. Only the shape's schedulers are in the program.
 *
 * ip_vs takes a lock for each choice. Here two processors that choose at the same moment may take the same turn.
 */
import type { Code } from '../../bpf/code.ts'
import type { ProgramSource } from '../../bpf/compile.ts'
import { SCHEDULERS, type Scheduler } from '../../model/service.ts'
import { SERVICE, type TableFacts } from '../layout.ts'
import type { Tables } from '../program/tables.ts'
import { tell } from '../program/tell.ts'
import type { Shape } from '../shape.ts'
import type { Choice, Scheduling } from './choice.ts'
import { dh } from './dh.ts'
import { FO_WALK, fo } from './fo.ts'
import { lblc } from './lblc.ts'
import { FIND_MEMBER_WALK, LEAST_MEMBER_WALK, lblcr, MOST_MEMBER_WALK, REMOVE_MEMBER_WALK } from './lblcr.ts'
import { LC_WALK, lc } from './lc.ts'
import { LOCALITY_WALK } from './locality.ts'
import { MH_FALLBACK, mh } from './mh.ts'
import { NQ_WALK, nq } from './nq.ts'
import { OVF_WALK, ovf } from './ovf.ts'
import { RR_WALK, rr } from './rr.ts'
import { SED_WALK, sed } from './sed.ts'
import { SH_FALLBACK, sh } from './sh.ts'
import { scratchFor, type Walk, walkCallback } from './walk.ts'
import { WLC_WALK, wlc } from './wlc.ts'
import { WRR_WALK, wrr } from './wrr.ts'

const RULES: Readonly<Record<Scheduler, Scheduling>> = {
  rr,
  wrr,
  lc,
  wlc,
  lblc,
  lblcr,
  dh,
  sh,
  sed,
  nq,
  fo,
  ovf,
  mh,
}
const WALKS: readonly Walk[] = [
  RR_WALK,
  WRR_WALK,
  LC_WALK,
  WLC_WALK,
  LOCALITY_WALK,
  LEAST_MEMBER_WALK,
  MOST_MEMBER_WALK,
  FIND_MEMBER_WALK,
  REMOVE_MEMBER_WALK,
  SH_FALLBACK,
  SED_WALK,
  NQ_WALK,
  FO_WALK,
  OVF_WALK,
  MH_FALLBACK,
]

/** Schedulers that this data path can run; the table refuses others by name. */
export const RUNNABLE_SCHEDULERS: readonly Scheduler[] = SCHEDULERS

/** A scheduler's number in a service's record; 0 is none. */
export function schedulerNumber(scheduler: Scheduler | 'none'): number {
  return scheduler === 'none' ? 0 : SCHEDULERS.indexOf(scheduler) + 1
}

/** Asks the service's scheduler. */
export function schedule(code: Code, tables: Tables, shape: Shape, choice: Choice): void {
  const scratch = scratchFor(code, choice.looping)
  const site = { code, tables, shape, scratch }
  const number = choice.service.get(SERVICE.plan).low32()
  for (const scheduler of shape.schedulers)
    code.when(number.eq(schedulerNumber(scheduler)), () => {
      tell(code, 'scheduler', () => ({ service: choice.number, scheduler: schedulerNumber(scheduler) }))
      RULES[scheduler](site, choice)
    })
}

/** The functions that `schedule` has the kernel loop through; those that a program does not refer to are left out of it. */
export function scheduleCallbacks(facts: TableFacts, shape: Shape): NonNullable<ProgramSource['callbacks']> {
  return Object.fromEntries(WALKS.map(walk => [walk.name, walkCallback(facts, shape, walk)]))
}
