/** Judgements of `vrrp_instance` and `vrrp_sync_group`. */
import { ipFamily } from '../../bytes/address.ts'
import { type Diagnostic, diagnostic, type Span } from '../../diagnostics/diagnostic.ts'
import type { VrrpInstance } from '../../model/vrrp-instance.ts'
import { headerSpan, keywordOf } from '../statement.ts'
import {
  entryPlace,
  isWritten,
  type Judged,
  placeOf,
  type Rule,
  secondsText,
  valuePlace,
  valueSpan,
} from './judgement.ts'

export const VRRP_RULES: readonly Rule[] = [
  routerIds,
  addresses,
  authentication,
  preemption,
  strictness,
  intervals,
  unicast,
  syncGroups,
]

/** RFC 9568 section 5.2.3: a router id is one virtual router of an interface and address family. */
function* routerIds(judged: Judged): Iterable<Diagnostic> {
  const taken = new Map<string, VrrpInstance[]>()
  for (const instance of judged.configuration.vrrpInstances) {
    const key = `${instance.interface} ${instance.family} ${instance.routerId}`
    const others = taken.get(key) ?? []
    const first = others.find(other => hearEachOther(other, instance))
    taken.set(key, [...others, instance])
    if (first === undefined) continue
    const fill = { id: instance.routerId, interface: instance.interface, family: `IPv${instance.family}` }
    yield diagnostic('duplicate-router-id', valuePlace(judged, instance, 'virtual_router_id'), fill, {
      label: `taken again by ${instance.name}`,
      notes: [{ span: valuePlace(judged, first, 'virtual_router_id'), text: `first taken by ${first.name}` }],
      help: 'give each instance on one interface its own id, from 1 to 255',
    })
  }
}

/** By multicast if the group is the same; by unicast if they have a peer in common. */
function hearEachOther(a: VrrpInstance, b: VrrpInstance): boolean {
  if (a.unicastPeers.length === 0 && b.unicastPeers.length === 0) return a.multicastGroup === b.multicastGroup
  return a.unicastPeers.some(peer => b.unicastPeers.includes(peer))
}

function* addresses(judged: Judged): Iterable<Diagnostic> {
  const taken = new Map<string, { readonly instance: VrrpInstance; readonly span: Span }>()
  for (const instance of judged.configuration.vrrpInstances) {
    if (instance.addresses.length === 0 && !isWritten(judged, instance, 'no_virtual_ipaddress')) {
      const help = 'list them in virtual_ipaddress { … }'
      yield diagnostic('no-address', placeOf(judged, instance), { name: instance.name }, { help })
    }
    for (const [keyword, list] of [
      ['virtual_ipaddress', instance.addresses],
      ['virtual_ipaddress_excluded', instance.excludedAddresses],
    ] as const) {
      for (const [i, { address, interface: device }] of list.entries()) {
        const span = entryPlace(judged, instance, keyword, i)
        const key = `${address} ${device ?? instance.interface}`
        const earlier = taken.get(key)
        if (earlier === undefined) taken.set(key, { instance, span })
        else {
          const notes = [{ span: earlier.span, text: `first in ${earlier.instance.name}` }]
          yield diagnostic('duplicate-address', span, { address }, { label: `again in ${instance.name}`, notes })
        }
        if (keyword === 'virtual_ipaddress' && ipFamily(address) !== instance.family) {
          const help =
            'put the addresses of the other family into virtual_ipaddress_excluded, or an instance of their own'
          yield diagnostic('mixed-families', span, { name: instance.name }, { label: `IPv${ipFamily(address)}`, help })
        }
      }
    }
  }
}

/** PASS is eight bytes on the wire (RFC 2338 section 5.3.10); version 3 has no authentication at all. */
function* authentication(judged: Judged): Iterable<Diagnostic> {
  for (const instance of judged.configuration.vrrpInstances) {
    const block = judged.origins.get(instance)?.at('authentication')
    if (block === undefined) continue
    if (instance.version === 3 || instance.strict || instance.family === 6) {
      const why =
        instance.version === 3 ? 'version 3 has none' : instance.strict ? 'vrrp_strict forbids it' : 'IPv6 has none'
      yield diagnostic('authentication-ignored', headerSpan(block), { name: instance.name, why })
      continue
    }
    const word = block.children?.find(child => keywordOf(child) === 'auth_pass')?.line.words[1]
    const bytesMax = instance.authentication.type === 'ah' ? 16 : 8
    if (word === undefined || Buffer.byteLength(word.text) <= bytesMax) continue
    yield diagnostic(
      'password-cut',
      word,
      { bytesMax, bytes: Buffer.byteLength(word.text) },
      {
        label: `only "${instance.authentication.type === 'none' ? '' : instance.authentication.password}" counts`,
        help: 'shorten it in the same way on all machines',
      },
    )
  }
}

function* preemption(judged: Judged): Iterable<Diagnostic> {
  for (const instance of judged.configuration.vrrpInstances) {
    const origin = judged.origins.get(instance)
    for (const keyword of ['nopreempt', 'preempt_delay']) {
      const statement = origin?.at(keyword)
      if (statement === undefined) continue
      const state = origin?.at('state')
      if (instance.initialState === 'master') {
        yield diagnostic(
          'needs-state-backup',
          headerSpan(statement),
          { keyword },
          {
            label: 'no effect',
            notes: state === undefined ? [] : [{ span: headerSpan(state), text: 'starts as MASTER' }],
            help: 'write "state BACKUP" on all machines; the priority still decides who is first',
          },
        )
      } else if (keyword === 'nopreempt' && instance.priority === 255) {
        yield diagnostic('owner-preempts', headerSpan(statement), { name: instance.name }, { label: 'no effect' })
      }
    }
  }
}

/** vrrp_strict: what the RFCs do not have is switched off, and few expect what that takes with it. */
function* strictness(judged: Judged): Iterable<Diagnostic> {
  for (const instance of judged.configuration.vrrpInstances) {
    if (!instance.strict) continue
    const mode =
      judged.origins.get(instance)?.at('strict_mode') ??
      judged.origins.get(judged.configuration.global)?.at('vrrp_strict')
    const notes = mode === undefined ? [] : [{ span: headerSpan(mode), text: 'because of this' }]
    if (!instance.accept) {
      const help = 'add "accept" to the instance, or take vrrp_strict out'
      yield diagnostic('addresses-unreachable', placeOf(judged, instance), { name: instance.name }, { notes, help })
    }
    if (isWritten(judged, instance, 'unicast_peer')) {
      const span = valuePlace(judged, instance, 'unicast_peer')
      yield diagnostic('unicast-ignored', span, { name: instance.name }, { notes })
    }
    if ((instance.initialState === 'master') !== (instance.priority === 255)) {
      yield diagnostic('strict-state', placeOf(judged, instance), { name: instance.name }, { notes })
    }
  }
}

/** Version 2 counts whole seconds (RFC 3768 section 5.3.7), version 3 hundredths in 12 bits (RFC 9568 section 5.2.7). */
function* intervals(judged: Judged): Iterable<Diagnostic> {
  for (const instance of judged.configuration.vrrpInstances) {
    const statement = judged.origins.get(instance)?.at('advert_int')
    if (statement === undefined) continue
    const written = Number(statement.line.words[1]?.text) * 1000
    const effective = instance.version === 3 ? Math.min(instance.advertIntervalMs, 40_950) : instance.advertIntervalMs
    if (Math.abs(written - effective) < 1) continue
    const rule =
      instance.version === 2 ? 'version 2 counts whole seconds' : 'version 3 counts hundredths, up to 40.95 s'
    yield diagnostic('interval-rounded', valueSpan(statement), { interval: secondsText(effective), rule })
  }
}

function* unicast(judged: Judged): Iterable<Diagnostic> {
  for (const instance of judged.configuration.vrrpInstances) {
    const source = judged.origins.get(instance)?.at('unicast_src_ip')
    if (source !== undefined && instance.unicastPeers.length === 0 && !instance.strict) {
      const help = 'list the other machines in unicast_peer { … }, or write mcast_src_ip'
      yield diagnostic('unicast-without-peers', headerSpan(source), { name: instance.name }, { help })
    }
    if (instance.sourceAddress !== undefined && instance.unicastPeers.includes(instance.sourceAddress)) {
      const span = entryPlace(judged, instance, 'unicast_peer', instance.unicastPeers.indexOf(instance.sourceAddress))
      yield diagnostic('own-peer', span, { address: instance.sourceAddress }, { label: 'this is unicast_src_ip' })
    }
  }
}

function* syncGroups(judged: Judged): Iterable<Diagnostic> {
  const instances = new Map(judged.configuration.vrrpInstances.map(instance => [instance.name, instance]))
  const member = new Map<string, { readonly group: string; readonly span: Span }>()
  for (const group of judged.configuration.vrrpSyncGroups) {
    const block = judged.origins.get(group)?.at('group')
    const words = block?.children?.flatMap(child => child.line.words) ?? []
    for (const word of words) {
      if (!instances.has(word.text)) {
        yield diagnostic('unknown-name', word, { what: 'vrrp_instance', name: word.text })
        continue
      }
      const earlier = member.get(word.text)
      if (earlier === undefined) member.set(word.text, { group: group.name, span: word })
      else {
        const notes = [{ span: earlier.span, text: `already in ${earlier.group}` }]
        yield diagnostic('two-sync-groups', word, { name: word.text }, { notes })
      }
    }
    if (words.length < 2) {
      const span = block === undefined ? placeOf(judged, group) : headerSpan(block)
      yield diagnostic('small-sync-group', span, { name: group.name, count: words.length })
    }
  }
}
