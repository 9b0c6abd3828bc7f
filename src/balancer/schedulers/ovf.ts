/** ovf: overflow: the highest weight among those with no more active connections than that; of equals the newest (ip_vs_ovf.c). */
import { DESTINATION } from '../layout.ts'
import { byContest, contestWalk } from './best.ts'
import { loadOf, type Scheduling } from './choice.ts'
import type { Walk } from './walk.ts'

export const OVF_WALK: Walk = contestWalk({
  name: 'ovf',
  admits: server => server.get(DESTINATION.active).le(server.get(DESTINATION.weight)),
  load: loadOf,
  beats: (candidate, best) => candidate.weight.gt(best.weight),
})
export const ovf: Scheduling = byContest(OVF_WALK)
