/** What is measured: a table, a packet, and what must have become of both when the packet has been through a million times. */
import { frameText, packetOf, tcpFrame } from '../../src/balancer/frame.ts'
import { ETHERNET_BYTES, IPV4_BYTES } from '../../src/balancer/program/headers.ts'
import { ip } from '../../src/bytes/address.ts'
import { concat } from '../../src/bytes/concat.ts'
import type { Forwarding, Scheduler, ServiceKey } from '../../src/model/service.ts'
import { decodeIpv4 } from '../../src/wire/ipv4.ts'
import { BenchTable } from './bench-table.ts'
import { GATEWAY_MAC, OWN, serverAddress, serverMac, VIP } from './world.ts'
import type { Repetition } from './wrapper.ts'

export type Kind = 'not ours' | 'established' | 'reply' | 'first packet'

export interface Path {
  readonly kind: Kind
  readonly forwarding: Forwarding
  readonly scheduler: Scheduler
  readonly servers: number
  readonly flows: number
}

const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }
const SERVER_PORT = 8080
/** The wrapper varies the last three bytes. */
const CLIENT = { address: ip('10.0.0.0'), port: 40_000 }

/** `DR`, `NAT`, `TUN`. */
export function methodName(path: Path): string {
  return { route: 'DR', masquerade: 'NAT', tunnel: 'TUN' }[path.forwarding.method]
}

export function pathName(path: Path): string {
  switch (path.kind) {
    case 'not ours':
      return 'not ours'
    case 'established':
      return `established ${methodName(path)}${path.forwarding.method === 'masquerade' ? ' in' : ''}, ${flowsText(path.flows)}`
    case 'reply':
      return `established NAT out, ${flowsText(path.flows)}`
    case 'first packet':
      return `first packet ${methodName(path)}, ${path.scheduler}, ${path.servers} servers, ${flowsText(path.flows)}`
  }
}

function flowsText(flows: number): string {
  if (flows === 1) return '1 flow'
  return flows >= 1 << 20 ? `${flows >> 20} M flows` : `${flows >> 10} K flows`
}

/** A table with one service, which has room for the flows and as many again. */
export function tableFor(path: Path): BenchTable {
  // A translated connection has two entries.
  const entries = path.flows * (path.forwarding.method === 'masquerade' ? 4 : 2)
  const table = new BenchTable({ connections: Math.max(1 << 12, entries) })
  table.addService({
    key: SERVICE,
    scheduler: path.scheduler,
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    persistenceEngine: undefined,
  })
  for (let number = 0; number < path.servers; number++)
    table.addDestination(SERVICE, {
      address: serverAddress(number),
      port: path.forwarding.method === 'masquerade' ? SERVER_PORT : 80,
      forwarding: path.forwarding,
      // ovf takes it for the most connections that a server gets.
      weight: path.scheduler === 'ovf' ? path.flows : 1,
      upperThreshold: 0,
      lowerThreshold: 0,
    })
  return table
}

/** A packet of a path, which the wrapper makes anew for each run. */
export function repetition(path: Path, packet: 'syn' | 'ack' | 'reply' | 'not ours'): Repetition {
  const overhead = path.forwarding.method === 'tunnel' ? IPV4_BYTES : 0
  const { flows } = path
  if (packet === 'reply') {
    const server = { address: serverAddress(0), port: SERVER_PORT }
    return { frame: arriving(tcpFrame(server, CLIENT, ['ack'])), flows, varied: 'destination', overhead }
  }
  const vip = { address: VIP, port: packet === 'not ours' ? 81 : 80 }
  const flag = packet === 'syn' ? 'syn' : 'ack'
  return { frame: arriving(tcpFrame(CLIENT, vip, [flag])), flows, varied: 'source', overhead }
}

/** To loopback's hardware address: that is where a test run pretends that packets come in. */
function arriving(frame: Uint8Array): Uint8Array {
  return Uint8Array.from(frame, (byte, i) => (i < 6 ? 0 : byte))
}

/** Throws unless the packet that a run left behind is the one that should go out, every checksum right. */
export function judgeOutput(path: Path, sent: Repetition, out: Uint8Array): void {
  const text = [macOf(out), ...(path.forwarding.method === 'tunnel' ? tunnelText(out) : [frameText(out)])].join(' | ')
  const client = String.raw`10\.\d+\.\d+\.\d+:40000`
  const expected: Record<Kind, readonly string[]> = {
    'not ours': [String.raw`${macOf(sent.frame)} \| ${frameText(sent.frame)}`],
    reply: [String.raw`${GATEWAY_MAC} \| ${VIP}:80 > ${client} ttl 63`],
    established: served(path, client),
    'first packet': served(path, client),
  }
  if (!expected[path.kind].some(each => new RegExp(`^${each}$`).test(text)))
    throw new Error(`${pathName(path)}: what came out is ${text}`)
}

/** What may go to the servers. */
function served(path: Path, client: string): readonly string[] {
  return Array.from({ length: path.servers }, (_, number) => {
    const address = serverAddress(number)
    const request = `${client} > ${VIP}:80 ttl 63`
    const sent = {
      route: request,
      masquerade: `${client} > ${address}:${SERVER_PORT} ttl 63`,
      tunnel: String.raw`${OWN} > ${address} protocol 4 ttl 63 \| ${request}`,
    }
    return String.raw`${serverMac(number)} \| ${sent[path.forwarding.method]}`
  })
}

function macOf(frame: Uint8Array): string {
  return Array.from(frame.subarray(0, 6), byte => byte.toString(16).padStart(2, '0')).join(':')
}

/** The outer header, then the packet inside. */
function tunnelText(out: Uint8Array): readonly string[] {
  const outer = decodeIpv4(packetOf(out))
  if (!outer.ok) return [outer.drop]
  const { source, destination, protocol, ttl } = outer.value
  const inner = concat(out.subarray(0, ETHERNET_BYTES), out.subarray(ETHERNET_BYTES + IPV4_BYTES))
  return [`${source} > ${destination} protocol ${protocol} ttl ${ttl}`, frameText(inner)]
}
