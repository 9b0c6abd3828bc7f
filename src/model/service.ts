/**
 * The words of LVS that a configuration, an `ipvsadm` rule and the balancer's tables share: what identifies a virtual
 * service, how a packet is forwarded, which schedulers there are.
 */
import { type Ip, type IpFamily, ipFamily } from '../bytes/address.ts'

export type Protocol = 'TCP' | 'UDP' | 'SCTP'

/** A virtual service is known by protocol, address and port, or by the firewall mark of its packets. */
export type ServiceKey =
  | { readonly kind: 'address'; readonly protocol: Protocol; readonly address: Ip; readonly port: number }
  | { readonly kind: 'mark'; readonly mark: number; readonly family: IpFamily }

export const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'sed',
  'nq',
  'fo',
  'ovf',
  'mh',
] as const
export type Scheduler = (typeof SCHEDULERS)[number]

/** `flag-1` is sh-fallback or mh-fallback, `flag-2` sh-port or mh-port, as the scheduler has it. */
export type SchedulerFlag = 'flag-1' | 'flag-2' | 'flag-3'

export type ChecksumOption = 'nocsum' | 'csum' | 'remcsum'
export type Tunnel =
  | { readonly type: 'ipip' }
  | { readonly type: 'gre'; readonly checksum: 'nocsum' | 'csum' }
  | { readonly type: 'gue'; readonly port: number; readonly checksum: ChecksumOption }

/** ipvsadm's -g, -m and -i. */
export type Forwarding =
  | { readonly method: 'route' }
  | { readonly method: 'masquerade' }
  | { readonly method: 'tunnel'; readonly tunnel: Tunnel }

/** A text that is equal exactly for equal keys: `TCP 192.168.41.249:80`, `FWM 7`, `FWM 7 IPv6`. */
export function serviceKeyText(key: ServiceKey): string {
  if (key.kind === 'mark') return key.family === 6 ? `FWM ${key.mark} IPv6` : `FWM ${key.mark}`
  return `${key.protocol} ${endpointText(key.address, key.port)}`
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`. */
export function endpointText(address: Ip, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** The family of the packets that a service takes. */
export function serviceFamily(key: ServiceKey): IpFamily {
  return key.kind === 'mark' ? key.family : ipFamily(key.address)
}
