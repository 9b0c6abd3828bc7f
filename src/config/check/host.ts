/** Judgements that depend on the machine: interfaces, networks, scripts. What it looks like is told by the caller. */
import { type Ip, ipFamily, sameNetwork } from '../../bytes/address.ts'
import { type Diagnostic, diagnostic } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/nearest.ts'
import type { Script } from '../../model/script.ts'
import { entryPlace, type Judged, valuePlace } from './judgement.ts'

export interface Host {
  readonly interfaces: readonly HostInterface[]
  /** Undefined: there is no such file. */
  program?(path: string): { readonly executable: boolean; readonly writableByOthers: boolean } | undefined
}

export interface HostInterface {
  readonly name: string
  readonly addresses: readonly { readonly address: Ip; readonly prefix: number }[]
}

export function* judgeHost(judged: Judged, host: Host): Iterable<Diagnostic> {
  yield* interfaces(judged, host)
  yield* networks(judged, host)
  if (host.program !== undefined) yield* scripts(judged, host)
}

function* interfaces(judged: Judged, host: Host): Iterable<Diagnostic> {
  const { vrrpInstances, global } = judged.configuration
  // With dynamic_interfaces an instance waits for its interface.
  if (vrrpInstances.length === 0 || global.dynamicInterfaces) return
  const names = host.interfaces.map(({ name }) => name)
  for (const instance of vrrpInstances) {
    if (names.includes(instance.interface)) continue
    const near = nearest(instance.interface, names)
    const label = near === undefined ? `here are ${names.slice(0, 6).join(', ') || 'none'}` : `did you mean "${near}"?`
    const help = 'is the file for another machine? check it there, or with --elsewhere'
    yield diagnostic(
      'no-such-interface',
      valuePlace(judged, instance, 'interface'),
      { interface: instance.interface },
      { label, help },
    )
  }
}

/** A virtual address that no network of its interface holds can be taken over, but hardly be reached. */
function* networks(judged: Judged, host: Host): Iterable<Diagnostic> {
  for (const instance of judged.configuration.vrrpInstances) {
    for (const [i, { address, interface: device }] of instance.addresses.entries()) {
      const found = host.interfaces.find(({ name }) => name === (device ?? instance.interface))
      const own = found?.addresses.filter(each => ipFamily(each.address) === ipFamily(address)) ?? []
      if (found === undefined || own.length === 0 || own.some(each => sameNetwork(each.address, address, each.prefix)))
        continue
      const label = `${found.name} has ${own.map(each => `${each.address}/${each.prefix}`).join(', ')}`
      yield diagnostic(
        'address-outside-networks',
        entryPlace(judged, instance, 'virtual_ipaddress', i),
        { address, interface: found.name },
        { label },
      )
    }
  }
}

function* scripts(judged: Judged, host: Host): Iterable<Diagnostic> {
  for (const [part, keyword, { argv }] of named(judged)) {
    const [path] = argv
    if (path === undefined || !path.startsWith('/')) continue
    const found = host.program?.(path)
    const span = valuePlace(judged, part, keyword)
    if (found === undefined) yield diagnostic('script-missing', span, { path, reason: 'there is no such file' })
    else if (!found.executable) yield diagnostic('script-missing', span, { path, reason: 'it is not executable' })
    else if (found.writableByOthers) {
      yield diagnostic('script-writable', span, { path }, { help: `chmod go-w ${path}, and the directories above it` })
    }
  }
}

function* named({ configuration }: Judged): Iterable<readonly [part: object, keyword: string, script: Script]> {
  for (const part of [...configuration.vrrpInstances, ...configuration.vrrpSyncGroups]) {
    const { master, backup, fault, stop, any } = part.notify
    for (const [keyword, script] of Object.entries({
      notify_master: master,
      notify_backup: backup,
      notify_fault: fault,
      notify_stop: stop,
      notify: any,
    })) {
      if (script !== undefined) yield [part, keyword, script]
    }
  }
  for (const part of configuration.scripts) yield [part, 'script', part.script]
  for (const part of configuration.virtualServers) {
    if (part.quorumUp !== undefined) yield [part, 'quorum_up', part.quorumUp]
    if (part.quorumDown !== undefined) yield [part, 'quorum_down', part.quorumDown]
    for (const real of part.realServers) {
      if (real.notifyUp !== undefined) yield [real, 'notify_up', real.notifyUp]
      if (real.notifyDown !== undefined) yield [real, 'notify_down', real.notifyDown]
      for (const checker of real.checkers)
        if (checker.type === 'MISC_CHECK') yield [checker, 'misc_path', checker.script]
    }
  }
}
