/** The tables that random packets are thrown at: each method alone, and all of them together. */
import { type Ip, type IpFamily, ip } from '../../src/bytes/address.ts'
import type { Forwarding, Scheduler, ServiceKey } from '../../src/model/service.ts'
import type { Destination, ServiceTable, VirtualService } from '../../src/model/virtual-service.ts'
import type { Cast } from './packets.ts'

export interface World {
  readonly name: string
  readonly services: readonly (VirtualService & { readonly destinations: readonly Destination[] })[]
}

const ROUTE: Forwarding = { method: 'route' }
const MASQUERADE: Forwarding = { method: 'masquerade' }
const TUNNELS: readonly Forwarding[] = [
  { method: 'tunnel', tunnel: { type: 'ipip' } },
  { method: 'tunnel', tunnel: { type: 'gre', checksum: 'csum' } },
  { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'csum' } },
  { method: 'tunnel', tunnel: { type: 'gue', port: 6080, checksum: 'nocsum' } },
  { method: 'tunnel', tunnel: { type: 'gre', checksum: 'nocsum' } },
]
const VIRTUAL: Readonly<Record<IpFamily, readonly Ip[]>> = {
  4: [ip('10.1.0.100'), ip('10.1.0.101')],
  6: [ip('2001:db8:1::100'), ip('2001:db8:1::101')],
}
const CLIENTS: readonly Ip[] = [
  ...['10.9.0.1', '10.9.0.2', '192.0.2.7', '10.9.0.3'].map(ip),
  ...['2001:db8:9::1', '2001:db8:9::2', '2001:db9::7', '2001:db8:9::3'].map(ip),
]
const PROTOCOL_NUMBER = { TCP: 6, UDP: 17, SCTP: 132 } as const

interface Plan {
  readonly family: IpFamily
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
  readonly scheduler: Scheduler
  readonly forwarding: readonly Forwarding[]
  /** Seconds; 0: not persistent. */
  readonly persistenceS?: number
  /** Servers of the other family. */
  readonly crossed?: boolean
}

const web = { protocol: 'TCP', port: 80, scheduler: 'rr' } as const
const dns = { protocol: 'UDP', port: 53, scheduler: 'wlc' } as const
const all = { protocol: 'TCP', port: 0, scheduler: 'sh', persistenceS: 50 } as const

export const WORLDS: readonly World[] = [
  world('direct routing', [{ family: 4, ...web, forwarding: [ROUTE] }]),
  world('translation', [
    { family: 4, ...web, forwarding: [MASQUERADE] },
    { family: 4, ...dns, forwarding: [MASQUERADE] },
  ]),
  world('tunnels', [
    { family: 4, ...web, forwarding: TUNNELS },
    { family: 4, ...dns, forwarding: TUNNELS },
  ]),
  world('direct routing of IPv6', [{ family: 6, ...web, forwarding: [ROUTE] }]),
  world('translation of IPv6', [
    { family: 6, ...web, forwarding: [MASQUERADE] },
    { family: 6, ...dns, forwarding: [MASQUERADE] },
  ]),
  world('tunnels of IPv6', [
    { family: 6, ...web, forwarding: TUNNELS },
    { family: 6, ...dns, forwarding: TUNNELS },
  ]),
  world('persistence and every port', [
    { family: 4, ...all, forwarding: [ROUTE, MASQUERADE] },
    { family: 6, ...all, forwarding: [MASQUERADE, ROUTE] },
  ]),
  world('tunnels between families', [
    { family: 4, ...web, forwarding: TUNNELS, crossed: true },
    { family: 6, ...dns, forwarding: TUNNELS, crossed: true },
  ]),
  world('everything', [
    { family: 4, ...web, scheduler: 'wrr', forwarding: [ROUTE, MASQUERADE, ...TUNNELS] },
    { family: 6, ...dns, scheduler: 'lblcr', forwarding: [MASQUERADE, ROUTE, ...TUNNELS] },
    { family: 4, ...all, scheduler: 'mh', forwarding: [MASQUERADE, ROUTE] },
  ]),
]

function world(name: string, plans: readonly Plan[]): World {
  return { name, services: plans.map(serviceOf) }
}

function serviceOf(plan: Plan, i: number): World['services'][number] {
  const { family, protocol, port, scheduler, forwarding, persistenceS = 0, crossed = false } = plan
  const key: ServiceKey = { kind: 'address', protocol, address: VIRTUAL[family][i % 2]!, port }
  const serverFamily = crossed ? (family === 4 ? 6 : 4) : family
  return {
    key,
    scheduler,
    schedulerFlags: [],
    onePacket: false,
    persistence: persistenceS === 0 ? undefined : { timeoutS: persistenceS, prefix: family === 4 ? 32 : 128 },
    persistenceEngine: undefined,
    destinations: Array.from({ length: Math.max(3, forwarding.length) }, (_, j) => ({
      address: serverOf(serverFamily, i, j),
      port: forwarding[j % forwarding.length]!.method === 'masquerade' && port !== 0 ? port + 8000 : port,
      forwarding: forwarding[j % forwarding.length]!,
      weight: 1 + j,
      upperThreshold: 0,
      lowerThreshold: 0,
    })),
  }
}

function serverOf(family: IpFamily, service: number, number: number): Ip {
  return ip(family === 4 ? `10.2.${service}.${10 + number}` : `2001:db8:2:${service}::${10 + number}`)
}

export function castOf({ services }: World): Cast {
  return {
    clients: CLIENTS,
    services: services.flatMap(({ key }) =>
      key.kind === 'mark' ? [] : [{ address: key.address, port: key.port, protocol: PROTOCOL_NUMBER[key.protocol] }],
    ),
    servers: services.flatMap(({ destinations }) => destinations),
  }
}

export function populate(table: ServiceTable, { services }: World): void {
  for (const service of services) {
    table.addService(service)
    for (const destination of service.destinations) table.addDestination(service.key, destination)
  }
}
