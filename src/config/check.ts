/**
 * What a careful reviewer would say beyond the grammar: two virtual routers with one number, a quorum nobody can reach, a
 * port that direct routing cannot change. Each rule is a generator over the model; the places come from `origins`.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { BFD_RULES } from './check/bfd.ts'
import { GLOBAL_RULES } from './check/global.ts'
import { type Host, judgeHost } from './check/host.ts'
import type { Judged } from './check/judgement.ts'
import { SERVICE_RULES } from './check/virtual-servers.ts'
import { VRRP_RULES } from './check/vrrp.ts'

/** `host`: the machine the configuration is for, if it is this one. */
export function check(judged: Judged, host?: Host): readonly Diagnostic[] {
  const found = [...GLOBAL_RULES, ...BFD_RULES, ...VRRP_RULES, ...SERVICE_RULES].flatMap(rule => [...rule(judged)])
  return host === undefined ? found : [...found, ...judgeHost(judged, host)]
}
