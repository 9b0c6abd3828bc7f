/** One line of `virtual_routes`, `virtual_rules` and their static kin: the words of `ip route` and `ip rule`, kept as they are. */
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { ConfiguredRoute } from '../../model/vrrp-instance.ts'
import type { Word } from '../line.ts'
import { readNetwork, type Value } from '../value.ts'
import { reportUntracked } from './address-entry.ts'

/** keepalived's own words in a line; the rest is iproute2's. */
const OLD_WORDS: Readonly<Record<string, string>> = { gw: 'via', or: 'nexthop' }

export const routeEntry: Value<ConfiguredRoute> = entry(
  routeNetworks,
  '[TYPE] DESTINATION[/BITS] [via GATEWAY] [dev INTERFACE] … [no_track]',
)
export const ruleEntry: Value<ConfiguredRoute> = entry(
  ruleNetworks,
  '[from NETWORK] [to NETWORK] … table TABLE [no_track]',
)

function entry(networks: (words: readonly Word[]) => readonly Word[], syntax: string): Value<ConfiguredRoute> {
  return {
    syntax,
    read(words) {
      for (const network of networks(words.line.words)) {
        if (!/^(default|all|any)$/.test(network.text)) readNetwork(words, network)
      }
      const kept: string[] = []
      let six = false
      for (let word = words.take(); word !== undefined; word = words.take()) {
        const instead = Object.hasOwn(OLD_WORDS, word.text) ? OLD_WORDS[word.text] : undefined
        if (word.text === 'no_track') reportUntracked(words, word)
        else if (word.text === 'track_group') {
          words.need()
          reportUntracked(words, word)
        } else if (instead !== undefined) {
          words.report(diagnostic('old-spelling', word, { keyword: word.text, instead }))
          kept.push(instead)
        } else kept.push(word.text)
        if (word.text === 'inet6' || word.text.includes(':')) six = true
      }
      return { words: kept.filter(word => word !== 'inet6'), family: six ? 6 : 4 }
    },
  }
}

/** The destination and the gateways of a route. */
function routeNetworks(words: readonly Word[]): readonly Word[] {
  const named = behind(words, ['to', 'via', 'gw', 'src', 'from'])
  const first = words[0]
  return first !== undefined && /^[\d.:]/.test(first.text) ? [first, ...named] : named
}

function ruleNetworks(words: readonly Word[]): readonly Word[] {
  return behind(words, ['from', 'to'])
}

/** The words that follow one of the given, but for a family that may stand between: `via inet6 fe80::1`. */
function behind(words: readonly Word[], keywords: readonly string[]): readonly Word[] {
  return words.flatMap((word, i) => {
    if (!keywords.includes(word.text)) return []
    const next = words[i + 1]
    const named = next?.text === 'inet' || next?.text === 'inet6' ? words[i + 2] : next
    return named ?? []
  })
}
