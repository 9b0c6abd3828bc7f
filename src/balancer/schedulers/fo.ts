/** fo: fail-over: the highest weight, all of it; of equals the newest (ip_vs_fo.c). */
import { byContest, contestWalk } from './best.ts'
import { loadOf, type Scheduling } from './choice.ts'
import type { Walk } from './walk.ts'

export const FO_WALK: Walk = contestWalk({
  name: 'fo',
  load: loadOf,
  beats: (candidate, best) => candidate.weight.gt(best.weight),
})
export const fo: Scheduling = byContest(FO_WALK)
