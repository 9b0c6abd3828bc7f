/**
 * ARP suppression: what keeps a real server from answering for the virtual address that it holds on `lo`, so that the
 * segment sends it to the director (Documentation/networking/ip-sysctl.rst).
 *
 * The kernel takes the greater of the value for `all` and for the interface a packet came in by. `lo` alone would
 * therefore do nothing; it is set too because the LVS documentation has people look for it there.
 *
 * IPv6 needs none of it: the kernel answers a neighbour solicitation only for addresses of the interface it came in by.
 */
export interface Suppression {
  readonly name: string
  readonly value: string
  /** Values that serve as well; they are left as they are. */
  readonly alsoFine: readonly string[]
  readonly otherwise: string
}

const ARP_IGNORE = {
  value: '1',
  // 2 asks in addition that the sender is of the same network.
  alsoFine: ['2'],
  otherwise: 'this host may answer ARP for the virtual address and take it from the director',
}

const ARP_ANNOUNCE = {
  value: '2',
  alsoFine: [],
  otherwise: 'this host may ask for neighbours in the name of the virtual address and take it from the director',
}

export const SUPPRESSIONS: readonly Suppression[] = ['all', 'lo'].flatMap(device => [
  { name: `net.ipv4.conf.${device}.arp_ignore`, ...ARP_IGNORE },
  { name: `net.ipv4.conf.${device}.arp_announce`, ...ARP_ANNOUNCE },
])

export function suppresses(suppression: Suppression, value: string | undefined): boolean {
  return value !== undefined && (value === suppression.value || suppression.alsoFine.includes(value))
}
