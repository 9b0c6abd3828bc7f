/** A whole validated configuration: what `config/` elaborates and every engine reads. Readonly throughout; defaults are filled in. */
import type { GlobalDefinitions } from './global.ts'
import type { VirtualServer } from './virtual-server.ts'
import type { VrrpInstance, VrrpSyncGroup } from './vrrp-instance.ts'

export interface Configuration {
  readonly global: GlobalDefinitions
  readonly vrrpInstances: readonly VrrpInstance[]
  readonly vrrpSyncGroups: readonly VrrpSyncGroup[]
  readonly virtualServers: readonly VirtualServer[]
}
