/** wlc: the least load for its weight; of equals the newest (ip_vs_wlc.c). */
import { byContest, carriesLess, contestWalk } from './best.ts'
import { loadOf, type Scheduling } from './choice.ts'
import type { Walk } from './walk.ts'

export const WLC_WALK: Walk = contestWalk({ name: 'wlc', load: loadOf, beats: carriesLess })
export const wlc: Scheduling = byContest(WLC_WALK)
