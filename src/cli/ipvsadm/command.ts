/** What a command line of ipvsadm asks for. */
import type { Ip } from '../../bytes/address.ts'
import type { ServiceKey } from '../../model/service.ts'
import type { Destination, SyncDaemon, Timeouts, VirtualService } from '../../model/virtual-service.ts'

/** The scheduler is as it was written: whether there is such a one is the table's business. */
export type RequestedService = Omit<VirtualService, 'scheduler'> & { readonly scheduler: string }

/** How `-L` shows services and servers. */
export interface ListFormat {
  readonly view: 'plain' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info'
  readonly numeric: boolean
  readonly sorted: boolean
  readonly exact: boolean
  readonly json: boolean
}

export type Edit =
  | { readonly name: 'add-service' | 'edit-service'; readonly service: RequestedService }
  | { readonly name: 'delete-service'; readonly key: ServiceKey }
  | { readonly name: 'flush' }
  /** Without a key: all services. */
  | { readonly name: 'zero'; readonly key: ServiceKey | undefined }
  | { readonly name: 'add-server' | 'edit-server'; readonly key: ServiceKey; readonly destination: Destination }
  | { readonly name: 'delete-server'; readonly key: ServiceKey; readonly address: Ip; readonly port: number }
  | { readonly name: 'set'; readonly timeouts: Timeouts }
  | { readonly name: 'start-daemon'; readonly daemon: SyncDaemon }
  | { readonly name: 'stop-daemon'; readonly role: SyncDaemon['role']; readonly syncId: number }

export type Command =
  | Edit
  | { readonly name: 'list-services'; readonly format: ListFormat }
  | { readonly name: 'list-service'; readonly key: ServiceKey; readonly format: ListFormat }
  | { readonly name: 'list-connections'; readonly format: ListFormat }
  | { readonly name: 'list-timeouts'; readonly format: ListFormat }
  | { readonly name: 'list-daemons'; readonly format: ListFormat }
  | { readonly name: 'save'; readonly numeric: boolean }
  | { readonly name: 'restore' }
  | { readonly name: 'help' }
  | { readonly name: 'version' }
