/** The article's cluster as data: five hosts on one segment, and the switch that joins them. */
import { type Ip, ip, ipBytes, type Mac, macFromBytes } from '../bytes/address.ts'

export const VIP: Ip = ip('192.168.41.249')
export const PORT = 80
/** 192.168.40.0/23: the clients of 192.168.40.x and the servers of 192.168.41.x are neighbours. */
export const NETWORK: Ip = ip('192.168.40.0')
export const PREFIX = 23

export const HOST_NAMES = ['client', 'lvs-master', 'lvs-backup', 'rs1', 'rs2'] as const
export type HostName = (typeof HOST_NAMES)[number]
export type Director = 'lvs-master' | 'lvs-backup'
export type RealServer = 'rs1' | 'rs2'

export interface HostPlan {
  readonly name: HostName
  /** On eth0, first the primary one. */
  readonly addresses: readonly [Ip, ...Ip[]]
  readonly mac: Mac
}

/** Sources of requests. To a director each is a client of its own, as persistence goes by source address. */
export const CLIENT_ADDRESSES: readonly [Ip, ...Ip[]] = [
  ip('192.168.40.11'),
  ...Array.from({ length: 99 }, (_, i) => ip(`192.168.40.${12 + i}`)),
]

export const HOSTS: Readonly<Record<HostName, HostPlan>> = {
  client: host('client', ...CLIENT_ADDRESSES),
  'lvs-master': host('lvs-master', ip('192.168.41.181')),
  'lvs-backup': host('lvs-backup', ip('192.168.41.251')),
  rs1: host('rs1', ip('192.168.41.31')),
  rs2: host('rs2', ip('192.168.41.33')),
}

/** Locally administered, and telling: 02:00 and the four bytes of the first address. */
function host(name: HostName, ...addresses: [Ip, ...Ip[]]): HostPlan {
  return { name, addresses, mac: macFromBytes(Uint8Array.of(0x02, 0x00, ...ipBytes(addresses[0]))) }
}

export function isHostName(text: string): text is HostName {
  return (HOST_NAMES as readonly string[]).includes(text)
}

/** Who is behind a hardware address; the address itself if it is none of ours. */
export function hostOf(mac: Mac): HostName | Mac {
  return HOST_NAMES.find(name => HOSTS[name].mac === mac) ?? mac
}
