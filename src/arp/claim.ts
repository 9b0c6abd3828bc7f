/**
 * Who says that an address is theirs: read from the ARP frames and the neighbour advertisements of a segment.
 *
 * Whoever fills in the sender's address of an ARP request or reply claims it, for every host that hears it updates what it
 * knows of that address (RFC 826). A probe (RFC 5227) leaves it at 0.0.0.0 and claims nothing: it asks first.
 */
import { type Ip, type Mac, parseIp } from '../bytes/address.ts'
import { viewOf } from '../bytes/view.ts'
import { decodeArp } from '../wire/arp.ts'
import { decodeEthernet, ETHERTYPE_ARP } from '../wire/ethernet.ts'
import { decodeNeighbour } from '../wire/ndp.ts'

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

/**
 * The claim in an ICMPv6 message, from its own header on, whose checksum the kernel has seen to. RFC 4861 section 7.1.2:
 * a neighbour advertisement that was routed (a hop limit below 255) is none, and one without a hardware address says
 * nothing that hosts would note.
 */
export function claimInNeighbour(message: Uint8Array, hopLimit: number): Pick<Claim, 'address' | 'mac'> | undefined {
  if (hopLimit !== 255 || message.length < 8 || message[1] !== 0) return undefined
  const decoded = decodeNeighbour({
    type: message[0]!,
    code: 0,
    word: viewOf(message).getUint32(4),
    payload: message.subarray(8),
  })
  if (!decoded.ok || decoded.value.kind !== 'advertisement' || decoded.value.mac === undefined) return undefined
  return { address: decoded.value.target, mac: decoded.value.mac }
}
