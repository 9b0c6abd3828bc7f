/** What a reload changes, so that nothing is touched whose own configuration stays as it was, and the log says what does. */
import { isDeepStrictEqual } from 'node:util'
import type { Configuration } from '../model/configuration.ts'
import { serviceKeyText } from '../model/service.ts'

/** Names of what came, went, and is configured otherwise now, in the order of the configuration. */
export interface Changes {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

export interface ConfigurationChanges {
  readonly vrrpInstances: Changes
  readonly vrrpSyncGroups: Changes
  readonly virtualServers: Changes
  /** The parts of the configuration that are not the same, these three among them. */
  readonly parts: readonly (keyof Configuration)[]
}

export function compareConfigurations(before: Configuration, after: Configuration): ConfigurationChanges {
  const parts = Object.keys(after) as (keyof Configuration)[]
  return {
    vrrpInstances: compareNamed(before.vrrpInstances, after.vrrpInstances, ({ name }) => name),
    vrrpSyncGroups: compareNamed(before.vrrpSyncGroups, after.vrrpSyncGroups, ({ name }) => name),
    virtualServers: compareNamed(before.virtualServers, after.virtualServers, ({ service }) => serviceKeyText(service)),
    parts: parts.filter(part => !isDeepStrictEqual(before[part], after[part])),
  }
}

/** For the log, a few words each: `vrrp_instance VI_1 changed`; empty if everything is as it was. */
export function changesText({ vrrpInstances, vrrpSyncGroups, virtualServers, parts }: ConfigurationChanges): string {
  const named = [
    ...wordsFor('vrrp_instance', vrrpInstances),
    ...wordsFor('vrrp_sync_group', vrrpSyncGroups),
    ...wordsFor('virtual_server', virtualServers),
  ]
  const others = parts.filter(part => !NAMED_PARTS.has(part)).map(part => `${PART_WORDS[part] ?? part} changed`)
  const order = named.length + others.length === 0 && parts.length > 0 ? ['the order changed'] : []
  return [...named, ...others, ...order].join(', ')
}

const NAMED_PARTS: ReadonlySet<keyof Configuration> = new Set(['vrrpInstances', 'vrrpSyncGroups', 'virtualServers'])
/** As the configuration file calls them. */
const PART_WORDS: Readonly<Partial<Record<keyof Configuration, string>>> = {
  global: 'global_defs',
  scripts: 'vrrp_script',
  trackFiles: 'track_file',
  trackProcesses: 'vrrp_track_process',
  bfdInstances: 'bfd_instance',
  staticAddresses: 'static_ipaddress',
  staticRoutes: 'static_routes',
  staticRules: 'static_rules',
  garpGroups: 'garp_group',
  interfaceDelays: 'interface_up_down_delays',
  ssl: 'SSL',
}
/** More than this many of a kind are only counted. */
const NAMES_MAX = 5

function wordsFor(keyword: string, changes: Changes): readonly string[] {
  return (['added', 'removed', 'changed'] as const).flatMap(verb => {
    const names = changes[verb]
    if (names.length > NAMES_MAX) return `${names.length} ${keyword}s ${verb}`
    return names.map(name => `${keyword} ${name} ${verb}`)
  })
}

/** Of several with one name the first counts, as everywhere. */
function compareNamed<T>(before: readonly T[], after: readonly T[], nameOf: (each: T) => string): Changes {
  const [old, fresh] = [before, after].map(list => new Map(list.toReversed().map(each => [nameOf(each), each])))
  const names = [...new Set(after.map(nameOf))]
  return {
    added: names.filter(name => !old!.has(name)),
    removed: [...new Set(before.map(nameOf))].filter(name => !fresh!.has(name)),
    changed: names.filter(name => old!.has(name) && !isDeepStrictEqual(old!.get(name), fresh!.get(name))),
  }
}
