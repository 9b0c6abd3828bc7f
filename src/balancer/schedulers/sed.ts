/** sed: the shortest expected delay, (active + 1) / weight; of equals the newest (ip_vs_sed.c). */
import type { Pointer, Value } from '../../bpf/value.ts'
import { DESTINATION } from '../layout.ts'
import { byContest, carriesLess, contestWalk } from './best.ts'
import type { Scheduling } from './choice.ts'
import type { Walk } from './walk.ts'

export const SED_WALK: Walk = contestWalk({ name: 'sed', load: delayOf, beats: carriesLess })
export const sed: Scheduling = byContest(SED_WALK)

/** The connections that a server would have with this one. */
export function delayOf(server: Pointer): Value {
  return server.get(DESTINATION.active).add(1)
}
