/** Virtual servers to start a test from: the article's, unless the test says otherwise. */
import { ip } from '../bytes/address.ts'
import type {
  DnsChecker,
  HttpChecker,
  HttpPage,
  MiscChecker,
  PingChecker,
  RealServer,
  SmtpChecker,
  TcpChecker,
  UdpChecker,
  VirtualServer,
} from '../model/virtual-server.ts'

export function virtualServer(given: Partial<VirtualServer> = {}): VirtualServer {
  return {
    service: { kind: 'address', protocol: 'TCP', address: ip('192.168.41.249'), port: 80 },
    scheduler: 'rr',
    schedulerFlags: [],
    onePacket: false,
    persistence: { timeoutS: 50, prefix: 32 },
    quorum: 1,
    hysteresis: 0,
    sorryServer: undefined,
    alpha: false,
    omega: false,
    realServers: [realServer(), realServer({ address: ip('192.168.41.33') })],
    group: undefined,
    persistenceEngine: undefined,
    suspendWithoutAddress: false,
    quorumUp: undefined,
    quorumDown: undefined,
    smtpAlert: false,
    ...given,
  }
}

export function realServer(given: Partial<RealServer> = {}): RealServer {
  const address = given.address ?? ip('192.168.41.31')
  return {
    address,
    port: 80,
    forwarding: { method: 'route' },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    inhibitOnFailure: false,
    slowStartMs: 0,
    checkers: [{ ...tcpChecker(), target: { ...tcpChecker().target, address } }],
    following: [],
    alpha: false,
    notifyUp: undefined,
    notifyDown: undefined,
    smtpAlert: false,
    ...given,
  }
}

export function tcpChecker(given: Partial<TcpChecker> = {}): TcpChecker {
  return {
    type: 'TCP_CHECK',
    schedule: {
      intervalMs: 6000,
      retries: 3,
      retryDelayMs: 3000,
      warmupMs: 6000,
      alpha: false,
      rises: 1,
      logAllFailures: false,
    },
    target: {
      address: ip('192.168.41.31'),
      port: 80,
      bindAddress: undefined,
      bindPort: 0,
      bindInterface: undefined,
      connectTimeoutMs: 10_000,
      mark: 0,
    },
    ...given,
  }
}

export function httpChecker(given: Partial<HttpChecker> = {}): HttpChecker {
  return {
    ...tcpChecker(),
    type: 'HTTP_GET',
    protocol: '1.0',
    fastRecovery: false,
    sendServerName: false,
    serverName: undefined,
    verifyCertificate: false,
    http2: false,
    keepAlive: false,
    pages: [httpPage()],
    ...given,
  }
}

export function httpPage(given: Partial<HttpPage> = {}): HttpPage {
  return {
    path: '/',
    virtualHost: undefined,
    digest: undefined,
    body: undefined,
    json: [],
    statusCodes: [{ first: 200, last: 299 }],
    regex: undefined,
    ...given,
  }
}

export function smtpChecker(given: Partial<SmtpChecker> = {}): SmtpChecker {
  return { ...tcpChecker(), type: 'SMTP_CHECK', heloName: 'smtpchecker.keepalived.org', ...given }
}

export function dnsChecker(given: Partial<DnsChecker> = {}): DnsChecker {
  return { ...tcpChecker(), type: 'DNS_CHECK', queryType: 'A', name: 'www.example.org', ...given }
}

export function udpChecker(given: Partial<UdpChecker> = {}): UdpChecker {
  return {
    ...tcpChecker(),
    type: 'UDP_CHECK',
    payload: undefined,
    requireReply: false,
    reply: undefined,
    minReplyLength: 0,
    maxReplyLength: 255,
    ...given,
  }
}

export function pingChecker(given: Partial<PingChecker> = {}): PingChecker {
  return { ...tcpChecker(), type: 'PING_CHECK', ...given }
}

export function miscChecker(given: Partial<MiscChecker> = {}): MiscChecker {
  return {
    ...tcpChecker(),
    type: 'MISC_CHECK',
    script: { argv: ['/bin/true'], user: undefined, group: undefined },
    timeoutMs: 10_000,
    dynamic: false,
    ...given,
  }
}
