/** nq: never queue: the newest idle destination, whatever its weight; where none is idle, as sed (ip_vs_nq.c). */
import { DESTINATION } from '../layout.ts'
import { byContest, carriesLess, contestWalk } from './best.ts'
import type { Scheduling } from './choice.ts'
import { delayOf } from './sed.ts'
import type { Walk } from './walk.ts'

export const NQ_WALK: Walk = contestWalk({
  name: 'nq',
  wins: server => server.get(DESTINATION.active).eq(0),
  load: delayOf,
  beats: carriesLess,
})
export const nq: Scheduling = byContest(NQ_WALK)
