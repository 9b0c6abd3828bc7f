/** `virtual_server` and `real_server`, with inheritance resolved: a checker carries its own timing. */
import type { Ip } from '../bytes/address.ts'
import type { Script } from './script.ts'
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
  /** Name of the `virtual_server_group` it was written in. */
  readonly group: string | undefined
  readonly persistenceEngine: string | undefined
  /** Checks rest while the service's address is not on this machine. */
  readonly suspendWithoutAddress: boolean
  readonly quorumUp: Script | undefined
  readonly quorumDown: Script | undefined
  readonly smtpAlert: boolean
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
  /** How long its weight takes to grow when it comes up again; 0: it has it at once. */
  readonly slowStartMs: number
  readonly checkers: readonly Checker[]
  readonly following: readonly FollowingChecker[]
  /** Starts down until a check has succeeded; the virtual server's unless it says otherwise. */
  readonly alpha: boolean
  readonly notifyUp: Script | undefined
  readonly notifyDown: Script | undefined
  readonly smtpAlert: boolean
}

/** When a check runs. `retries` failures in a row after the first are forgiven while the server is up. */
export interface CheckSchedule {
  readonly intervalMs: number
  readonly retries: number
  readonly retryDelayMs: number
  /** The first check comes 1 s plus a random part of this after start. */
  readonly warmupMs: number
  readonly alpha: boolean
  /** Successes in a row that bring a server up; 1 with keepalived. */
  readonly rises: number
  /** Each failing attempt is logged, not only the last. */
  readonly logAllFailures: boolean
}

/** Whom a check talks to. */
export interface CheckTarget {
  readonly address: Ip
  readonly port: number
  readonly bindAddress: Ip | undefined
  readonly bindPort: number
  readonly bindInterface: string | undefined
  readonly connectTimeoutMs: number
  /** Firewall mark of what the check sends; 0: none. */
  readonly mark: number
}

export type Checker = TcpChecker | PingChecker | HttpChecker | SmtpChecker | DnsChecker | UdpChecker | MiscChecker

/** Checks that probe nothing themselves: they follow a BFD session or a tracked file. */
export type FollowingChecker = BfdChecker | FileChecker

export interface TcpChecker {
  readonly type: 'TCP_CHECK'
  readonly schedule: CheckSchedule
  readonly target: CheckTarget
}

export interface PingChecker {
  readonly type: 'PING_CHECK'
  readonly schedule: CheckSchedule
  readonly target: CheckTarget
}

export interface HttpChecker {
  readonly type: 'HTTP_GET' | 'SSL_GET'
  readonly schedule: CheckSchedule
  readonly target: CheckTarget
  readonly protocol: '1.0' | '1.0C' | '1.1'
  /** No pause of an interval between the pages while the server is down. */
  readonly fastRecovery: boolean
  /** Names the host in the TLS handshake; which host, unless it is that of the page. */
  readonly sendServerName: boolean
  readonly serverName: string | undefined
  /** The certificate must be valid, and for that name. */
  readonly verifyCertificate: boolean
  /** HTTP/2: agreed upon in the TLS handshake, or without TLS taken for granted. */
  readonly http2: boolean
  /** The connection stays open from check to check, with HTTP/1.1 or HTTP/2. */
  readonly keepAlive: boolean
  /** Checked one after another; at least one. */
  readonly pages: readonly HttpPage[]
}

export interface HttpPage {
  readonly path: string
  /** Host header; undefined: the target's address and port. */
  readonly virtualHost: string | undefined
  /** MD5 of the body in lower-case hex. */
  readonly digest: string | undefined
  /** What the body must contain. */
  readonly body: string | undefined
  /** What the body must say, as JSON. */
  readonly json: readonly JsonWish[]
  /** Ranges, ends included. */
  readonly statusCodes: readonly { readonly first: number; readonly last: number }[]
  readonly regex: HttpRegex | undefined
}

/** A member of a JSON text: `checks.db[0].state`, `"up"`. */
export interface JsonWish {
  /** As it was written. */
  readonly path: string
  /** Names of members and numbers of elements, from the outside in. */
  readonly steps: readonly (string | number)[]
  /** As JSON has it, strings without their quotes; undefined: anything but false and null. */
  readonly value: string | undefined
}

export interface HttpRegex {
  readonly pattern: string
  readonly options: readonly string[]
  /** A match is a failure. */
  readonly noMatch: boolean
  readonly minOffset: number
  readonly maxOffset: number | undefined
}

export interface SmtpChecker {
  readonly type: 'SMTP_CHECK'
  readonly schedule: CheckSchedule
  readonly target: CheckTarget
  readonly heloName: string
}

export interface DnsChecker {
  readonly type: 'DNS_CHECK'
  readonly schedule: CheckSchedule
  readonly target: CheckTarget
  readonly queryType: 'A' | 'NS' | 'CNAME' | 'SOA' | 'MX' | 'TXT' | 'AAAA'
  readonly name: string
}

export interface UdpChecker {
  readonly type: 'UDP_CHECK'
  readonly schedule: CheckSchedule
  readonly target: CheckTarget
  /** Undefined: random bytes. */
  readonly payload: Uint8Array | undefined
  readonly requireReply: boolean
  /** What the reply must begin with: each byte's bits under its mask. */
  readonly reply: { readonly bytes: Uint8Array; readonly mask: Uint8Array } | undefined
  readonly minReplyLength: number
  readonly maxReplyLength: number
}

export interface MiscChecker {
  readonly type: 'MISC_CHECK'
  readonly schedule: CheckSchedule
  /** Whom the verdict is about; the program itself finds out how to ask. */
  readonly target: CheckTarget
  readonly script: Script
  readonly timeoutMs: number
  /** Exit codes 2 to 255 mean up, with a weight of that less two. */
  readonly dynamic: boolean
}

export interface BfdChecker {
  readonly type: 'BFD_CHECK'
  readonly name: string
  readonly alpha: boolean
}

export interface FileChecker {
  readonly type: 'FILE_CHECK'
  readonly trackFile: string
  readonly weight: number
  readonly reverse: boolean
}

/** `SSL`: what SSL_GET presents and trusts. */
export interface SslSettings {
  readonly password: string | undefined
  readonly ca: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
}
