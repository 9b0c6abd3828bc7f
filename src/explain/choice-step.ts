/** Why this server: the scheduler, the weights and counts that decided, and who was left out. */
import type { Scheduler } from '../model/service.ts'
import type { Step } from './explanation.ts'
import type { ServerView } from './standing.ts'
import type { Told, Trial } from './trial.ts'

/** Whom each scheduler takes, of equals the first in the list; and what it calls the number that it compares. */
const RULES: Readonly<Record<Scheduler, { readonly rule: string; readonly load?: string }>> = {
  rr: { rule: 'the next in the list that takes connections' },
  wrr: { rule: 'the next in the list with at least the weight whose turn it is' },
  lc: { rule: 'the least load, active x 256 + inactive', load: 'load' },
  wlc: { rule: 'the least load for its weight, (active x 256 + inactive) / weight', load: 'load' },
  sed: { rule: 'the shortest expected delay, (active + 1) / weight', load: 'delay' },
  nq: { rule: 'one that is idle, else the shortest expected delay, (active + 1) / weight', load: 'delay' },
  fo: { rule: 'the highest weight of all that take connections', load: 'load' },
  ovf: { rule: 'the highest weight of all with no more active connections than weight', load: 'load' },
  lblc: { rule: 'the one that serves this address already, while it is not overloaded; else as wlc', load: 'load' },
  lblcr: { rule: 'the least loaded of those that serve this address; more join when it is busy', load: 'load' },
  sh: { rule: "whom the client's address names in a table of 256 entries" },
  dh: { rule: 'whom the destination address names in a table of 256 entries' },
  mh: { rule: "whom the client's address names in a table of 4093 entries" },
}
/** Schedulers that compare loads by weight. */
const WEIGHTED: ReadonlySet<Scheduler> = new Set(['wlc', 'sed', 'nq', 'lblc', 'lblcr'])
/** More servers than this are not all shown to a person. */
const ROWS_MAX = 16

export function choiceStep({ told }: Trial): Step | undefined {
  const asked = told.find(({ event }) => event === 'scheduler')
  if (asked === undefined) return undefined
  const { scheduler, servers, schedulerFlags } = asked.service!
  if (scheduler === 'none') return undefined
  const chosen = told.find(({ event }) => event === 'chosen')?.server
  const { rule, load } = RULES[scheduler]
  const candidates = new Map(
    told.filter(({ event }) => event === 'candidate').map(({ values }) => [values.link! - 1, values]),
  )
  const rows = servers.map(server => {
    const values = candidates.get(server.number)
    const weighed = values === undefined ? '' : weighedText(values.load!, values.weight!, WEIGHTED.has(scheduler))
    const columns = [server.endpoint, String(server.weight), String(server.active), String(server.inactive)]
    return [
      server.number === chosen?.number ? '>' : ' ',
      ...columns,
      ...(load === undefined ? [] : [weighed]),
      remark(server, chosen, scheduler),
    ]
  })
  const head = [' ', 'server', 'weight', 'active', 'inactive', ...(load === undefined ? [] : [load]), '']
  const flags = schedulerFlags.length === 0 ? '' : ` (${schedulerFlags.join(', ')})`
  const shown = rows.length > ROWS_MAX ? rows.filter((row, i) => i < ROWS_MAX || row[0] === '>') : rows
  return {
    about: 'choice',
    lines: [
      `${scheduler}${flags}: ${rule}`,
      ...details(told),
      ...(servers.length === 0 ? ['the service has no servers'] : []),
      ...(shown.length < rows.length ? [`${rows.length - shown.length} of ${rows.length} servers are not shown`] : []),
    ],
    ...(servers.length === 0 ? {} : { table: [head, ...shown] }),
  }
}

/** What a scheduler knew beside its servers. */
function details(told: readonly Told[]): readonly string[] {
  const lines = told.flatMap(({ event, values, server }) => {
    if (event === 'turn') return values.weight === 0 ? [] : [`the turn is that of weight ${values.weight} and more`]
    if (event === 'ring')
      return [`entry ${values.index} of the table names ${values.link === 0 ? 'nobody' : server!.endpoint}`]
    if (event === 'locality') return ['the address is remembered']
    if (event === 'busy') return [`${server!.endpoint} serves it, but has more active connections than weight`]
    return []
  })
  return [...new Set(lines)]
}

/** Why it gets none of the new connections, or that it is the one. */
function remark(server: ServerView, chosen: ServerView | undefined, scheduler: Scheduler): string {
  if (server.number === chosen?.number) return 'chosen'
  if (server.weight === 0) return 'weight 0: no new connections'
  if (server.overloaded)
    return `overloaded: ${server.active + server.inactive} connections, at most ${server.upperThreshold}`
  if (scheduler === 'ovf' && server.active > server.weight) return 'full: more active connections than weight'
  return ''
}

function weighedText(load: number, weight: number, isWeighted: boolean): string {
  return isWeighted ? `${load}/${weight} = ${(load / weight).toFixed(2)}` : String(load)
}
