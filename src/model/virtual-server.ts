/** `virtual_server` and `real_server`, with inheritance resolved: a checker carries its own timing. */
import type { Ip } from '../bytes/address.ts'
import type { Forwarding, Scheduler, SchedulerFlag, ServiceKey } from './service.ts'

export interface VirtualServer {
  /** One per address, port and protocol; ranges and groups are written out. */
  readonly service: ServiceKey
  readonly scheduler: Scheduler
  readonly schedulerFlags: readonly SchedulerFlag[]
  readonly onePacket: boolean
  /** Undefined: not persistent. */
  readonly persistence: { readonly timeoutS: number; readonly prefix: number } | undefined
  readonly quorum: number
  readonly hysteresis: number
  readonly sorryServer: RealServer | undefined
  /** Real servers start down until a check has succeeded. */
  readonly alpha: boolean
  readonly omega: boolean
  readonly realServers: readonly RealServer[]
}

export interface RealServer {
  readonly address: Ip
  readonly port: number
  readonly forwarding: Forwarding
  readonly weight: number
  /** Connections at which it gets no more, 0: no limit; and below which it gets some again. */
  readonly upperThreshold: number
  readonly lowerThreshold: number
  /** A failed server keeps its place with weight 0 instead of being removed. */
  readonly inhibitOnFailure: boolean
  readonly checkers: readonly Checker[]
}

/** When a check runs. `retries` failures in a row after the first are forgiven while the server is up. */
export interface CheckSchedule {
  readonly intervalMs: number
  readonly retries: number
  readonly retryDelayMs: number
  /** The first check comes 1 s plus a random part of this after start. */
  readonly warmupMs: number
  readonly alpha: boolean
}

/** Whom a check talks to. */
export interface CheckTarget {
  readonly address: Ip
  readonly port: number
  readonly bindAddress: Ip | undefined
  readonly bindPort: number
  readonly bindInterface: string | undefined
  readonly connectTimeoutMs: number
}

export type Checker = TcpChecker

export interface TcpChecker {
  readonly type: 'TCP_CHECK'
  readonly schedule: CheckSchedule
  readonly target: CheckTarget
}
