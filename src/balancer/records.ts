/** Services and destinations as records of the tables, and back. */
import { type Ip, ipBytes, ipFromBytes } from '../bytes/address.ts'
import {
  type Forwarding,
  type Protocol,
  SCHEDULERS,
  type SchedulerFlag,
  type ServiceKey,
  type Tunnel,
} from '../model/service.ts'
import { type Destination, NotDoneError, TableError, type VirtualService } from '../model/virtual-service.ts'
import { serviceIndexKey } from './hash.ts'
import { DESTINATION, FORWARD, SERVICE, SERVICE_FLAG, TUNNEL_FLAG, TUNNEL_TYPE } from './layout.ts'
import type { Memory } from './memory.ts'
import { PROTOCOL } from './program/headers.ts'
import { RUNNABLE_SCHEDULERS } from './schedulers/schedule.ts'

const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = {
  TCP: PROTOCOL.tcp,
  UDP: PROTOCOL.udp,
  SCTP: PROTOCOL.sctp,
}
const FLAG_BITS: Readonly<Record<SchedulerFlag, number>> = {
  'flag-1': SERVICE_FLAG.flag1,
  'flag-2': SERVICE_FLAG.flag2,
  'flag-3': SERVICE_FLAG.flag3,
}

/** What this data path cannot do is refused by name, before anything is changed. */
export function judgeService(service: VirtualService): void {
  const { key, scheduler } = service
  if (key.kind === 'mark') throw new NotDoneError('EOPNOTSUPP', 'services by firewall mark')
  if (key.protocol === 'SCTP') throw new NotDoneError('EOPNOTSUPP', 'SCTP')
  if (key.address.includes(':')) throw new NotDoneError('EAFNOSUPPORT', 'IPv6 services')
  if (service.persistenceEngine !== undefined)
    throw new TableError('ENOENT', `there is no persistence engine ${service.persistenceEngine}`)
  if (service.onePacket) throw new NotDoneError('EOPNOTSUPP', 'one-packet scheduling')
  if (scheduler !== 'none' && !RUNNABLE_SCHEDULERS.includes(scheduler))
    throw new NotDoneError('ENOENT', `the scheduler ${scheduler}`)
  if (key.port === 0 && service.persistence === undefined)
    throw new TableError('EINVAL', 'a service of every port must be persistent')
}

export function judgeDestination(destination: Destination): void {
  const { address, forwarding, weight, lowerThreshold, upperThreshold } = destination
  if (address.includes(':')) throw new NotDoneError('EOPNOTSUPP', 'IPv6 real servers')
  if (weight < 0) throw new TableError('ERANGE', `weight ${weight} is negative`)
  if (lowerThreshold > upperThreshold)
    throw new TableError('ERANGE', `lower threshold ${lowerThreshold} is above the upper one, ${upperThreshold}`)
  if (forwarding.method === 'tunnel' && forwarding.tunnel.type === 'gue') {
    if (forwarding.tunnel.port === 0) throw new TableError('EINVAL', 'a GUE tunnel needs a port')
    if (forwarding.tunnel.checksum === 'remcsum')
      throw new NotDoneError('EOPNOTSUPP', 'remote checksum offload in GUE tunnels')
  }
  const first = ipBytes(address)[0]!
  if (first === 0 || (first >= 224 && first < 240) || address === '255.255.255.255')
    throw new TableError('EINVAL', `${address} is not a host's address`)
}

/** The key under which the data path finds the service. */
export function indexKey(key: ServiceKey): bigint {
  if (key.kind === 'mark') throw new NotDoneError('EOPNOTSUPP', 'services by firewall mark')
  return serviceIndexKey(ipBytes(key.address), key.port, PROTOCOL_NUMBER[key.protocol])
}

/** The key under which the data path finds a real server whose replies are to be translated. */
export function serverKey(service: ServiceKey, address: Ip, port: number): bigint {
  if (service.kind === 'mark') throw new NotDoneError('EOPNOTSUPP', 'services by firewall mark')
  return serviceIndexKey(ipBytes(address), port, PROTOCOL_NUMBER[service.protocol], 'server')
}

/** Writes everything but the list of destinations, the scheduler and its state. */
export function writeService(memory: Memory, record: number, service: VirtualService, hertz: number): void {
  const { key, persistence } = service
  if (key.kind === 'mark') throw new NotDoneError('EOPNOTSUPP', 'services by firewall mark')
  memory.set(record, SERVICE.family, 4)
  memory.set(record, SERVICE.protocol, PROTOCOL_NUMBER[key.protocol])
  memory.set(record, [SERVICE.port[0], 'be16'], key.port)
  memory.slice(record + SERVICE.address[0], 16).fill(0)
  memory.slice(record + SERVICE.address[0], 4).set(ipBytes(key.address))
  memory.set(record, SERVICE.prefix, persistence?.prefix ?? 32)
  memory.set(record, [SERVICE.netmask[0], 'be32'], netmask(persistence?.prefix ?? 32))
  memory.set(record, SERVICE.persistenceS, persistence?.timeoutS ?? 0)
  memory.set(record, SERVICE.persistence, (persistence?.timeoutS ?? 0) * hertz)
  const flags = service.schedulerFlags.reduce<number>((bits, flag) => bits | FLAG_BITS[flag], SERVICE_FLAG.used)
  memory.set(record, SERVICE.flags, flags | (service.onePacket ? SERVICE_FLAG.onePacket : 0))
}

export function readService(memory: Memory, record: number): VirtualService {
  const flags = memory.get(record, SERVICE.flags)
  const timeoutS = memory.get(record, SERVICE.persistenceS)
  return {
    key: readServiceKey(memory, record),
    scheduler: SCHEDULERS[memory.get(record, SERVICE.scheduler) - 1] ?? 'none',
    schedulerFlags: (Object.keys(FLAG_BITS) as SchedulerFlag[]).filter(flag => (flags & FLAG_BITS[flag]) !== 0),
    onePacket: (flags & SERVICE_FLAG.onePacket) !== 0,
    persistence: timeoutS === 0 ? undefined : { timeoutS, prefix: memory.get(record, SERVICE.prefix) },
    persistenceEngine: undefined,
  }
}

export function readServiceKey(memory: Memory, record: number): ServiceKey {
  return {
    kind: 'address',
    protocol: protocolName(memory.get(record, SERVICE.protocol)),
    address: addressAt(memory, record + SERVICE.address[0]),
    port: memory.get(record, [SERVICE.port[0], 'be16']),
  }
}

function writeTunnel(memory: Memory, record: number, tunnel: Tunnel): void {
  memory.set(record, DESTINATION.tunnelType, TUNNEL_TYPE[tunnel.type])
  memory.set(record, [DESTINATION.tunnelPort[0], 'be16'], tunnel.type === 'gue' ? tunnel.port : 0)
  memory.set(
    record,
    DESTINATION.tunnelFlags,
    tunnel.type !== 'ipip' && tunnel.checksum === 'csum' ? TUNNEL_FLAG.checksum : 0,
  )
}

function readForwarding(memory: Memory, record: number): Forwarding {
  const method = memory.get(record, DESTINATION.forward)
  if (method === FORWARD.masquerade) return { method: 'masquerade' }
  if (method === FORWARD.route) return { method: 'route' }
  const checksum = (memory.get(record, DESTINATION.tunnelFlags) & TUNNEL_FLAG.checksum) === 0 ? 'nocsum' : 'csum'
  const type = memory.get(record, DESTINATION.tunnelType)
  if (type === TUNNEL_TYPE.gre) return { method: 'tunnel', tunnel: { type: 'gre', checksum } }
  if (type === TUNNEL_TYPE.gue)
    return {
      method: 'tunnel',
      tunnel: { type: 'gue', port: memory.get(record, [DESTINATION.tunnelPort[0], 'be16']), checksum },
    }
  return { method: 'tunnel', tunnel: { type: 'ipip' } }
}

/** Writes what an administrator says of a real server. The weight comes last: it lets connections in. */
export function writeDestination(memory: Memory, record: number, destination: Destination): void {
  memory.set(
    record,
    DESTINATION.forward,
    { route: FORWARD.route, masquerade: FORWARD.masquerade, tunnel: FORWARD.tunnel }[destination.forwarding.method],
  )
  if (destination.forwarding.method === 'tunnel') writeTunnel(memory, record, destination.forwarding.tunnel)
  // A threshold that is raised, or taken away, makes it eligible again (__ip_vs_update_dest).
  const { upperThreshold } = destination
  if (upperThreshold === 0 || upperThreshold > memory.get(record, DESTINATION.upperThreshold))
    memory.set(record, DESTINATION.overloaded, 0)
  memory.set(record, DESTINATION.upperThreshold, upperThreshold)
  memory.set(record, DESTINATION.lowerThreshold, destination.lowerThreshold)
  if (destination.weight > 0) memory.set(record, DESTINATION.lastWeight, destination.weight)
  memory.set(record, DESTINATION.weight, destination.weight)
}

export function writeEndpoint(memory: Memory, record: number, address: Ip, port: number): void {
  memory.set(record, DESTINATION.family, 4)
  memory.slice(record + DESTINATION.address[0], 16).fill(0)
  memory.slice(record + DESTINATION.address[0], 4).set(ipBytes(address))
  memory.set(record, [DESTINATION.port[0], 'be16'], port)
}

export function readDestination(memory: Memory, record: number): Destination {
  return {
    ...readEndpoint(memory, record),
    forwarding: readForwarding(memory, record),
    weight: memory.get(record, DESTINATION.weight),
    upperThreshold: memory.get(record, DESTINATION.upperThreshold),
    lowerThreshold: memory.get(record, DESTINATION.lowerThreshold),
  }
}

export function readEndpoint(memory: Memory, record: number): { address: Ip; port: number } {
  return {
    address: addressAt(memory, record + DESTINATION.address[0]),
    port: memory.get(record, [DESTINATION.port[0], 'be16']),
  }
}

export function protocolName(number: number): Protocol {
  return number === PROTOCOL.udp ? 'UDP' : number === PROTOCOL.sctp ? 'SCTP' : 'TCP'
}

export function addressAt(memory: Memory, at: number): Ip {
  return ipFromBytes(memory.slice(at, 4))
}

function netmask(prefix: number): number {
  return prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0
}
