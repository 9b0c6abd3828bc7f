/** lc: the least load; of equals the newest (ip_vs_lc.c). Weights matter only in being above zero. */
import { byContest, contestWalk } from './best.ts'
import { loadOf, type Scheduling } from './choice.ts'
import type { Walk } from './walk.ts'

export const LC_WALK: Walk = contestWalk({
  name: 'lc',
  load: loadOf,
  beats: (candidate, best) => candidate.load.lt(best.load),
})
export const lc: Scheduling = byContest(LC_WALK)
