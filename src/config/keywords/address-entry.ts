/** One line of `virtual_ipaddress`, `virtual_ipaddress_excluded` or `static_ipaddress`, in the words of `ip address`. */
import { type Ip, ipBytes, ipFamily, ipFromBytes } from '../../bytes/address.ts'
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import type { AddressFlag, VirtualAddress } from '../../model/vrrp-instance.ts'
import { suggestion } from '../keyword.ts'
import type { Word } from '../line.ts'
import { type Cursor, readAddress, readChoice, readInteger, readNetwork, type Value } from '../value.ts'

const SCOPES = ['global', 'link', 'host', 'site', 'nowhere'] as const
const FLAGS: Readonly<Record<string, AddressFlag>> = {
  home: 'home',
  '-nodad': 'nodad',
  mngtmpaddr: 'mngtmpaddr',
  noprefixroute: 'noprefixroute',
  autojoin: 'autojoin',
}
const WORDS = [
  'dev',
  'brd',
  'broadcast',
  'label',
  'scope',
  'peer',
  'use_vmac',
  'no_track',
  'track_group',
  'preferred_lft',
]

export const addressEntry: Value<VirtualAddress> = {
  syntax: 'ADDRESS[/BITS] [dev INTERFACE] [brd ADDRESS|+|-] [scope SCOPE] [label LABEL] [peer ADDRESS] [no_track] …',
  read(words) {
    const first = words.need()
    const network = first === undefined ? undefined : readNetwork(words, first)
    if (network === undefined) return undefined
    const { address, prefix } = network
    const found = {
      interface: undefined,
      label: undefined,
      broadcast: undefined,
      scope: 'global',
      peer: undefined,
    } as Found
    const flags: AddressFlag[] = []
    let preferredLifetimeS = ipFamily(address) === 6 && prefix === 128 ? 0 : undefined
    for (let word = words.take(); word !== undefined; word = words.take()) {
      switch (word.text) {
        case 'dev':
          found.interface = words.need()?.text
          break
        case 'label':
          found.label = words.need()?.text
          break
        case 'brd':
        case 'broadcast':
          found.broadcast = readBroadcast(words, address, prefix)
          break
        case 'scope': {
          const scope = words.need()
          if (scope !== undefined) found.scope = readChoice(words, scope, SCOPES) ?? 'global'
          break
        }
        case 'peer': {
          const peer = words.need()
          if (peer !== undefined) found.peer = readNetwork(words, peer)?.address
          break
        }
        case 'preferred_lft': {
          const value = words.need()
          if (value?.text === 'forever') preferredLifetimeS = undefined
          else if (value !== undefined) preferredLifetimeS = readInteger(words, value, 0, 0xffff_fffe)
          break
        }
        case 'track_group':
          words.need()
          reportUntracked(words, word)
          break
        case 'no_track':
          reportUntracked(words, word)
          break
        case 'use_vmac': {
          const why = 'an address is on the virtual MAC of its instance, or on none: use_vmac belongs to the instance'
          words.report(diagnostic('keyword-not-supported', word, { keyword: word.text, why }))
          break
        }
        default: {
          const flag = Object.hasOwn(FLAGS, word.text) ? FLAGS[word.text] : undefined
          if (flag !== undefined) flags.push(flag)
          else {
            const label = suggestion(word.text, [...WORDS, ...Object.keys(FLAGS)]) || secondAddressHint(word.text)
            words.report(
              diagnostic('unknown-word', word, { word: word.text, where: `behind the address ${address}` }, { label }),
            )
            words.takeAll()
          }
        }
      }
    }
    return { address, prefix, ...found, flags, preferredLifetimeS }
  },
}

/** Of words that say whether something matters when it is gone: it is never gone for long. */
export function reportUntracked(words: Cursor, word: Word): void {
  const why = 'what somebody takes away is put back, tracked or not'
  words.report(diagnostic('keyword-without-effect', word, { keyword: word.text, why }))
}

interface Found {
  interface: string | undefined
  label: string | undefined
  broadcast: Ip | undefined
  scope: (typeof SCOPES)[number]
  peer: Ip | undefined
}

/** `+` sets all host bits, `-` clears them; `-` is what the kernel calls no broadcast address. */
function readBroadcast(words: Cursor, address: Ip, prefix: number): Ip | undefined {
  const word = words.need()
  if (word === undefined) return undefined
  if (word.text !== '+' && word.text !== '-') return readAddress(words, word, 4)
  const bytes = ipBytes(address)
  for (let bit = prefix; bit < bytes.length * 8; bit++) {
    const mask = 0x80 >> (bit & 7)
    bytes[bit >> 3] = word.text === '+' ? bytes[bit >> 3]! | mask : bytes[bit >> 3]! & ~mask
  }
  return ipFromBytes(bytes)
}

function secondAddressHint(text: string): string {
  return /^[\d.]+(\/\d+)?$|:/.test(text) ? 'one address a line' : ''
}
