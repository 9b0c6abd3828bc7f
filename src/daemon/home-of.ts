import type { VrrpInstance } from '../model/vrrp-instance.ts'

/** Where the instance's addresses go that name no interface of their own. */
export function homeOf(instance: Pick<VrrpInstance, 'vmac' | 'family' | 'routerId' | 'interface'>): string {
  const { vmac, family, routerId } = instance
  if (vmac === undefined) return instance.interface
  return vmac.interface ?? `vrrp${family === 6 ? '6' : ''}.${routerId}`
}

/** Where its advertisements leave. Unicast and IPv6 ones need an address that only the interface below has. */
export function transmitterOf(instance: VrrpInstance): string {
  const { vmac, unicastPeers, family } = instance
  const base = vmac === undefined || vmac.transmitOnBase || unicastPeers.length > 0 || family === 6
  return base ? instance.interface : homeOf(instance)
}
