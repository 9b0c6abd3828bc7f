/** A whole validated configuration: what `config/` elaborates and every engine reads. Readonly throughout; defaults are filled in. */
import type { BfdInstance } from './bfd-instance.ts'
import type { GlobalDefinitions } from './global.ts'
import type { TrackedFile, TrackedProcess, TrackedScript } from './script.ts'
import type { SslSettings, VirtualServer } from './virtual-server.ts'
import type { ConfiguredRoute, ConfiguredRule, VirtualAddress, VrrpInstance, VrrpSyncGroup } from './vrrp-instance.ts'

export interface Configuration {
  readonly global: GlobalDefinitions
  readonly vrrpInstances: readonly VrrpInstance[]
  readonly vrrpSyncGroups: readonly VrrpSyncGroup[]
  readonly scripts: readonly TrackedScript[]
  readonly trackFiles: readonly TrackedFile[]
  readonly trackProcesses: readonly TrackedProcess[]
  readonly bfdInstances: readonly BfdInstance[]
  readonly staticAddresses: readonly VirtualAddress[]
  readonly staticRoutes: readonly ConfiguredRoute[]
  readonly staticRules: readonly ConfiguredRule[]
  /** Pause between announcements of interfaces that share a switch. */
  readonly garpGroups: readonly GarpGroup[]
  /** How long an interface must be down, or up again, before that counts. */
  readonly interfaceDelays: readonly InterfaceDelay[]
  readonly virtualServers: readonly VirtualServer[]
  readonly ssl: SslSettings | undefined
}

export interface GarpGroup {
  readonly interfaces: readonly string[]
  readonly arpIntervalMs: number
  readonly naIntervalMs: number
}

export interface InterfaceDelay {
  readonly interface: string
  readonly downMs: number
  readonly upMs: number
}
