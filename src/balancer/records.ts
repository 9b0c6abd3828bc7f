/** Services and destinations as records of the tables, and back. */
import type { Field } from '../bpf/value.ts'
import { type Ip, type IpFamily, ipBytes, ipFamily, ipFromBytes } from '../bytes/address.ts'
import {
  type ChecksumOption,
  type Forwarding,
  type Protocol,
  SCHEDULERS,
  type SchedulerFlag,
  type ServiceKey,
  serviceFamily,
  type Tunnel,
} from '../model/service.ts'
import { type Destination, NotDoneError, TableError, type VirtualService } from '../model/virtual-service.ts'
import { markIndexKey, serviceIndexKey } from './hash.ts'
import { isHost } from './is-host.ts'
import { DESTINATION, FORWARD, SERVICE, SERVICE_FLAG, TUNNEL_FLAG, TUNNEL_TYPE } from './layout.ts'
import type { Memory } from './memory.ts'
import { PROTOCOL } from './program/headers.ts'
import { RUNNABLE_SCHEDULERS } from './schedulers/schedule.ts'

const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = {
  TCP: PROTOCOL.tcp,
  UDP: PROTOCOL.udp,
  SCTP: PROTOCOL.sctp,
}
/** Of a service that takes packets of any protocol, by their mark; ip_vs has 0 there, too. */
const PROTOCOL_BY_MARK = 0
const FLAG_BITS: Readonly<Record<SchedulerFlag, number>> = {
  'flag-1': SERVICE_FLAG.flag1,
  'flag-2': SERVICE_FLAG.flag2,
  'flag-3': SERVICE_FLAG.flag3,
}

const TUNNEL_FLAGS: Readonly<Record<ChecksumOption, number>> = {
  nocsum: 0,
  csum: TUNNEL_FLAG.checksum,
  remcsum: TUNNEL_FLAG.remoteChecksum,
}

/** What this data path cannot do is refused by name, before anything is changed. */
export function judgeService(service: VirtualService): void {
  const { key, scheduler } = service
  const prefix = service.persistence?.prefix
  if (prefix !== undefined && serviceFamily(key) === 6 && (prefix < 1 || prefix > 128))
    throw new TableError('EINVAL', `an IPv6 netmask has 1 to 128 bits, not ${prefix}`)
  if (service.persistenceEngine !== undefined)
    throw new TableError('ENOENT', `there is no persistence engine ${service.persistenceEngine}`)
  if (scheduler !== 'none' && !RUNNABLE_SCHEDULERS.includes(scheduler))
    throw new NotDoneError('ENOENT', `the scheduler ${scheduler}`)
  if (key.kind === 'address' && key.port === 0 && service.persistence === undefined)
    throw new TableError('EINVAL', 'a service of every port must be persistent')
}

export function judgeDestination(key: ServiceKey, destination: Destination): void {
  const { address, forwarding, weight, lowerThreshold, upperThreshold } = destination
  if (serviceFamily(key) !== ipFamily(address) && forwarding.method !== 'tunnel')
    throw new TableError('EINVAL', 'a server of the other address family can only be tunnelled to')
  if (weight < 0) throw new TableError('ERANGE', `weight ${weight} is negative`)
  if (lowerThreshold > upperThreshold)
    throw new TableError('ERANGE', `lower threshold ${lowerThreshold} is above the upper one, ${upperThreshold}`)
  if (forwarding.method === 'tunnel' && forwarding.tunnel.type === 'gue' && forwarding.tunnel.port === 0)
    throw new TableError('EINVAL', 'a GUE tunnel needs a port')
  if (!isHost(address)) throw new TableError('EINVAL', `${address} is not a host's address`)
}

/** The key under which the data path finds the service. */
export function indexKey(key: ServiceKey): bigint {
  if (key.kind === 'mark') return markIndexKey(key.mark, key.family)
  return serviceIndexKey(ipBytes(key.address), key.port, PROTOCOL_NUMBER[key.protocol])
}

/** The keys under which the data path finds a real server whose replies are to be translated: one for each protocol. */
export function serverKeys(service: ServiceKey, address: Ip, port: number): readonly bigint[] {
  const protocols = service.kind === 'mark' ? Object.values(PROTOCOL_NUMBER) : [PROTOCOL_NUMBER[service.protocol]]
  return protocols.map(protocol => serviceIndexKey(ipBytes(address), port, protocol, 'server'))
}

/** Writes everything but the list of destinations, the scheduler and its state. */
export function writeService(memory: Memory, record: number, service: VirtualService, hertz: number): void {
  const { key, persistence } = service
  const family = serviceFamily(key)
  const prefix = persistence?.prefix ?? (family === 4 ? 32 : 128)
  memory.set(record, SERVICE.family, family)
  const isMark = key.kind === 'mark'
  memory.set(record, SERVICE.protocol, isMark ? PROTOCOL_BY_MARK : PROTOCOL_NUMBER[key.protocol])
  memory.set(record, [SERVICE.port[0], 'be16'], isMark ? 0 : key.port)
  memory.set(record, SERVICE.mark, isMark ? key.mark : 0)
  writeAddress(memory, record + SERVICE.address[0], isMark ? undefined : key.address)
  memory.set(record, SERVICE.prefix, prefix)
  if (family === 4) memory.slice(record + SERVICE.netmask[0], 4).set(netmask(prefix, 4))
  else memory.slice(record + SERVICE.netmask6[0], 16).set(netmask(prefix, 16))
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
  if (memory.get(record, SERVICE.protocol) === PROTOCOL_BY_MARK)
    return {
      kind: 'mark',
      mark: memory.get(record, SERVICE.mark),
      family: familyAt(memory, record, SERVICE.family),
    }
  return {
    kind: 'address',
    protocol: protocolName(memory.get(record, SERVICE.protocol)),
    address: addressAt(memory, record + SERVICE.address[0], familyAt(memory, record, SERVICE.family)),
    port: memory.get(record, [SERVICE.port[0], 'be16']),
  }
}

function writeTunnel(memory: Memory, record: number, tunnel: Tunnel): void {
  memory.set(record, DESTINATION.tunnelType, TUNNEL_TYPE[tunnel.type])
  memory.set(record, [DESTINATION.tunnelPort[0], 'be16'], tunnel.type === 'gue' ? tunnel.port : 0)
  memory.set(record, DESTINATION.tunnelFlags, tunnel.type === 'ipip' ? 0 : TUNNEL_FLAGS[tunnel.checksum])
}

function readForwarding(memory: Memory, record: number): Forwarding {
  const method = memory.get(record, DESTINATION.forward)
  if (method === FORWARD.masquerade) return { method: 'masquerade' }
  if (method === FORWARD.route) return { method: 'route' }
  const flags = memory.get(record, DESTINATION.tunnelFlags)
  const checksum = flags === TUNNEL_FLAGS.csum ? 'csum' : flags === TUNNEL_FLAGS.remcsum ? 'remcsum' : 'nocsum'
  const type = memory.get(record, DESTINATION.tunnelType)
  if (type === TUNNEL_TYPE.gre)
    return { method: 'tunnel', tunnel: { type: 'gre', checksum: checksum === 'csum' ? 'csum' : 'nocsum' } }
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
  // A threshold that is raised, or taken away, makes it eligible again; one that is reached already does not wait.
  const { upperThreshold } = destination
  if (upperThreshold === 0 || upperThreshold > memory.get(record, DESTINATION.upperThreshold))
    memory.set(record, DESTINATION.overloaded, 0)
  const connections = memory.get(record, DESTINATION.active) + memory.get(record, DESTINATION.inactive)
  if (upperThreshold > 0 && connections >= upperThreshold) memory.set(record, DESTINATION.overloaded, 1)
  memory.set(record, DESTINATION.upperThreshold, upperThreshold)
  memory.set(record, DESTINATION.lowerThreshold, destination.lowerThreshold)
  if (destination.weight > 0) memory.set(record, DESTINATION.lastWeight, destination.weight)
  memory.set(record, DESTINATION.weight, destination.weight)
}

export function writeEndpoint(memory: Memory, record: number, address: Ip, port: number): void {
  memory.set(record, DESTINATION.family, ipFamily(address))
  writeAddress(memory, record + DESTINATION.address[0], address)
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
    address: addressAt(memory, record + DESTINATION.address[0], familyAt(memory, record, DESTINATION.family)),
    port: memory.get(record, [DESTINATION.port[0], 'be16']),
  }
}

/** True if the destination is that address and port; without making text of its own, which a long list would feel. */
export function isEndpoint(memory: Memory, record: number, address: Ip, port: number): boolean {
  if (memory.get(record, [DESTINATION.port[0], 'be16']) !== port) return false
  const wanted = ipBytes(address)
  if (memory.get(record, DESTINATION.family) !== (wanted.length === 4 ? 4 : 6)) return false
  const there = memory.slice(record + DESTINATION.address[0], wanted.length)
  return wanted.every((byte, i) => byte === there[i])
}

export function protocolName(number: number): Protocol {
  return number === PROTOCOL.udp ? 'UDP' : number === PROTOCOL.sctp ? 'SCTP' : 'TCP'
}

export function addressAt(memory: Memory, at: number, family: IpFamily): Ip {
  return ipFromBytes(memory.slice(at, family === 4 ? 4 : 16))
}

/** An address in its field of 16 bytes; none is all zero. */
export function writeAddress(memory: Memory, at: number, address: Ip | undefined): void {
  const field = memory.slice(at, 16)
  field.fill(0)
  if (address !== undefined) field.set(ipBytes(address))
}

function familyAt(memory: Memory, record: number, field: Field): IpFamily {
  return memory.get(record, field) === 6 ? 6 : 4
}

function netmask(prefix: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => 0xff00 >> Math.min(8, Math.max(0, prefix - 8 * i)))
}
