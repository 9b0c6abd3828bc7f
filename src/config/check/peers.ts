/** The configurations of two machines side by side: what the pair must have in common, and what must differ. */
import { type Diagnostic, type DiagnosticCode, diagnostic, type Span } from '../../diagnostics/diagnostic.ts'
import { serviceKeyText } from '../../model/service.ts'
import type { VrrpInstance } from '../../model/vrrp-instance.ts'
import { type Judged, placeOf, secondsText, valuePlace } from './judgement.ts'

/** Diagnostics point into the second file, with the first as the note. Instances are paired by name, then by number. */
export function* comparePeers(one: Judged, other: Judged): Iterable<Diagnostic> {
  for (const mine of one.configuration.vrrpInstances) {
    const theirs = partner(mine, other.configuration.vrrpInstances)
    if (theirs === undefined) {
      yield diagnostic('missing-in-peer', placeOf(one, mine), { what: `vrrp_instance ${mine.name}` })
      continue
    }
    yield* compareInstances(one, mine, other, theirs)
  }
  yield* compareServices(one, other)
}

function partner(mine: VrrpInstance, candidates: readonly VrrpInstance[]): VrrpInstance | undefined {
  return (
    candidates.find(({ name }) => name === mine.name) ??
    candidates.find(
      ({ routerId, interface: device, family }) =>
        routerId === mine.routerId && device === mine.interface && family === mine.family,
    )
  )
}

function* compareInstances(one: Judged, mine: VrrpInstance, other: Judged, theirs: VrrpInstance): Iterable<Diagnostic> {
  const { name } = mine
  const differs = (keyword: string, here: string, there: string, remedy: string): Diagnostic =>
    pointed('peers-differ', [other, theirs], [one, mine], keyword, { name, keyword, here: there, there: here }, remedy)

  if (mine.routerId !== theirs.routerId) {
    yield differs(
      'virtual_router_id',
      String(mine.routerId),
      String(theirs.routerId),
      'a virtual router has one number on all its machines',
    )
  }
  if (mine.version !== theirs.version)
    yield differs('version', String(mine.version), String(theirs.version), 'both must speak the same version')
  if (mine.advertIntervalMs !== theirs.advertIntervalMs) {
    const remedy =
      mine.version === 2
        ? 'version 2 drops advertisements with another interval: both become active'
        : 'use one interval'
    yield differs('advert_int', secondsText(mine.advertIntervalMs), secondsText(theirs.advertIntervalMs), remedy)
  }
  if (authenticationText(mine) !== authenticationText(theirs)) {
    yield differs(
      'authentication',
      authenticationText(mine),
      authenticationText(theirs),
      'each drops what the other says: both become active',
    )
  }
  const [ours, others] = [mine, theirs].map(({ addresses }) => addresses.map(({ address }) => address))
  if (ours!.join() !== others!.join()) {
    const same = [...ours!].sort().join() === [...others!].sort().join()
    const remedy = same
      ? 'write them in the same order'
      : 'keepalived drops advertisements with other addresses: both become active'
    yield differs('virtual_ipaddress', ours!.join(', '), others!.join(', '), remedy)
  }
  if (mine.priority === theirs.priority) {
    yield pointed(
      'peers-tie',
      [other, theirs],
      [one, mine],
      'priority',
      { name, priority: mine.priority },
      'the higher address wins then: give one of them more',
    )
  }
  if (mine.initialState === 'master' && theirs.initialState === 'master') {
    yield pointed(
      'peers-both-master',
      [other, theirs],
      [one, mine],
      'state',
      { name },
      'write "state BACKUP" in one of them',
    )
  }
}

/** A backup that balances otherwise than the active director breaks what it takes over. */
function* compareServices(one: Judged, other: Judged): Iterable<Diagnostic> {
  const theirs = new Map(other.configuration.virtualServers.map(server => [serviceKeyText(server.service), server]))
  for (const mine of one.configuration.virtualServers) {
    const key = serviceKeyText(mine.service)
    const same = theirs.get(key)
    if (same === undefined) yield diagnostic('missing-in-peer', placeOf(one, mine), { what: `virtual_server ${key}` })
    else {
      const list = (server: typeof mine) =>
        server.realServers.map(({ address, port, weight }) => `${address}:${port} weight ${weight}`).sort()
      const [here, there] = [list(mine), list(same)]
      if (here.join() === there.join()) continue
      const extra = here.find(each => !there.includes(each)) ?? there.find(each => !here.includes(each)) ?? ''
      const notes = [{ span: placeOf(one, mine), text: 'the other one' }]
      yield diagnostic('peers-other-servers', placeOf(other, same), { service: key, server: extra }, { notes })
    }
  }
}

function pointed<C extends DiagnosticCode>(
  code: C,
  [judged, part]: readonly [Judged, VrrpInstance],
  [otherJudged, otherPart]: readonly [Judged, VrrpInstance],
  keyword: string,
  fill: Parameters<typeof diagnostic<C>>[2],
  help: string,
): Diagnostic {
  const span: Span = valuePlace(judged, part, keyword)
  return diagnostic(code, span, fill, {
    notes: [{ span: valuePlace(otherJudged, otherPart, keyword), text: 'the other one' }],
    help,
  })
}

function authenticationText({ authentication, signature }: VrrpInstance): string {
  if (signature !== undefined) return `auth_hmac with ${signature.keys.map(({ id }) => `key ${id}`).join(', ')}`
  return authentication.type === 'none' ? 'none' : `${authentication.type.toUpperCase()} "${authentication.password}"`
}
