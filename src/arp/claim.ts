/**
 * Who says that an address is theirs: read from the ARP frames of a segment.
 *
 * Whoever fills in the sender's address of an ARP request or reply claims it, for every host that hears it updates what it
 * knows of that address (RFC 826). A probe (RFC 5227) leaves it at 0.0.0.0 and claims nothing: it asks first.
 */
import { type Ip, type Mac, parseIp } from '../bytes/address.ts'
import { decodeArp } from '../wire/arp.ts'
import { decodeEthernet, ETHERTYPE_ARP } from '../wire/ethernet.ts'

export interface Claim {
  readonly address: Ip
  /** The hardware address at which it is said to live. */
  readonly mac: Mac
  /** The hardware address that the frame came from. It is another one where a proxy or a forger speaks. */
  readonly speaker: Mac
}

const UNSPECIFIED = parseIp('0.0.0.0')

/** The claim in a frame; undefined if it makes none, or is no ARP. */
export function claimIn(frame: Uint8Array): Claim | undefined {
  const ethernet = decodeEthernet(frame)
  if (!ethernet.ok || ethernet.value.etherType !== ETHERTYPE_ARP) return undefined
  const arp = decodeArp(ethernet.value.payload)
  if (!arp.ok || arp.value.senderIp === UNSPECIFIED) return undefined
  return { address: arp.value.senderIp, mac: arp.value.senderMac, speaker: ethernet.value.source }
}
