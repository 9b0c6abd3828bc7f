/** One line of `virtual_routes`, `virtual_rules` and their static kin: the words of `ip route` and `ip rule`, kept as they are. */
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { ConfiguredRoute } from '../../model/vrrp-instance.ts'
import type { Value } from '../value.ts'

/** keepalived's own words in a line; the rest is iproute2's. */
const OLD_WORDS: Readonly<Record<string, string>> = { gw: 'via', or: 'nexthop' }

export const routeEntry: Value<ConfiguredRoute> = entry(
  '[TYPE] DESTINATION[/BITS] [via GATEWAY] [dev INTERFACE] … [no_track]',
)
export const ruleEntry: Value<ConfiguredRoute> = entry('[from NETWORK] [to NETWORK] … table TABLE [no_track]')

function entry(syntax: string): Value<ConfiguredRoute> {
  return {
    syntax,
    read(words) {
      const kept: string[] = []
      let track = true
      let six = false
      for (let word = words.take(); word !== undefined; word = words.take()) {
        const instead = Object.hasOwn(OLD_WORDS, word.text) ? OLD_WORDS[word.text] : undefined
        if (word.text === 'no_track') track = false
        else if (word.text === 'track_group') words.need()
        else if (instead !== undefined) {
          words.report(diagnostic('old-spelling', word, { keyword: word.text, instead }))
          kept.push(instead)
        } else kept.push(word.text)
        if (word.text === 'inet6' || word.text.includes(':')) six = true
      }
      return { words: kept.filter(word => word !== 'inet6'), family: six ? 6 : 4, track }
    },
  }
}
