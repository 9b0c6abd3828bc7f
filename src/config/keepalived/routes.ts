/** What keepalived says of routes and rules. */
import { parseIp } from '../../bytes/address.ts'
import type { Statement } from '../statement.ts'

const TYPES: readonly string[] = [
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'throw',
  'unreachable',
  'prohibit',
  'blackhole',
  'nat',
]
const OLD_WORDS = { gw: 'via', or: 'nexthop' } as const

/** keepalived watches a route through its interface: one that names none is not watched, and it says so. */
export function routeComplaints(route: Statement): readonly string[] {
  const words = route.line.words.map(({ text }) => text)
  const old = Object.entries(OLD_WORDS).filter(([word]) => words.includes(word))
  const found = old.map(([word, instead]) => `"${word}" for routes is deprecated. Please use "${instead}"`)
  if (words.includes('dev') || words.includes('no_track')) return found
  return [...found, `Warning - cannot track route ${destination(words)} with no interface specified, not tracking`]
}

function destination(words: readonly string[]): string {
  const [first = '', second = '', third = ''] = words
  const to = words.indexOf('to')
  const text = to >= 0 ? (words[to + 1] ?? '') : first === 'src' ? third : TYPES.includes(first) ? second : first
  return text.includes('/') || text === 'default' ? text : `${text}/${text.includes(':') ? 128 : 32}`
}

/** A rule needs a preference, or its place depends on who became active first: keepalived counts down from 16384. */
export function ruleComplaints(rule: Statement, counter: { preference: number }): readonly string[] {
  const words = rule.line.words.map(({ text }) => text)
  for (const side of ['from', 'to']) {
    const network = words[words.indexOf(side) + 1] ?? ''
    if (!words.includes(side) || network === 'all' || network === 'default') continue
    if (parseIp(network.split('/')[0] ?? '') === undefined) {
      return [`VRRP parsed invalid IP ${network}. skipping IP...`, `Invalid rule ${side} address ${network}`]
    }
  }
  if (words.some(word => ['preference', 'pref', 'priority', 'order'].includes(word))) return []
  return [`Rule has no preference specified - setting to ${counter.preference--}. This is probably not what you want.`]
}
