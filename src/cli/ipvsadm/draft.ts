import type { Ip, IpFamily } from '../../bytes/address.ts'
import type { Forwarding, Protocol } from '../../model/service.ts'
import type { SyncDaemon } from '../../model/virtual-service.ts'

/** A command line half read. Options fill it in their order, since some look at what came before them. */
export interface Draft {
  protocol: Protocol | undefined
  address: Ip | undefined
  port: number
  mark: number | undefined
  markFamily: IpFamily | undefined
  scheduler: string
  schedulerFlags: string
  persistenceS: number | undefined
  /** Undefined: single clients. */
  prefix: number | undefined
  persistenceEngine: string | undefined
  server: { readonly address: Ip; readonly port: number } | undefined
  method: Forwarding['method']
  weight: number
  upperThreshold: number
  lowerThreshold: number
  tunnelType: 'ipip' | 'gue' | 'gre'
  tunnelPort: number
  readonly daemon: { -readonly [Field in keyof SyncDaemon]: SyncDaemon[Field] | undefined }
}

export function emptyDraft(): Draft {
  return {
    protocol: undefined,
    address: undefined,
    port: 0,
    mark: undefined,
    markFamily: undefined,
    scheduler: '',
    schedulerFlags: '',
    persistenceS: undefined,
    prefix: undefined,
    persistenceEngine: undefined,
    server: undefined,
    method: 'route',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnelType: 'ipip',
    tunnelPort: 0,
    daemon: {
      role: undefined,
      interface: undefined,
      syncId: undefined,
      maxLength: undefined,
      group: undefined,
      port: undefined,
      ttl: undefined,
    },
  }
}
