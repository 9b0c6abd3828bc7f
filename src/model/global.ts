/** `global_defs`: who this router is, whom it mails, and what belongs to no block of its own. */
import type { Ip } from '../bytes/address.ts'
import type { Script } from './script.ts'

export interface GlobalDefinitions {
  readonly routerId: string
  readonly notificationEmails: readonly string[]
  readonly notificationEmailFrom: string | undefined
  readonly smtpServer: { readonly host: string; readonly port: number } | undefined
  readonly smtpHeloName: string | undefined
  readonly smtpConnectTimeoutMs: number
  /** No mail for faults. */
  readonly noEmailFaults: boolean
  /** Mail only when a server leaves or joins, not for each of its checkers. */
  readonly noCheckerEmails: boolean
  /** VRRP instances wait this long after start. */
  readonly vrrpStartupDelayMs: number
  /** Instances start no earlier than so long after the machine did. */
  readonly vrrpDelayAfterBootMs: number
  readonly logUnknownRouterIds: boolean
  readonly defaultInterface: string
  /** Interfaces of the configuration may be missing at start. */
  readonly dynamicInterfaces: boolean
  /** Whom scripts run as, unless they say. */
  readonly scriptUser: { readonly user: string; readonly group: string | undefined } | undefined
  readonly scriptSecurity: boolean
  readonly startupScript: TimedScript | undefined
  readonly shutdownScript: TimedScript | undefined
  /** Named pipes that get a line an event, and the programs that read them. */
  readonly notifyFifo: NotifyFifo | undefined
  readonly vrrpNotifyFifo: NotifyFifo | undefined
  readonly lvsNotifyFifo: NotifyFifo | undefined
  /** Real servers that start are notified too. */
  readonly notifyInitialRealServers: boolean
  /** What others put into the service table goes too: at start, at stop. */
  readonly lvsFlush: boolean
  readonly lvsFlushOnStop: boolean
  /** `ipvsadm --set`; 0 leaves a value as it is. */
  readonly lvsTimeouts: { readonly tcpS: number; readonly tcpFinS: number; readonly udpS: number } | undefined
  readonly lvsSyncDaemon: ConfiguredSyncDaemon | undefined
}

export interface TimedScript {
  readonly script: Script
  readonly timeoutMs: number
}

export interface NotifyFifo {
  readonly path: string
  readonly script: Script | undefined
}

/** Where connections are synchronised; master or backup follows the VRRP instance, or both run if there is none. */
export interface ConfiguredSyncDaemon {
  readonly interface: string
  readonly vrrpInstance: string | undefined
  /** Undefined: the instance's virtual router id, or 0. */
  readonly syncId: number | undefined
  readonly maxLength: number | undefined
  readonly port: number
  readonly ttl: number
  readonly group: Ip
}
